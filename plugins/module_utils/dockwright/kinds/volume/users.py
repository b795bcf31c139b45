"""The containers that have a volume, and those that live in their namespaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...model import Action, Change, Disruption, Have
from ..container.have import is_running
from ..container.sharing import shared_with


def users_of(volume: str, haves: Mapping[str, Have]) -> list[Have]:
    """They must go for the volume to go, also those that do not run; sorted by name."""
    found = {name for name, have in haves.items() if mounts_volume(have.raw, volume)}
    ids = {have.id: name for name, have in haves.items()}
    while True:
        following = {
            name
            for name, have in haves.items()
            if name not in found
            if any(ids.get(ref, ref) in found for _, ref in shared_with(have))
        }
        if not following:
            return [haves[name] for name in sorted(found)]
        found |= following


def mounts_volume(raw: Mapping[str, Any], volume: str) -> bool:
    """Whether a container has a volume, by what a list or an inspect answer says of it."""
    mounts = raw.get("Mounts") or ()
    return any(m.get("Type") == "volume" and m.get("Name") == volume for m in mounts)


def followers(changes: Iterable[Change], haves: Mapping[str, Have]) -> list[Change]:
    """The containers that are made anew, as they are, with the volumes that are."""
    found: dict[str, Change] = {}
    for change in changes:
        if change.kind != "volume" or change.action is not Action.REPLACE:
            continue
        for have in users_of(change.name, haves):
            cost = Disruption.REPLACE if is_running(have) else Disruption.NONE
            word = "stops, and is made anew" if is_running(have) else "is made anew"
            reason = f"{word} as it is, since volume {change.name} is"
            values = (f"volumes.{change.name}", None, None, reason, change.cause, cost)
            found.setdefault(have.name, Change("container", have.name, Action.REPLACE, *values))
    return list(found.values())


def is_follower(change: Change) -> bool:
    """Whether a change of a container is done with that of a volume."""
    is_of_volume = change.before is None and change.after is None
    return change.action is Action.REPLACE and is_of_volume and change.path.startswith("volumes.")
