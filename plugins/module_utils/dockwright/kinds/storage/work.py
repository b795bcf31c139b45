"""A piece of work on the storage: its journal, its folder, the daemon that it stops and starts."""

from __future__ import annotations

import json
import posixpath
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineError, HostError
from ...host.journal import Journal
from ...host.machine import Host
from ..daemon import proof
from .have import base_of, store_of
from .kept import remove_tree

START_LIMIT = 180.0
STOP_LIMIT = 300.0


@dataclass
class Work:
    """What a run has at hand; ``record`` is what the journal says."""

    host: Host
    engine: Engine
    journal: Journal
    tell: Callable[[str], None]
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where archive and definitions are kept meanwhile."""
        return f"{self.host.memory_folder}/storage-work"

    def step(self, name: str, **more: Any) -> None:
        """Note what comes next, on disk, before it is begun."""
        self.record.update(more, step=name)
        self.journal.write(self.record)

    def finish(self) -> None:
        """All is done or undone: nothing of the work is left."""
        remove_tree(self.host, self.folder)
        self.journal.clear()

    # --- notes too large for the journal ---------------------------------------------------------

    def note(self, name: str, content: Any) -> None:
        """Keep something for the next steps; it may hold secrets."""
        self.host.files.make_directory(self.folder, mode=0o700)
        path = f"{self.folder}/{name}.json"
        self.host.files.write_atomic(path, json.dumps(content) + "\n", mode=0o600)

    def noted(self, name: str) -> Any:
        """What was kept; None where nothing was."""
        text = self.host.files.read_text(f"{self.folder}/{name}.json")
        return None if text is None else json.loads(text)

    # --- the daemon ------------------------------------------------------------------------------

    def halt(self) -> None:
        """Stop the daemon, and its socket, which would wake it."""
        self.tell("stop the daemon")
        self.host.service.stop(STOP_LIMIT)

    def start(self) -> Mapping[str, Any]:
        """Start the daemon; its GET /info. Raises ApplyFailed with the daemon's own words."""
        self.tell("start the daemon")
        since = time.time()
        service = self.host.service
        service.reset_failed()
        try:
            service.start(START_LIMIT)
            return proof.wait_answer(self.engine, START_LIMIT, self.host)
        except (HostError, EngineError) as error:
            raise ApplyFailed(f"the daemon does not start: {self._words(since)}") from error

    def _words(self, since: float) -> str:
        """What the daemon itself said; some of its refusals have no level, and are no message."""
        words = proof.daemon_words(self.host, since)
        if words != proof.daemon_words(self.host, time.time() + 3600):  # nothing was said then
            return words
        unit = self.host.service.unit
        lines = self.host.service.journal_tail(20, since)
        plain = [line for line in lines if not (line.startswith(("time=", "St")) or unit in line)]
        return " / ".join(plain[-2:]) or words

    def write_config(self, text: str | None) -> None:
        """Write daemon.json, or take it away."""
        host = self.host
        if text is None:
            host.files.remove(host.config)
            return
        host.files.make_directory(posixpath.dirname(host.config))
        host.files.write_atomic(host.config, text)

    def answers(self) -> Mapping[str, Any]:
        """The engine's GET /info where it runs; empty where it does not."""
        try:
            if not self.host.service.is_active():
                return {}
            return proof.wait_answer(self.engine, START_LIMIT, self.host)
        except DockwrightError:
            return {}


def world_of(info: Mapping[str, Any]) -> dict[str, str]:
    """Which world of content an engine works with."""
    root = str(info.get("DockerRootDir") or "")
    return {
        "driver": str(info.get("Driver") or ""),
        "store": store_of(info),
        "root": root,
        "base": base_of(root),
    }


def refuse_other(info: Mapping[str, Any], driver: str, store: str, base: str) -> None:
    """Raise ApplyFailed where the engine took another driver than it was told to (vfs, mostly)."""
    live = world_of(info)
    if live["store"] != store:
        raise ApplyFailed(f"the engine keeps its images by {live['store']}, not {store}")
    if store == "graphdriver" and live["driver"] != driver:
        raise ApplyFailed(f"the engine works with {live['driver']} instead of {driver}")
    if live["base"] != base:
        raise ApplyFailed(f"the engine's data is in {live['root']}, not in {base}")
