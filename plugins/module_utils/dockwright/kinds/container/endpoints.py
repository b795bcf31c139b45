"""The networks of a container: Compose `networks` and `network_mode`, and the engine's endpoints.

The normal form of ``networks`` is a dict from the network's name to its endpoint options, empty
ones left out. The engine's default bridge is the network ``bridge``. ``network_mode`` is set
only where there are no networks: ``host``, ``none`` or ``container:NAME``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ...options import Inspect, get
from ...values import (
    Parser,
    Type,
    integer,
    kind_of,
    parse_mapping,
    parse_text,
    parse_text_map,
    parse_text_set,
    wrong,
)

WITHOUT_NETWORKS = ("host", "none")


def _ip(version: int) -> Any:
    def parse(value: Any, where: str) -> str:
        text = parse_text(value, where)
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise wrong(where, f"'{text}' is not an IP address") from None
        if address.version != version:
            raise wrong(where, f"'{text}' is not an IPv{version} address")
        return str(address)

    return parse


_KEYS = {
    "aliases": parse_text_set,
    "ipv4_address": _ip(4),
    "ipv6_address": _ip(6),
    "link_local_ips": parse_text_set,
    "mac_address": lambda value, where: parse_text(value, where).lower().replace("-", ":"),
    "driver_opts": parse_text_map,
    "priority": integer(),
    "gw_priority": integer(),
}


def parse_networks(value: Any, where: str) -> dict[str, dict[str, Any]]:
    """Compose ``networks`` of a service in normal form, the highest ``priority`` first."""
    if isinstance(value, (list, tuple)):
        names = [parse_text(item, f"{where}[{i}]") for i, item in enumerate(value)]
        return {name: {} for name in names}
    if not isinstance(value, Mapping):
        raise wrong(where, f"must be a list or a mapping, not {kind_of(value)}")
    parsed = {
        name: _endpoint(options, f"{where}.{name}")
        for name, options in parse_mapping(value, where).items()
    }
    order = sorted(parsed, key=lambda name: -parsed[name].pop("priority", 0))
    return {name: parsed[name] for name in order}


def _endpoint(value: Any, where: str) -> dict[str, Any]:
    result = {}
    for key, item in parse_mapping(value or {}, where).items():
        if key not in _KEYS:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(_KEYS))
        parsed = None if item is None else _KEYS[key](item, f"{where}.{key}")
        if parsed not in (None, [], {}, "", 0):
            result[key] = parsed
    return result


def parse_network_mode(value: Any, where: str) -> str:
    """Compose ``network_mode``."""
    text = parse_text(value, where)
    if text.startswith(("container:", "service:")) and not text.partition(":")[2]:
        raise wrong(where, f"'{text}' names no container", "write container:NAME")
    return "bridge" if text == "default" else text


def namespace(*words: str) -> Parser:
    """A parser of one of these words, or of the container whose namespace is shared."""

    def parse(value: Any, where: str) -> str:
        text = parse_network_mode(value, where)
        if text not in words and not text.startswith(("container:", "service:")):
            known = ", ".join((*words, "container:NAME", "service:NAME"))
            raise wrong(where, f"is '{text}'", f"must be one of {known}")
        return text

    return parse


def read_networks(seen: Inspect) -> dict[str, dict[str, Any]]:
    """NetworkSettings.Networks in normal form; endpoints on networks that are gone are left out."""
    mode = get(seen.raw, "HostConfig.NetworkMode") or "default"
    if mode in WITHOUT_NETWORKS or mode.startswith("container:"):
        return {}
    found = {}
    for name, raw in (get(seen.raw, "NetworkSettings.Networks") or {}).items():
        name = "bridge" if name == "default" else name
        # Each start of the daemon makes its bridge anew; who is in it then is in it again.
        current = seen.names.get(f"network:{name}") if name != "bridge" else None
        if current and raw.get("NetworkID") not in ("", None, current):
            continue  # the network was made anew under the same name
        found[name] = _read_endpoint(raw, seen)
    return found


def _read_endpoint(raw: Mapping[str, Any], seen: Inspect) -> dict[str, Any]:
    ipam = raw.get("IPAMConfig") or {}
    aliases = set(raw.get("Aliases") or ())
    if not seen.facts.api_at_least("1.45"):  # older ones add these two on their own
        aliases -= {(seen.raw.get("Id") or "")[:12], get(seen.raw, "Config.Hostname")}
    found = {
        "aliases": sorted(aliases),
        "ipv4_address": ipam.get("IPv4Address"),
        "ipv6_address": ipam.get("IPv6Address"),
        "link_local_ips": sorted(ipam.get("LinkLocalIPs") or ()),
        "driver_opts": dict(raw.get("DriverOpts") or {}),
        "gw_priority": raw.get("GwPriority"),
    }
    return {key: value for key, value in found.items() if value}


def read_network_mode(seen: Inspect) -> str | None:
    """HostConfig.NetworkMode where it is not about networks; containers by their name."""
    mode = get(seen.raw, "HostConfig.NetworkMode") or "default"
    if mode in WITHOUT_NETWORKS:
        return str(mode)
    return by_name(mode, seen) if mode.startswith("container:") else None


def by_name(mode: str, seen: Inspect) -> str:
    """``container:<id>`` as ``container:<name>``: the engine stores IDs for some modes."""
    prefix, colon, reference = mode.partition(":")
    return f"{prefix}{colon}{seen.names.get(reference, reference)}" if colon else mode


def endpoint_body(options: Mapping[str, Any]) -> dict[str, Any]:
    """The endpoint options as the engine's EndpointSettings."""
    ipam = {
        "IPv4Address": options.get("ipv4_address"),
        "IPv6Address": options.get("ipv6_address"),
        "LinkLocalIPs": options.get("link_local_ips"),
    }
    body = {
        "Aliases": options.get("aliases"),
        "IPAMConfig": {key: value for key, value in ipam.items() if value},
        "MacAddress": options.get("mac_address"),
        "DriverOpts": options.get("driver_opts"),
        "GwPriority": options.get("gw_priority"),
    }
    return {key: value for key, value in body.items() if value}


NETWORKS = Type(
    "networks",
    parse_networks,
    "raw",
    {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {
                "type": "object",
                "additionalProperties": {
                    "type": ["object", "null"],
                    "properties": {key: {} for key in _KEYS},
                    "additionalProperties": False,
                },
            },
        ]
    },
    keyed=True,
)
NETWORK_MODE = Type("text", parse_network_mode, "str", {"type": "string"})
