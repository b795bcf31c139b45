"""Rendering of a Report: a dict for machines, lines for people. The values are masked already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .model import Action, Cause, Change, Disruption, Notice, Report

_SIGNS = {
    Action.CREATE: "+",
    Action.PULL: "+",
    Action.LOAD: "+",
    Action.BUILD: "+",
    Action.TAG: "+",
    Action.PUSH: "+",
    Action.DELETE: "-",
    Action.REPLACE: "±",
}
_COLOURS = {"+": "32", "-": "31", "±": "33", "~": "36", "!": "31"}


def to_dict(report: Report) -> dict[str, Any]:
    """The report as JSON values, the same for every front end.

    Keys: changed, failed, check, changes, drift, done, not_done, diff {before, after}, stale,
    ignored, blocked, pending, warnings, problems [{where, message, fix}], message, disruption,
    needs, state, engine.
    """
    return {
        "changed": report.changed,
        "failed": report.failed,
        "check": report.check,
        "changes": [change_dict(change) for change in report.plan.changes],
        "drift": [title(change) for change in drift(report)],
        "done": [title(change) for change in report.done],
        "not_done": [title(change) for change in report.not_done],
        "diff": diff(report.plan.changes),
        "stale": [_notice(item) for item in report.plan.stale],
        "ignored": [_notice(item) for item in report.plan.ignored],
        "blocked": [_notice(item) for item in report.plan.blocked],
        "pending": [_notice(item) for item in report.plan.pending],
        "warnings": [*report.plan.warnings, *report.warnings],
        "problems": [item._asdict() for item in report.problems],
        "message": message(report),
        "disruption": report.plan.disruption.word,
        "needs": needs(report),
        "state": report.state,
        "engine": dict(report.engine),
    }


def drift(report: Report) -> list[Change]:
    """The changes that another hand made necessary."""
    return [change for change in report.plan.changes if change.cause is Cause.DRIFT]


def change_dict(change: Change) -> dict[str, Any]:
    """One change as JSON values."""
    return {
        "kind": change.kind,
        "name": change.name,
        "action": change.action.value,
        "path": change.path,
        "before": _plain(change.before),
        "after": _plain(change.after),
        "reason": change.reason,
        "cause": change.cause.value,
        "disruption": change.disruption.word,
    }


def diff(changes: Iterable[Change]) -> dict[str, Any]:
    """Before and after by ``kind.name``, only what changes."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        key = f"{change.kind}.{change.name}" if change.name else change.kind
        for side, value in ((before, change.before), (after, change.after)):
            if value is not None:
                side.setdefault(key, {}).update(_by_path(change, value))
    return {"before": before, "after": after}


def needs(report: Report) -> list[str]:
    """What the daemon needs for the plan or for what is pending: ``reload``, ``restart``."""
    levels = {change.disruption for change in report.plan.changes if change.kind == "daemon"}
    waits = any(item.kind == "daemon" for item in report.plan.pending)
    restarts = waits or any(level >= Disruption.RESTART for level in levels)
    reloads = Disruption.RELOAD in levels
    return [word for word, is_so in (("reload", reloads), ("restart", restarts)) if is_so]


def _by_path(change: Change, value: Any) -> dict[str, Any]:
    """One side of a change by path; a whole object by its own."""
    if not change.path and isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return {change.path or change.action.value: _plain(value)}


def message(report: Report) -> str:
    """One line on what happened, or the problems when it failed."""
    if report.failed:
        return "\n".join(problem.text() for problem in report.problems)
    count = len(report.plan.changes)
    if not count:
        return "no changes"
    plural = "change" if count == 1 else "changes"
    verb = "to apply" if report.check else "applied"
    return f"{count} {plural} {verb}, disruption: {report.plan.disruption.word}"


def title(change: Change) -> str:
    """A change in one short line: what is done to what."""
    text = f"{change.action.value} {subject(change.kind, change.name)}"
    return text + (f": {change.path}" if change.path else "")


