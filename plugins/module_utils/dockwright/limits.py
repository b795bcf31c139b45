"""How far a plan may go: what is blocked, disturbs too much or cannot be done is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .errors import PlanRefused, Problem
from .model import Action, Change, Disruption, Notice, Plan
from .report import title

if TYPE_CHECKING:
    from .host.machine import Host
    from .observe import Observation

CONSENTED = "state: absent"  # the reason of a removal that the spec itself asks for

REST_UNKNOWN = "what else is to be done is known once the interrupted run is put right: apply does"


def refuse_beyond(plan: Plan, limit: Disruption | None) -> None:
    """Raise PlanRefused, naming each change that is too much.

    Without a limit only the loss of data that nobody asked for in so many words is too much:
    volumes that ``purge`` would remove, and those of surplus containers.
    """
    problems = [_blocked(item) for item in plan.blocked]
    problems += [_too_much(change, limit) for change in plan.changes if is_over(change, limit)]
    if problems:
        raise PlanRefused(problems)


def half_made(recovered: Plan) -> Plan | None:
    """All that check mode can tell where a volume is half made anew; None where none is."""
    if any(change.kind == "volume" for change in recovered.changes):
        return recovered._replace(warnings=(REST_UNKNOWN,))
    return None


def refuse_unmovable(
    plan: Plan, names: Iterable[str], seen: Observation, host: Host | None
) -> None:
    """Raise PlanRefused where data of volumes cannot move, or wait where nobody looks for them."""
    if names:
        from .kinds.volume import reach  # few runs need it

        reach.refuse_forgotten(names, seen.info, host)
        reach.refuse(plan.changes, seen, host)


def is_over(change: Change, limit: Disruption | None) -> bool:
    """Whether a change is more than what a run may do."""
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
