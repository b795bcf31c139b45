"""The observed state of containers: inspect answers in normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import owner
from ...have import have_of
from ...model import EngineFacts, Have
from ...options import Inspect, get
from .mounts import anonymous_volumes
from .options import ROWS


def from_inspect(raw: Mapping[str, Any], facts: EngineFacts, names: Mapping[str, str]) -> Have:
    """One container out of ``GET /containers/{id}/json``.

    ``names`` gives the name of a container by its ID, and a network's ID by ``network:NAME``.
    """
    return have_of("container", ROWS, Inspect(raw, facts, names, _carried(raw)))


def is_running(have: Have | None) -> bool:
    """Whether its processes run (also paused, or about to be restarted by the engine)."""
    state = (have.raw.get("State") or {}) if have else {}
    return bool(state.get("Running") or state.get("Restarting"))


def is_paused(have: Have) -> bool:
    """Whether it is paused."""
    return bool(get(have.raw, "State.Paused"))


def is_put_aside(have: Have) -> bool:
    """Whether a person renamed it since it was made, which is done on purpose."""
    return have.name != owner.labels_of(have.raw).get(owner.NAME)


def is_completed(have: Have) -> bool:
    """Whether it is a one-shot container that ran to a good end."""
    return has_completed(have.raw)


def has_completed(raw: Mapping[str, Any]) -> bool:
    """`is_completed`, of an inspect answer."""
    state = raw.get("State") or {}
    policy = get(raw, "HostConfig.RestartPolicy.Name") or "no"
    one_shot = policy in ("no", "on-failure")
    return one_shot and state.get("Status") == "exited" and state.get("ExitCode") == 0


def kept_of(have: Have) -> str:
    """The ID of the image it was made from before what it wrote became its image, if that was."""
    return owner.labels_of(have.raw).get(owner.KEPT, "")


def carried_targets(have: Have) -> frozenset[str]:
    """Where anonymous volumes are mounted that were kept over an earlier replacement."""
    return _carried(have.raw)


def _carried(raw: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(filter(None, owner.labels_of(raw).get(owner.CARRIED, "").split(",")))


def anonymous(have: Have) -> dict[str, str]:
    """The anonymous volumes of a container: path in it -> the engine's name."""
    return anonymous_volumes(have.raw, carried_targets(have))


def own_anonymous(have: Have) -> dict[str, str]:
    """The anonymous volumes of a container, without those that it has from another one."""
    found = anonymous(have)
    if not get(have.raw, "HostConfig.VolumesFrom"):
        return found
    own = set(carried_targets(have)) | set(get(have.raw, "Config.Volumes") or {})
    own |= {mount.get("Target") for mount in get(have.raw, "HostConfig.Mounts") or ()}
    own |= set(get(have.raw, "HostConfig.Binds") or ())
    return {target: volume for target, volume in found.items() if target in own}
