"""Images that are made of a tar of a root file system: when they have to be, and how.

A label of the image remembers of which content, and with which instructions, it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import IO, Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused, Problem
from ...host.files import digest_of, pieces
from ...model import Action, Change, Want
from ...named_tuple import NamedTuple
from ...owner import PREFIX
from .have import ImageHave, inspect
from .import_options import instruction_of
from .progress import Progress
from .want import reference_of

CONTENT = PREFIX + "import.content"
_LATE, _LATE_SINCE = ("STOPSIGNAL",), "1.42"  # 20.10 does not know it
RealPath = Callable[[str], str]


class Rootfs(NamedTuple):
    """The tar as it was read; ``error`` tells why it cannot be used.

    ``unknown`` are the places, among the changes, of what the engine does not know.
    """

    digest: str = ""
    error: str = ""
    unknown: tuple[int, ...] = ()


def read(path: str, real_path: RealPath) -> Rootfs:
    """The hash of the tar at ``path`` of the managed host; never raises."""
    try:
        return Rootfs(digest_of(real_path(path)))
    except FileNotFoundError:
        return Rootfs(error="is not on the managed host")
    except OSError as error:
        return Rootfs(error=f"cannot be read: {error.strerror or error}")


def unknown(engine: Engine, want: Want) -> tuple[int, ...]:
    """The places of the changes that this engine does not know."""
    changes = enumerate(want.inputs["import"]["changes"])
    late = tuple(index for index, text in changes if instruction_of(text) in _LATE)
    return late if late and not engine.api_at_least(_LATE_SINCE) else ()


def _content(want: Want, digest: str) -> str:
    """The value of the label."""
    source = json.dumps([digest, want.inputs["import"]["changes"]])
    return hashlib.sha256(source.encode()).hexdigest()


def plan(want: Want, have: ImageHave) -> Change | None:
    """The import, where one is needed."""
    if problems(want, have):
        return None
    reason = _reason(want, have)
    if not reason:
        return None
    after = f"imported from {want.inputs['import']['path']}"
    return Change("image", want.name, Action.IMPORT, "", have.id or None, after, reason)


def problems(want: Want, have: ImageHave) -> list[Problem]:
    """Why it cannot be imported."""
    if have.rootfs is None:
        return []
    where, given = f"{want.where}.import", want.inputs["import"]
    found = [
        Problem(
            f"{where}.changes[{index}]",
            f"'{given['changes'][index]}' is not known to this engine",
            "remove it, or use a newer engine",
        )
        for index in have.rootfs.unknown
    ]
    if have.rootfs.error:
        fix = "the path is read on the managed host: bring the tar there first"
        found.append(Problem(where, f"{given['path']} {have.rootfs.error}", fix))
    return found


def _reason(want: Want, have: ImageHave) -> str:
    if not have.id or have.rootfs is None:
        return "is not on the host"
    label = (have.config.get("Labels") or {}).get(CONTENT)
    if label is None:
        return "the image of this name was not imported here"
    if label != _content(want, have.rootfs.digest):
        return "the tar holds another content, or the changes are others"
    return ""


def bring(
    engine: Engine, want: Want, real_path: RealPath, tell: Callable[[str], None]
) -> ImageHave:
    """Import the image. Raises ApplyFailed, with the engine's words."""
    path, where = want.inputs["import"]["path"], f"{want.where}.import"
    found = read(path, real_path)
    if found.error:
        raise ApplyFailed(f"{path} {found.error}", where=where, fix="check the file and its path")
    label = _content(want, found.digest)
    reference = reference_of(want)
    changes = [*want.inputs["import"]["changes"], f"LABEL {CONTENT}={label}"]
    query: dict[str, Any] = {
        "fromSrc": "-",
        "repo": reference.familiar_repository,
        "tag": reference.tag,
        "changes": "\n".join(changes),
    }
    progress, sent = Progress(want.name, tell), hashlib.sha256()
    try:
        with open(real_path(path), "rb") as file:
            body = _hashed(file, sent)
            for line in engine.stream("POST", "/images/create", query=query, body=body):
                progress.take(line)
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise ApplyFailed(text, where=where, fix="check the file and its path") from error
    except EngineRefused as error:
        text = f"cannot import image {want.name} from {path}: {error.message}"
        fix = "check that the file is a tar of a root file system, and the `changes`"
        raise ApplyFailed(text, where=where, fix=fix) from error
    have = inspect(engine, want)
    is_it = (have.config.get("Labels") or {}).get(CONTENT) == label
    if sent.hexdigest() != found.digest or not is_it:
        text = f"image {want.name} was imported, but the tar changed while it was read"
        if not is_it:
            text = f"image {want.name} was imported, but {reference.familiar} is another image"
        raise ApplyFailed(text, where=where, fix="run again", changed=True)
    return have


def _hashed(file: IO[bytes], digest: Any) -> Iterator[bytes]:
    for block in pieces(file):
        digest.update(block)
        yield block
