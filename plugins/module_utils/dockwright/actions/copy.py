"""A file in a container: as it is, as it is wanted, and written where the two differ."""

from __future__ import annotations

import io
import os
import posixpath
import stat
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, EngineError, EngineRefused, Problem, SpecError
from .acting import inspected, not_there_yet
from .folder import refuse_unspoken
from .inside import About, about, refuse_read_only, seen_path, under_name
from .mounts import Mounts
from .options import PRESERVE

LONGEST_DIFF = 64 * 1024


@dataclass(frozen=True)
class Inside:
    """A file in a container."""

    content: bytes
    mode: int
    owner: str  # UID:GID


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the file, or the folder, as it is wanted; what is to be told of it."""
    for key in ("src", "dest"):
        refuse_unspoken([given.get(key, "")], key)
    if "dest" in given:
        from .fetch import run as fetch

        return fetch(engine, given, check=check)
    given, content = _source(given)
    if content is None:
        from .copy_folder import run as copy_folder

        return copy_folder(engine, given, check=check)
    name, path = given["name"], under_name(given["path"], given.get("src", ""))
    raw = inspected(engine, name)
    if raw is None:
        diff = _diff(given, None, Inside(content, given.get("mode", 0o644), ""))
        return {**not_there_yet(name, path, check=check), "diff": diff}
    mounts = Mounts(raw)
    seen_path(engine, name, path, mounts)
    have = read(engine, name, path)
    want = Inside(
        content,
        given.get("mode", have.mode if have else 0o644),
        given.get("owner", have.owner if have else "0:0"),
    )
    if have == want:
        return {"message": f"{path} is as it should be"}
    mounts.refuse_mounted([path])
    refuse_read_only(engine, name, posixpath.dirname(path), mounts)
    diff, what = _diff(given, have, want), _what(have, want)
    if check:
        return {"changed": True, "message": f"would write {path}: {what}", "diff": diff}
    _write(engine, name, path, want)
    try:
        is_written = read(engine, name, path) == want
    except DockwrightError as error:
        text = f"{path} was written in container {name}, and cannot be read: {error.message}"
        raise ApplyFailed(text, where="path", fix=error.fix, changed=True) from error
    if not is_written:
        fix = "see whether a program in the container writes it, too"
        text = f"{path} was written in container {name}, and is not as it should be"
        raise ApplyFailed(text, where="path", fix=fix, changed=True)
    return {"changed": True, "message": f"{path} written: {what}", "diff": diff}


def _source(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes | None]:
    """What the file is to hold, None for a folder; with the owner, where it is the source's."""
    if ("content" in given) == ("src" in given):
        text = "is wanted from one of two places: content, or src"
        raise SpecError([Problem("content", text, "give exactly one of them, or dest")])
    if "src" in given and os.path.isdir(given["src"]):
        return given, None
    if "directory_mode" in given:
        text = "is for folders, and this copies a file"
        raise SpecError([Problem("directory_mode", text, "remove it, or give a folder as src")])
    if "content" in given:
        if given.get("owner") == PRESERVE:
            text = "there is no file on the managed host whose owner it could be"
            raise SpecError([Problem("owner", text, "write the numbers as UID:GID")])
        return given, str(given["content"]).encode()
    try:
        with open(given["src"], "rb") as file:
            state = os.fstat(file.fileno())
            content = file.read()
    except OSError as error:
        text = f"cannot read {given['src']}: {error.strerror or error}"
        fix = "the path is read on the managed host: bring the file there first"
        raise SpecError([Problem("src", text, fix)]) from error
    if given.get("owner") == PRESERVE:
        given = {**given, "owner": f"{state.st_uid}:{state.st_gid}"}
    return given, content


def read(engine: Engine, name: str, path: str) -> Inside | None:
    """The file as it is; None where there is none. Raises ApplyFailed where it is no file."""
    found = about(engine, name, path)
    if found is None:
        return None
    refuse_other(path, found)
    body = b"".join(engine.download(f"/containers/{name}/archive", [("path", path)]))
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            entry = next(iter(archive))
            file = archive.extractfile(entry)
            if file is None:
                raise no_file(path)
            owner = f"{entry.uid}:{entry.gid}"
            return Inside(file.read(), stat.S_IMODE(entry.mode), owner)
    except (tarfile.TarError, StopIteration) as error:
        text = f"the engine's archive of {path} cannot be read: {error}"
        raise ApplyFailed(text, where="path", fix="run again") from error


def refuse_other(path: str, found: About) -> None:
    """Raise ApplyFailed for a folder and for a link."""
    if found.is_folder:
        fix = "name the file in it; with a slash at its end it gets src under its name"
        raise ApplyFailed(f"{path} is a folder", where="path", fix=fix)
    if found.is_link:
        fix = f"name what it leads to ({found.target}), or remove the link"
        raise ApplyFailed(f"{path} is a symbolic link", where="path", fix=fix)


def no_file(path: str) -> ApplyFailed:
    """The error of a device, a pipe or a socket."""
    return ApplyFailed(f"{path} is no file", where="path", fix="name a file")


def _write(engine: Engine, name: str, path: str, want: Inside) -> None:
    folder, base = posixpath.split(path)
    entry = tarfile.TarInfo(base)
    entry.size, entry.mode, entry.mtime = len(want.content), want.mode, int(time.time())
    entry.uid, entry.gid = (int(number) for number in want.owner.split(":"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(want.content))
    # Without copyUIDGID: with it all is given to the user of the container.
    query = {"path": folder, "noOverwriteDirNonDir": True}
    try:
        engine.put(f"/containers/{name}/archive", out.getvalue(), query)
    except EngineRefused as error:
        text = f"cannot write {path} in container {name}: {error.message}"
        is_missing = error.status == 404
        fix = f"make the folder {folder} first" if is_missing else "see the engine's words"
        raise ApplyFailed(text, where="path", fix=fix) from error
    except EngineError as error:  # it has not said that it is done, nor that it is not
        text = f"{path} may be written in container {name}, or not: {error.message}"
        raise ApplyFailed(text, where="path", fix=error.fix or "run again", changed=True) from error


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
    if not hidden and len(file.content) <= LONGEST_DIFF and b"\0" not in file.content:
        shown = file.content.decode("utf-8", "replace")
    return {"content": shown, "mode": f"{file.mode:04o}", "owner": file.owner}
