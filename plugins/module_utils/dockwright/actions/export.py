"""The file system of a container as a tar on the managed host, written where it is another."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from ..engine.client import Engine
from ..errors import ApplyFailed, Problem, SpecError
from ..host.files import digest_of, receive
from .acting import not_there_yet, status_of

_END = 1024  # bytes, all of them zero, at the end of every whole tar


class _SameError(Exception):
    """What came is what is there already."""


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the tar as the container is now; what is to be told of it."""
    name, path = given["name"], given["dest"]
    if status_of(engine, name) is None:
        return not_there_yet(name, path, check=check)
    before = _digest(path)
    sent = _Sent(engine, name)
    if check:
        sent.look_through()
        if sent.digest.hexdigest() == before:
            return {"message": f"{path} is as it should be"}
        return {"changed": True, "message": f"would write {path}", "diff": _diff(before, sent)}

    def is_new(temporary: str) -> None:
        with open(temporary, "rb") as file:
            sent.check(_members_end(file))
        if sent.digest.hexdigest() == before:
            raise _SameError

    try:
        receive(os.path.realpath(path), sent, is_new)
    except _SameError:
        return {"message": f"{path} is as it should be"}
    except OSError as error:
        text = f"cannot write {path}: {error.strerror or error}"
        fix = "make its folder first, and see that there is room and that you may write there"
        raise ApplyFailed(text, where="dest", fix=fix) from error
    return {"changed": True, "message": f"{path} written", "diff": _diff(before, sent)}


def _digest(path: str) -> str:
    """The hash of the tar that is there, empty where there is none. Raises SpecError."""
    try:
        return digest_of(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise SpecError([Problem("dest", text, "name a file on the managed host")]) from error


class _Sent:
    """The tar as the engine sends it, its hash and its end."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._engine = engine
        self._name = name
        self._zeros = 0  # at its end

    def __iter__(self) -> Iterator[bytes]:
        for block in self._engine.download(f"/containers/{self._name}/export"):
            self.digest.update(block)
            self.size += len(block)
            kept = len(block.rstrip(b"\0"))
            self._zeros = len(block) - kept + (0 if kept else self._zeros)
            yield block

    def look_through(self) -> None:
        """Have it sent, keep nothing, and check it."""
        blocks = iter(self)
        end = _members_end(cast("IO[bytes]", _Pieces(blocks)))
        for _ in blocks:
            pass
        self.check(end)

    def check(self, end: int) -> None:
        """Raise where the engine has ended in the middle, which it does not tell.

        ``end`` is where the members end, as they say themselves: zeros may be of a file, too.
        """
        if end < 0 or not _END <= self.size - end <= self._zeros:
            fix = "see the engine's log (`journalctl -u docker`), and run again"
            text = f"the engine did not send all of container {self._name}"
            raise ApplyFailed(text, where="name", fix=fix)


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


def _members_end(file: IO[bytes]) -> int:
    """Where the members of a tar end; less than 0 where one of them is not whole."""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            while tar.next() is not None:
                vars(tar)["members"].clear()  # they may be many
            return tar.offset
    except (tarfile.TarError, ValueError):
        return -1


def _diff(before: str, sent: _Sent) -> dict[str, Any]:
    after = {"sha256": sent.digest.hexdigest(), "bytes": sent.size}
    return {"before": {"sha256": before} if before else {}, "after": after}
