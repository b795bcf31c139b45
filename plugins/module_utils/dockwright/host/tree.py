"""A folder that is written into through descriptors: below it no symbolic link is followed."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from typing import Callable

from .files import fill

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_PIECE = 1 << 20  # bytes
Owner = tuple[int, int]


class Tree:
    """What is below ``top``, a real path; it may be made.

    Paths are relative to it, ``""`` is itself. Whoever may write there can put a link in place of a
    folder at any time: then what goes through it raises OSError. What is above ``top`` is trusted.
    """

    def __init__(self, top: str) -> None:
        self._above, self._name = os.path.split(top)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder that holds it, open, and its name there."""
        *way, name = [part for part in (self._name, *path.split("/")) if part] or ["."]
        folder = os.open(self._above, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in way:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder, name
        finally:
            os.close(folder)

    def make_folder(self, path: str, mode: int) -> None:
        """Make a folder in one that is there."""
        with self._parent(path) as (folder, name):
            os.mkdir(name, 0o700, dir_fd=folder)
        self.set_mode(path, mode, is_folder=True)

    def set_mode(self, path: str, mode: int, *, is_folder: bool = False) -> None:
        """Give what is there, a file or a folder and nothing else, the mode."""
        with self._parent(path) as (folder, name):
            descriptor = os.open(name, _FOLDER if is_folder else _FILE, dir_fd=folder)
        try:
            if not is_folder:
                _need_file(descriptor, path)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def read(self, path: str) -> Iterator[bytes]:
        """What a file holds, in pieces."""
        with self._parent(path) as (folder, name):
            descriptor = os.open(name, _FILE, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            _need_file(descriptor, path)
            yield from iter(lambda: file.read(_PIECE), b"")

    def write(
        self, path: str, blocks: Iterable[bytes], mode: int, owner: Owner | None
    ) -> tuple[int, int]:
        """Have a file of these, all of it or none, in place of a file or a link; which it is."""

        def make(folder: int, name: str) -> None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
                fill(file, blocks, mode, owner)
                made.append(os.fstat(file.fileno()))

        made: list[os.stat_result] = []
        self._replace(path, make)
        return made[0].st_dev, made[0].st_ino

    def link(self, path: str, target: str) -> None:
        """Have a symbolic link in place of a file or a link."""
        self._replace(path, lambda folder, name: os.symlink(target, name, dir_fd=folder))

    def share(self, path: str, other: str, which: tuple[int, int]) -> bool:
        """Have another name of a file that `write` made; False where it is not that any more."""

        def make(folder: int, name: str) -> None:
            with self._parent(other) as (its_folder, its_name):
                os.link(
                    its_name,
                    name,
                    src_dir_fd=its_folder,
                    dst_dir_fd=folder,
                    follow_symlinks=False,
                )
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if (state.st_dev, state.st_ino) != which:
                raise FileNotFoundError(other)

        try:
            self._replace(path, make)
        except OSError:  # also where there can be no such links
            return False
        return True

    def _replace(self, path: str, make: Callable[[int, str], None]) -> None:
        import secrets  # what only looks does without it

        # Not with the name in it: that may be as long as names can be.
        new = f".dockwright-{secrets.token_hex(8)}.new"
        with self._parent(path) as (folder, name):
            try:
                make(folder, new)
                os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                # Also where it was replaced: of two names of one file none goes away.
                with contextlib.suppress(OSError):
                    os.unlink(new, dir_fd=folder)
            os.fsync(folder)


def room(path: str) -> int | None:
    """How many bytes may come to where a path is or is to be; None where nobody tells."""
    while not os.path.isdir(path):
        path = posixpath.dirname(path)
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize if state.f_blocks else None


def _need_file(descriptor: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(f"{path} is no file any more")
