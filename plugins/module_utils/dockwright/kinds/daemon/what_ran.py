"""Which containers ran before the daemon's restart, and bringing that state back after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.client import Engine
from ...engine.moment import nanoseconds
from ...errors import ApplyFailed, EngineRefused
from ...named_tuple import NamedTuple

_RUNS = ("running", "paused", "restarting")
_KILLED = (137, 143, 255)  # by the daemon's stop, not by an end of their own
# Seconds. However a daemon is ended it tells systemd first, and its containers end after that; but
# systemd's moment is of another clock, which may be set meanwhile.
_SLACK = 0.1


class WhatRan(NamedTuple):
    """Containers by ID, with their names for messages."""

    running: Mapping[str, str]
    stopped_always: Mapping[str, str]  # a restart would start them although a person stopped them


def observe(engine: Engine) -> WhatRan:
    """What runs now, and which stopped containers have the policy `always`."""
    running: dict[str, str] = {}
    stopped: dict[str, str] = {}
    for entry in engine.get("/containers/json", {"all": True}):
        identity, name = entry["Id"], _name(entry)
        if entry.get("State") in _RUNS:
            running[identity] = name
        elif entry.get("State") == "exited" and _policy(engine, identity) == "always":
            stopped[identity] = name
    return WhatRan(running, stopped)


def before(engine: Engine, ended: float) -> WhatRan:
    """What ran when the daemon ended (UNIX time), told afterwards: it stopped that itself."""
    running: dict[str, str] = {}
    stopped: dict[str, str] = {}
    for entry in engine.get("/containers/json", {"all": True}):
        identity, name = entry["Id"], _name(entry)
        state = _state(engine, identity) or {}
        if _moment(state.get("FinishedAt")) >= ended - _SLACK:
            running[identity] = name
        elif _moment(state.get("StartedAt")) >= ended and _policy(engine, identity) == "always":
            stopped[identity] = name
    return WhatRan(running, stopped)


def _moment(value: Any) -> float:
    """A moment of the engine as UNIX time; 0 or less where it never was."""
    return nanoseconds(str(value or "")) / 10**9


def bring_back(engine: Engine, before: WhatRan, *, all_stopped: bool) -> list[str]:
    """Start what ran and does not, stop what was stopped and runs; the names of what vanished.

    ``all_stopped``: the restart stopped every container. Else one that is down has either ended
    by itself, and is left so, or was killed. Raises ApplyFailed naming those that do not start.
    """
    now = {e["Id"] for e in engine.get("/containers/json") if e.get("State") in _RUNS}
    for identity in before.stopped_always:
        if identity in now:
            engine.post(f"/containers/{identity}/stop")
    missing = [identity for identity in before.running if identity not in now]
    vanished: list[str] = []
    todo: list[str] = []
    for identity in missing:
        state = _state(engine, identity)
        if state is None:
            vanished.append(before.running[identity])
        elif all_stopped or state.get("ExitCode") in _KILLED:
            todo.append(identity)
    failures = _start_all(engine, todo)
    if failures:
        words = "; ".join(f"{before.running[key]}: {text}" for key, text in failures.items())
        raise ApplyFailed(f"containers that ran before do not start: {words}")
    return vanished


def _start_all(engine: Engine, todo: list[str]) -> dict[str, str]:
    """Start them in rounds, for one may need another's network; what is left, with the reason."""
    failures: dict[str, str] = {}
    while todo:
        failures = {}
        for identity in todo:
            try:
                engine.post(f"/containers/{identity}/start")
            except EngineRefused as error:
                failures[identity] = error.message
        if len(failures) == len(todo):
            break
        todo = list(failures)
    return failures


def _state(engine: Engine, identity: str) -> Mapping[str, Any] | None:
    try:
        found = engine.get(f"/containers/{identity}/json")
    except EngineRefused as error:
        if error.status == 404:
            return None
        raise
    return dict(found["State"])


def _policy(engine: Engine, identity: str) -> str:
    try:
        found = engine.get(f"/containers/{identity}/json")
    except EngineRefused:  # removed meanwhile
        return ""
    return str(((found.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "")


def _name(entry: Mapping[str, Any]) -> str:
    names = entry.get("Names") or []
    return str(names[0]).lstrip("/") if names else str(entry["Id"])[:12]
