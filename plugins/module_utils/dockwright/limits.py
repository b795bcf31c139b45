"""How far a plan may go: what is blocked, disturbs too much or cannot be done is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import PlanRefused, Problem
from .model import Action, Change, Disruption, Have, Notice, Plan
from .report import title

if TYPE_CHECKING:
    from .host.machine import Host

CONSENTED = "state: absent"  # the reason of a removal that the spec itself asks for


def refuse_beyond(plan: Plan, limit: Disruption | None) -> None:
    """Raise PlanRefused, naming each change that is too much.

    Without a limit only the loss of data that nobody asked for in so many words is too much:
    volumes that ``purge`` would remove, and those of surplus containers.
    """
    problems = [_blocked(item) for item in plan.blocked]
    problems += [_too_much(change, limit) for change in plan.changes if _is_over(change, limit)]
    if problems:
        raise PlanRefused(problems)


def refuse_unmovable(plan: Plan, volumes: Mapping[str, Have], host: Host | None) -> None:
    """Raise PlanRefused where data of volumes are to move that are not within reach."""
    if any(c.kind == "volume" and c.action is Action.REPLACE for c in plan.changes):
        from .kinds.volume.migration import refuse_elsewhere  # few runs need it

        refuse_elsewhere(plan, volumes, host)


def _is_over(change: Change, limit: Disruption | None) -> bool:
    if limit is None:
        is_asked = change.action is not Action.DELETE or change.reason.startswith(CONSENTED)
        return change.disruption is Disruption.DESTROY and not is_asked
    return change.disruption > limit


def _blocked(item: Notice) -> Problem:
    fix = "take the spec back, or remove the object knowingly with state: absent first"
    if item.kind == "container":
        fix = "take the spec back, or allow it with recreate: auto"
    return Problem(f"{item.kind}s.{item.name}.{item.path}", item.message, fix)


def _too_much(change: Change, limit: Disruption | None) -> Problem:
    word = change.disruption.word
    allowed = Disruption.REBUILD.word if limit is None else limit.word
    reason = f" ({change.reason})" if change.reason else ""
    return Problem(
        title(change),
        f"is a disruption of '{word}', more than the '{allowed}' that is allowed{reason}",
        f"allow it with max_disruption: {word}",
    )
