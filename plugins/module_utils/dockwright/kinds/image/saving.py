"""Images that are saved to a tar on the managed host, when it does not hold them already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, Problem
from ...host.files import receive
from ...model import UNKNOWN, Action, Change, Want
from . import archive as archives
from .archive import Archive
from .have import Edges, ImageHave, inspect
from .names import wanted
from .plan import is_same
from .progress import Tell
from .reference import parse
from .want import key, reference_of

_NOT_READ = Archive("", error=archives.NO_FILE)


def read(edges: Edges, want: Want) -> Archive:
    """What is at the path; never raises."""
    if edges.open_file is None:
        return _NOT_READ
    return archives.read(want.inputs["save"], edges.open_file)


def problems(want: Want, have: ImageHave) -> Iterator[Problem]:
    """Why it cannot be saved: what is at the path is something else."""
    found = have.saved or _NOT_READ
    if found.error not in ("", archives.NO_FILE):
        text = f"{want.inputs['save']} is there, and {found.error}"
        yield Problem(f"{want.where}.save", text, "name another path, or remove the file")


def plan(want: Want, have: ImageHave, *, is_coming: bool) -> Iterator[Change]:
    """The tar, where it is to be written; ``is_coming``: this run brings another image."""
    found = have.saved or _NOT_READ
    if found.error not in ("", archives.NO_FILE):
        return
    before = ", ".join(image.ids[0] for image in found.images) or None
    after: Any = UNKNOWN if is_coming or not have.id else have.id
    if not found.images:
        reason = "there is no such file"
    elif is_coming or not have.id or not _holds(found, want, have):
        reason = f"it holds {found.contents}: another image, other names, or more"
    else:
        return
    path = f"save.{want.inputs['save']}"
    yield Change("image", want.name, Action.SAVE, path, before, after, reason)


def _holds(archive: Archive, want: Want, have: ImageHave) -> bool:
    """Whether this image, under these names, is all that is in the tar."""
    if len(archive.images) != 1 or not is_same(archive.images[0], have):
        return False
    names = _names(want)
    return not names or set(names) == set(archive.images[0].tags)


def _names(want: Want) -> list[str]:
    """The names in the tar, in normal form; none for what has an ID or a digest alone."""
    own = [key(want)] if reference_of(want).is_moving else []
    return [*own, *wanted(want)]


def save(engine: Engine, want: Want, real_path: Callable[[str], str], tell: Tell) -> None:
    """Write the tar, all of it or nothing. Raises ApplyFailed."""
    path, where = want.inputs["save"], f"{want.where}.save"
    have = inspect(engine, want)
    names = [parse(name, want.where).familiar for name in _names(want)] or [have.id]
    tell(f"{want.name}: saving to {path}")

    def check(temporary: str) -> None:
        found = archives.read(temporary, opened)
        if found.error or not _holds(found, want, have):
            words = found.error or f"holds {found.contents}"
            fix = "see the engine's log (`journalctl -u docker`), and run again"
            raise ApplyFailed(f"what the engine sent for {path} {words}", where=where, fix=fix)

    try:
        receive(real_path(path), _blocks(engine, names), check)
    except OSError as error:
        text = f"cannot save image {want.name} to {path}: {error.strerror or error}"
        fix = "make its folder first, and see that there is room and that you may write there"
        raise ApplyFailed(text, where=where, fix=fix) from error
    except ApplyFailed:
        raise
    except DockwrightError as error:
        text = f"cannot save image {want.name} to {path}: {error.message}"
        raise ApplyFailed(text, where=where, fix=error.fix) from error


def opened(path: str) -> IO[bytes]:
    """A file of this machine."""
    return open(path, "rb")


def _blocks(engine: Engine, names: Iterable[str]) -> Iterator[bytes]:
    return engine.download("/images/get", [("names", name) for name in names])


def twice(wants: Iterable[Want]) -> Iterator[Problem]:
    """Images that are saved to the same tar: each would write over the other."""
    seen: dict[str, Want] = {}
    for want in wants:
        path = want.inputs.get("save")
        if not path:
            continue
        if path in seen:
            text = f"{path} is the tar of {seen[path].where}, too"
            yield Problem(f"{want.where}.save", text, "give each image a tar of its own")
        seen.setdefault(path, want)
