"""Why a plan of plugins may not be carried out, and what is to be known of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from ...errors import Problem, nearest
from ...model import Want
from ...named_tuple import NamedTuple
from .have import PluginHave, Privileges, brings, disturbs, resets, written
from .options import ABSENT, ENABLED, full_name
from .plan import Removed, leaves, users_left

_ANEW = "remove it (`state: absent`) and install it anew"


class Scene(NamedTuple):
    """What stands beside the plugins: what the plan removes, and what is wanted of drivers.

    ``settled`` is False when the same run changes how the daemon reaches registries: what they
    say now does not count then, and is asked again. ``authorizing``: the plugins that the spec has
    the daemon ask about requests.
    """

    removed: Removed
    volumes: Mapping[str, Want]
    networks: Mapping[str, Want]
    listed: frozenset[str] = frozenset()  # volumes that the engine tells
    authorizing: tuple[str, ...] = ()
    log_driver: str = ""  # that the spec gives the daemon
    settled: bool = True


def problems(
    wants: Mapping[str, Want], haves: Mapping[str, PluginHave], scene: Scene
) -> Iterator[Problem]:
    """Why the plan may not be carried out."""
    for want in wants.values():
        have = haves.get(want.name) or PluginHave(want.name)
        yield from _stopped(want, have, scene)
        if have.fault is not None and scene.settled:
            text = f"cannot be told what plugin {want.inputs['source']} asks for"
            yield Problem(f"{want.where}.source", f"{text}: {have.fault.message}", have.fault.fix)
        if have.asked is not None:
            yield from refused(want, have.asked)
        if have.id and want.state != ABSENT:
            yield from _unsettable(want, have)
        if leaves(want):
            yield from _needed(want, scene)
        else:
            yield from _late(want, have, scene)
            if have.id and not have.is_enabled:
                yield from _hidden(want, scene)


def _stopped(want: Want, have: PluginHave, scene: Scene) -> Iterator[Problem]:
    """What forbids to stop or to remove a plugin that is there."""
    if have.id and have.has_authority and (want.state == ABSENT or disturbs(want, have)):
        text = (
            f"the daemon asks plugin {want.name} about every request; once it has been stopped, all"
            " are let through, also after it runs again"
        )
        fix = "take it out of `authorization-plugins` of the daemon first, in a run of its own"
        yield Problem(want.where, text, fix)
        return
    forced = want.inputs.get("force")
    users = users_left(want, have, scene.removed)
    if disturbs(want, have) and users and not forced:
        yield _used(want, users)
    if want.state == ABSENT and have.id and not have.is_enabled and not forced:
        text = "is disabled, so nobody can tell whose volumes would go with it"
        yield Problem(
            want.where, text, "enable it first, then it is looked at; or add `force: true`"
        )


def _unsettable(want: Want, have: PluginHave) -> Iterator[Problem]:
    if not brings(want, have):
        yield from unknown(want, have)
        if have.not_carried and want.state == ENABLED and not have.is_enabled:
            yield Problem(want.where, not_carried(have), _ANEW)
    for name in resets(want, have):
        if have.settings[name].is_device:
            text = "engines set the device of a plugin only before its first start"
            yield Problem(f"{want.where}.settings.{name}", text, _ANEW)


def not_carried(have: PluginHave) -> str:
    """The words about an upgrade that brought files alone."""
    listed = ", ".join(have.not_carried)
    return f"the engine cannot upgrade it to a version with another {listed}"


def _needed(want: Want, scene: Scene) -> Iterator[Problem]:
    """What is wanted of a plugin that is to be gone."""
    for item in (*scene.volumes.values(), *scene.networks.values()):
        if is_of(item, want.name) and item.state not in (ABSENT, "kept") and not item.external:
            text = f"its driver, plugin {want.name}, is to be {want.state}"
            yield Problem(item.where, text, "keep the plugin enabled, or make this absent, too")
    if want.name in map(full_name, scene.authorizing):
        text = f"the daemon is to ask it, and it is to be {want.state}"
        yield Problem(
            want.where, text, "keep it enabled, or take it out of `authorization-plugins`"
        )


def _late(want: Want, have: PluginHave, scene: Scene) -> Iterator[Problem]:
    """A plugin that the daemon would be given before it is there."""
    named = map(full_name, (*scene.authorizing, scene.log_driver))
    if not scene.settled and not have.is_enabled and want.name in named:
        text = (
            "the daemon is to have it, and in this run the daemon comes before plugins, since it"
            " changes how registries are reached"
        )
        fix = "apply the registries, mirrors or proxies of `daemon` first, in a run of their own"
        yield Problem(want.where, text, fix)


def _hidden(want: Want, scene: Scene) -> Iterator[Problem]:
    """Volumes to be removed that the engine tells only once the plugin runs."""
    for name, volume in scene.volumes.items():
        if volume.state == ABSENT and name not in scene.listed:
            text = f"whether it is there nobody can tell while plugin {want.name} is disabled"
            yield Problem(volume.where, text, "enable the plugin in a run before")


def is_of(want: Want, plugin: str) -> bool:
    """Whether a wanted volume or network has this plugin as its driver."""
    driver = str(want.fields.get("driver") or "")
    return bool(driver) and full_name(driver) == plugin


def _used(want: Want, users: Iterable[tuple[str, str]]) -> Problem:
    listed = ", ".join(f"{kind} {name}" for kind, name in users)
    text = f"plugin {want.name} would be stopped, and these are of it: {listed}"
    return Problem(want.where, text, "remove them first, or add `force: true`")


def refused(want: Want, asked: Privileges) -> Iterator[Problem]:
    """The problem of privileges that are asked for and not granted."""
    if want.inputs.get("grant_all"):
        return
    grant = want.inputs.get("grant", {})
    wanted = written(asked)
    missing = {
        name: [value for value in values if value not in grant.get(name, ())]
        for name, values in wanted.items()
    }
    listed = [f"{name}: {', '.join(values)}" for name, values in missing.items() if values]
    if listed:
        text = f"plugin {want.inputs['source']} asks for what is not granted: {'; '.join(listed)}"
        fix = f"if that is right, write `grant: {json.dumps(wanted)}`"
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
    """Plugins that hold more than the spec grants: somebody else has installed them; and more."""
    for want in wants.values():
        have = haves.get(want.name) or PluginHave(want.name)
        if want.state == ABSENT or not have.id or brings(want, have):
            continue
        if have.not_carried:
            yield f"plugin {want.name}: {not_carried(have)}, and somebody did; {_ANEW}"
        if have.has_authority and not have.is_enabled and want.state == ENABLED:
            text = "the daemon asks it about requests again only after a reload of its file"
            yield f"plugin {want.name} has been stopped: {text}"
        if want.inputs.get("grant_all"):
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
