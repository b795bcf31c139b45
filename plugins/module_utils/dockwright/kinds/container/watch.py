"""Waiting for containers to become healthy or to complete, all on one event stream."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineError
from ...options import get

_HEALTHY, _UNHEALTHY = "health_status: healthy", "health_status: unhealthy"


class Watch:
    """What happened to containers since the watch began; threads share one.

    ``begin`` subscribes (once) and must be called before what is to be waited for is caused.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._events: Any = None
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._last: dict[str, str] = {}  # container ID -> healthy, unhealthy, exited N
        self._ends: dict[str, float] = {}  # container ID -> when it first ended, monotonic
        self._fault: EngineError | None = None
        self._ended = False

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        if self._events is not None:
            self._events.__exit__(None, None, None)

    def begin(self) -> None:
        """Subscribe to the engine's events, unless we are already."""
        with self._lock:
            if self._events is None:
                filters = {"type": ["container"], "event": ["health_status", "die"]}
                events = self._engine.events(filters)
                events.__enter__()
                self._events = events
                threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while not self._ended:
                for event in self._events.until(1.0):
                    self._note(event)
        except EngineError as error:
            with self._news:
                self._fault = error
                self._news.notify_all()

    def _note(self, event: dict[str, Any]) -> None:
        action = event.get("Action") or event.get("status") or ""
        identity = get(event, "Actor.ID") or event.get("id") or ""
        word = {_HEALTHY: "healthy", _UNHEALTHY: "unhealthy"}.get(action, "")
        if action == "die":
            word = f"exited {get(event, 'Actor.Attributes.exitCode') or 0}"
        if word:
            with self._news:
                self._last[identity] = word
                if action == "die":
                    self._ends.setdefault(identity, time.monotonic())
                self._news.notify_all()

    def forget(self, identity: str) -> None:
        """Drop what was seen of a container before it is started again."""
        with self._news:
            self._last.pop(identity, None)
            self._ends.pop(identity, None)

    def healthy(self, name: str, identity: str, limit: float) -> None:
        """Wait until a container is healthy. Raises ApplyFailed at once when it is unhealthy."""
        word = self._wait(name, identity, limit, ("healthy",))
        if word != "healthy":
            why = "is unhealthy" if word == "unhealthy" else word
            raise ApplyFailed(
                f"container {name} {why}", fix=f"look at `docker logs {name}` and its healthcheck"
            )

    def completed(self, name: str, identity: str, limit: float) -> None:
        """Wait until a container has exited with 0. Raises ApplyFailed for another status."""
        word = self._wait(name, identity, limit, ())
        if word != "exited 0":
            raise ApplyFailed(f"container {name} {word}", fix=f"look at `docker logs {name}`")

    def end_of(self, identity: str, seconds: float) -> str:
        """``exited N`` if a container ends within so many seconds, else an empty text."""
        deadline = time.monotonic() + seconds
        with self._news:
            while not self._last.get(identity, "").startswith("exited"):
                left = deadline - time.monotonic()
                if left <= 0 or self._fault:
                    return ""
                self._news.wait(left)
            return self._last[identity]

    def has_ended(self, identity: str) -> bool:
        """Whether a container has ended at least once."""
        with self._news:
            return identity in self._ends

    def ended_by(self, identity: str, deadline: float) -> bool:
        """Whether a container ended before ``deadline``; ``end_of`` has waited for that."""
        with self._news:
            return self._ends.get(identity, deadline) < deadline

    def _wait(self, name: str, identity: str, limit: float, good: tuple[str, ...]) -> str:
        deadline = time.monotonic() + limit
        with self._news:
            while True:
                word = self._last.get(identity, "")
                if word in good or word.startswith("exited") or (good and word == "unhealthy"):
                    return word
                if self._fault:
                    raise self._fault
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ApplyFailed(
                        f"container {name} did not get there within {limit:g} s",
                        fix="raise `wait_timeout`, or look at its healthcheck",
                    )
                self._news.wait(left)
