"""A folder of a container on the managed host: looked at, all of it, before anything is written."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, Problem, SpecError
from ..host.tree import Tree
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
    named,
    refuse_other_kinds,
    refuse_unspoken,
    refuse_without_room,
    shown,
    steps_of,
    vetted,
)
from .inside import is_contents
from .sent import Sent

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
    links = [entry.content for entry in found.values() if entry.kind == LINK]
    refuse_unspoken([*found, *links], "path")
    fetch = _Fetch(tops, given.get("directory_mode", _NEW_FOLDER))
    steps = fetch.steps(found, given)
    refuse_other_kinds(steps, tops[-1], "dest")
    _refuse_what_has_no_room(steps, tops)
    if steps and not check:
        fetch.write(steps, Sent(engine, name, "archive", query))
    return answer(steps, tops[-1], len(found), check=check)


def _refuse_what_leads_out(found: Mapping[str, Entry], top: str) -> None:
    """Raise ApplyFailed for devices, and for links that are absolute or lead out of the folder."""
    odd = [path for path, entry in found.items() if entry.kind == OTHER]
    out = [
        f"{shown(path)} -> {shown(entry.content)}"
        for path, entry in found.items()
        if entry.kind == LINK and not _stays_in(path, entry.content)
    ]
    if odd or out:
        words = [f"devices or pipes: {named(odd)}"] if odd else []
        words += [f"symbolic links, absolute or out of it: {named(out)}"] if out else []
        text = f"{shown(top)} holds what the managed host is not to have: {'; '.join(words)}"
        fix = "copy folders in it that hold none, or have it all in a tar by container_export"
        raise ApplyFailed(text, where="path", fix=fix)


def _refuse_what_has_no_room(steps: list[Step], tops: list[str]) -> None:
    """Raise SpecError where it does not fit, each hole of a file being full and each name a file.

    But those that `_Fetch` makes another name of a file.
    """
    written = {step.path: step.want for step in steps if _is_written(step)}
    need = sum(
        want.size for want in written.values() if not _is_alike(want, written.get(want.same_as))
    )
    refuse_without_room(need, tops[-1], tops[0])


def _is_written(step: Step) -> bool:
    """Whether it is a file that is to get a content."""
    has_other = step.have is None or step.have.kind != FILE or "content" in step.what
    return step.want.kind == FILE and has_other


def _is_alike(want: Entry, other: Entry | None) -> bool:
    """Whether both can be one file."""
    return bool(other and (other.mode, other.owner) == (want.mode, want.owner))


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

    def __init__(self, tops: list[str], mode: int) -> None:
        self._tops = tops
        self._mode = mode  # of the first, where it is made
        self._tree = Tree(tops[0])
        self._made: dict[str, tuple[Entry, tuple[int, int]]] = {}  # files, and which they are
        self._at = tops[0]  # what is written
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

    def _in_tree(self, path: str) -> str:
        self._at = self._path(path)
        return os.path.relpath(self._at, self._tops[0]) if self._at != self._tops[0] else ""

    def write(self, steps: list[Step], sent: Sent) -> None:
        """Write these as the engine sends them again. Raises ApplyFailed with what was done."""
        try:
            is_new = not os.path.isdir(self._tops[0])
            if is_new:
                self._tree.make_folder("", _NEW_FOLDER)
                self._is_touched = True
            self._make_folders(steps)
            self._write_files({step.path: step for step in steps}, sent)
            for step in reversed(steps):
                if step.want.kind == FOLDER:  # last: it may forbid to write in it
                    self._tree.set_mode(self._in_tree(step.path), step.want.mode, is_folder=True)
                    self._done[step.path] = None
            if is_new and len(self._tops) > 1:
                self._tree.set_mode("", self._mode, is_folder=True)
        except (OSError, DockwrightError) as error:
            raise self._stopped(steps, error) from error
        if any(step.path not in self._done for step in steps):
            raise self._stopped(steps, None)

    def _make_folders(self, steps: list[Step]) -> None:
        for step in steps:
            place = self._in_tree(step.path)
            if step.want.kind == FOLDER and place and not step.have:
                self._tree.make_folder(place, _NEW_FOLDER)
                self._is_touched = True

    def _write_files(self, steps: Mapping[str, Step], sent: Sent) -> None:
        first: dict[str, str] = {}  # the first name of each file, in this very reading
        for path, member, content in vetted(sent):
            if content is not None:
                first[path] = path
            elif member.islnk() and (other := posixpath.normpath(member.linkname)) in first:
                first[path] = first[other]
            step = steps.get(path)
            if step and self._is_done(step, content, first.get(path)):
                self._done[path] = None

    def _is_done(self, step: Step, content: Iterator[bytes] | None, first: str | None) -> bool:
        """Write it; False for what is something else by now, and for folders."""
        want, place = step.want, self._in_tree(step.path)
        if want.kind == FOLDER:
            return False
        if want.kind == LINK:
            self._tree.link(place, want.content)
        elif not _is_written(step):
            self._tree.set_mode(place, want.mode)
        elif content is not None:
            self._write_file(step, content)
        elif first is not None:
            self._write_again(step, first)
        else:
            return False
        return True

    def _write_file(self, step: Step, content: Iterator[bytes]) -> None:
        owner = None
        if step.have and step.have.kind == FILE:  # of a link the owner says nothing
            user, group = (int(number) for number in step.have.owner.split(":"))
            owner = (user, group)
        which = self._tree.write(self._in_tree(step.path), content, step.want.mode, owner)
        self._made[step.path] = (step.want, which)

    def _write_again(self, step: Step, first: str) -> None:
        """Have another name of a file of this run, or a file that holds the same."""
        place, other = self._in_tree(step.path), self._in_tree(first)
        want, which = self._made.get(first, (None, (0, 0)))
        if not (_is_alike(step.want, want) and self._tree.share(place, other, which)):
            self._write_file(step, self._tree.read(other))

    def _stopped(self, steps: list[Step], error: Exception | None) -> ApplyFailed:
        if isinstance(error, OSError):
            why = f"{shown(self._at)}: {error.strerror or error}"
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
    is_kept = have and have.kind == entry.kind
    if entry.kind == LINK and have and have.content != entry.content:
        is_kept = False  # a new one is made
    owner = have.owner if have and is_kept else f"{os.geteuid()}:{os.getegid()}"
    return entry._replace(mode=mode, owner=owner)
