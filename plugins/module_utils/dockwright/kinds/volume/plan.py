"""The plan of volumes: made, removed; drift is blocked, or with consent the data move. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...differ import CauseOf, Difference, complete, differences, is_under
from ...model import Action, Cause, Change, Disruption, EngineFacts, Have, Notice, Want
from .options import ROWS
from .places import place_of

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
        elif have is None and (want.state == "kept" or want.external):
            continue  # nobody uses it; or its plugin is yet to show it, and then it is looked for
        elif have is None:
            shown = {row.name: want.fields[row.name] for row in ROWS if want.fields.get(row.name)}
            values = ("", None, shown, "is not there", Cause.SPEC)
            changes.append(Change(KIND, name, Action.CREATE, *values))
        elif have and want.state == "present" and not want.external:
            drift = list(_drift(want, have))
            why_not = _why_not(want, have)
            if why_not:
                blocked += [_blocked(want, item, why_not) for item in drift]
            else:
                changes += [_made_anew(want, item, cause_of) for item in drift]
    return changes, blocked


def _delete(have: Have) -> Change:
    before = {"driver": have.fields["driver"]}
    values = ("", before, None, "state: absent", Cause.SPEC, Disruption.DESTROY)
    return Change(KIND, have.name, Action.DELETE, *values)


def _drift(want: Want, have: Have) -> Iterator[Difference]:
    full = complete(ROWS, want.fields, {})
    ignore = want.inputs.get("ignore", ())
    for item in differences(ROWS, full, have.fields, have.explicit):
        if not is_under(item.path, ignore):
            yield item


def _why_not(want: Want, have: Have) -> str:
    """Why the data cannot move; empty where they can."""
    if not want.inputs.get("migrate"):
        return "a volume cannot be changed without losing its data; migrate: true moves them"
    full = complete(ROWS, want.fields, {})
    for word, fields in (("are", have.fields), ("would be", full)):
        place = place_of(str(fields["driver"]), fields.get("driver_opts") or {})
        if place.problem:
            return f"where its data {word} they cannot be copied: {place.problem}"
    return ""


def _blocked(want: Want, item: Difference, why: str) -> Notice:
    text = f"is {item.before!r}, the spec says {item.after!r}; {why}"
    return Notice(KIND, want.name, item.path, text, item.before, item.after)


def _made_anew(want: Want, item: Difference, cause_of: CauseOf) -> Change:
    given = item.row.name in want.fields
    cause = cause_of(KIND, want.name, item.path, item.after, given)
    show = item.row.type.show
    values = (show(item.before), show(item.after), "made anew, with a copy of its data", cause)
    return Change(KIND, want.name, Action.REPLACE, item.path, *values, Disruption.REPLACE)
