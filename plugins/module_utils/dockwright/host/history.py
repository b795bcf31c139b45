"""The specs that were applied to an engine, project by project, newest last (design §6).

They hold what the user wrote, secrets too: folders 0700, files 0600. Nothing here ever fails a
run: what cannot be read is not there, what cannot be written is a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import HostError
from ..named_tuple import NamedTuple
from .files import Files

KEPT = 10
_VERSION = 1
_WITHOUT_PROJECT = "@host"  # no project is called so
_NAME = re.compile(r"(\d{6})-([0-9a-f]+)\.json")


class Entry(NamedTuple):
    """One spec that was applied, and what that changed."""

    number: int
    mark: str  # tells whether two documents are the same one
    project: str
    at: str  # ISO 8601
    by: str  # the front end
    document: Mapping[str, Any]
    changes: tuple[str, ...] = ()  # titles
    made: tuple[tuple[str, str], ...] = ()  # (kind, name) of objects that were created
    failed: bool = False  # applied in part
    returned: int = 0  # the entry that this one went back to


class History:
    """The history of one engine of this host; ``folder`` is its own."""

    def __init__(self, files: Files, folder: str) -> None:
        self.warning = ""
        self._files = files
        self._folder = folder

    def projects(self) -> tuple[str, ...]:
        """The projects with a history; an empty name is that of specs without a project."""
        names = self._list(self._folder)
        return tuple("" if name == _WITHOUT_PROJECT else name for name in names)

    def latest(self, project: str) -> Entry | None:
        """The newest entry of a project."""
        for name in reversed(self._names(project)):
            entry = self._read(project, name)
            if entry:
                return entry
        return None

    def entries(self, project: str) -> tuple[Entry, ...]:
        """The entries of a project, oldest first."""
        found = (self._read(project, name) for name in self._names(project))
        return tuple(entry for entry in found if entry)

    def keep(self, entry: Entry, *, instead: bool = False) -> None:
        """Add an entry, numbered after the last one, or put it ``instead`` of the last one."""
        folder = self._of(entry.project)
        names = self._names(entry.project)
        last = int(names[-1][:6]) if names else 0
        number = last if instead and names else last + 1
        record = {**entry._asdict(), "version": _VERSION, "number": number}
        name = f"{number:06d}-{entry.mark}.json"
        try:
            # One by one: parents that are made on the way would be open to everybody.
            for path in _parents(folder):
                self._files.make_directory(path, mode=0o700)
            text = json.dumps(record, sort_keys=True) + "\n"
            self._files.write_atomic(f"{folder}/{name}", text, mode=0o600)
            for old in self._names(entry.project)[:-KEPT]:
                self._files.remove(f"{folder}/{old}")
        except (HostError, OSError) as error:
            self._warn(str(error))

    def _of(self, project: str) -> str:
        return f"{self._folder}/{project or _WITHOUT_PROJECT}"

    def _names(self, project: str) -> list[str]:
        return [name for name in self._list(self._of(project)) if _NAME.fullmatch(name)]

    def _list(self, folder: str) -> tuple[str, ...]:
        try:
            return self._files.list(folder)
        except HostError as error:
            self._warn(str(error))
            return ()

    def _read(self, project: str, name: str) -> Entry | None:
        """An entry; None for one that was cut short by a crash, or that another version wrote."""
        try:
            record = json.loads(self._files.read_text(f"{self._of(project)}/{name}") or "")
            if record.pop("version") != _VERSION or not isinstance(record["document"], dict):
                return None
            made = tuple((str(kind), str(named)) for kind, named in record["made"])
            return Entry(**{**record, "made": made, "changes": tuple(record["changes"])})
        except HostError as error:
            self._warn(str(error))
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        return None

    def _warn(self, text: str) -> None:
        self.warning = self.warning or f"history: {text}"


def _parents(folder: str) -> list[str]:
    """A folder, those between it and the memory's, and the memory's, outermost first."""
    parts = folder.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 3, len(parts) + 1)]
