"""A file of a container on the managed host: written where the two differ."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, Problem, SpecError
from ..host.files import receive
from .acting import inspected, not_there_yet
from .copy import Inside, read_file, shown_side
from .inside import about, is_contents
from .mounts import Mounts

_NEW = 0o600
_INPUTS = ("content", "src", "owner")


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the file on the host as it is in the container; what is to be told of it."""
    problems = [
        Problem(key, "says what the container gets, and dest is the other way", f"remove {key}")
        for key in _INPUTS
        if key in given
    ]
    if problems:
        raise SpecError(problems)
    name, path, dest = given["name"], posixpath.normpath(given["path"]), given["dest"]
    raw = inspected(engine, name)
    if raw is None:
        return not_there_yet(name, dest, check=check)
    mounts = Mounts(raw)
    mounts.refuse_unseen([path])
    found = about(engine, name, posixpath.join(path, ".") if is_contents(given["path"]) else path)
    if found and found.is_folder:
        from .fetch_folder import run as fetch_folder

        return {**fetch_folder(engine, given, check=check), "warnings": mounts.warnings(path)}
    if "directory_mode" in given:
        text = f"is for folders, and {path} in the container is none"
        raise SpecError([Problem("directory_mode", text, "remove it, or check the path")])
    inside = read_file(engine, name, path, found)
    if inside is None:
        fix = "check the path; it is one in the container"
        raise ApplyFailed(f"there is no {path} in container {name}", where="path", fix=fix)
    have = _on_host(dest)
    mode = given.get("mode", have.mode if have else _NEW)
    want = Inside(inside.content, mode, have.owner if have else f"{os.geteuid()}:{os.getegid()}")
    if have == want:
        return {"message": f"{dest} is as it should be"}
    sides = {"before": have, "after": want}
    hidden = given["hidden"]
    diff = {side: shown_side(file, hidden=hidden) if file else {} for side, file in sides.items()}
    if check:
        return {"changed": True, "message": f"would write {dest}", "diff": diff}
    try:
        receive(os.path.realpath(dest), [want.content], mode=mode)
    except OSError as error:
        text = f"cannot write {dest}: {error.strerror or error}"
        fix = "make its folder first, and see that you may write there"
        raise ApplyFailed(text, where="dest", fix=fix) from error
    return {"changed": True, "message": f"{dest} written", "diff": diff}


def _on_host(path: str) -> Inside | None:
    """The file that is there; None where there is none. Raises SpecError where it is no file."""
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            return Inside(
                file.read(), stat.S_IMODE(state.st_mode), f"{state.st_uid}:{state.st_gid}"
            )
    except FileNotFoundError:
        return None
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise SpecError([Problem("dest", text, "name a file on the managed host")]) from error
