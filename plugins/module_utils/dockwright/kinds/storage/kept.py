"""Old data that changes have left behind, and its removal."""

from __future__ import annotations

import json
import os
import posixpath
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import HostError
from ...host.disks import is_below, mounts
from ...host.machine import Host
from ...host.memory import safe_name
from ...named_tuple import NamedTuple
from .options import DRIVERS, DROPPED

ASIDE = "dockwright-old-"  # how folders are called that hold what slept in a data-root


class Kept(NamedTuple):
    """What one change has left: paths in a data-root that nothing works with any more."""

    root: str
    paths: tuple[str, ...]  # relative
    why: str = ""


def _path(host: Host) -> str:
    return f"{host.memory_folder}/storage-kept-{safe_name(host.config)}.json"


def kept_of(host: Host) -> tuple[Kept, ...]:
    """What is left of earlier changes."""
    try:
        found = json.loads(host.files.read_text(_path(host)) or "[]")
        return tuple(Kept(item["root"], tuple(item["paths"]), item["why"]) for item in found)
    except (ValueError, TypeError, KeyError):
        return ()


def keep(host: Host, more: Kept) -> None:
    """Note what a change has left; the same is noted once."""
    _write(host, dict.fromkeys((*kept_of(host), more)))


def forget(host: Host, root: str, names: Iterable[str]) -> None:
    """Paths that have been moved somewhere else are no longer left where they were."""
    gone = set(names)
    items = [
        item._replace(paths=tuple(p for p in item.paths if p not in gone))
        if item.root == root
        else item
        for item in kept_of(host)
    ]
    _write(host, [item for item in items if item.paths])


def _write(host: Host, items: Iterable[Kept]) -> None:
    host.files.make_directory(host.memory_folder, mode=0o700)
    text = json.dumps([item._asdict() for item in items]) + "\n"
    host.files.write_atomic(_path(host), text, mode=0o600)


def is_live(path: str, info: Mapping[str, Any], containers: Iterable[str]) -> bool:
    """Whether the running engine works with a path: such a one is never removed."""
    root = str(info.get("DockerRootDir") or "")
    if not root or is_below(root, path):
        return True
    if not is_below(path, root):
        return False
    parts = path[len(root) :].strip("/").split("/")
    if parts[0] == "containers" and len(parts) == 2:
        return parts[1] in set(containers)
    if parts[0] == "image" and len(parts) == 2:
        return bool(parts[1] == info.get("Driver"))
    is_driver = parts[0] in (*DRIVERS, *DROPPED) and parts[0] != info.get("Driver")
    return not (is_driver or parts[0].startswith(ASIDE))


def remove_kept(host: Host, info: Mapping[str, Any], containers: Iterable[str]) -> list[str]:
    """Remove what is left; the paths that are in use again, which stay and are forgotten."""
    containers, in_use = list(containers), []
    for item in kept_of(host):
        for name in item.paths:
            path = posixpath.join(item.root, name)
            if is_live(path, info, containers):
                in_use.append(path)
            else:
                remove_tree(host, path)
        _write(host, [other for other in kept_of(host) if other != item])
    return in_use


def remove_tree(host: Host, path: str) -> None:
    """Remove a file or folder with all in it, never across a mount; gone is fine."""
    real = host.files.path(path)
    if not os.path.lexists(real):
        return
    mounted = [mount.path for mount in mounts(host.files) if is_below(mount.path, real)]
    if mounted:
        raise HostError(
            f"{path} is not removed: {mounted[0]} is mounted there", fix="unmount it, and run again"
        )
    try:
        if os.path.isdir(real) and not os.path.islink(real):
            shutil.rmtree(real)
        else:
            os.unlink(real)
    except OSError as error:
        text = f"cannot remove {path}: {error.strerror or error}"
        raise HostError(text, fix="see what still uses it, and run again") from error
