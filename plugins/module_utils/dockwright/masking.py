"""The one place where secret values are covered, before any front end sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .errors import Problem
from .kinds.container.options import ROWS
from .model import Change, Plan, Report

MASK = "********"
_SECRET_ROWS = frozenset(row.name for row in ROWS if row.secret)
_SHORT = 4  # shorter values would scrub innocent text


def mask_plan(plan: Plan, reveal: Iterable[str]) -> Plan:
    """The plan with secret values covered; ``reveal`` are names whose values may be shown."""
    open_names = frozenset(reveal)
    return replace(plan, changes=tuple(_mask_change(c, open_names) for c in plan.changes))


def mask_changes(changes: Iterable[Change], reveal: Iterable[str]) -> list[Change]:
    """Changes with secret values covered."""
    open_names = frozenset(reveal)
    return [_mask_change(change, open_names) for change in changes]


def _mask_change(change: Change, open_names: frozenset[str]) -> Change:
    name = change.path.partition(".")[2] or change.path
    if change.secret and name not in open_names:
        return replace(change, before=_covered(change.before), after=_covered(change.after))
    return replace(
        change, before=_inside(change.before, open_names), after=_inside(change.after, open_names)
    )


def _covered(value: Any) -> Any:
    return value if value is None else MASK


def _inside(value: Any, open_names: frozenset[str]) -> Any:
    """A whole object: its secret rows are covered name by name."""
    if not isinstance(value, Mapping):
        return value
    return {
        key: {name: text if name in open_names else MASK for name, text in item.items()}
        if key in _SECRET_ROWS and isinstance(item, Mapping)
        else item
        for key, item in value.items()
    }


def secrets_in(
    containers: Iterable[Any],
    registries: Mapping[str, Mapping[str, str]],
    reveal: Iterable[str] = (),
) -> set[str]:
    """The secret values of a document that are long enough to be looked for in texts."""
    open_names = frozenset(reveal)
    found = {
        str(text)
        for want in containers
        for row in _SECRET_ROWS
        for name, text in (want.fields.get(row) or {}).items()
        if name not in open_names
    }
    for entry in registries.values():
        found.update(text for key, text in entry.items() if key != "username")
    return {text for text in found if len(text) > _SHORT}


def scrub(text: str, secrets: Iterable[str]) -> str:
    """A text, such as the engine's words, without secret values."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def scrub_report(report: Report, secrets: Iterable[str]) -> None:
    """Cover secret values that got into problems, warnings or notices."""
    secrets = tuple(secrets)
    if not secrets:
        return
    report.problems = [
        Problem(p.where, scrub(p.message, secrets), scrub(p.fix, secrets)) for p in report.problems
    ]
    report.warnings = [scrub(text, secrets) for text in report.warnings]
