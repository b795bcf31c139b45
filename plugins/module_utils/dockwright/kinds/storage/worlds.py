"""Worlds of content in a data-root, while the engine is stopped: old ones are set aside.

Each driver has folders of its own in a data-root, and a remapped engine has a data-root in it. A
world that a switch leaves stays where it is; one that slept where the new one is to be is moved
into a folder beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import re
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import HostError
from ...host.files import Files
from ...host.machine import Host
from .copying import copy_tree
from .have import REMAPPED
from .kept import ASIDE

_SLEEPING = re.compile(r"^[0-9a-f]{64}$")
_OURS = re.compile(rf"^{ASIDE}\d+$")


def entries_of_driver(files: Files, root: str, driver: str) -> list[str]:
    """What belongs to one driver in a data-root, relative to it."""
    found = [name for name in (driver, f"image/{driver}") if files.exists(f"{root}/{name}")]
    return found + [f"containers/{id}" for id in containers_of_driver(files, root, driver)]


def containers_of_driver(files: Files, root: str, driver: str) -> list[str]:
    """The IDs of containers on disk that a driver made; an engine shows those of its own alone."""
    return [
        id
        for id in files.list(f"{root}/containers")
        if _SLEEPING.match(id) and _described(files, root, id).get("Driver") == driver
    ]


def _described(files: Files, root: str, id: str) -> Mapping[str, Any]:
    try:
        found = json.loads(files.read_text(f"{root}/containers/{id}/config.v2.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def entries_of_root(files: Files, root: str) -> list[str]:
    """All that an engine keeps in a data-root, without what other engines keep in it."""
    names = files.list(root)
    return [n for n in names if not (REMAPPED.match(n) or _OURS.match(n) or n == "lost+found")]


def aside_folder(files: Files, root: str) -> str:
    """A folder of a data-root that is not there yet."""
    numbers = [int(n[len(ASIDE) :]) for n in files.list(root) if _OURS.match(n)]
    return f"{ASIDE}{max(numbers, default=0) + 1}"


def set_aside(host: Host, root: str, folder: str, names: Iterable[str]) -> None:
    """Move entries of a data-root into a folder of it; those moved already are fine."""
    for name in names:
        _rename(host.files, f"{root}/{name}", f"{root}/{folder}/{name}")


def put_back(host: Host, root: str, folder: str, names: Iterable[str]) -> None:
    """Move the entries back that were set aside, and take the folder away."""
    files = host.files
    for name in names:
        _rename(files, f"{root}/{folder}/{name}", f"{root}/{name}")
    for inner in ("containers", "image", ""):
        with contextlib.suppress(OSError):  # not there, or with something in it
            os.rmdir(files.path(posixpath.join(root, folder, inner)))


def _rename(files: Files, source: str, target: str) -> None:
    if not files.exists(source):
        return
    files.make_directory(posixpath.dirname(target), mode=0o700)
    try:
        os.rename(files.path(source), files.path(target))
    except OSError as error:
        text = f"cannot move {source} to {target}: {error.strerror or error}"
        raise HostError(text, fix="see whether it is mounted or used by something else") from error


def seed_names(host: Host, source: Mapping[str, str], root: str, driver: str) -> None:
    """Give a fresh image store the names and digests of the old one, before it is loaded.

    An archive of images has no digests of registries; the list that engines keep of them has.
    """
    files = host.files
    old = f"{source['root']}/image/{source['driver']}/repositories.json"
    text = files.read_text(old)
    if text is None:
        return
    folder = f"{root}/image/{driver}"
    files.make_directory(folder, mode=0o700)
    files.write_atomic(f"{folder}/repositories.json", text, mode=0o600)


def copy_shared(host: Host, source: str, target: str, limit: float) -> None:
    """Copy what all drivers share into a fresh data-root: volumes, networks, the engine's ID."""
    files = host.files
    for name in ("volumes", "network", "engine-id"):
        old, new = files.path(f"{source}/{name}"), files.path(f"{target}/{name}")
        if not os.path.lexists(old):
            continue
        if os.path.isdir(new):
            shutil.rmtree(new)
        copy_tree(host, old, new, limit)
