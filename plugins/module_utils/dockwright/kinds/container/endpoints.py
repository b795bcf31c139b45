"""The networks of a container: Compose `networks` and `network_mode`, and the engine's endpoints.

The normal form of ``networks`` is a dict from the network's name to its endpoint options, empty
ones left out. The engine's default bridge is the network ``bridge``. ``network_mode`` is set
only where there are no networks: ``host``, ``none`` or ``container:NAME``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ...errors import Problem
from ...model import Disruption, EngineFacts, Have
from ...options import Inspect, get
from ...values import (
    Parser,
    Type,
    address_text,
    integer,
    kind_of,
    parse_mapping,
    parse_text,
    parse_text_map,
    parse_text_set,
    wrong,
)
from .links import parse_links

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


def _mac(value: Any, where: str) -> str:
    text = parse_text(value, where).lower().replace("-", ":")
    if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", text):
        raise wrong(where, f"'{text}' is not a hardware address", "write it as 02:42:ac:11:00:99")
    return text


_KEYS = {
    "aliases": parse_text_set,
    "ipv4_address": _ip(4),
    "ipv6_address": _ip(6),
    "link_local_ips": parse_text_set,
    "links": parse_links,
    "mac_address": _mac,
    "driver_opts": parse_text_map,
    "priority": integer(),
    "gw_priority": integer(),
    "interface_name": parse_text,
}
INTERFACE = "com.docker.network.endpoint.ifname"  # what `interface_name` is to the engine


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
    name = result.pop("interface_name", None)
    if name:
        options = result.setdefault("driver_opts", {})
        if options.setdefault(INTERFACE, name) != name:
            fix = "keep one of them"
            raise wrong(f"{where}.interface_name", f"differs from driver_opts.{INTERFACE}", fix)
    return result


def with_address(networks: dict[str, Any], address: str | None, where: str) -> list[Problem]:
    """A container's ``mac_address`` put to its first network; nothing where none was given."""
    path = f"{where}.mac_address"
    if address is None:
        return []
    if not networks:
        return [Problem(path, "cannot be set without a network", "name a network")]
    first = next(iter(networks))
    if networks[first].get("mac_address", address) != address:
        return [Problem(path, f"differs from that of the network {first}", "keep one of them")]
    networks[first] = {**networks[first], "mac_address": address}
    return []


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
        # Of the other networks the engine tells only what is, not whether somebody asked for it.
        address = str(get(seen.raw, "Config.MacAddress") or "").lower()
        is_first = name == ("bridge" if mode == "default" else mode)
        if address and is_first and raw.get("MacAddress") in (None, "", address):
            found[name]["mac_address"] = address
    return found


def with_addresses(have: Have, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The networks of a container, with the hardware addresses where others are wanted.

    A stopped container has none: it will have what it was made with, which only the first tells.
    """
    mode = get(have.raw, "HostConfig.NetworkMode")
    first = "bridge" if mode == "default" else mode
    found = {name: dict(options) for name, options in (have.fields.get("networks") or {}).items()}
    for name, options in wanted.items():
        if name in found and "mac_address" in options.keys() - found[name].keys():
            raw = (get(have.raw, "NetworkSettings.Networks") or {}).get(name) or {}
            unknown = None if name == first else options["mac_address"]
            address = raw.get("MacAddress") or unknown
            found[name].update({"mac_address": address} if address else {})
    return found


def reconnect(before: Any, after: Any, facts: EngineFacts) -> Disruption:
    """An endpoint is connected anew, adding one disturbs nothing.

    A hardware address is for a container that is made: the engine shows the first one it ever had
    as that which was asked for; on its own bridge, and where it is older, it takes none later on.
    """
    if isinstance(after, Mapping) and _mac_of(before) != _mac_of(after):
        return Disruption.REPLACE
    return Disruption.RECONNECT if before is not None else Disruption.NONE


def _read_endpoint(raw: Mapping[str, Any], seen: Inspect) -> dict[str, Any]:
    ipam = raw.get("IPAMConfig") or {}
    aliases = set(raw.get("Aliases") or ())
    if not seen.facts.api_at_least("1.45"):  # older ones add these two on their own
        aliases -= {(seen.raw.get("Id") or "")[:12], get(seen.raw, "Config.Hostname")}
    found = {
        "aliases": sorted(aliases),
        "ipv4_address": ipam.get("IPv4Address"),
        "ipv6_address": address_text(ipam.get("IPv6Address") or ""),
        "link_local_ips": sorted(ipam.get("LinkLocalIPs") or ()),
        "links": sorted(set(raw.get("Links") or ())),
        "driver_opts": dict(raw.get("DriverOpts") or {}),
        "gw_priority": raw.get("GwPriority"),
    }
    return {key: value for key, value in found.items() if value}


def _mac_of(endpoint: Mapping[str, Any] | None) -> str:
    return str((endpoint or {}).get("mac_address") or "")


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
        "Links": options.get("links"),
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
MAC_ADDRESS = Type("hardware address", _mac, "str", {"type": "string"})
NETWORK_MODE = Type("text", parse_network_mode, "str", {"type": "string"})
