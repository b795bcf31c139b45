"""The file system of a container as a tar on the managed host, written where it is another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, Problem, SpecError
from ..host.files import digest_of, receive
from .acting import not_there_yet, status_of
from .sent import Sent, members_end


class _SameError(Exception):
    """What came is what is there already."""


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the tar as the container is now; what is to be told of it."""
    name, path = given["name"], given["dest"]
    if status_of(engine, name) is None:
        return not_there_yet(name, path, check=check)
    before = _digest(path)
    sent = Sent(engine, name, "export")
    if check:
        sent.look_through()
        if sent.digest.hexdigest() == before:
            return {"message": f"{path} is as it should be"}
        return {"changed": True, "message": f"would write {path}", "diff": _diff(before, sent)}

    def is_new(temporary: str) -> None:
        with open(temporary, "rb") as file:
            sent.check(members_end(file))
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


def _diff(before: str, sent: Sent) -> dict[str, Any]:
    after = {"sha256": sent.digest.hexdigest(), "bytes": sent.size}
    return {"before": {"sha256": before} if before else {}, "after": after}
