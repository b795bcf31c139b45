"""The data of a volume on the managed host: reached, copied, compared, taken away."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, HostError
from ...host.disks import free_space, is_below, mounts
from ...host.machine import Host
from ..storage.copying import copy_root
from .places import place_of

_PIECE = 1 << 20
# Others belong to the file system (NFS, SELinux), and are not the same elsewhere.
_COMPARED = ("user.", "security.capability", "system.posix_acl_")


def folder_of(engine: Engine, volume: Mapping[str, Any]) -> str:
    """The folder with the data of a volume. Raises ApplyFailed where there is none."""
    place = place_of(str(volume["Driver"]), volume.get("DriverOpts") or {})
    if place.problem:
        raise ApplyFailed(f"volume {volume['Name']}: {place.problem}")
    path = place.device or str(engine.get(f"/volumes/{volume['Name']}")["Mountpoint"])
    if not os.path.isdir(path):
        text = f"volume {volume['Name']}: there is no folder {path}"
        raise ApplyFailed(text, fix="make it, or correct driver_opts.device")
    return os.path.realpath(path)


def size_of(folder: str) -> int:
    """The room that the data take."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # somebody still writes
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return total


def refuse_without_room(host: Host, source: str, target: str) -> None:
    """Raise ApplyFailed where a copy would not fit."""
    size, room = size_of(source), free_space(host.files, target)
    if size > room:
        text = f"the copy needs {size // 1024**2} MiB, and {target} has room for {room // 1024**2}"
        raise ApplyFailed(text, fix="make room there")


def refuse_mounted(host: Host, source: str) -> None:
    """Raise ApplyFailed where another file system is mounted among the data: no copy has it."""
    for mount in mounts(host.files):
        if mount.path != source and is_below(mount.path, source):
            text = f"{mount.path} is mounted among the data of the volume, and would not be copied"
            raise ApplyFailed(text, fix="unmount it, or leave migrate out")


def refuse_place(source: str, target: str, folder: str) -> bool:
    """Raise ApplyFailed where data cannot come to a folder; whether it is empty.

    ``folder`` is the engine's own of the volume, which goes with it.
    """
    if is_below(target, folder):
        raise ApplyFailed(f"{target} goes with the old volume", fix="name another folder")
    if target == source:
        return False
    if is_below(target, source) or is_below(source, target):
        raise ApplyFailed(f"{source} and {target} are one in the other", fix="name another folder")
    there = set(os.listdir(target))
    strange = sorted(there - set(os.listdir(source)))
    if strange:
        text = f"{target} holds other data already ({strange[0]})"
        raise ApplyFailed(text, fix="empty it, or name another place, such as a folder below it")
    if not there:  # whether root may write there for others: not where NFS squashes it
        with tempfile.TemporaryDirectory(prefix=".dockwright-", dir=target) as trial:
            os.chown(trial, 1, 1)
            os.chown(trial, 0, 0)
    return not there


def fill(host: Host, source: str, target: str, tell: Callable[[str], None]) -> None:
    """Copy all data into an empty folder, and compare. Raises DockwrightError."""
    copy_root(host, source, target, size_of(source), tell)
    wrong = difference(source, target)
    if wrong:
        raise ApplyFailed(f"the copy of the data is not like them: {wrong}", fix="run again")


def take_back(source: str, target: str) -> None:
    """Take away the copy of the source, which may be half there; what is not of it stays."""
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if not os.path.lexists(path):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            if entry.is_dir(follow_symlinks=False):
                take_back(entry.path, path)
            with contextlib.suppress(OSError):  # what somebody else has put there
                os.rmdir(path)
        else:
            os.unlink(path)


def difference(one: str, other: str) -> str:
    """The first thing that is not the same in two folders, contents included; empty if none."""
    try:
        return _difference(one, other, "")
    except OSError as error:
        raise HostError(f"cannot compare {error.filename}: {error.strerror or error}") from error


def _difference(one: str, other: str, name: str) -> str:
    first, second = os.path.join(one, name), os.path.join(other, name)
    if _about(first) != _about(second):
        return name or "the folder itself"
    state = os.lstat(first)
    if stat.S_ISREG(state.st_mode):
        return "" if _same_bytes(first, second) else name
    if not stat.S_ISDIR(state.st_mode):
        return ""
    for entry in sorted({*os.listdir(first), *os.listdir(second)}):
        inner = os.path.join(name, entry)
        if not os.path.lexists(os.path.join(one, inner)):
            return inner
        if not os.path.lexists(os.path.join(other, inner)):
            return inner
        wrong = _difference(one, other, inner)
        if wrong:
            return wrong
    return ""


def _about(path: str) -> tuple[Any, ...]:
    state = os.lstat(path)
    is_file, is_link = stat.S_ISREG(state.st_mode), stat.S_ISLNK(state.st_mode)
    size, links = (state.st_size, state.st_nlink) if is_file else (0, 0)
    attributes = {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in os.listxattr(path, follow_symlinks=False)
        if name.startswith(_COMPARED)
    }
    target = os.readlink(path) if is_link else ""
    owner = (state.st_mode, state.st_uid, state.st_gid, state.st_rdev)
    return (*owner, size, links, target, attributes)


def _same_bytes(one: str, other: str) -> bool:
    with open(one, "rb") as first, open(other, "rb") as second:
        while True:
            block = first.read(_PIECE)
            if block != second.read(_PIECE):
                return False
            if not block:
                return True
