"""The bridges of the host that networks stand on: their names, and who is routed to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...model import Have, Want
from ...named_tuple import NamedTuple
from .plan import is_remade, wanted_fields

_NAME = "com.docker.network.bridge.name"
MODES = {
    4: "com.docker.network.bridge.gateway_mode_ipv4",
    6: "com.docker.network.bridge.gateway_mode_ipv6",
}


class Bridge(NamedTuple):
    """One bridge, or one that is to come."""

    name: str  # empty where the engine is still to choose it, and where there will be none
    options: Mapping[str, Any]
    where: str = ""  # the network in the spec
    network: str = ""  # its name in the engine
    is_new: bool = False  # the network is made, or made anew

    @property
    def routed(self) -> frozenset[int]:
        """The families in which containers are reached by their own addresses, and no other way."""
        return frozenset(n for n, name in MODES.items() if self.options.get(name) == "routed")


def coming(wants: Mapping[str, Want], haves: Mapping[str, Have]) -> tuple[Bridge, ...]:
    """Of the networks of a spec that are made, made anew or removed; of others there() tells."""
    found = []
    for name, want in wants.items():
        have = haves.get(name)
        if want.external:
            continue
        if want.state == "absent":
            found.append(Bridge("", {}, want.where, name))
        elif have is None or is_remade(want, have):
            found.append(_made(name, want, wanted_fields(want, have)[0]))
    return tuple(found)


def _made(name: str, want: Want, fields: Mapping[str, Any]) -> Bridge:
    if fields.get("driver") not in (None, "bridge", "default"):
        return Bridge("", {}, want.where, name)
    options = fields.get("driver_opts") or {}
    return Bridge(str(options.get(_NAME) or ""), options, want.where, name, is_new=True)


def there(networks: Iterable[Mapping[str, Any]]) -> tuple[Bridge, ...]:
    """Of the networks that the engine has (GET /networks)."""
    found = []
    for network in networks:
        if network.get("Driver") == "bridge":
            options = network.get("Options") or {}
            bridge = str(options.get(_NAME) or f"br-{network['Id'][:12]}")
            found.append(Bridge(bridge, options, "", str(network.get("Name"))))
    return tuple(found)
