"""The plan of plugins: installed, upgraded, set, enabled, disabled, removed. Pure.

Nothing is installed whose privileges the spec does not grant, and what others have is left alone
without consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...differ import CauseOf
from ...model import UNKNOWN, Action, Cause, Change, Disruption, Notice, Want
from .have import PluginHave, brings, differing, resets, written
from .options import ABSENT, ENABLED

KIND = "plugin"
_MISSING = "is not there"
Removed = frozenset[tuple[str, str]]  # kind and name of what the same plan removes


def plan_all(
    wants: Mapping[str, Want],
    haves: Mapping[str, PluginHave],
    removed: Removed,
    cause_of: CauseOf,
) -> list[Change]:
    """The changes of all plugins; whether they may be made says `problems`."""
    changes: list[Change] = []
    for name, want in wants.items():
        have = haves.get(name) or PluginHave(name)
        changes += _changes(want, have, _cost(want, have, removed), cause_of)
    return changes


def ignored(wants: Mapping[str, Want], haves: Mapping[str, PluginHave]) -> Iterator[Notice]:
    """What differs and is left to another hand; values of settings are not shown."""
    for name, want in wants.items():
        have = haves.get(name)
        names = want.inputs.get("ignore", ()) if have and want.state != ABSENT else ()
        for key in sorted(set(names) & set(differing(want, have)) if have else ()):
            text = "differs, and is ignored as the spec says"
            yield Notice(KIND, name, f"settings.{key}", text, None, None)


def leaves(want: Want) -> bool:
    """Whether the plugin stops for good: then what is of it is removed before."""
    return want.state != ENABLED


def users_left(want: Want, have: PluginHave, removed: Removed) -> list[tuple[str, str]]:
    """What will be of the plugin when its turn comes."""
    return sorted(set(have.users) - removed if leaves(want) else have.users)


def _cost(want: Want, have: PluginHave, removed: Removed) -> Disruption:
    """What it costs to stop the plugin, be it for a moment."""
    forced = bool(want.inputs.get("force"))
    if want.state == ABSENT:  # its volumes go with it; whose there are not every engine tells
        sure = have.is_enabled and not forced  # the engine looks before
        return Disruption.NONE if sure else Disruption.DESTROY
    if not have.is_enabled:
        return Disruption.NONE
    if users_left(want, have, removed):
        return Disruption.REPLACE
    # Who logs by a plugin, and what is open, only the engine knows; it looks where nothing forces.
    return Disruption.REPLACE if forced else Disruption.NONE


def _changes(want: Want, have: PluginHave, cost: Disruption, cause_of: CauseOf) -> Iterator[Change]:
    name = want.name
    if want.state == ABSENT:
        if have.id:
            before = {"source": have.source, "state": have.state}
            values = ("", before, None, "state: absent", Cause.SPEC, cost)
            yield Change(KIND, name, Action.DELETE, *values)
    elif not have.id:
        yield Change(KIND, name, Action.CREATE, "", None, _new(want, have), _MISSING, Cause.SPEC)
    else:
        if brings(want, have):
            yield _upgrade(want, have, cost, cause_of)
        for key, (old, new) in sorted(_resets(want, have).items()):
            yield _set(want, (f"settings.{key}", old, new), cost, cause_of)
        if want.state != have.state:
            action = Action.START if want.state == ENABLED else Action.STOP
            cause = cause_of(KIND, name, "state", want.state, True)
            state = ("state", have.state, want.state, f"is {have.state}", cause, cost)
            yield Change(KIND, name, action, *state)


def _new(want: Want, have: PluginHave) -> dict[str, Any]:
    """What is made, as the plan shows it."""
    shown: dict[str, Any] = {"source": want.inputs["source"], "state": want.state}
    if want.fields["settings"]:
        shown["settings"] = dict(want.fields["settings"])
    return {**shown, "privileges": UNKNOWN if have.asked is None else written(have.asked)}


def _upgrade(want: Want, have: PluginHave, cost: Disruption, cause_of: CauseOf) -> Change:
    after = want.inputs["source"]
    cause = cause_of(KIND, want.name, "source", after, "source" in want.fields)
    values = ("source", have.source or None, after, "is from elsewhere", cause, cost)
    return Change(KIND, want.name, Action.UPDATE, *values)


def _set(
    want: Want, new: tuple[str, str | None, str | None], cost: Disruption, cause_of: CauseOf
) -> Change:
    path, before, after = new
    given = path.partition(".")[2] in want.fields["settings"]
    cause = cause_of(KIND, want.name, path, after, given)
    values = (path, before, after, "the plugin is disabled while it is set", cause, cost)
    return Change(KIND, want.name, Action.UPDATE, *values, secret=True)


def _resets(want: Want, have: PluginHave) -> dict[str, tuple[str | None, str | None]]:
    """Settings that will be others; of a new version its own are not known yet."""
    found = resets(want, have)
    if brings(want, have):
        return {name: pair for name, pair in found.items() if name in want.fields["settings"]}
    return found
