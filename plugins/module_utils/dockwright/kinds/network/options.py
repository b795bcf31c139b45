"""The options of a network: one row per Compose network key."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ... import owner
from ...errors import Problem, SpecError
from ...options import Inspect, Option, collect, field
from ...values import (
    BOOLEAN,
    TEXT,
    TEXT_MAP,
    TEXTS,
    Type,
    address_text,
    one_of,
    parse_list,
    parse_mapping,
    parse_text,
    parse_text_map,
    wrong,
)
from ..plugin.options import DRIVER, driver_name

_SUBNET = ("subnet", "gateway", "ip_range", "aux_addresses")


def parse_ipam(value: Any, where: str) -> dict[str, str]:
    """Compose ``ipam``, flat: ``driver``, ``options.NAME``, ``SUBNET``, ``SUBNET gateway`` …"""
    entry = parse_mapping(value, where)
    for key in entry:
        if key not in ("driver", "config", "options"):
            raise wrong(f"{where}.{key}", "unknown key", "known keys: driver, config, options")
    options = parse_text_map(entry.get("options") or {}, f"{where}.options")
    result = {f"options.{key}": item for key, item in options.items()}
    if entry.get("driver"):
        result["driver"] = parse_text(entry["driver"], f"{where}.driver")
    problems: list[Problem] = []
    for index, item in enumerate(parse_list(entry.get("config") or [], f"{where}.config")):
        path = f"{where}.config[{index}]"
        result.update(collect(problems, _parse_subnet, item, path) or {})
    if problems:
        raise SpecError(problems)
    return result


def _parse_subnet(value: Any, where: str) -> dict[str, str]:
    entry = parse_mapping(value, where)
    for key in entry:
        if key not in _SUBNET:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(_SUBNET))
    subnet = _network(entry.get("subnet"), f"{where}.subnet")
    result = {str(subnet): ""}
    if entry.get("gateway"):
        result[f"{subnet} gateway"] = _inside(entry["gateway"], subnet, f"{where}.gateway")
    if entry.get("ip_range"):
        path = f"{where}.ip_range"
        part = _network(entry["ip_range"], path)
        if part.version != subnet.version or part[0] not in subnet or part[-1] not in subnet:
            raise wrong(path, f"{part} is not inside {subnet}")
        result[f"{subnet} ip_range"] = str(part)
    addresses = parse_text_map(entry.get("aux_addresses") or {}, f"{where}.aux_addresses")
    for name, address in addresses.items():
        path = f"{where}.aux_addresses.{name}"
        result[f"{subnet} aux_addresses.{name}"] = _inside(address, subnet, path)
    return result


def _network(value: Any, where: str) -> Any:
    try:
        return ipaddress.ip_network(parse_text(value or "", where))
    except ValueError as error:
        raise wrong(where, str(error), "write it as 10.9.0.0/24") from None


def _inside(value: Any, subnet: Any, where: str) -> str:
    try:
        address = ipaddress.ip_address(parse_text(value, where))
    except ValueError as error:
        raise wrong(where, str(error)) from None
    if address not in subnet:
        raise wrong(where, f"{address} is not inside {subnet}")
    return str(address)


def _read_ipam(seen: Inspect) -> dict[str, str]:
    raw = seen.raw.get("IPAM") or {}
    found = {f"options.{key}": item for key, item in (raw.get("Options") or {}).items()}
    found["driver"] = raw.get("Driver") or "default"
    for config in raw.get("Config") or ():  # kept by the engine as its maker wrote it
        subnet = address_text(config.get("Subnet") or "")
        found[subnet] = ""
        if config.get("Gateway"):
            found[f"{subnet} gateway"] = address_text(config["Gateway"].partition("/")[0])
        if config.get("IPRange"):
            found[f"{subnet} ip_range"] = address_text(config["IPRange"])
        for name, address in (config.get("AuxiliaryAddresses") or {}).items():
            found[f"{subnet} aux_addresses.{name}"] = address_text(address)
    return found


def write_config(value: Mapping[str, str]) -> dict[str, Any]:
    """The flat form as Compose's ``ipam``."""
    configs: dict[str, dict[str, Any]] = {}
    found: dict[str, Any] = {}
    for key, item in value.items():
        subnet, _, part = key.partition(" ")
        group, _, name = (part if "/" in subnet else key).partition(".")
        if "/" not in subnet and name:
            found.setdefault("options", {})[name] = item
        elif "/" not in subnet:
            found[key] = item
        else:
            config = configs.setdefault(subnet, {"subnet": subnet})
            if name:
                config.setdefault(group, {})[name] = item
            elif group:
                config[group] = item
    if found.get("driver") == "default":
        del found["driver"]
    return {**found, "config": list(configs.values())}


