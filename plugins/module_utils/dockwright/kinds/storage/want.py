"""What the user wants of the storage: parsed, with every problem of it named."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Problem
from ...options import collect, parse
from .options import ROWS

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?")


@dataclass(frozen=True)
class StorageWant:
    """What is named; None: it stays as it is."""

    driver: str | None = None
    data_root: str | None = None
    userns_remap: str | None = None
    image_store: str | None = None
    migrate: bool = False
    writable: str = "refuse"
    cleanup: bool = False
    where: str = "storage"


def parse_storage(given: Any, where: str, problems: list[Problem]) -> StorageWant:
    """Read the options as the user gave them; what is wrong is added to ``problems``."""
    found = collect(problems, parse, ROWS, given, where) or {}
    if found.get("data_root"):
        found["data_root"] = posixpath.normpath(found["data_root"])
    problems += _conflicts(found, where)
    return StorageWant(**found, where=where)


def _conflicts(found: Mapping[str, Any], where: str) -> list[Problem]:
    problems = []
    remap = found.get("userns_remap")
    if remap and not _USER.fullmatch(remap):
        fix = "write default, USER or USER:GROUP"
        problems.append(Problem(f"{where}.userns_remap", f"'{remap}' is no user", fix))
    if found.get("data_root") in ("/", "/etc", "/usr", "/var", "/boot", "/home", "/root"):
        text = f"{found['data_root']} is a folder of the system"
        problems.append(Problem(f"{where}.data_root", text, "name a folder of its own in it"))
    if found.get("image_store") == "containerd":
        if found.get("driver") is not None:
            text = "does not go with image_store: containerd, which has snapshotters instead"
            problems.append(Problem(f"{where}.driver", text, "leave it out"))
        if remap:
            text = "does not go with image_store: containerd"
            problems.append(Problem(f"{where}.userns_remap", text, "keep one of them"))
    return problems
