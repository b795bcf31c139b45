"""A folder of a container on the managed host: looked at, all of it, before anything is written."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, Problem, SpecError
from ..host.files import receive
from .folder import (
    FILE,
    FOLDER,
    LINK,
    OTHER,
    Entry,
    Step,
    answer,
    digest_at,
    entries_of,
    entry_at,
    linked,
    named,
    refuse_other_kinds,
    shown,
    steps_of,
    vetted,
)
from .inside import is_contents
from .sent import Sent

_BLOCK = 1 << 16
_NEW_FILE, _NEW_FOLDER = 0o600, 0o700


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have on the host what the folder in the container holds; what is to be told of it."""
    name, path, top = given["name"], posixpath.normpath(given["path"]), given["dest"]
    tops = [os.path.realpath(top)]
    if not is_contents(given["path"]):
        tops.append(os.path.join(tops[0], posixpath.basename(path)))
    query = [("path", posixpath.join(path, "."))]
    found = entries_of(Sent(engine, name, "archive", query))
    _refuse_what_leads_out(found, path)
    fetch = _Fetch(tops)
    steps = fetch.steps(found, given)
    refuse_other_kinds(steps, tops[-1], "dest")
    if steps and not check:
        fetch.write(steps, Sent(engine, name, "archive", query))
    return answer(steps, tops[-1], len(found), check=check)


def _refuse_what_leads_out(found: Mapping[str, Entry], top: str) -> None:
    """Raise ApplyFailed for devices, and for links that lead out of the folder."""
    odd = [path for path, entry in found.items() if entry.kind == OTHER]
    out = [
        f"{shown(path)} -> {shown(entry.content)}"
        for path, entry in found.items()
        if entry.kind == LINK and not _stays_in(path, entry.content)
    ]
    if odd or out:
        words = [f"devices or pipes: {named(odd)}"] if odd else []
        words += [f"symbolic links that lead out of it: {named(out)}"] if out else []
        text = f"{shown(top)} holds what the managed host is not to have: {'; '.join(words)}"
        fix = "copy folders in it that hold none, or have it all in a tar by container_export"
        raise ApplyFailed(text, where="path", fix=fix)


