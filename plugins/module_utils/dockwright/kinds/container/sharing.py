"""Containers that live in the namespaces of another one, and what becomes of them with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...model import Action, Cause, Change, Disruption, Have
from ...options import get
from .have import is_running
from .recovery import LATER

KIND = "container"
_MODES = (("network_mode", "NetworkMode"), ("pid", "PidMode"), ("ipc", "IpcMode"))


def shared_with(have: Have) -> list[tuple[str, str]]:
    """(path, ID or name) of each container that this one refers to."""
    host = have.raw.get("HostConfig") or {}
    found = []
    for path, key in _MODES:
        prefix, _, reference = (host.get(key) or "").partition(":")
        if prefix == "container":
            found.append((path, reference))
    for text in host.get("VolumesFrom") or ():
        found.append(("volumes_from", text.partition(":")[0]))
    for link in host.get("Links") or ():
        found.append(("links", link.partition(":")[0].lstrip("/")))
    return found


def joined(mode: str) -> str:
    """The container that a listed NetworkMode joins, empty if it is none."""
    prefix, _, reference = mode.partition(":")
    return reference if prefix == "container" else ""


def dependents(
    changes: Iterable[Change],
    haves: Mapping[str, Have],
    going: Iterable[str],
    lost: Mapping[str, str],
) -> list[Change]:
    """Replacements of the containers that refer to one that is replaced, and so on.

    ``haves`` are all containers by name, ``going`` the names that are removed anyhow, ``lost`` the
    IDs that containers had before an interrupted run replaced them -> their names.
    """
    replaced = {c.name for c in changes if c.kind == KIND and c.action is Action.REPLACE}
    done = {*replaced, *going}
    names = {**lost, **{have.id: have.name for have in haves.values()}}
    wave = {*replaced, *(id for id, name in names.items() if name in replaced), *lost}
    found: list[Change] = []
    while wave:
        following = set()
        for have in haves.values():
            shared = sorted((path, ref) for path, ref in shared_with(have) if ref in wave)
            if have.name in done or not shared:
                continue
            path, reference = shared[0]
            found.append(_follow(have, path, names.get(reference, reference)))
            following |= {have.name, have.id}
            done.add(have.name)
        wave = following
    return found


def _follow(have: Have, path: str, other: str) -> Change:
    cost = Disruption.REPLACE if is_running(have) else Disruption.NONE
    reason = f"shares it with {other}, which is replaced"
    value = f"container:{other}"
    values = (path, value, value, reason, Cause.DEFAULT, cost)
    return Change(KIND, have.name, Action.REPLACE, *values)


def restarts(
    changes: Iterable[Change], haves: Mapping[str, Have], declared: Iterable[str]
) -> list[Change]:
    """Restarts of containers in a namespace that is gone, because its owner was started since.

    Such a container runs on, cut off. Only where it or the owner is ``declared``.
    """
    starting = {c.name for c in changes if c.kind == KIND and c.action in _AGAIN}
    busy = {c.name for c in changes if c.kind == KIND and c.action in _MAKE_OR_STOP}
    ours = frozenset(declared)
    by_reference = {**haves, **{have.id: have for have in haves.values()}}
    found = []
    for have in haves.values():
        if have.name in busy:
            continue
        owners = [(path, by_reference.get(ref)) for path, ref in shared_with(have)]
        for path, owner in owners:
            if owner is None or path not in dict(_MODES) or not ours & {have.name, owner.name}:
                continue
            if owner.name in busy - starting:
                continue
            reason = _why(have, path, owner, is_starting=owner.name in starting)
            if reason:
                found.append(_restart(have, path, owner.name, reason))
                break
    return found


def _why(have: Have, path: str, owner: Have, *, is_starting: bool) -> str:
    """Why a container has to be restarted for the owner of a namespace; empty if it has not."""
    if is_running(have):
        is_late = is_running(owner) and _start(owner) > _start(have)
        is_cut_off = is_starting or is_late
        return f"runs in what {owner.name} had before its last start" if is_cut_off else ""
    is_recovered = str(get(owner.raw, "State.StartedAt") or "") == LATER
    if path == "pid" and is_recovered and _ended_with(have, owner):
        return f"ended with {owner.name}, whose replacement was interrupted"
    return ""


def _ended_with(have: Have, owner: Have) -> bool:
    """Whether a container ended no more than a second before the other one."""
    from datetime import datetime, timedelta  # a replacement that was interrupted is rare

    texts = [str(get(item.raw, "State.FinishedAt") or "")[:19] for item in (have, owner)]
    its, others = (datetime.fromisoformat(text) if text else datetime.min for text in texts)
    return its + timedelta(seconds=1) >= others


_AGAIN = (Action.START, Action.RESTART)
_MAKE_OR_STOP = (Action.CREATE, Action.REPLACE, Action.DELETE, Action.STOP, *_AGAIN)


def _restart(have: Have, path: str, owner: str, reason: str) -> Change:
    value = f"container:{owner}"
    values = (path, value, value, reason, Cause.DRIFT, Disruption.REPLACE)
    return Change(KIND, have.name, Action.RESTART, *values)


def _start(have: Have) -> int:
    """When it was started."""
    from ...engine.moment import nanoseconds  # few containers share anything

    return nanoseconds(get(have.raw, "State.StartedAt") or "")
