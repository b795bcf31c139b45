"""A file in a container: as it is, as it is wanted, and written where the two differ."""

from __future__ import annotations

import base64
import io
import json
import posixpath
import stat
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, EngineRefused, Problem, SpecError
from .acting import not_there_yet, status_of

_STAT = "x-docker-container-path-stat"
_GO_FOLDER, _GO_LINK = 1 << 31, 1 << 27  # bits of Go's os.FileMode
_LONGEST_DIFF = 64 * 1024


@dataclass(frozen=True)
class Inside:
    """A file in a container."""

    content: bytes
    mode: int
    owner: str  # UID:GID


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the file as it is wanted; what is to be told of it."""
    name, path = given["name"], posixpath.normpath(given["path"])
    if "dest" in given:
        from .fetch import run as fetch

        return fetch(engine, {**given, "path": path}, check=check)
    content = _content(given)
    if status_of(engine, name) is None:
        diff = _diff(given, None, Inside(content, given.get("mode", 0o644), ""))
        return {**not_there_yet(name, path, check=check), "diff": diff}
    have = read(engine, name, path)
    want = Inside(
        content,
        given.get("mode", have.mode if have else 0o644),
        given.get("owner", have.owner if have else "0:0"),
    )
    if have == want:
        return {"message": f"{path} is as it should be"}
    diff, what = _diff(given, have, want), _what(have, want)
    if check:
        return {"changed": True, "message": f"would write {path}: {what}", "diff": diff}
    _write(engine, name, path, want)
    if read(engine, name, path) != want:
        fix = "see whether a program in the container writes it, too"
        text = f"{path} was written in container {name}, and is not as it should be"
        raise ApplyFailed(text, where="path", fix=fix, changed=True)
    return {"changed": True, "message": f"{path} written: {what}", "diff": diff}


def _content(given: Mapping[str, Any]) -> bytes:
    if ("content" in given) == ("src" in given):
        text = "is wanted from one of two places: content, or src"
        raise SpecError([Problem("content", text, "give exactly one of them, or dest")])
    if "content" in given:
        return str(given["content"]).encode()
    try:
        with open(given["src"], "rb") as file:
            return file.read()
    except OSError as error:
        text = f"cannot read {given['src']}: {error.strerror or error}"
        fix = "the path is read on the managed host: bring the file there first"
        raise SpecError([Problem("src", text, fix)]) from error


def read(engine: Engine, name: str, path: str) -> Inside | None:
    """The file as it is; None where there is none. Raises ApplyFailed where it is no file."""
    where = f"/containers/{name}/archive"
    reply = engine.request("HEAD", where, query={"path": path})
    if reply.status == 404:
        return None
    if reply.status >= 400:
        text = f"cannot look at {path} in container {name} (HTTP status {reply.status})"
        raise EngineRefused(text, status=reply.status)
    about = json.loads(base64.b64decode(reply.headers.get(_STAT, "e30=")))
    mode = int(about.get("mode") or 0)
    if mode & _GO_FOLDER:
        raise ApplyFailed(f"{path} is a folder", where="path", fix="name the file in it")
    if mode & _GO_LINK:
        fix = f"name what it leads to ({about.get('linkTarget')}), or remove the link"
        raise ApplyFailed(f"{path} is a symbolic link", where="path", fix=fix)
    body = b"".join(engine.download(where, [("path", path)]))
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            entry = next(iter(archive))
            file = archive.extractfile(entry)
            if file is None:
                raise ApplyFailed(f"{path} is no file", where="path", fix="name a file")
            owner = f"{entry.uid}:{entry.gid}"
            return Inside(file.read(), stat.S_IMODE(entry.mode), owner)
    except (tarfile.TarError, StopIteration) as error:
        text = f"the engine's archive of {path} cannot be read: {error}"
        raise ApplyFailed(text, where="path", fix="run again") from error


def _write(engine: Engine, name: str, path: str, want: Inside) -> None:
    folder, base = posixpath.split(path)
    entry = tarfile.TarInfo(base)
    entry.size, entry.mode = len(want.content), want.mode
    entry.uid, entry.gid = (int(number) for number in want.owner.split(":"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(want.content))
    query = {"path": folder, "noOverwriteDirNonDir": True, "copyUIDGID": True}
    try:
        engine.put(f"/containers/{name}/archive", out.getvalue(), query)
    except EngineRefused as error:
        text = f"cannot write {path} in container {name}: {error.message}"
        is_missing = error.status == 404
        fix = f"make the folder {folder} first" if is_missing else "see the engine's words"
        raise ApplyFailed(text, where="path", fix=fix) from error


def _what(have: Inside | None, want: Inside) -> str:
    """What is to be another, in words."""
    if have is None:
        return "it is not there"
    pairs = {
        "content": (have.content, want.content),
        "mode": (have.mode, want.mode),
        "owner": (have.owner, want.owner),
    }
    return "another " + ", ".join(word for word, (one, other) in pairs.items() if one != other)


def _diff(given: Mapping[str, Any], have: Inside | None, want: Inside) -> dict[str, Any]:
    """Both sides; the content where it is text, short and no secret."""
    sides = (("before", have), ("after", want))
    return {side: shown_side(file, hidden=given["hidden"]) if file else {} for side, file in sides}


def shown_side(file: Inside, *, hidden: bool) -> dict[str, Any]:
    shown = f"({len(file.content)} bytes)"
    if not hidden and len(file.content) <= _LONGEST_DIFF and b"\0" not in file.content:
        shown = file.content.decode("utf-8", "replace")
    return {"content": shown, "mode": f"{file.mode:04o}", "owner": file.owner}
