"""Disks of the host: which file system a path is on, how much room there is. Read only."""

from __future__ import annotations

import os
import posixpath
import re

from ..errors import HostError
from ..named_tuple import NamedTuple
from .files import Files

_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mounted file system."""

    path: str
    filesystem: str
    source: str = ""


def mounts(files: Files) -> tuple[Mount, ...]:
    """All that is mounted, in the order in which it was."""
    found = []
    for line in (files.read_text("/proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) > 4 and len(rest) > 1:
            found.append(Mount(_plain(fields[4]), rest[0], _plain(rest[1])))
    return tuple(found)


def mount_of(path: str, mounted: tuple[Mount, ...]) -> Mount:
    """The mount that a path is on, also one that is still to be made."""
    best = Mount("/", "")
    for mount in mounted:  # the later one hides the earlier one
        if is_below(path, mount.path) and len(mount.path) >= len(best.path):
            best = mount
    return best


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def free_space(files: Files, path: str) -> int:
    """The bytes that may still be written at a path (or where its nearest parent is)."""
    real = files.path(path)
    while not os.path.isdir(real) and real not in ("/", ""):
        real = posixpath.dirname(real)
    try:
        found = os.statvfs(real or "/")
    except OSError as error:
        raise HostError(f"cannot ask for the room at {path}: {error.strerror or error}") from error
    return found.f_bavail * found.f_frsize


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), text)