def subject(kind: str, name: str) -> str:
    """What an object is called: its kind and its name, where it has one of its own."""
    return kind if name in ("", kind) else f"{kind} {name}"


def lines(report: Report, *, colour: bool = False, only_drift: bool = False) -> list[str]:
    """The report for people: the changes as a tree, object by object, then what else to know."""
    out: list[str] = []
    for changes in _by_object(drift(report) if only_drift else report.plan.changes):
        out += _object_lines(changes, colour)
    for head, notices in (
        ("stale", report.plan.stale),
        ("ignored", report.plan.ignored),
        ("pending", report.plan.pending),
        ("blocked", report.plan.blocked),
    ):
        out += [f"{head}: {_subject(item)}: {item.message}" for item in notices]
    out += [f"warning: {text}" for text in (*report.plan.warnings, *report.warnings)]
    out += [_paint(f"error: {item.text()}", "!", colour) for item in report.problems]
    if report.failed:
        out += [f"done: {title(change)}" for change in report.done]
        out += [f"not done: {title(change)}" for change in report.not_done]
    else:
        out.append(_drifted(report) if only_drift else message(report))
    return out


def _drifted(report: Report) -> str:
    count = len(drift(report))
    others = len(report.plan.changes) - count
    more = f"; {others} more to apply that no drift has caused" if others else ""
    return (f"{count} drifted" if count else "no drift") + more


def _by_object(changes: Iterable[Change]) -> list[list[Change]]:
    grouped: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        # A whole object's change stands alone; those of its fields belong together.
        part = "fields" if change.path else change.action.value
        grouped.setdefault((change.kind, change.name, part), []).append(change)
    return list(grouped.values())


def _object_lines(changes: list[Change], colour: bool) -> list[str]:
    """What happens to one object: a line for the whole, one for each field."""
    worst = max(changes, key=lambda change: (change.disruption, change.action in _SIGNS))
    sign = _SIGNS.get(worst.action, "~")
    reason = f"  ({worst.reason})" if worst.reason and not worst.path else ""
    text = f"{sign} {subject(worst.kind, worst.name)}: {worst.action.value}{reason}"
    fields = ["    " + _field_line(change) for change in changes if change.path]
    return [_paint(f"{text}  [{worst.disruption.word}]", sign, colour), *fields]


def change_lines(changes: Iterable[Change]) -> list[str]:
    """A line for each change that says all by itself: for tools that show one after another."""
    return [f"{subject(change.kind, change.name)}: {_whole_line(change)}" for change in changes]


def _whole_line(change: Change) -> str:
    if change.path:
        return _field_line(change)
    reason = f" ({change.reason})" if change.reason else ""
    return f"{change.action.value}{reason} [{change.disruption.word}]"


def exit_code(report: Report, *, detailed: bool = False) -> int:
    """The exit status: 0 for success, 1 for failure, 2 for changed when ``detailed``."""
    if report.failed:
        return 1
    return 2 if detailed and report.changed else 0


def _field_line(change: Change) -> str:
    notes = [change.action.value]
    if change.cause.value != "unknown":
        notes.append(f"cause: {change.cause.value}")
    if change.reason:
        notes.append(change.reason)
    shown = f"{_written(change.before)} -> {_written(change.after)}"
    return f"{change.path}: {shown}  ({', '.join(notes)}) [{change.disruption.word}]"


def _notice(item: Notice) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "name": item.name,
        "path": item.path,
        "message": item.message,
        "before": _plain(item.before),
        "after": _plain(item.after),
    }


def _subject(item: Notice) -> str:
    return subject(item.kind, item.name) + (f" {item.path}" if item.path else "")


def _plain(value: Any) -> Any:
    """JSON values; what is not one of them by its text (``known after pull``)."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return repr(value)


def _written(value: Any) -> str:
    """A value as people write it in a spec."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    return str(value)


def _paint(text: str, sign: str, colour: bool) -> str:
    return f"\033[{_COLOURS.get(sign, '0')}m{text}\033[0m" if colour else text
