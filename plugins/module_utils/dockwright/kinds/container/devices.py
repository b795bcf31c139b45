"""The option types for what a container may do with devices: block I/O, cgroup rules, GPUs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...model import Disruption, EngineFacts
from ...options import Inspect, get, put
from ...values import (
    Parser,
    Type,
    integer,
    parse_list,
    parse_mapping,
    parse_text,
    parse_text_map,
    parse_text_set,
    parse_texts,
    size,
    wrong,
)

# --- block I/O -----------------------------------------------------------------------------------

_WEIGHT = integer(10, 1000)
# Compose's key -> the engine's list, the key of its number in both, and how that is written.
_LISTS: Mapping[str, tuple[str, str, Parser]] = {
    "weight_device": ("BlkioWeightDevice", "weight", _WEIGHT),
    "device_read_bps": ("BlkioDeviceReadBps", "rate", size(1)),
    "device_write_bps": ("BlkioDeviceWriteBps", "rate", size(1)),
    "device_read_iops": ("BlkioDeviceReadIOps", "rate", integer(1)),
    "device_write_iops": ("BlkioDeviceWriteIOps", "rate", integer(1)),
}


def parse_blkio(value: Any, where: str) -> dict[str, int | str]:
    """Compose ``blkio_config``, flat: ``weight`` -> number, ``LIST.PATH`` -> number as text."""
    entry = parse_mapping(value, where)
    known = ("weight", *_LISTS)
    for key in entry:
        if key not in known:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(known))
    found: dict[str, int | str] = {}
    if entry.get("weight"):
        found["weight"] = _WEIGHT(entry["weight"], f"{where}.weight")
    for key, (_, number, parser) in _LISTS.items():
        for index, item in enumerate(parse_list(entry.get(key) or [], f"{where}.{key}")):
            path = f"{where}.{key}[{index}]"
            limit = parse_mapping(item, path)
            if set(limit) != {"path", number}:
                raise wrong(path, f"needs path and {number}, and nothing else")
            device = parse_text(limit["path"], f"{path}.path")
            if not device.startswith("/dev/"):
                raise wrong(f"{path}.path", f"'{device}' is not a device", "write /dev/NAME")
            found[f"{key}.{device}"] = str(parser(limit[number], f"{path}.{number}"))
    return found


def read_blkio(seen: Inspect) -> dict[str, int | str]:
    """The block I/O limits of HostConfig, flat."""
    host = seen.raw.get("HostConfig") or {}
    weight = host.get("BlkioWeight")
    found: dict[str, int | str] = {"weight": weight} if weight else {}
    for key, (name, number, _) in _LISTS.items():
        for item in host.get(name) or ():
            found[f"{key}.{item['Path']}"] = str(item[number.title()])
    return found


def write_blkio(payload: dict[str, Any], value: Mapping[str, int | str]) -> None:
    """The flat form as HostConfig."""
    put(payload, "HostConfig.BlkioWeight", value.get("weight", 0))
    for key, (name, number, _) in _LISTS.items():
        items = [
            {"Path": path.partition(".")[2], number.title(): int(limit)}
            for path, limit in sorted(value.items())
            if path.startswith(f"{key}.")
        ]
        if items:
            put(payload, f"HostConfig.{name}", items)


def show_blkio(value: Mapping[str, int | str]) -> dict[str, Any]:
    """The flat form as Compose has it."""
    found: dict[str, Any] = {"weight": value["weight"]} if "weight" in value else {}
    for key, (_, number, _) in _LISTS.items():
        items = [
            {"path": path.partition(".")[2], number: int(limit)}
            for path, limit in value.items()
            if path.startswith(f"{key}.")
        ]
        if items:
            found[key] = items
    return found


def live_weight(before: Any, after: Any, facts: EngineFacts) -> Disruption:
    """The weight (a number) is changed in place; taking it away, and a device's limit, is not."""
    return Disruption.NONE if isinstance(after, int) else Disruption.REPLACE


