"""The containers of a volume that is made anew: made again as they were, and started.

What somebody else has made under their names meanwhile is never taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import DockwrightError, EngineUnreachable, HostError
from ...model import EngineFacts
from ..container import replace as replacing
from ..storage.restore import Restorer
from ..storage.work import Work
from .users import mounts_volume

_TRIAL = ".dockwright-trial"
_NEVER = "0001-"  # the year in which the engine has started what never ran


def users(engine: Engine, volume: str) -> list[Mapping[str, Any]]:
    """Every container that has a volume, as the engine shows it now."""
    listed = engine.get("/containers/json", {"all": True}) or ()
    ids = [item["Id"] for item in listed if mounts_volume(item, volume)]
    return [engine.get(f"/containers/{id}/json") for id in ids]


def name_of(raw: Mapping[str, Any]) -> str:
    """The name in an inspect answer."""
    return str(raw.get("Name") or "").lstrip("/")


def has_run(raw: Mapping[str, Any]) -> bool:
    """Whether a container was ever started."""
    state = raw.get("State") or {}
    is_new = state.get("Status") == "created"
    return not (is_new and str(state.get("StartedAt") or _NEVER).startswith(_NEVER))


class Remaking:
    """The containers that the journal holds."""

    def __init__(self, work: Work, facts: EngineFacts) -> None:
        self.engine = work.engine
        self.items = {item["name"]: item for item in work.record["containers"]}
        self.restorer = Restorer(work, facts, work.record["containers"], {}, {})

    def try_out(self) -> None:
        """Make each under another name, and remove it. Raises EngineRefused."""
        self.restorer.try_out(_TRIAL)

    def forget_trial(self) -> None:
        """Remove what a killed trial has left."""
        for name in self.items:
            found = replacing.find(self.engine, name + _TRIAL)
            if found and not has_run(found):
                replacing.remove(self.engine, found["Id"], volumes=False)

    def remove_made(self) -> None:
        """Remove those that we have made, and never started. Raises HostError for another's."""
        found = [raw for name in self.items if (raw := replacing.find(self.engine, name))]
        for raw in found:
            if has_run(raw) and not self._is_old(raw):
                text = f"container {name_of(raw)} was made meanwhile by somebody else"
                raise HostError(text, fix="remove or rename it, and run again")
        for raw in found:
            if not self._is_old(raw):
                replacing.remove(self.engine, raw["Id"], volumes=False)

    def _is_old(self, raw: Mapping[str, Any]) -> bool:
        return bool(raw["Id"] == self.items[name_of(raw)]["raw"]["Id"])

    def make(self) -> list[str]:
        """Make those that are not there; what cannot be made, with the engine's words."""
        failures = []
        for name in self.restorer.order:
            try:
                self.restorer.make(name)
            except EngineUnreachable:
                raise
            except DockwrightError as error:
                failures.append(f"{name}: {error.message}")
        return failures

    def start(self) -> list[str]:
        """Start those that ran; what does not start, with the engine's words."""
        failures = []
        for name in self.restorer.order:
            try:
                words = self._start(name)
            except EngineUnreachable:
                raise
            except DockwrightError as error:
                words = error.message
            if words:
                failures.append(f"{name}: {words}")
        return failures

    def _start(self, name: str) -> str:
        item, raw = self.items[name], replacing.find(self.engine, name)
        if not item["running"]:
            return ""
        if raw is None:
            return "it is gone"
        state = raw.get("State") or {}
        if not (state.get("Running") or state.get("Restarting")):
            self.engine.post(f"/containers/{raw['Id']}/start")
            if item["paused"]:
                replacing.pause(self.engine, raw["Id"])
        return ""
