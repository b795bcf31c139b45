"""The bridges of the host that networks stand on: their names, and who is routed to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...model import Want

_NAME = "com.docker.network.bridge.name"
_MODES = {
    4: "com.docker.network.bridge.gateway_mode_ipv4",
    6: "com.docker.network.bridge.gateway_mode_ipv6",
}


class Bridge(NamedTuple):
    """One bridge, or one that is to come."""

    name: str  # empty where the engine is still to choose it
    options: Mapping[str, Any]
    where: str = ""  # the network in the spec

    @property
    def routed(self) -> frozenset[int]:
        """The families in which containers are reached by their own addresses, and no other way."""
        return frozenset(n for n, name in _MODES.items() if self.options.get(name) == "routed")


def wanted(wants: Iterable[Want]) -> tuple[Bridge, ...]:
    """Of the networks of a spec."""
    found = []
    for want in wants:
        fields = want.fields
        is_bridge = fields.get("driver") in (None, "bridge", "default")
        if is_bridge and want.state != "absent" and not want.external:
            options = fields.get("driver_opts") or {}
            found.append(Bridge(str(options.get(_NAME) or ""), options, want.where))
    return tuple(found)


def there(networks: Iterable[Mapping[str, Any]]) -> tuple[Bridge, ...]:
    """Of the networks that the engine has (GET /networks)."""
    found = []
    for network in networks:
        if network.get("Driver") == "bridge":
            options = network.get("Options") or {}
            found.append(Bridge(str(options.get(_NAME) or f"br-{network['Id'][:12]}"), options))
    return tuple(found)
