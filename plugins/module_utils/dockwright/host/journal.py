"""The journal of work on the host that takes several steps: what a killed run was about to do."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from typing import Any

from ..errors import HostError
from .files import Files


class Journal:
    """One record, written before each step and removed after the last; on disk when it returns.

    Only a run that was killed leaves one behind, for the lock keeps others away while it lives.
    """

    def __init__(self, files: Files, path: str) -> None:
        self.path = path
        self._files = files

    def is_there(self) -> bool:
        """Whether a run was killed in the middle."""
        return self._files.exists(self.path)

    def read(self) -> Mapping[str, Any]:
        """What the killed run noted. Raises HostError when it cannot be read."""
        text = self._files.read_text(self.path)
        try:
            found = json.loads(text or "")
        except ValueError as error:
            fix = f"look at it, put the host right by hand, and remove {self.path}"
            raise HostError(f"{self.path} is unreadable ({error})", fix=fix) from error
        return found if isinstance(found, dict) else {}

    def write(self, record: Mapping[str, Any]) -> None:
        """Note what comes next. Raises HostError: without a journal the work must not begin."""
        self._files.make_directory(posixpath.dirname(self.path), mode=0o700)
        self._files.write_atomic(self.path, json.dumps(record, sort_keys=True) + "\n", mode=0o600)

    def clear(self) -> None:
        """The work is done or undone."""
        self._files.remove(self.path)
