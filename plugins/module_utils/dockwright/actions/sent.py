"""A tar as the engine sends it: read while it comes, and whether all of it has come."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, Callable, Optional, cast

from ..engine.client import Engine
from ..errors import ApplyFailed

_END = 1024  # bytes, all of them zero, at the end of every whole tar
_BLOCK = 1 << 16
Member = tuple[tarfile.TarInfo, Optional[Iterator[bytes]]]


class Sent:
    """The tar that the engine sends of a container, its hash and its end."""

    def __init__(
        self, engine: Engine, name: str, what: str, query: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._send: Callable[[], Iterator[bytes]] = lambda: engine.download(
            f"/containers/{name}/{what}", query
        )
        self._name = name
        self._zeros = 0  # at its end

    def __iter__(self) -> Iterator[bytes]:
        for block in self._send():
            self.digest.update(block)
            self.size += len(block)
            kept = len(block.rstrip(b"\0"))
            self._zeros = len(block) - kept + (0 if kept else self._zeros)
            yield block

    def look_through(self) -> None:
        """Have it sent, keep nothing, and check it."""
        for _ in self.members():
            pass

    def members(self) -> Iterator[Member]:
        """Each member, a file with what it holds, to be read before the next; then it is checked.

        Raises ApplyFailed where it is no tar, or not a whole one.
        """
        blocks = iter(self)
        end = -1
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", _Pieces(blocks)), mode="r|") as tar:
                while (member := tar.next()) is not None:
                    vars(tar)["members"].clear()  # they may be many
                    file = tar.extractfile(member) if member.isreg() else None
                    yield member, None if file is None else self._content(file)
                end = tar.offset
        except (tarfile.TarError, ValueError) as error:
            raise self._broken() from error
        for _ in blocks:
            pass
        self.check(end)

    def _content(self, file: IO[bytes]) -> Iterator[bytes]:
        try:
            while block := file.read(_BLOCK):
                yield block
        except (tarfile.TarError, ValueError) as error:
            raise self._broken() from error

    def check(self, end: int) -> None:
        """Raise where the engine has ended in the middle, which it does not tell.

        ``end`` is where the members end, as they say themselves: zeros may be of a file, too.
        """
        if end < 0 or not _END <= self.size - end <= self._zeros:
            raise self._broken()

    def _broken(self) -> ApplyFailed:
        fix = "see the engine's log (`journalctl -u docker`), and run again"
        text = f"the engine did not send all of container {self._name}"
        return ApplyFailed(text, where="name", fix=fix)


class _Pieces:
    """What comes in blocks, as the file that `tarfile` reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next bytes: ``size`` of them, unless it ends before."""
        found = [self._rest]
        missing = size - len(self._rest)
        while missing > 0:
            block = next(self._blocks, b"")
            if not block:
                break
            found.append(block)
            missing -= len(block)
        text = b"".join(found)
        self._rest = text[size:]
        return text[:size]


def members_end(file: IO[bytes]) -> int:
    """Where the members of a tar end; less than 0 where one of them is not whole."""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            while tar.next() is not None:
                vars(tar)["members"].clear()  # they may be many
            return tar.offset
    except (tarfile.TarError, ValueError):
        return -1
