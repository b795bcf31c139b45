"""What only newer engines have: older ones would ignore it without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...model import Want
from .endpoints import INTERFACE
from .mounts import is_bindable
from .options import ROWS

_CREATE = "bind.create_host_path"


def newer(want: Want) -> Iterable[tuple[str, str]]:
    """What older engines ignore without a word: its path, and the Engine API that has it."""
    yield from ((row.name, row.since) for row in ROWS if row.since and row.name in want.fields)
    if "start_interval" in want.fields.get("healthcheck", {}):
        yield "healthcheck.start_interval", "1.44"
    for number, (name, endpoint) in enumerate(want.fields.get("networks", {}).items()):
        if "gw_priority" in endpoint:
            yield f"networks.{name}.gw_priority", "1.48"
        if "mac_address" in endpoint and number > 0:
            yield f"networks.{name}.mac_address", "1.44"
        if INTERFACE in endpoint.get("driver_opts", ()):
            yield f"networks.{name}.interface_name", "1.49"
    for target, mount in want.fields.get("volumes", {}).items():
        yield from ((f"volumes.{target}.{path}", since) for path, since in _of_mount(target, mount))


def way_out(path: str) -> str:
    """What to do on an older engine about a path that `newer` gave."""
    return "set it to false" if path.endswith(_CREATE) else "leave it out"


def _of_mount(target: str, mount: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if mount["type"] == "image":
        yield "type", "1.48"
    elif "subpath" in mount:
        yield "subpath", "1.45"
    elif mount.get("recursive") in ("writable", "readonly"):
        yield "bind.recursive", "1.44"
    elif "recursive" in mount and mount.get("create_host_path", True):
        yield "bind.recursive", "1.42"  # which makes a missing source
    elif (
        mount["type"] == "bind"
        and mount.get("create_host_path", True)
        and not is_bindable(target, mount)
    ):
        yield _CREATE, "1.42"  # what the text form cannot say
