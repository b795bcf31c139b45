"""Anonymous volumes that a plan takes the container of: whose data is lost, and what stays. Pure.

An empty volume cannot be told from a full one without looking into it, so all of them count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...limits import CONSENTED
from ...model import Action, Change, Disruption, Have, Want
from ...named_tuple import NamedTuple
from ...options import get
from .have import anonymous, is_running, own_anonymous
from .mounts import inherit_volumes, volume_name
from .recovery import name_of

KIND = "container"
PATH = "volumes."


class Scene(NamedTuple):
    """What decides whether a volume is lost."""

    haves: Mapping[str, Have]  # the containers that were read, by name
    listing: Iterable[Mapping[str, Any]]  # all containers
    wants: Mapping[str, Want]
    configs: Mapping[str, Mapping[str, Any]]  # image ID -> Config
    consent: bool  # max_disruption: destroy


def weigh(changes: Iterable[Change], scene: Scene) -> tuple[list[Change], list[str]]:
    """The changes with those that lose data marked so, and warnings of volumes that are kept.

    Only who asks for it loses data: by ``state: absent``, by another mount in the spec, or by
    ``max_disruption: destroy``. What ``purge``, a smaller ``scale`` or a new image leave behind
    is kept.
    """
    listed = list(changes)
    kept = _kept(listed, scene)
    found, warnings = [], []
    for change in listed:
        have = scene.haves.get(change.name)
        if change.kind != KIND or have is None:
            found.append(change)
            continue
        lost = {t: v for t, v in _let_go(change, have).items() if v not in kept}
        if lost and _is_asked(change, have, scene):
            change = _destroying(change, lost)
        else:
            warnings += [told(change.name, target, volume) for target, volume in lost.items()]
        found.append(change)
    return found, warnings


def told(name: str, target: str, volume: str) -> str:
    """The warning of a volume that stays without its container."""
    return (
        f"container {name} lets go of its anonymous volume at {target}, which is kept with its"
        f" data: {volume}"
    )


def _let_go(change: Change, have: Have) -> dict[str, str]:
    """The anonymous volumes that a container gives up with a change, by path."""
    if change.action is Action.DELETE:
        return anonymous(have)
    if change.action is not Action.REPLACE or not change.path.startswith(PATH):
        return {}
    target = change.path[len(PATH) :]
    volume = own_anonymous(have).get(target)
    after = change.after or {}
    stays = after.get("type") == "volume" and not after.get("source")
    return {target: volume} if volume and not stays else {}


def _is_asked(change: Change, have: Have, scene: Scene) -> bool:
    if scene.consent or change.reason == CONSENTED:
        return True
    if change.action is Action.DELETE:
        return removes_itself(have)  # the engine takes them with it: it is to be refused
    target, want = change.path[len(PATH) :], scene.wants[change.name]
    if any(target in want.fields.get(key, ()) for key in ("volumes", "tmpfs")):
        return True
    config = scene.configs.get(have.fields["image"])
    return config is not None and target not in inherit_volumes(config)


def removes_itself(have: Have) -> bool:
    """Whether it is gone, with its anonymous volumes, as soon as it stops."""
    return is_running(have) and bool(get(have.raw, "HostConfig.AutoRemove"))


def _destroying(change: Change, lost: Iterable[str]) -> Change:
    reason = "the data of its anonymous volume is lost: " + ", ".join(sorted(lost))
    reason = f"{change.reason}; {reason}" if change.reason else reason
    return change._replace(reason=reason, disruption=Disruption.DESTROY)


def _kept(changes: Iterable[Change], scene: Scene) -> set[str]:
    """The volumes that some container still has when the plan is carried out."""
    ours = [change for change in changes if change.kind == KIND]
    gone = {c.name for c in ours if c.action is Action.DELETE}
    anew = {c.name for c in ours if c.action is Action.REPLACE}
    paths = {(c.name, c.path) for c in ours}
    kept: set[str] = set()
    for item in scene.listing:
        name = name_of(item)
        if name not in {*gone, *anew}:
            kept |= {volume_name(mount) for mount in item.get("Mounts") or ()}
    for name in anew & scene.haves.keys():
        have = scene.haves[name]
        own = own_anonymous(have)
        kept |= {v for target, v in own.items() if (name, PATH + target) not in paths}
    for want in scene.wants.values():
        mounts = want.fields.get("volumes", {}) if want.state != "absent" else {}
        kept |= {mount.get("source", "") for mount in mounts.values()}
    return kept
