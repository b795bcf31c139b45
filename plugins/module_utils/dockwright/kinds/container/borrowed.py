"""Mounts that a container has from other ones: Compose `volumes_from`, and the engine's.

The normal form is a dict from the other container to ``rw`` or ``ro``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...options import Inspect, get
from ...values import Type, parse_texts, wrong

_MODES = ("rw", "ro")


def parse_volumes_from(value: Any, where: str) -> dict[str, str]:
    """``NAME``, ``NAME:ro``, or with ``container:`` before it."""
    result: dict[str, str] = {}
    for index, text in enumerate(parse_texts(value, where)):
        path = f"{where}[{index}]"
        name, _, mode = text.removeprefix("container:").partition(":")
        if not name:
            raise wrong(path, f"'{text}' names no container", "write NAME or NAME:ro")
        if mode not in ("", *_MODES):
            raise wrong(path, f"is for '{mode}'", "write NAME:ro or NAME:rw")
        if name in result:
            raise wrong(path, f"names {name} a second time", "keep one of the two")
        result[name] = mode or "rw"
    return result


def read_volumes_from(seen: Inspect) -> dict[str, str]:
    """HostConfig.VolumesFrom in normal form; containers by their name."""
    found = {}
    for text in get(seen.raw, "HostConfig.VolumesFrom") or ():
        reference, _, mode = text.partition(":")
        found[seen.names.get(reference, reference)] = "ro" if "ro" in mode.split(",") else "rw"
    return found


def write_volumes_from(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    """The normal form as HostConfig.VolumesFrom."""
    texts = [f"{name}:{mode}" for name, mode in value.items()]
    payload.setdefault("HostConfig", {})["VolumesFrom"] = texts


def as_texts(value: Mapping[str, str]) -> list[str]:
    """The normal form as a person writes it."""
    return [name if mode == "rw" else f"{name}:{mode}" for name, mode in value.items()]


VOLUMES_FROM = Type(
    "list of containers",
    parse_volumes_from,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    keyed=True,
)
