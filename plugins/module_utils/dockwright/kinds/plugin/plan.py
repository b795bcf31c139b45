"""The plan of plugins: installed, upgraded, set, enabled, disabled, removed. Pure.

Nothing is installed whose privileges the spec does not grant, and what others have is left alone
without consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...differ import CauseOf
from ...errors import Problem, nearest
from ...model import UNKNOWN, Action, Cause, Change, Disruption, Want
from .have import PluginHave, Privileges, brings, disturbs, granted_by, resets
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


def leaves(want: Want) -> bool:
    """Whether the plugin stops for good: then what is of it is removed before."""
    return want.state != ENABLED


def _users(want: Want, have: PluginHave, removed: Removed) -> list[tuple[str, str]]:
    """What will be of the plugin when its turn comes."""
    return sorted(set(have.users) - removed if leaves(want) else have.users)


def _cost(want: Want, have: PluginHave, removed: Removed) -> Disruption:
    """What it costs to stop the plugin, be it for a moment."""
    if not have.is_enabled:
        return Disruption.NONE
    if _users(want, have, removed):
        return Disruption.DESTROY if want.state == ABSENT else Disruption.REPLACE
    # Who logs by a plugin, and what is open, only the engine knows; it looks where nothing forces.
    return Disruption.REPLACE if want.inputs.get("force") else Disruption.NONE


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
    return {**shown, "privileges": UNKNOWN if have.asked is None else _written(have.asked)}


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


def _written(privileges: Privileges) -> dict[str, list[str]]:
    return {name: sorted(values) for name, values in sorted(granted_by(privileges).items())}


def problems(
    wants: Mapping[str, Want], haves: Mapping[str, PluginHave], removed: Removed, *, settled: bool
) -> Iterator[Problem]:
    """Why the plan may not be carried out.

    ``settled`` is False when the same run changes how the daemon reaches registries: what they
    say now does not count then, and is asked again.
    """
    for want in wants.values():
        have = haves.get(want.name) or PluginHave(want.name)
        users = _users(want, have, removed)
        if disturbs(want, have) and users and not want.inputs.get("force"):
            yield _used(want, users)
        if have.fault is not None and settled:
            text = f"cannot be told what plugin {want.inputs['source']} asks for"
            yield Problem(f"{want.where}.source", f"{text}: {have.fault.message}", have.fault.fix)
        if have.asked is not None:
            yield from refused(want, have.asked)
        if have.id and want.state != ABSENT and not brings(want, have):
            yield from unknown(want, have)


def _used(want: Want, users: Iterable[tuple[str, str]]) -> Problem:
    listed = ", ".join(f"{kind} {name}" for kind, name in users)
    text = f"plugin {want.name} would be stopped, and these are of it: {listed}"
    return Problem(want.where, text, "remove them first, or add `force: true`")


def refused(want: Want, asked: Privileges) -> Iterator[Problem]:
    """The problem of privileges that are asked for and not granted."""
    if want.inputs.get("grant_all"):
        return
    grant = want.inputs.get("grant", {})
    wanted = _written(asked)
    missing = {
        name: [value for value in values if value not in grant.get(name, ())]
        for name, values in wanted.items()
    }
    listed = [f"{name}: {', '.join(values)}" for name, values in missing.items() if values]
    if listed:
        text = f"plugin {want.inputs['source']} asks for what is not granted: {'; '.join(listed)}"
        whole = ", ".join(f"{name}: [{', '.join(values)}]" for name, values in wanted.items())
        fix = f"if that is right, write `grant: {{{whole}}}`"
        yield Problem(f"{want.where}.grant", text, fix)


def unknown(want: Want, have: PluginHave) -> Iterator[Problem]:
    """The problems of settings that the plugin does not have."""
    for name in want.fields["settings"]:
        where = f"{want.where}.settings.{name}"
        if name in have.fixed:
            yield Problem(where, "cannot be set, says the plugin", "leave it out")
        elif name not in have.settings:
            known = ", ".join(sorted(have.settings)) or "none"
            fix = nearest(name, have.settings) or f"what can be set: {known}"
            yield Problem(where, "is no setting of this plugin", fix)


def warnings(wants: Mapping[str, Want], haves: Mapping[str, PluginHave]) -> Iterator[str]:
    """Plugins that hold more than the spec grants: somebody else has installed them."""
    for want in wants.values():
        have = haves.get(want.name) or PluginHave(want.name)
        if want.state == ABSENT or not have.id or want.inputs.get("grant_all"):
            continue
        if brings(want, have):
            continue
        moved = [name for name, setting in have.settings.items() if setting.is_kept]
        own = {want.fields["settings"].get(name) for name in moved}  # the spec has put it there
        grant = want.inputs.get("grant", {})
        more = {
            name: values - own - {*grant.get(name, ())}
            for name, values in sorted(have.held.items())
        }
        listed = [f"{name}: {', '.join(sorted(values))}" for name, values in more.items() if values]
        if listed:
            yield f"plugin {want.name} holds what the spec does not grant: {'; '.join(listed)}"
