"""A report for people: a tree of kinds, objects and fields in aligned columns, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .model import Action, Change, Disruption, Report
from .named_tuple import NamedTuple
from .report import drift, message, notes_of, notice_line, title, values_of

_SIGNS = {
    Action.CREATE: "+",
    Action.PULL: "+",
    Action.LOAD: "+",
    Action.BUILD: "+",
    Action.IMPORT: "+",
    Action.TAG: "+",
    Action.PUSH: "+",
    Action.SAVE: "+",
    Action.DELETE: "-",
    Action.REPLACE: "±",
}
_COLOURS = {"+": "32", "-": "31", "±": "33", "~": "36", "!": "31"}
_BOLD, _DIM = "1", "2"
_WIDEST = 40  # a longer cell does not push the columns of its neighbours away


class _Pen(NamedTuple):
    """Paints where there are colours."""

    colour: bool

    def paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour and text else text

    def disruption(self, level: Disruption) -> str:
        if level is Disruption.NONE:
            code = _DIM
        else:
            code = "33" if level < Disruption.REPLACE else "1;31"
        return self.paint(f"[{level.word}]", code)


def lines(report: Report, *, colour: bool = False, only_drift: bool = False) -> list[str]:
    """The changes as a tree, then what else to know; the last line sums up."""
    pen = _Pen(colour)
    out: list[str] = []
    for kind, objects in _by_kind(drift(report) if only_drift else report.plan.changes):
        out.append(pen.paint(kind, _BOLD))
        for changes in objects:
            out += _object_lines(changes, pen)
    for head, notices in (
        ("stale", report.plan.stale),
        ("ignored", report.plan.ignored),
        ("pending", report.plan.pending),
        ("blocked", report.plan.blocked),
    ):
        out += [notice_line(head, item) for item in notices]
    warnings = (*report.plan.warnings, *report.warnings)
    out += [pen.paint("warning:", _COLOURS["±"]) + f" {text}" for text in warnings]
    out += [pen.paint(f"error: {item.text()}", _COLOURS["!"]) for item in report.problems]
    if report.failed:
        out += [f"done: {title(change)}" for change in report.done]
        out += [f"not done: {title(change)}" for change in report.not_done]
    else:
        out.append(pen.paint(_drifted(report) if only_drift else message(report), _BOLD))
    return out


def _drifted(report: Report) -> str:
    count = len(drift(report))
    others = len(report.plan.changes) - count
    more = f"; {others} more to apply that no drift has caused" if others else ""
    return (f"{count} drifted" if count else "no drift") + more


def _by_kind(changes: Iterable[Change]) -> list[tuple[str, list[list[Change]]]]:
    """The changes by kind and object, kinds and objects in the order of the plan."""
    kinds: dict[str, dict[tuple[str, str], list[Change]]] = {}
    for change in changes:
        # A whole object's change stands alone; those of its fields belong together.
        part = "" if change.path else change.action.value
        kinds.setdefault(change.kind, {}).setdefault((change.name, part), []).append(change)
    return [(kind, list(objects.values())) for kind, objects in kinds.items()]


def _object_lines(changes: Sequence[Change], pen: _Pen) -> list[str]:
    """What happens to one object: a line for the whole, one for each field."""
    worst = max(changes, key=lambda change: (change.disruption, change.action in _SIGNS))
    sign = _SIGNS.get(worst.action, "~")
    name = "" if worst.name in ("", worst.kind) else f"{worst.name}: "
    reason = f"  ({worst.reason})" if worst.reason and not worst.path else ""
    head = pen.paint(f"{sign} {name}{worst.action.value}", _COLOURS[sign])
    fields = _field_lines([change for change in changes if change.path], pen)
    return [f"  {head}{reason}  {pen.disruption(worst.disruption)}", *fields]


def _field_lines(changes: Sequence[Change], pen: _Pen) -> list[str]:
    rows = [
        (f"{change.path}:", values_of(change), f"({', '.join(notes_of(change))})")
        for change in changes
    ]
    widths = [_width(column) for column in zip(*rows)]
    out = []
    for change, (path, values, notes) in zip(changes, rows):
        room = [" " * (width - len(cell)) for width, cell in zip(widths, (path, values, notes))]
        text = f"      {path}{room[0]} {values}{room[1]}  {pen.paint(notes, _DIM)}{room[2]}"
        out.append(f"{text} {pen.disruption(change.disruption)}")
    return out


def _width(cells: Iterable[str]) -> int:
    return max((len(cell) for cell in cells if len(cell) <= _WIDEST), default=0)
