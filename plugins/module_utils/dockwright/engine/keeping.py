"""An engine that keeps what it was told, and asks by one request whether that still holds.

The engine notes every change of its objects as an event before it answers who made the change, and
keeps the last 256 events. So one request for the events since an answer was asked for tells
whether it still holds, whoever acted in between, we or somebody else.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ..errors import EngineError
from ..named_tuple import NamedTuple
from .client import Engine
from .endpoint import Endpoint
from .moment import nanoseconds
from .wire import decoded, json_lines

LISTS = ("/containers/json", "/networks", "/volumes")
REMEMBERED = 256  # events that an engine keeps; where it tells as many, there may have been more
_OF_ONE = re.compile(r"^/(containers/[0-9a-f]{64}|images/.+)/json$")
# What happens to a container without changing what its inspect says.
_LOOKING = ("exec_", "top", "attach", "detach", "resize", "copy", "export", "archive-path")

Touches = Callable[[str], bool]  # whether the answer of a path may be another one now


class _Kept(NamedTuple):
    """An answer, and when it was asked for (nanoseconds since the epoch)."""

    asked: int
    answer: Any


class KeepingEngine(Engine):
    """An engine whose answers outlive a run. Only for one run at a time.

    A run calls ``begin``, reads, and before it writes anything ``pass_through``: from then on all
    is asked again, and kept for the next run. Where the engine's clock is not ours (it is on
    another machine) nothing is kept.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = 60.0) -> None:
        super().__init__(endpoint, timeout=timeout)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._guard = threading.Lock()
        self._believes = False
        self._doubts = False  # something was written since the last check
        self._has_our_clock = True
        self._lost = 0
        self._checked = 0  # until when events have been asked for; nanoseconds since the epoch

    @property
    def workers(self) -> int:
        """How many questions are best asked at a time: for what is kept threads only cost time."""
        return 1 if self._believes and self._kept else super().workers

    def begin(self, patience: float = 0.0) -> bool:
        """A run begins to look: check what is kept, unless that was within ``patience`` seconds.

        Whether it was left unchecked.
        """
        self._believes = True
        if not self._kept or not self._has_our_clock:
            self.forget()
            return False
        age = (time.time_ns() - self._checked) / 1e9
        if not self._doubts and 0 <= age <= patience:
            return True
        self.check()
        return False

    def end(self) -> None:
        """The run is over; until the next one begins all is asked."""
        self._believes = False

    def check(self) -> bool:
        """Ask what has happened and drop what may have changed by it; whether there was such."""
        since, until, before = self._checked, time.time_ns(), len(self._kept)
        if not before:
            return False
        events = self._events(since, until) if self._pool.has_idle() else None
        # A restarted engine has forgotten its events, and has closed our connections.
        if events is None or len(events) >= REMEMBERED or self._pool.lost != self._lost:
            self.forget()
            return True
        self._checked, self._doubts = until, False
        with self._guard:
            self._kept = dict(_still_true(self._kept.items(), events))
        return len(self._kept) < before

    def pass_through(self) -> None:
        """From now on this run asks the engine itself; the next one checks what was kept."""
        self._believes, self._doubts = False, True

    def forget(self) -> None:
        """Keep nothing: all is asked again, also which engine it is."""
        with self._guard:
            self._kept = {}
        self._versions = None
        self._doubts, self._has_our_clock = False, True
        self._checked, self._lost = time.time_ns(), self._pool.lost

    def get(
        self, path: str, query: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Any:
        """As ``Engine.get``, from what is kept where the run still believes that."""
        if path not in (*LISTS, "/info") and not _OF_ONE.match(path):
            return super().get(path, query, timeout=timeout)
        key = (path, repr(sorted((query or {}).items())))
        kept = self._known(key)
        if kept is not None:
            return kept.answer
        asked = time.time_ns()
        answer = super().get(path, query, timeout=timeout)
        if path == "/info":
            now = nanoseconds(answer.get("SystemTime") or "")
            self._has_our_clock = asked <= now <= time.time_ns()
        self._keep(key, _Kept(asked, answer))
        return answer

    def get_each(self, paths: Iterable[str]) -> Iterator[Any]:
        """As ``Engine.get_each``, from what is kept where the run still believes that."""
        paths = list(paths)
        found = {path: kept.answer for path in paths if (kept := self._known((path, "[]")))}
        asked = time.time_ns()
        fresh = super().get_each(path for path in paths if path not in found)
        for path in paths:
            answer = found[path] if path in found else next(fresh)
            if path not in found and _OF_ONE.match(path) and not isinstance(answer, EngineError):
                self._keep((path, "[]"), _Kept(asked, answer))
            yield answer

    def _known(self, key: tuple[str, str]) -> _Kept | None:
        with self._guard:
            return self._kept.get(key) if self._believes else None

    def _keep(self, key: tuple[str, str], kept: _Kept) -> None:
        with self._guard:
            self._kept[key] = kept

    def _events(self, since: int, until: int) -> list[dict[str, Any]] | None:
        """The events of a time that is over; None where the engine does not tell them."""
        query = {"since": _stamp(since), "until": _stamp(until)}
        try:
            reply = self.request("GET", "/events", query=query)
            if reply.status >= 400:
                decoded("GET", "/events", reply)
            return list(json_lines([reply.body]))
        except EngineError:
            return None  # the run asks again, and meets what is wrong


def _still_true(
    kept: Iterable[tuple[tuple[str, str], _Kept]], events: Iterable[Mapping[str, Any]]
) -> Iterable[tuple[tuple[str, str], _Kept]]:
    """What no event has touched since it was asked for."""
    happened = [(event.get("timeNano") or 0, touched_by(event)) for event in events]
    for key, item in kept:
        if not any(when >= item.asked and touches(key[0]) for when, touches in happened):
            yield key, item


def touched_by(event: Mapping[str, Any]) -> Touches:
    """What may be told in another way after an event."""
    kind, action = event.get("Type"), event.get("Action") or ""
    actor = event.get("Actor") or {}
    paths: tuple[str, ...] = LISTS
    if kind == "container":
        if action.startswith(_LOOKING):
            return lambda path: False
        one = f"/containers/{actor.get('ID')}/json"
        paths = (one,) if action.startswith("health_status") else (*LISTS, one)
    elif kind == "network":
        member = (actor.get("Attributes") or {}).get("container")
        paths = (*LISTS, f"/containers/{member}/json")
    elif kind == "volume":
        if action in ("mount", "unmount"):  # its container has an event of its own
            return lambda path: False
    elif kind == "image":
        return lambda path: path.startswith("/images/") or path in LISTS
    else:  # the daemon itself, plugins, what later engines may have: it may change all
        return lambda path: True
    return lambda path: path in paths


def _stamp(time: int) -> str:
    return f"{time // 10**9}.{time % 10**9:09d}"
