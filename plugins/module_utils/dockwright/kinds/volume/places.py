"""Where the data of a volume are on the managed host, as its driver and options say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

PLAIN, FOLDER, MOUNT = "plain", "folder", "mount"
_NETWORKED = ("nfs", "nfs4", "cifs")


class Place(NamedTuple):
    """How the data are reached; ``problem`` tells why they cannot be."""

    form: str = PLAIN  # below the engine's own folder; FOLDER: at the device; MOUNT: to be mounted
    device: str = ""
    type: str = ""
    options: str = ""
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
    if "bind" in flags or "rbind" in flags:
        if not device.startswith("/"):
            return Place(problem=f"its device '{device}' is no folder from / on")
        return Place(FOLDER, device)
    if not device or not kind:
        return Place(problem="its options do not say what is to be mounted")
    if kind in _NETWORKED and device.startswith(":"):  # as the engine writes it
        addresses = [word[5:] for word in flags if word.startswith("addr=")]
        if not addresses:
            return Place(problem=f"its device '{device}' names no server")
        device = f"{addresses[0]}{device}"
        flags = [word for word in flags if not word.startswith("addr=")]
    return Place(MOUNT, device, kind, ",".join(flags))
