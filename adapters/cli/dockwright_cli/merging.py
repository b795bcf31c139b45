"""Several files that are one spec: mappings are joined key by key, and nobody wins a conflict.

Files of one project are one spec; those that name no project belong to it, too, unless there are
several projects: then they are a spec of their own. A value that two files give must be the same
in both: an order in which the later one wins would hide mistakes. Two lists of the whole spec,
``ignore`` and ``reveal``, are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .documents import InputError

_JOINED = ("ignore", "reveal")


class Spec(NamedTuple):
    """One document, and the files that it is written in."""

    paths: tuple[str, ...]
    document: Any


def merged(files: Iterable[tuple[str, Any]]) -> list[Spec]:
    """The specs in (path, document) pairs, in the order of their first files."""
    found = list(files)
    projects = {_project(document) for _, document in found} - {None}
    groups: dict[Any, list[tuple[str, Any]]] = {}
    for path, document in found:
        key = _project(document) if len(projects) > 1 else None
        groups.setdefault(key, []).append((path, document))
    loose = [path for path, document in groups.get(None, ()) if _has_objects(document)]
    if len(projects) > 1 and loose and any(_purges(document) for _, document in found):
        # Beside one project's files alone they would be that project's, and purge would know them.
        message = f"{', '.join(loose)} names no project, the others name several, and one purges"
        raise InputError(message, "write project: in it, or apply it by itself")
    return [_one(group) for group in groups.values()]


def _has_objects(document: Any) -> bool:
    keys = ("containers", "networks", "volumes", "compose")
    return isinstance(document, Mapping) and any(key in document for key in keys)


def _purges(document: Any) -> bool:
    return isinstance(document, Mapping) and bool(document.get("purge"))


def _project(document: Any) -> str | None:
    name = document.get("project") if isinstance(document, Mapping) else None
    return None if name is None else str(name)


def _one(files: list[tuple[str, Any]]) -> Spec:
    paths = tuple(path for path, _ in files)
    if len(files) == 1:
        return Spec(paths, files[0][1])
    joint = _Joint()
    for path, document in files:
        if not isinstance(document, Mapping):
            raise InputError(f"{path} is not a mapping", "a spec begins with keys such as project:")
        joint.add(joint.document, document, (), path)
    if joint.conflicts:
        raise InputError("\n".join(joint.conflicts), "keep one of each")
    return Spec(paths, joint.document)


class _Joint:
    """The document so far; who said what first; and what two files say differently."""

    def __init__(self) -> None:
        self.document: dict[Any, Any] = {}
        self.conflicts: list[str] = []
        self._said: dict[tuple[str, ...], str] = {}

    def add(
        self, into: dict[Any, Any], more: Mapping[Any, Any], where: tuple[str, ...], path: str
    ) -> None:
        """Lay a mapping of a file into the same one of the document."""
        for key, value in more.items():
            place = (*where, str(key))
            known = into.get(key)
            if key not in into or (known is None and isinstance(value, Mapping)):
                self._said.setdefault(place, path)
                known = into[key] = {} if isinstance(value, Mapping) else value
            if isinstance(known, dict) and (value is None or isinstance(value, Mapping)):
                self.add(known, value or {}, place, path)
            elif len(place) == 1 and key in _JOINED:
                listed = _listed(known)
                into[key] = [*listed, *(item for item in _listed(value) if item not in listed)]
            elif type(known) is not type(value) or known != value:
                text = f"{'.'.join(place)} is one thing in {self._first(place)}, another in {path}"
                self.conflicts.append(text)

    def _first(self, place: tuple[str, ...]) -> str:
        while place not in self._said and place:
            place = place[:-1]
        return self._said.get(place, "an earlier file")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
