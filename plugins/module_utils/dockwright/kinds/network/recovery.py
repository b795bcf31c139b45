"""Networks that a killed run left half made anew: what there is, how it will be put right. Pure.

While a network is made anew its containers are in no such network, and nothing in the engine says
that they were. So what was there is kept beside it first: as a label on the volume
``NAME.dockwright-network``, which the engine keeps for us and nobody mounts. The new network says
by a label which one it replaces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ... import owner
from ...named_tuple import NamedTuple
from ..container.endpoints import endpoint_body

SUFFIX = ".dockwright-network"


class Member(NamedTuple):
    """A container in a network that is made anew, and the endpoint it gets."""

    id: str
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None  # None: the spec does not have it there any more


class Journal(NamedTuple):
    """What a network was before it was made anew."""

    name: str
    id: str
    definition: Mapping[str, Any]  # the body that makes it
    members: tuple[Member, ...]
    by: str = ""  # the process that makes it anew, see `host.runner`

    @property
    def volume(self) -> str:
        """The name of the volume that keeps it."""
        return self.name + SUFFIX

    def text(self) -> str:
        """The label's value."""
        return json.dumps(self, separators=(",", ":"), sort_keys=True)

    def is_successor(self, raw: Mapping[str, Any]) -> bool:
        """Whether a network is the new one."""
        return owner.labels_of(raw).get(owner.REPLACES) == self.id


class Recovery(NamedTuple):
    """A network to finish or to undo."""

    journal: Journal
    present: str  # the ID of the network that has the name now
    finish: bool  # that is the new one: only its containers are still to be connected

    def endpoint_of(self, member: Member) -> Mapping[str, Any] | None:
        """The endpoint that a container will have; None: none."""
        return member.after if self.finish else member.before


def definition(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The body that makes a network as this one is."""
    keys = (
        *("Name", "Driver", "Options", "Internal", "Attachable", "IPAM", "Labels"),
        *("EnableIPv4", "EnableIPv6"),
    )
    return {"CheckDuplicate": True, **{key: raw[key] for key in keys if key in raw}}


def recoveries(
    volumes: Iterable[Mapping[str, Any]], networks: Iterable[Mapping[str, Any]]
) -> dict[str, Recovery]:
    """The networks that are half made anew, by their name."""
    by_name = {raw["Name"]: raw for raw in networks}
    found = {}
    for raw in volumes:
        journal = read_journal(raw)
        if journal:
            now = by_name.get(journal.name, {})
            found[journal.name] = Recovery(journal, now.get("Id", ""), journal.is_successor(now))
    return found


def read_journal(volume: Mapping[str, Any]) -> Journal | None:
    """The journal on a volume, if it has one that can be read."""
    try:
        name, id, body, members, *by = json.loads(owner.labels_of(volume)[owner.REPLACES])
        journal = Journal(name, id, dict(body), tuple(Member(*member) for member in members), *by)
    except (KeyError, TypeError, ValueError):
        return None
    return journal if volume.get("Name") == journal.volume else None


def networks_as_recovered(
    networks: Iterable[Mapping[str, Any]], found: Mapping[str, Recovery]
) -> list[Mapping[str, Any]]:
    """The networks as they will be after the recoveries; one that is missing has no ID yet."""
    missing = [item.journal.definition for item in found.values() if not item.present]
    return [*networks, *({**body, "Id": ""} for body in missing)]


def with_endpoints(container: Mapping[str, Any], found: Mapping[str, Recovery]) -> dict[str, Any]:
    """A container, listed or inspected, with the endpoints it will have after the recoveries."""
    settings = container.get("NetworkSettings") or {}
    networks = dict(settings.get("Networks") or {})
    for name, item in found.items():
        for member in item.journal.members:
            endpoint = item.endpoint_of(member)
            is_there = name in networks and networks[name].get("NetworkID") in ("", item.present)
            if member.id == container["Id"] and endpoint is not None and not is_there:
                networks[name] = endpoint_body(endpoint)
    return {**container, "NetworkSettings": {**settings, "Networks": networks}}