BLKIO = Type("block I/O limits", parse_blkio, "dict", {"type": "object"}, keyed=True)

# --- cgroup rules --------------------------------------------------------------------------------

_RULE = re.compile(r"[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}")


def parse_rules(value: Any, where: str) -> list[str]:
    """Compose ``device_cgroup_rules``, sorted: ``c 1:3 mr``."""
    texts = parse_texts(value, where)
    for index, text in enumerate(texts):
        if not _RULE.fullmatch(text):
            fix = "write TYPE MAJOR:MINOR ACCESS, such as c 10:200 rwm"
            raise wrong(f"{where}[{index}]", f"'{text}' is not a rule for devices", fix)
    return sorted(set(texts))


RULES = Type("list of rules", parse_rules, "raw", {"type": "array"})

# --- GPUs and other devices that a driver finds --------------------------------------------------

_REQUEST = ("driver", "count", "device_ids", "capabilities", "options")


def parse_gpus(value: Any, where: str) -> list[dict[str, Any]]:
    """Compose ``gpus``: ``all``, or a list of requests; as the engine has them."""
    if value == "all":
        value = [{}]
    elif isinstance(value, str):
        raise wrong(where, f"is '{value}'", "write all, or a list of requests")
    return [
        _request(item, f"{where}[{index}]", ("gpu",))
        for index, item in enumerate(parse_list(value, where))
    ]


def parse_reservations(value: Any, where: str) -> list[dict[str, Any]]:
    """Compose ``deploy.resources.reservations.devices``; each says what it must be capable of."""
    found = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        if not parse_mapping(item, path).get("capabilities"):
            raise wrong(f"{path}.capabilities", "is missing", "name them, such as [gpu]")
        found.append(_request(item, path))
    return found


def _request(item: Any, where: str, implied: tuple[str, ...] = ()) -> dict[str, Any]:
    entry = parse_mapping(item, where)
    for key in entry:
        if key not in _REQUEST:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(_REQUEST))
    ids = parse_text_set(entry.get("device_ids") or [], f"{where}.device_ids")
    if ids and entry.get("count") is not None:
        raise wrong(f"{where}.count", "cannot be combined with device_ids", "keep one of them")
    asked = parse_text_set(entry.get("capabilities") or [], f"{where}.capabilities")
    return {
        "Driver": parse_text(entry.get("driver") or "", f"{where}.driver"),
        "Count": 0 if ids else _count(entry.get("count", "all"), f"{where}.count"),
        "DeviceIDs": ids,
        "Capabilities": [sorted({*asked, *implied})],
        "Options": parse_text_map(entry.get("options") or {}, f"{where}.options"),
    }


def _count(value: Any, where: str) -> int:
    return -1 if value == "all" else int(integer(-1)(value, where))


def read_gpus(seen: Inspect) -> list[dict[str, Any]] | None:
    """HostConfig.DeviceRequests with nothing left out and in the order of the normal form."""
    found = [
        {
            "Driver": item.get("Driver") or "",
            "Count": item.get("Count") or 0,
            "DeviceIDs": sorted(item.get("DeviceIDs") or ()),
            "Capabilities": [sorted(group) for group in item.get("Capabilities") or ()],
            "Options": dict(item.get("Options") or {}),
        }
        for item in get(seen.raw, "HostConfig.DeviceRequests") or ()
    ]
    return found or None


def show_gpus(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The engine's form as Compose has it."""
    return [
        {
            "driver": item["Driver"],
            **({"device_ids": item["DeviceIDs"]} if item["DeviceIDs"] else {}),
            **({} if item["DeviceIDs"] else {"count": item["Count"]}),
            "capabilities": [name for group in item["Capabilities"] for name in group],
            "options": item["Options"],
        }
        for item in value
    ]


GPUS = Type("device requests", parse_gpus, "raw", {"anyOf": [{"const": "all"}, {"type": "array"}]})
