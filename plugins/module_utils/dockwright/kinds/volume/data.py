"""The data of a volume on the managed host: reached, copied, compared, taken away."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, HostError
from ...host.disks import free_space
from ...host.machine import Host
from ..storage.copying import copy_root
from .places import FOLDER, PLAIN, place_of

_PIECE = 1 << 20
_OF_FILE_SYSTEM = "lost+found"
_MOUNT_LIMIT = 120.0


@contextlib.contextmanager
def opened(host: Host, engine: Engine, volume: Mapping[str, Any], spot: str) -> Iterator[str]:
    """The folder with the data of a volume that is there; ``spot`` is where it may be mounted."""
    place = place_of(str(volume["Driver"]), volume.get("DriverOpts") or {})
    if place.problem:
        raise ApplyFailed(f"volume {volume['Name']}: {place.problem}")
    if place.form in (PLAIN, FOLDER):
        path = place.device or str(engine.get(f"/volumes/{volume['Name']}")["Mountpoint"])
        if not os.path.isdir(path):
            text = f"volume {volume['Name']}: there is no folder {path}"
            raise ApplyFailed(text, fix="make it, or correct driver_opts.device")
        yield path
        return
    unmount(host, spot)
    host.files.make_directory(spot, mode=0o700)
    options = ["-o", place.options] if place.options else []
    argv = ["mount", "-t", place.type, *options, place.device, spot]
    host.run(argv, timeout=_MOUNT_LIMIT).checked()
    try:
        yield spot
    finally:
        unmount(host, spot)


def unmount(host: Host, spot: str) -> None:
    """Take away what is mounted there, also what a killed run has left."""
    if os.path.ismount(spot):
        host.run(["umount", spot], timeout=_MOUNT_LIMIT).checked()


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


def is_empty(folder: str) -> bool:
    """Whether nothing is in a folder but what its file system puts there."""
    return not set(os.listdir(folder)) - {_OF_FILE_SYSTEM}


def fill(host: Host, source: str, target: str, tell: Callable[[str], None]) -> None:
    """Copy all data into an empty folder, and compare. Raises DockwrightError."""
    copy_root(host, source, target, size_of(source), tell)
    wrong = difference(source, target)
    if wrong:
        raise ApplyFailed(f"the copy of the data is not like them: {wrong}", fix="run again")


def clear(folder: str) -> None:
    """Take away all that is in a folder."""
    for name in set(os.listdir(folder)) - {_OF_FILE_SYSTEM}:
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
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
    names = sorted({*os.listdir(first), *os.listdir(second)} - {_OF_FILE_SYSTEM})
    for entry in names:
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
