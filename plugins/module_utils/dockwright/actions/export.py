"""The file system of a container as a tar on the managed host, written where it is another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, Problem, SpecError
from ..host.files import pieces, receive
from .acting import no_such, status_of

_END = bytes(1024)  # of every whole tar


class _SameError(Exception):
    """What came is what is there already."""


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the tar as the container is now; what is to be told of it."""
    name, path = given["name"], given["dest"]
    if status_of(engine, name) is None:
        if not check:
            raise no_such(name)
        text = f"container {name} is not there yet"
        return {"changed": True, "message": f"would write {path}", "warnings": [text]}
    before = _digest(path)
    sent = _Sent(engine, name)
    if check:
        for _ in sent:
            pass
        sent.check("")
        if sent.digest.hexdigest() == before:
            return {"message": f"{path} is as it should be"}
        return {"changed": True, "message": f"would write {path}", "diff": _diff(before, sent)}

    def is_new(temporary: str) -> None:
        sent.check(temporary)
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
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in pieces(file):
                digest.update(block)
    except FileNotFoundError:
        return ""
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise SpecError([Problem("dest", text, "name a file on the managed host")]) from error
    return digest.hexdigest()


class _Sent:
    """The tar as the engine sends it, its hash and its end."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._engine = engine
        self._name = name
        self._end = b""

    def __iter__(self) -> Iterator[bytes]:
        for block in self._engine.download(f"/containers/{self._name}/export"):
            self.digest.update(block)
            self.size += len(block)
            self._end = (self._end + block)[-len(_END) :]
            yield block

    def check(self, _: str) -> None:
        """Raise where the engine has ended in the middle, which it does not tell."""
        if self._end != _END:
            fix = "see the engine's log (`journalctl -u docker`), and run again"
            text = f"the engine did not send all of container {self._name}"
            raise ApplyFailed(text, where="name", fix=fix)


def _diff(before: str, sent: _Sent) -> dict[str, Any]:
    after = {"sha256": sent.digest.hexdigest(), "bytes": sent.size}
    return {"before": {"sha256": before} if before else {}, "after": after}
