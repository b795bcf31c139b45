"""Where the data of a volume are on the managed host, as its driver and options say. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...named_tuple import NamedTuple

PLAIN, FOLDER = "plain", "folder"
_ASIDE = "dockwright-aside"


class Place(NamedTuple):
    """How the data are reached; ``problem`` tells why they cannot be."""

    form: str = PLAIN  # below the engine's own folder; FOLDER: at the device
    device: str = ""
    problem: str = ""


def place_of(driver: str, options: Mapping[str, Any]) -> Place:
    """The place of the data of a volume with this driver and these options."""
    if driver != "local":
        return Place(problem=f"the driver {driver} keeps the data where only it knows")
    device, kind = str(options.get("device") or ""), str(options.get("type") or "")
    flags = [word for word in str(options.get("o") or "").split(",") if word]
    if not device and not kind:
        return Place()
    if kind in ("tmpfs", "ramfs"):
        return Place(problem=f"{kind} keeps no data while no container runs")
    if "bind" not in flags and "rbind" not in flags:
        way = "mount it on the host, and name a folder in it: type none, o bind, device /FOLDER"
        return Place(problem=f"the engine mounts it itself (type '{kind}'); {way}")
    if not device.startswith("/"):
        return Place(problem=f"its device '{device}' is no folder from / on")
    return Place(FOLDER, device)


def aside_of(root: str, name: str) -> str:
    """Where the old data of a volume wait: below the data-root, and no volume of the engine."""
    return posixpath.join(root, _ASIDE, name)
