"""What is at a path in a container, as the engine tells of it without sending it."""

from __future__ import annotations

import base64
import json
import posixpath

from ..engine.client import Engine
from ..engine.parallel import each
from ..errors import ApplyFailed, EngineRefused, Problem, SpecError
from ..named_tuple import NamedTuple
from .mounts import Mounts

_STAT = "x-docker-container-path-stat"
_GO_FOLDER, _GO_LINK = 1 << 31, 1 << 27  # bits of Go's os.FileMode


class About(NamedTuple):
    """What is there; ``target`` is where a symbolic link leads."""

    is_folder: bool
    is_link: bool
    target: str
    size: int


def about(engine: Engine, name: str, path: str) -> About | None:
    """What is there, None where nothing is; a link is gone through where ``/.`` is at the end."""
    where = f"/containers/{name}/archive"
    reply = engine.request("HEAD", where, query={"path": path})
    if reply.status == 404:
        return None
    try:
        if reply.status >= 400:  # its reason comes with the other method alone
            next(engine.download(where, [("path", path)]), b"")
            text = f"HTTP status {reply.status}"
            raise EngineRefused(text, status=reply.status)
    except EngineRefused as error:
        text = f"cannot look at {path} in container {name}: {error.message}"
        fix = "check the path; it is one in the container"
        raise ApplyFailed(text, where="path", fix=fix) from error
    told = json.loads(base64.b64decode(reply.headers.get(_STAT, "e30=")))
    mode = int(told.get("mode") or 0)
    target, size = str(told.get("linkTarget") or ""), int(told.get("size") or 0)
    return About(bool(mode & _GO_FOLDER), bool(mode & _GO_LINK), target, size)


def seen_path(engine: Engine, name: str, path: str, mounts: Mounts) -> str:
    """Where a path leads, by symbolic links too. Raises SpecError where the engine shows nothing.

    The engine goes through links as the container does, and then sees what is below the mount.
    """
    mounts.refuse_unseen([path])
    real = _real(engine, name, path)
    mounts.refuse_unseen([real], path)
    return real


def _real(engine: Engine, name: str, path: str) -> str:
    """Where a path leads: of the last link on it the engine tells the target without any link."""
    ways = _ways(path)
    for way, found in zip(ways, each(lambda way: about(engine, name, way), ways)):
        if found and found.is_link:
            return posixpath.normpath(posixpath.join(found.target, path[len(way) :].strip("/")))
    return path


def _ways(path: str) -> list[str]:
    """The path and the folders that it is in, the longest first; without the root."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def refuse_read_only(engine: Engine, name: str, folder: str, mounts: Mounts) -> None:
    """Raise SpecError for a folder where the engine writes nothing.

    With a link on the way the engine alone knows where it is: it tells when it is to write.
    """
    if not mounts.is_read_only(folder):
        return
    if any((found := about(engine, name, way)) and found.is_link for way in _ways(folder)):
        return
    text = f"{folder} in container {name} is read-only, and there it would be written"
    fix = "copy into a volume that is not (what a folder holds: with a slash at the end of src)"
    raise SpecError([Problem("path", text, fix)])


def is_contents(path: str) -> bool:
    """Whether a path means what is in the folder, and not the folder itself."""
    return path.endswith(("/", "/."))


def under_name(path: str, other: str) -> str:
    """Where a file comes to: in the folder ``path``, if a slash ends it, under the name it has."""
    name = posixpath.basename(posixpath.normpath(other)) if path.endswith("/") else ""
    return posixpath.normpath(posixpath.join(path, name))
