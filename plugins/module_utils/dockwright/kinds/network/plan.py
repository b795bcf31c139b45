"""The plan of networks: any difference makes them anew, their containers connect again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...differ import CauseOf, Difference, carry_ignored, complete, differences, ignored_notices
from ...model import Action, Cause, Change, Disruption, Have, Notice, Want
from .options import ROWS
from .recovery import Recovery

if TYPE_CHECKING:
    from ...observe import Observation

KIND = "network"


def plan_all(
    wants: Mapping[str, Want], seen: Observation, cause_of: CauseOf
) -> tuple[list[Change], list[Notice]]:
    """The changes of all networks, and what is ignored."""
    changes: list[Change] = []
    hidden: list[Notice] = []
    for name, want in wants.items():
        have = seen.networks.get(name)
        if want.external:
            continue
        if want.state == "absent":
            changes += [_delete(have, seen)] if have else []
        elif have is None:
            shown = {row.name: want.fields[row.name] for row in ROWS if want.fields.get(row.name)}
            values = ("", None, shown, "is not there", Cause.SPEC)
            changes.append(Change(KIND, name, Action.CREATE, *values))
        else:
            found, notices = _compare(want, have, seen, cause_of)
            changes += found
            hidden += notices
    return changes, hidden


def recover(name: str, recovery: Recovery) -> Change:
    """The change that puts a network right which an interrupted run left half made anew."""
    what = "the new network" if recovery.finish else "the network as it was"
    reason = f"an earlier run was interrupted: its containers get back into {what}"
    return Change(KIND, name, Action.RECOVER, "", None, None, reason, Cause.UNKNOWN)


def _delete(have: Have, seen: Observation) -> Change:
    values = ("", {"driver": have.fields["driver"]}, None, "state: absent", Cause.SPEC)
    return Change(KIND, have.name, Action.DELETE, *values, _cost(have, seen))


def wanted_fields(want: Want, have: Have | None) -> tuple[dict[str, Any], list[Difference]]:
    """All that a network is to be, and what of it is ignored for it is another's."""
    full = complete(ROWS, want.fields, {})
    if have is None:
        return full, []
    return carry_ignored(ROWS, full, have.fields, want.inputs.get("ignore", ()))


def is_remade(want: Want, have: Have) -> bool:
    """Whether a network that is to be there is made anew."""
    full, _ = wanted_fields(want, have)
    return bool(list(differences(ROWS, full, have.fields, have.explicit)))


def _compare(
    want: Want, have: Have, seen: Observation, cause_of: CauseOf
) -> tuple[list[Change], list[Notice]]:
    full, hidden = wanted_fields(want, have)
    changes = []
    for item in differences(ROWS, full, have.fields, have.explicit):
        given = item.row.name in want.fields
        changes.append(
            Change(
                KIND,
                want.name,
                Action.REPLACE,
                item.path,
                item.row.type.show(item.before),
                item.row.type.show(item.after),
                "" if given else "not in the spec",
                cause_of(KIND, want.name, item.path, item.after, given),
                _cost(have, seen),
            )
        )
    return changes, ignored_notices(want, hidden)


def _cost(have: Have, seen: Observation) -> Disruption:
    """Containers that run in it lose it for a moment."""
    for item in seen.listing:
        networks = (item.get("NetworkSettings") or {}).get("Networks") or {}
        if have.name in networks and item.get("State") == "running":
            return Disruption.RECONNECT
    return Disruption.NONE
