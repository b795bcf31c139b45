"""What is in a folder, on the managed host or in a container, and where two of them differ."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
import sys
import tarfile
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Callable

from ..errors import ApplyFailed, Problem, SpecError
from ..host.tree import room
from ..named_tuple import NamedTuple
from .sent import Sent

FILE, FOLDER, LINK, OTHER = "file", "folder", "link", "device or pipe"
_BLOCK = 1 << 16
_NAMED = 5  # how many names a message holds


class Entry(NamedTuple):
    """One of them; ``content`` is the digest of a file, if it is known, and where a link leads."""

    kind: str
    mode: int
    owner: str  # UID:GID
    size: int = 0
    content: str = ""
    same_as: str = ""  # the path of the one before it that it is another name of


class Step(NamedTuple):
    """What is to be another: its path from the folder on, both sides, and why, in words."""

    path: str
    have: Entry | None
    want: Entry
    what: str


SameContent = Callable[[str, Entry, Entry], bool]


def steps_of(
    want: Mapping[str, Entry], have: Mapping[str, Entry], is_same: SameContent
) -> list[Step]:
    """What is to be another in ``have``, in the order of ``want``, which has folders first."""
    pairs = ((path, have.get(path), entry) for path, entry in want.items())
    steps = (Step(path, old, new, _what(path, old, new, is_same)) for path, old, new in pairs)
    return [step for step in steps if step.what]


def _what(path: str, have: Entry | None, want: Entry, is_same: SameContent) -> str:
    if have is None:
        return "it is not there"
    if have.kind != want.kind:
        return f"a {want.kind} in place of a {have.kind}"
    found = []
    if want.kind == LINK and have.content != want.content:
        found.append("target")
    if want.kind == FILE and (have.size != want.size or not is_same(path, have, want)):
        found.append("content")
    if want.kind != LINK and have.mode != want.mode:
        found.append("mode")
    if have.owner != want.owner:
        found.append("owner")
    return "another " + ", ".join(found) if found else ""


def refuse_other_kinds(steps: Iterable[Step], top: str, where: str) -> None:
    """Raise SpecError where a folder would take the place of something else, or it that of one."""
    problems = [
        Problem(
            where,
            f"{shown(posixpath.join(top, step.path))} is a {step.have.kind}, and not the"
            f" {step.want.kind} that it is to be",
            "remove it first, or leave it out of what is copied",
        )
        for step in steps
        if step.have
        and step.have.kind != step.want.kind
        and not {step.have.kind, step.want.kind} <= {FILE, LINK}
    ]
    if problems:
        raise SpecError(problems)


def on_host(top: str) -> dict[str, Entry]:
    """What is in a folder of the managed host, itself as ``""``, folders before what they hold.

    Raises SpecError for what cannot be read or copied.
    """
    found: dict[str, Entry] = {}
    waiting = [""]
    try:
        while waiting:
            path = waiting.pop()
            entry = found[path] = entry_at(
                os.path.join(top, path) if path else top, at_top=not path
            )
            if entry.kind == FILE and not os.access(os.path.join(top, path), os.R_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), os.path.join(top, path))
            if entry.kind == FOLDER:
                names = sorted(os.listdir(os.path.join(top, path)), reverse=True)
                waiting += [os.path.join(path, name) for name in names]
    except OSError as error:
        text = f"cannot read {shown(str(error.filename or top))}: {error.strerror or error}"
        fix = "the path is read on the managed host: see that all of it can be read there"
        raise SpecError([Problem("src", text, fix)]) from error
    refuse_unspoken([*found, *(entry.content for entry in found.values())], "src")
    odd = [path for path, entry in found.items() if entry.kind == OTHER]
    if odd:
        text = f"{top} holds what cannot be copied: {named(odd)}"
        raise SpecError([Problem("src", text, "take devices, sockets and pipes out of it")])
    return found


def entry_at(path: str, *, at_top: bool = False) -> Entry:
    """What is there, without the digest; a link at the top is gone through. Raises OSError."""
    state = os.stat(path) if at_top else os.lstat(path)
    kinds = ((stat.S_ISREG, FILE), (stat.S_ISDIR, FOLDER), (stat.S_ISLNK, LINK))
    kind = next((kind for is_it, kind in kinds if is_it(state.st_mode)), OTHER)
    mode, owner = stat.S_IMODE(state.st_mode), f"{state.st_uid}:{state.st_gid}"
    return Entry(
        kind,
        mode,
        owner,
        state.st_size if kind == FILE else 0,
        os.readlink(path) if kind == LINK else "",
    )


def refuse_without_room(need: int, place: str, top: str) -> None:
    """Raise SpecError where so many bytes do not fit at a place on the managed host."""
    free = room(place)
    if free is not None and need > free:
        text = f"{need} bytes are to be written, and there is room for {free} in {shown(top)}"
        raise SpecError([Problem("dest", text, "make room, or copy less of it")])


def refuse_unspoken(names: Iterable[str], where: str) -> None:
    """Raise SpecError for names that this host cannot have as the container has them."""
    odd = [name for name in names if not _is_speakable(name)]
    if odd:
        text = f"names that the locale of this run ({sys.getfilesystemencoding()}) cannot hold: "
        fix = "run with LC_ALL=C.UTF-8, or give them other names"
        raise SpecError([Problem(where, text + named(odd), fix)])


def _is_speakable(name: str) -> bool:
    try:
        return "\0" not in name and os.fsencode(name).decode("utf-8", "surrogateescape") == name
    except UnicodeError:
        return False


class Vetted(NamedTuple):
    """A member of the engine's tar at its path; a file's content where it comes with it."""

    path: str
    member: tarfile.TarInfo
    content: Iterator[bytes] | None


def vetted(sent: Sent) -> Iterator[Vetted]:
    """The members of the archive of a folder as they come. Raises ApplyFailed for odd names."""
    folders, others = {""}, set[str]()
    for member, content in sent.members():
        name = member.name
        path = posixpath.normpath(name)
        path = "" if path == "." else path
        parent = posixpath.dirname(path)
        is_out = name.startswith("/") or ".." in name.split("/")
        if is_out or path in others or (path and (path in folders or parent not in folders)):
            text = f"the engine's archive holds {shown(name)}, which is not in the folder, or twice"
            fix = "nothing of it was written: find out who answers for this engine"
            raise ApplyFailed(text, where="path", fix=fix)
        (folders if member.isdir() else others).add(path)
        yield Vetted(path, member, content)


def entries_of(sent: Sent, wanted: Container[str] | None = None) -> dict[str, Entry]:
    """What the engine sends of a folder, itself as ``""``; of ``wanted`` paths alone, if given."""
    found: dict[str, Entry] = {}
    others: dict[str, Entry] = {}  # all but folders: another name of it may come
    for path, member, content in vetted(sent):
        if member.islnk():
            first = linked(member, others)
            entry = others[first]._replace(same_as=others[first].same_as or first)
        else:
            entry = _entry_of(member, content)
        if entry.kind != FOLDER:
            others[path] = entry
        if wanted is None or path in wanted:
            found[path] = entry
    return found


def linked(member: tarfile.TarInfo, before: Container[str]) -> str:
    """The path of what came before it that a member is another name of. Raises ApplyFailed."""
    path = posixpath.normpath(member.linkname)
    if path not in before:
        text = f"the engine's archive holds {shown(member.name)}, another name of what is not in it"
        raise ApplyFailed(text, where="path", fix="copy the folder that holds both")
    return path


def _entry_of(member: tarfile.TarInfo, content: Iterator[bytes] | None) -> Entry:
    mode, owner = stat.S_IMODE(member.mode), f"{member.uid}:{member.gid}"
    if content is not None:
        digest, size = hashlib.sha256(), 0
        for block in content:
            digest.update(block)
            size += len(block)
        return Entry(FILE, mode, owner, size, digest.hexdigest())
    if member.issym():
        return Entry(LINK, mode, owner, content=member.linkname)
    return Entry(FOLDER if member.isdir() else OTHER, mode, owner)


def digest_at(path: str) -> str:
    """The digest of a file. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb", opener=without_links) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def without_links(path: str, flags: int) -> int:
    """Open it; a link or a pipe that took the place of the file is not followed or waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def answer(steps: list[Step], top: str, count: int, *, check: bool) -> dict[str, Any]:
    """What is told of them: in words, as both sides, and why by path."""
    if not steps:
        return {"message": f"{shown(top)} is as it should be"}
    paths = {shown(posixpath.join(top, step.path) if step.path else top): step for step in steps}
    before = {path: _side(step.have) for path, step in paths.items() if step.have}
    after = {path: _side(step.want, step.what) for path, step in paths.items()}
    which = f"{len(steps)} of {count} in {shown(top)}: {named(step.path or '.' for step in steps)}"
    return {
        "changed": True,
        "message": f"would write {which}" if check else f"{which} written",
        "diff": {"before": before, "after": after},
        "files": {path: step.what for path, step in paths.items()},
    }


def _side(entry: Entry, what: str = "") -> dict[str, Any]:
    """One side of a diff, without what a file holds: it may be long, and a secret."""
    side: dict[str, Any] = {"kind": entry.kind, "owner": entry.owner}
    if entry.kind == LINK:
        return {**side, "target": shown(entry.content)}
    side["mode"] = f"{entry.mode:04o}"
    if entry.kind == FILE:
        other = ", others" if "content" in what else ""
        side["content"] = f"({entry.size} bytes{other})"
    return side


def named(paths: Iterable[str]) -> str:
    """Some names for a message."""
    every = [shown(path) for path in paths]
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


def shown(path: str) -> str:
    """A path as it can be told, also where it is no text."""
    return path.encode("utf-8", "backslashreplace").decode()
