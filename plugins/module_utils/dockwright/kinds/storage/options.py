"""The options of kind storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...options import Option
from ...values import BOOLEAN, Type, one_of, parse_text, wrong

AUTO = "auto"
DRIVERS = ("overlay2", "btrfs", "fuse-overlayfs", "zfs", "vfs")

# Drivers to come from, never to go to.
DROPPED: Mapping[str, str] = {
    "aufs": "engine 24.0 has dropped it, and no kernel of today has its module",
    "overlay": "engine 24.0 has dropped it in favour of overlay2",
    "devicemapper": "engine 25.0 has dropped it",
}


def _driver(value: Any, where: str) -> str:
    name = parse_text(value, where)
    if name in DROPPED:
        fix = "choose overlay2, or auto; what such a driver holds is migrated"
        raise wrong(where, f"{name} is no driver to go to: {DROPPED[name]}", fix)
    if name not in (AUTO, *DRIVERS):
        known = ", ".join((AUTO, *DRIVERS))
        raise wrong(where, f"there is no storage driver '{name}'", f"must be one of {known}")
    return name


def _path(value: Any, where: str) -> str:
    path = parse_text(value, where)
    if not path.startswith("/"):
        raise wrong(where, f"'{path}' is no absolute path", "begin it with /")
    return path


_WORDS = {"type": "string", "enum": [AUTO, *DRIVERS]}
DRIVER = Type("text", _driver, "str", _WORDS)
PATH = Type("path", _path, "str", {"type": "string"})
REMAP = Type("text", parse_text, "str", {"type": "string"})

ROWS: tuple[Option, ...] = (
    Option(
        "driver",
        DRIVER,
        "Storage driver of the engine's own image store. C(auto) takes what suits the kernel, the"
        " file system of the data-root and the engine.",
        example="overlay2",
    ),
    Option(
        "data_root",
        PATH,
        "Folder of images, containers and volumes. What is in the present one is copied there while"
        " the engine is stopped. It must be empty.",
        example="/srv/docker",
    ),
    Option(
        "userns_remap",
        REMAP,
        "The user that root in containers is mapped to: C(default), C(USER) or C(USER:GROUP); empty"
        " for none. Owners of files in volumes are mapped too.",
        example="default",
    ),
    Option(
        "image_store",
        one_of("graphdriver", "containerd"),
        "Who keeps the images: the engine's storage driver, or containerd (engine 25.0 and newer).",
    ),
    Option(
        "migrate",
        BOOLEAN,
        "Whether images, containers, volumes and networks that are there are taken along. Without"
        " it a change is refused as soon as there are any.",
        default=False,
    ),
    Option(
        "writable",
        one_of("refuse", "commit", "discard"),
        "What becomes of containers that wrote into their own layer: the change is refused, they"
        " become images that the new containers start from, or what they wrote is given up.",
        default="refuse",
    ),
    Option(
        "cleanup",
        BOOLEAN,
        "Whether the old data that earlier changes have left is removed.",
        default=False,
    ),
)
