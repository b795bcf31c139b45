"""Rendering of a Report: a dict for machines, single lines. The values are masked already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .model import Cause, Change, Disruption, Notice, Report


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


def notes(report: Report) -> list[str]:
    """What is left as it is for now, for tools that show one line after another."""
    listed = (("stale", report.plan.stale), ("pending", report.plan.pending))
    return [notice_line(head, item) for head, items in listed for item in items]


def notice_line(head: str, item: Notice) -> str:
    """One notice: ``stale: container web logging.driver: is …``."""
    path = f" {item.path}" if item.path else ""
    return f"{head}: {subject(item.kind, item.name)}{path}: {item.message}"


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


def notes_of(change: Change) -> list[str]:
    """What is done, why, and what else there is to say of a field."""
    notes = [change.action.value]
    if change.cause.value != "unknown":
        notes.append(f"cause: {change.cause.value}")
    if change.reason:
        notes.append(change.reason)
    return notes


def values_of(change: Change) -> str:
    """Before and after, as people write them in a spec."""
    return f"{_written(change.before)} -> {_written(change.after)}"


def _field_line(change: Change) -> str:
    notes = ", ".join(notes_of(change))
    return f"{change.path}: {values_of(change)}  ({notes}) [{change.disruption.word}]"


def _notice(item: Notice) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "name": item.name,
        "path": item.path,
        "message": item.message,
        "before": _plain(item.before),
        "after": _plain(item.after),
    }


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