def _write_ipam(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    body: dict[str, Any] = {"Driver": value.get("driver", "default"), "Config": [], "Options": {}}
    configs: dict[str, dict[str, Any]] = {}
    for key, item in value.items():
        subnet, _, part = key.partition(" ")
        if key.startswith("options."):
            body["Options"][key.partition(".")[2]] = item
        elif "/" in subnet:
            config = configs.setdefault(subnet, {"Subnet": subnet})
            if part.startswith("aux_addresses."):
                config.setdefault("AuxiliaryAddresses", {})[part.partition(".")[2]] = item
            elif part:
                config[{"gateway": "Gateway", "ip_range": "IPRange"}[part]] = item
    body["Config"] = list(configs.values())
    payload["IPAM"] = body


_ANY = {"type": "object"}
IPAM = Type("address management", parse_ipam, "dict", _ANY, keyed=True)

ROWS: tuple[Option, ...] = (
    field(
        "driver",
        DRIVER,
        "Driver",
        "The network driver.",
        clean=driver_name,
        default="bridge",
    ),
    Option(
        "driver_opts",
        TEXT_MAP,
        "Options of the driver.",
        read=lambda seen: dict(seen.raw.get("Options") or {}),
        write=lambda payload, value: payload.update(Options=dict(value)),
        baked=True,
        example={"com.docker.network.driver.mtu": "1450"},
    ),
    Option(
        "ipam",
        IPAM,
        "Address management: driver, options, and config with subnet, gateway, ip_range and"
        " aux_addresses. Left out: what the engine chose.",
        read=_read_ipam,
        write=_write_ipam,
        baked=True,
        example={"config": [{"subnet": "10.9.0.0/24"}]},
    ),
    field("internal", BOOLEAN, "Internal", "Whether it has no way outside.", default=False),
    field(
        "attachable",
        BOOLEAN,
        "Attachable",
        "Whether single containers may join a swarm network.",
        default=False,
    ),
    Option(
        "enable_ipv4",
        BOOLEAN,
        "Whether it has IPv4.",
        read=lambda seen: seen.raw.get("EnableIPv4") is not False,
        write=lambda payload, value: payload.update(EnableIPv4=value),
        default=True,
        since="1.48",
    ),
    field("enable_ipv6", BOOLEAN, "EnableIPv6", "Whether it has IPv6.", default=False),
    Option(
        "labels",
        owner.LABELS,
        "Labels, as a mapping or a list of C(NAME=value).",
        read=lambda seen: owner.foreign(owner.labels_of(seen.raw)),
        write=lambda payload, value: payload.setdefault("Labels", {}).update(value),
    ),
)

INPUTS: tuple[Option, ...] = (
    Option("name", TEXT, "The engine's name of the network. Left out: the key in the spec."),
    Option("external", BOOLEAN, "It must be there, and is never touched.", default=False),
    Option(
        "state",
        one_of("present", "absent"),
        "Whether the network is to be there.",
        default="present",
    ),
    Option("ignore", TEXTS, "Paths of options that another hand owns: shown, never changed."),
)

OPTIONS = ROWS + INPUTS
