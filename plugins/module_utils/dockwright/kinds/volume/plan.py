"""The plan of volumes: made, removed, never re-created; drift is reported as blocked. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...differ import CauseOf, complete, differences, is_under
from ...model import Action, Cause, Change, Disruption, EngineFacts, Have, Notice, Want
from .options import ROWS

KIND = "volume"


def plan_all(
    wants: Mapping[str, Want], haves: Mapping[str, Have], facts: EngineFacts, cause_of: CauseOf
) -> tuple[list[Change], list[Notice]]:
    """The changes of all volumes, and the drift that may not be repaired without consent."""
    changes: list[Change] = []
    blocked: list[Notice] = []
    for name, want in wants.items():
        have = haves.get(name)
        if want.state == "absent":
            changes += [_delete(have)] if have else []
        elif have is None and want.state == "kept":
            continue  # nobody uses it
        elif have is None:
            shown = {row.name: want.fields[row.name] for row in ROWS if want.fields.get(row.name)}
            values = ("", None, shown, "is not there", Cause.SPEC)
            changes.append(Change(KIND, name, Action.CREATE, *values))
        elif have and want.state == "present" and not want.external:
            blocked += _drift(want, have)
    return changes, blocked


def _delete(have: Have) -> Change:
    before = {"driver": have.fields["driver"]}
    values = ("", before, None, "state: absent", Cause.SPEC, Disruption.DESTROY)
    return Change(KIND, have.name, Action.DELETE, *values)


def _drift(want: Want, have: Have) -> list[Notice]:
    full = complete(ROWS, want.fields, {})
    ignore = want.inputs.get("ignore", ())
    return [
        Notice(
            KIND,
            want.name,
            item.path,
            f"is {item.before!r}, the spec says {item.after!r}; a volume cannot be changed without"
            " losing its data",
            item.before,
            item.after,
        )
        for item in differences(ROWS, full, have.fields, have.explicit)
        if not is_under(item.path, ignore)
    ]
