"""A file of a container on the managed host: written where the two differ."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, Problem, SpecError
from ..host.files import receive
from ..named_tuple import NamedTuple
from .acting import inspected, not_there_yet
from .copy import LONGEST_DIFF, Inside, no_file, refuse_other, shown_side
from .folder import refuse_without_room
from .inside import about, is_contents, seen_path
from .mounts import Mounts
from .sent import Member, Sent

_NEW = 0o600
_BLOCK = 1 << 16
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
    real = seen_path(engine, name, path, mounts)
    found = about(engine, name, posixpath.join(path, ".") if is_contents(given["path"]) else path)
    if found and found.is_folder:
        from .fetch_folder import run as fetch_folder

        return {**fetch_folder(engine, given, check=check), "warnings": mounts.warnings(real)}
    if "directory_mode" in given:
        text = f"is for folders, and {path} in the container is none"
        raise SpecError([Problem("directory_mode", text, "remove it, or check the path")])
    if found is None:
        fix = "check the path; it is one in the container"
        raise ApplyFailed(f"there is no {path} in container {name}", where="path", fix=fix)
    refuse_other(path, found)
    if dest.endswith("/"):
        dest = posixpath.join(dest, posixpath.basename(path))
    return _have(_Fetch(engine, name, path, dest), found.size, given, check=check)


def _have(fetch: _Fetch, size: int, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have the file; what is to be told of it. All is compared before anything is written."""
    dest, have = fetch.dest, _on_host(fetch.dest)
    folder = os.path.dirname(os.path.realpath(dest))
    if not have or have.size != size:  # what does not fit need not be read
        refuse_without_room(size, folder, folder)
    inside = fetch.look()
    mode = given.get("mode", have.mode if have else _NEW)
    want = inside._replace(
        mode=mode, owner=have.owner if have else f"{os.geteuid()}:{os.getegid()}"
    )
    if have == want:
        return {"message": f"{dest} is as it should be"}
    is_other = not have or have.digest != want.digest
    if is_other:
        refuse_without_room(want.size, folder, folder)
    sides = {"before": have, "after": want}
    hidden = given["hidden"]
    diff = {side: _shown(file, hidden=hidden) if file else {} for side, file in sides.items()}
    if check:
        return {"changed": True, "message": f"would write {dest}", "diff": diff}
    try:
        if is_other:
            receive(os.path.realpath(dest), fetch.content(), mode=mode)
        else:
            os.chmod(os.path.realpath(dest), mode)
    except OSError as error:
        text = f"cannot write {dest}: {error.strerror or error}"
        fix = "make its folder first, and see that you may write there"
        raise ApplyFailed(text, where="dest", fix=fix) from error
    return {"changed": True, "message": f"{dest} written", "diff": diff}


class _File(NamedTuple):
    """A file, which may be a large one: its digest, and of its content what a diff can show."""

    digest: str
    size: int
    start: bytes
    mode: int
    owner: str  # UID:GID


def _of(blocks: Iterable[bytes], mode: int, owner: str) -> _File:
    digest, size, start = hashlib.sha256(), 0, b""
    for block in blocks:
        digest.update(block)
        size += len(block)
        start += block[: max(0, LONGEST_DIFF + 1 - len(start))]
    return _File(digest.hexdigest(), size, start, mode, owner)


def _shown(file: _File, *, hidden: bool) -> dict[str, Any]:
    side = shown_side(Inside(file.start, file.mode, file.owner), hidden=hidden)
    is_whole = file.size == len(file.start)
    return side if is_whole else {**side, "content": f"({file.size} bytes)"}


class _Fetch(NamedTuple):
    """The file in the container; it is read as it comes, and never kept as a whole."""

    engine: Engine
    name: str
    path: str
    dest: str

    def look(self) -> _File:
        """What it is. Raises ApplyFailed where it is no file, or the engine does not send it."""
        found = None
        for member, content in self._sent():
            if content is None:
                raise no_file(self.path)
            found = _of(content, stat.S_IMODE(member.mode), f"{member.uid}:{member.gid}")
        if found is None:
            raise no_file(self.path)
        return found

    def content(self) -> Iterator[bytes]:
        """What it holds by now."""
        for _, content in self._sent():
            if content is None:
                raise no_file(self.path)
            yield from content

    def _sent(self) -> Iterator[Member]:
        return Sent(self.engine, self.name, "archive", [("path", self.path)]).members()


def _on_host(path: str) -> _File | None:
    """The file that is there; None where there is none. Raises SpecError where it is no file."""
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            owner = f"{state.st_uid}:{state.st_gid}"
            blocks = iter(lambda: file.read(_BLOCK), b"")
            return _of(blocks, stat.S_IMODE(state.st_mode), owner)
    except FileNotFoundError:
        return None
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise SpecError([Problem("dest", text, "name a file on the managed host")]) from error