def _stays_in(path: str, target: str) -> bool:
    """Whether a link stays in the folder, whatever other links in it are.

    ``..`` is counted at the beginning alone: behind a name it depends on what that name is.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    names = [index for index, part in enumerate(parts) if part != ".."]
    ups = names[0] if names else len(parts)
    return not target.startswith("/") and ".." not in parts[ups:] and ups <= path.count("/")


class _Fetch:
    """The folders on the host, the last of which gets the contents; compared, and written."""

    def __init__(self, tops: list[str]) -> None:
        self._tops = tops
        self._top = tops[-1]
        self._done: dict[str, None] = {}  # in order
        self._is_touched = False

    def steps(self, found: Mapping[str, Entry], given: Mapping[str, Any]) -> list[Step]:
        """What differs. Raises SpecError for what cannot be read."""
        if not os.path.isdir(os.path.dirname(self._tops[0])):
            text = f"the folder of {self._tops[0]} is not there"
            raise SpecError([Problem("dest", text, "make it first")])
        have: dict[str, Entry] = {}
        modes = {FILE: given.get("mode"), FOLDER: given.get("directory_mode")}
        want = {}
        try:
            for path, entry in found.items():
                old = self._entry(path) if not path or _parent_in(path, have) else None
                if old:
                    have[path] = old
                want[path] = _wanted(entry, old, modes.get(entry.kind))
            if len(self._tops) == 1 and "" in have:  # the folder that is there stays as it is
                want[""] = have[""] if have[""].kind == FOLDER else want[""]
            return steps_of(want, have, self._is_same)
        except OSError as error:
            raise self._unread(error) from error

    def _entry(self, path: str) -> Entry | None:
        try:
            return entry_at(self._path(path))
        except FileNotFoundError:
            return None

    def _is_same(self, path: str, have: Entry, want: Entry) -> bool:
        return digest_at(self._path(path)) == want.content

    def _unread(self, error: OSError) -> SpecError:
        text = f"cannot read {shown(str(error.filename))}: {error.strerror or error}"
        return SpecError([Problem("dest", text, "name a folder on the managed host")])

    def _path(self, path: str) -> str:
        return os.path.join(self._top, path) if path else self._top

    def write(self, steps: list[Step], sent: Sent) -> None:
        """Write these as the engine sends them again. Raises ApplyFailed with what was done."""
        try:
            self._make_folders(steps)
            self._write_files({step.path: step for step in steps}, sent)
            for step in reversed(steps):
                if step.want.kind == FOLDER:  # last: it may forbid to write in it
                    os.chmod(self._path(step.path), step.want.mode)
                    self._done[step.path] = None
        except (OSError, DockwrightError) as error:
            raise self._stopped(steps, error) from error
        if any(step.path not in self._done for step in steps):
            raise self._stopped(steps, None)

    def _make_folders(self, steps: list[Step]) -> None:
        for top in self._tops:
            if not os.path.isdir(top):
                os.mkdir(top, _NEW_FOLDER)
                self._is_touched = True
        for step in steps:
            if step.want.kind == FOLDER and step.path and not step.have:
                os.mkdir(self._path(step.path), _NEW_FOLDER)
                self._is_touched = True

    def _write_files(self, steps: Mapping[str, Step], sent: Sent) -> None:
        seen: set[str] = set()
        for path, member, content in vetted(sent):
            seen.add(path)
            step = steps.get(path)
            if step is None or step.want.kind == FOLDER:
                continue
            place, want = self._path(path), step.want
            if want.kind == LINK:
                _link(want.content, place)
            elif step.have and step.have.kind == FILE and "content" not in step.what:
                _set_mode(place, want.mode)
            elif content is not None:
                receive(place, content, mode=want.mode)
            elif member.islnk():
                receive(place, _blocks_of(self._path(linked(member, seen))), mode=want.mode)
            else:
                continue  # something else by now: it stays among what was not done
            self._done[path] = None

    def _stopped(self, steps: list[Step], error: Exception | None) -> ApplyFailed:
        if isinstance(error, OSError):
            why = f"{shown(str(error.filename or self._top))}: {error.strerror or error}"
        else:
            why = str(error.message) if isinstance(error, DockwrightError) else "some of it went"
        left = [step.path or "." for step in steps if step.path not in self._done]
        done = named(path or "." for path in self._done) or "nothing"
        text = f"cannot have all of {shown(self._top)}: {why}; written: {done}; not: {named(left)}"
        fix = "see that there is room, that you may write there and its folder is there; run again"
        return ApplyFailed(
            text, where="dest", fix=fix, changed=self._is_touched or bool(self._done)
        )


def _parent_in(path: str, have: Mapping[str, Entry]) -> bool:
    """Whether what holds it is a folder on the host, too, and no link to one."""
    parent = have.get(posixpath.dirname(path))
    return parent is not None and parent.kind == FOLDER


def _wanted(entry: Entry, have: Entry | None, mode: int | None) -> Entry:
    """What the host is to have: the owner stays, the mode too, and a new one is for its owner."""
    if mode is None and have and have.kind == entry.kind:
        mode = have.mode
    if mode is None:
        mode = _NEW_FOLDER if entry.kind == FOLDER else _NEW_FILE | entry.mode & 0o100
    owner = have.owner if have else f"{os.geteuid()}:{os.getegid()}"
    return entry._replace(mode=mode, owner=owner)


def _link(target: str, place: str) -> None:
    """Have a link, in place of another or of a file."""
    folder = tempfile.mkdtemp(prefix=".link.", dir=os.path.dirname(place))
    try:
        os.symlink(target, os.path.join(folder, "new"))
        os.replace(os.path.join(folder, "new"), place)
    finally:
        os.rmdir(folder)


def _set_mode(place: str, mode: int) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _blocks_of(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield block
