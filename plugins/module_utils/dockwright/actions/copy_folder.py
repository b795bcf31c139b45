"""A folder of the managed host in a container: compared in one reading, what differs is written."""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, EngineError, EngineRefused, Problem, SpecError
from ..named_tuple import NamedTuple
from .acting import inspected, no_such, not_there_yet
from .folder import (
    FILE,
    FOLDER,
    LINK,
    Entry,
    Step,
    answer,
    digest_at,
    entries_of,
    named,
    on_host,
    refuse_other_kinds,
    shown,
    steps_of,
    without_links,
)
from .inside import about, is_contents, refuse_read_only, seen_path
from .mounts import Mounts
from .options import PRESERVE
from .sent import Sent

_BLOCK = 1 << 16
_TYPES = {FILE: tarfile.REGTYPE, FOLDER: tarfile.DIRTYPE, LINK: tarfile.SYMTYPE}


class Place(NamedTuple):
    """Where the copy goes: what there is of the way, and what is missing of it."""

    base: str  # is there, and a folder
    missing: tuple[str, ...]  # the folders from there on, with the last
    is_link: bool  # base is one, to a folder


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Have what the folder holds in the container; what is to be told of it."""
    name, source = given["name"], _Source(given["src"], on_host(given["src"]))
    top = posixpath.normpath(given["path"])
    is_itself = not is_contents(given["src"])
    if is_itself:
        top = posixpath.join(top, os.path.basename(os.path.normpath(given["src"])))
    count = len(source.entries)
    raw = inspected(engine, name)
    if raw is None:
        steps = steps_of(source.wanted(given, {}), {}, source.is_same)
        told = answer(steps, top, count, check=True)
        return {**told, **not_there_yet(name, top, check=check)}
    mounts = Mounts(raw)
    real = seen_path(engine, name, top, mounts)
    copy = _Copy(engine, name, top, source)
    place = copy.place()
    have = {} if place.missing else copy.have()
    want = source.wanted(given, have)
    if have and (place.is_link or not is_itself):  # the folder that is there stays as it is
        del want[""]
    steps = steps_of(want, have, source.is_same)
    refuse_other_kinds(steps, top, "path")
    mounts.refuse_unseen(posixpath.join(real, step.path) for step in steps if step.path)
    files = (step.path for step in steps if step.have and step.have.kind == FILE)
    mounts.refuse_mounted(posixpath.join(top, path) for path in files)
    if steps:
        refuse_read_only(engine, name, _base(steps, place), mounts)
    if steps and not check:
        copy.write(steps, place, given.get("directory_mode", 0o755))
    return {**answer(steps, top, count, check=check), "warnings": mounts.warnings(real)}


class _Source:
    """The folder on the managed host; each file is read for its digest once, if it must be."""

    def __init__(self, top: str, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self._top = top
        self._digests: dict[str, str] = {}

    def wanted(self, given: Mapping[str, Any], have: Mapping[str, Entry]) -> dict[str, Entry]:
        """What the container is to have: modes given or of the source, owner given or kept."""
        modes = {FILE: given.get("mode"), FOLDER: given.get("directory_mode")}

        def want(path: str, entry: Entry) -> Entry:
            owner = given.get("owner") or (have[path].owner if path in have else "0:0")
            mode = modes.get(entry.kind)
            return entry._replace(
                mode=entry.mode if mode is None else mode,
                owner=entry.owner if owner == PRESERVE else owner,
            )

        return {path: want(path, entry) for path, entry in self.entries.items()}

    def is_same(self, path: str, have: Entry, want: Entry) -> bool:
        """Whether the file there holds the same."""
        if path not in self._digests:
            try:
                self._digests[path] = digest_at(self._path(path))
            except OSError as error:
                raise self._lost(path, error.strerror or str(error)) from error
        return self._digests[path] == have.content

    def packed(self, path: str, entry: Entry, name: str) -> Iterator[bytes]:
        """A member of a tar, with what it holds. Raises SpecError where it is another by now.

        A header is sent when the file is open and as long as it says: the engine empties the old
        file at the header.
        """
        member = tarfile.TarInfo(name)
        member.type, member.mode = _TYPES[entry.kind], entry.mode
        member.uid, member.gid = (int(number) for number in entry.owner.split(":"))
        member.linkname = entry.content if entry.kind == LINK else ""
        try:
            if entry.kind != FILE:
                member.mtime = int(os.lstat(self._path(path)).st_mtime)
                yield _header(member)
                return
            with open(self._path(path), "rb", opener=without_links) as file:
                state = os.fstat(file.fileno())
                self._check_size(path, stat.S_ISREG(state.st_mode) and state.st_size == entry.size)
                member.mtime, member.size = int(state.st_mtime), entry.size
                yield _header(member)
                left = entry.size
                while block := file.read(min(_BLOCK, left)):
                    left -= len(block)
                    yield block
                self._check_size(path, not left and not file.read(1))
            yield bytes(-entry.size % tarfile.BLOCKSIZE)
        except OSError as error:
            raise self._lost(path, error.strerror or str(error)) from error

    def _check_size(self, path: str, is_same: bool) -> None:
        if not is_same:
            raise self._lost(path, "its size is another than a moment ago")

    def _path(self, path: str) -> str:
        return os.path.join(self._top, path)

    def _lost(self, path: str, why: str) -> SpecError:
        fix = "the path is read on the managed host: see that it can be, and that nobody writes it"
        return SpecError([Problem("src", f"cannot read {shown(self._path(path))}: {why}", fix)])


class _Copy:
    """The folder in the container: looked at, and written."""

    def __init__(self, engine: Engine, name: str, top: str, source: _Source) -> None:
        self._engine = engine
        self._name = name
        self._top = top
        self._source = source

    def place(self) -> Place:
        """Where it goes. Raises SpecError where something is in the way."""
        missing: list[str] = []
        base = self._top
        while (found := about(self._engine, self._name, base)) is None:
            if base == "/":  # the container has gone meanwhile
                raise no_such(self._name)
            base, last = posixpath.split(base)
            missing.insert(0, last)
        what = ""
        if found.is_link:
            followed = about(self._engine, self._name, posixpath.join(base, "."))
            what = "" if followed else f"a symbolic link to {found.target}, which is not there"
        elif not found.is_folder:
            what = "no folder"
        if what:
            text = f"{shown(base)} in container {self._name} is {what}"
            raise SpecError([Problem("path", text, "name another place, or remove it")])
        return Place(base, tuple(missing), found.is_link)

    def have(self) -> dict[str, Entry]:
        """What is there of the source's paths; of links at the top, what they lead to."""
        sent = Sent(self._engine, self._name, "archive", [("path", posixpath.join(self._top, "."))])
        return entries_of(sent, self._source.entries)

    def write(self, steps: list[Step], place: Place, mode: int) -> None:
        """Write these, folders on the way with the mode. Raises ApplyFailed with what was done."""
        base = _base(steps, place)
        way = list(place.missing)
        if base != place.base:
            way = [posixpath.basename(place.base)]
        query = {"path": base, "noOverwriteDirNonDir": True}
        where = f"/containers/{self._name}/archive"
        failed: DockwrightError | None = None
        try:
            for _ in self._engine.stream(
                "PUT", where, query=query, body=self._tar(steps, way, mode)
            ):
                pass
        except (EngineError, SpecError) as error:
            failed = error
        want = {step.path: step.want for step in steps}
        have: Mapping[str, Entry] = {}
        left = steps
        try:
            have = self.have()
            left = steps_of(want, have, self._source.is_same)
        except DockwrightError as error:
            if not (isinstance(error, EngineRefused) and error.status == 404):
                text = f"{(failed or error).message}; what of it was written cannot be seen"
                raise ApplyFailed(text, where="path", fix=error.fix, changed=True) from error
        if left or failed:
            raise self._stopped(steps, have, [step.path for step in left], failed) from failed

    def _tar(self, steps: list[Step], way: list[str], mode: int) -> Iterator[bytes]:
        for count in range(1, len(way)):
            member = tarfile.TarInfo("/".join(way[:count]))
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, mode, int(time.time())
            # What is on the way is missing, so the folder itself is the first of the steps.
            member.uid, member.gid = (int(number) for number in steps[0].want.owner.split(":"))
            yield _header(member)
        for step in steps:
            yield from self._source.packed(step.path, step.want, posixpath.join(*way, step.path))
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _stopped(
        self,
        steps: list[Step],
        have: Mapping[str, Entry],
        left: list[str],
        failed: DockwrightError | None,
    ) -> ApplyFailed:
        is_touched = any(have.get(step.path) != step.have for step in steps)
        missed = set(left)
        done = [step.path or "." for step in steps if step.path not in missed]
        why = failed.message if failed else "all was sent"
        if failed and not isinstance(failed, EngineRefused):  # it has not said that it is done
            is_touched = True
            why += "; the engine may still write what had come"
        text = (
            f"cannot have all of {shown(self._top)} in container {self._name}: {why}; as it should"
            f" be: {named(done) or 'nothing'}; not so: {named(path or '.' for path in left)}"
        )
        fix = (failed and failed.fix) or "see the engine's words, and what writes there; run again"
        return ApplyFailed(text, where="path", fix=fix, changed=is_touched)


def _base(steps: list[Step], place: Place) -> str:
    """The folder that is written in: one is changed from the one that it is in."""
    is_changed = not place.missing and not steps[0].path
    return posixpath.dirname(place.base) if is_changed else place.base


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
