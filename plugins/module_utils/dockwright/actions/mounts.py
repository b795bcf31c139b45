"""Which paths of a container its archive does not show, or cannot write, as its mounts tell."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Problem, SpecError
from .folder import shown

_OF_KERNEL = ("/proc", "/sys", "/dev")
_OF_ENGINE = (
    ("HostnamePath", "/etc/hostname"),
    ("HostsPath", "/etc/hosts"),
    ("ResolvConfPath", "/etc/resolv.conf"),
)


class Mounts:
    """What is mounted in a container, by the engine's description of it.

    Paths are taken as they are written, whatever symbolic links are on them.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        mounts = {
            posixpath.normpath(mount.get("Destination") or "/"): mount
            for mount in raw.get("Mounts") or []
        }
        config = raw.get("HostConfig") or {}
        self._is_read_only = bool(config.get("ReadonlyRootfs"))
        self._may_write = {path: mount.get("RW", True) for path, mount in mounts.items()}
        in_memory = {posixpath.normpath(path) for path in config.get("Tmpfs") or {}}
        self._in_memory = in_memory.union(
            path for path, mount in mounts.items() if mount.get("Type") == "tmpfs"
        )
        self._seen = set(mounts) - self._in_memory
        self._tops = self._seen.union(path for key, path in _OF_ENGINE if raw.get(key))

    def refuse_unseen(self, paths: Iterable[str], link: str = "") -> None:
        """Raise SpecError for those in a file system that is there in the running container alone.

        The engine writes and reads what is below it, and tells of no error. ``link`` is the path
        that leads there.
        """
        found = {path: top for path in paths if (top := self._unseen(path))}
        if found:
            path, top = next(iter(found.items()))
            way = f"{shown(link)} leads by a symbolic link to " if link else ""
            which = f"{way}{shown(path)}, and that" if way else shown(path)
            text = f"{which} is in {top}, which the engine does not show: it is in memory"
            fix = "have a volume there, or read and write it by container_exec"
            raise SpecError([Problem("path", text, fix)])

    def _unseen(self, path: str) -> str:
        """What is mounted there and not seen; empty if nothing is."""
        unseen = self._in_memory.union(_OF_KERNEL)
        while path not in ("", "/"):
            if path in self._seen:
                return ""
            if path in unseen:
                return path
            path = posixpath.dirname(path)
        return ""

    def refuse_mounted(self, files: Iterable[str]) -> None:
        """Raise SpecError for files that are mounts of their own: none can take their place."""
        problems = [
            Problem(
                "path",
                f"{shown(path)} is a mount of its own, and no other file can take its place",
                "change what is mounted there, on the managed host or by the container's options",
            )
            for path in files
            if path in self._tops
        ]
        if problems:
            raise SpecError(problems)

    def is_read_only(self, folder: str) -> bool:
        """Whether the engine refuses to write in a folder, no part of which is a link."""
        while folder not in ("", "/"):
            if folder in self._may_write:
                return not self._may_write[folder]
            folder = posixpath.dirname(folder)
        return self._is_read_only

    def warnings(self, path: str) -> list[str]:
        """What a folder holds that is not seen, in words."""
        below = path.rstrip("/") + "/"
        return [
            f"{top} is in memory: what the container has there is neither read nor written"
            for top in sorted(self._in_memory)
            if top.startswith(below)
        ]
