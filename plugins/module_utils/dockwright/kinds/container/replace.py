"""Replacing a container so that it is never worse than before (design law 6).

create new under a temporary name → old: policy `no`, stopped, renamed away → new: renamed to the
name, started, healthy → old removed. Whatever fails is undone: the old one runs again under its
name with its policy. The new container's label is the journal, so that the next run can finish or
undo what a killed one left.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from ... import owner
from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...model import Have
from ...options import get
from .body import Creation, copy_of
from .have import is_running
from .mounts import anonymous_volumes
from .recovery import NEW, OLD, Journal, Recovery
from .watch import Watch

_GONE = (404,)


class Task(NamedTuple):
    """One replacement: the old container, the request for the new one, and what it is to do."""

    have: Have
    creation: Creation
    start: bool
    has_health: bool
    limit: float  # seconds to become healthy
    previous: frozenset[str] = (
        frozenset()
    )  # targets of anonymous volumes the old one had taken over


def create(engine: Engine, name: str, creation: Creation, platform: str = "") -> str:
    """Create a container with all its networks; the ID. Nothing is left behind when it fails."""
    query = {"name": name}
    if platform:
        query["platform"] = platform
    answer = engine.post("/containers/create", creation.body, query)
    identity = str(answer["Id"])
    try:
        for network, endpoint in creation.connects.items():
            body = {"Container": identity, "EndpointConfig": endpoint}
            engine.post(f"/networks/{network}/connect", body)
    except DockwrightError:
        remove(engine, identity)
        raise
    return identity


def remove(engine: Engine, identity: str, *, force: bool = True) -> None:
    """Remove a container with the anonymous volumes that were made with it; gone is fine."""
    try:
        engine.delete(f"/containers/{identity}", {"force": force, "v": True})
    except EngineRefused as error:
        if error.status not in _GONE and "already in progress" not in error.message:
            raise


def remove_volumes(engine: Engine, names: Any) -> None:
    """Remove anonymous volumes that lost their owner; those that are used stay."""
    for name in names:
        try:
            engine.delete(f"/volumes/{name}")
        except EngineRefused as error:
            if error.status not in (404, 409):
                raise


def stop(engine: Engine, have: Have) -> None:
    """Stop a container and wait for it; its own grace period decides how long that may take."""
    grace = have.fields.get("stop_grace_period", 0) / 10**9
    _quietly_gone(
        lambda: engine.post(f"/containers/{have.id}/stop", timeout=engine.timeout + grace)
    )


def _quietly_gone(call: Callable[[], Any]) -> None:
    try:
        call()
    except EngineRefused as error:
        if error.status not in _GONE:
            raise


def _rename(engine: Engine, identity: str, name: str) -> None:
    engine.post(f"/containers/{identity}/rename", None, {"name": name})


def replace(engine: Engine, task: Task, watch: Watch, facts: Any) -> str:
    """Put a new container in the place of the old one; the new ID.

    Raises ApplyFailed that names the step; the old container then runs as it did before.
    """
    have = task.have
    policy = get(have.raw, "HostConfig.RestartPolicy") or {}
    running = is_running(have)
    journal = Journal(have.id, running, policy, task.start)
    task.creation.body.setdefault("Labels", {})[owner.REPLACES] = journal.text()
    if task.start and task.has_health:
        watch.begin()
    try:
        new = create(engine, have.name + NEW, task.creation)
    except DockwrightError as error:
        raise _failed(
            have, "the new container could not be created", error, untouched=True
        ) from error
    step = "the old container could not be set aside"
    try:
        _set_aside(engine, have, policy, running, facts)
        step = "the new container could not be named"
        _rename(engine, new, have.name)
        step = "the new container could not be started"
        if task.start:
            _start(engine, new, task, watch)
    except DockwrightError as error:
        _undo_or_say(engine, have, new, journal, step, error)
        raise _failed(have, step, error, untouched=False) from error
    _dispose(engine, task)
    return new


def _set_aside(engine: Engine, have: Have, policy: Any, running: bool, facts: Any) -> None:
    """Stop the old container and free its name, so that it can come back."""
    if get(have.raw, "HostConfig.AutoRemove"):
        # It vanishes when it stops: a copy of it, which never ran, is what can come back.
        create(engine, have.name + OLD, copy_of(have, facts, {}))
        if running:
            stop(engine, have)
        remove(engine, have.id)
        return
    if (policy.get("Name") or "no") != "no":
        engine.post(f"/containers/{have.id}/update", {"RestartPolicy": {"Name": "no"}})
    if running:
        stop(engine, have)
    _rename(engine, have.id, have.name + OLD)


def _start(engine: Engine, new: str, task: Task, watch: Watch) -> None:
    engine.post(f"/containers/{new}/start")
    if task.has_health:
        watch.healthy(task.have.name, new, task.limit)
        return
    state = (engine.get(f"/containers/{new}/json").get("State")) or {}
    restart = get(task.creation.body, "HostConfig.RestartPolicy.Name") or "no"
    one_shot = restart in ("no", "on-failure")
    ended_well = one_shot and state.get("ExitCode") == 0
    if not (state.get("Running") or state.get("Restarting") or ended_well):
        message = f"it exited with {state.get('ExitCode')} right after its start"
        raise ApplyFailed(message, fix=f"look at its image and command ({task.have.name})")


def _dispose(engine: Engine, task: Task) -> None:
    """Remove the old container and those of its anonymous volumes that nobody took over."""
    have = task.have
    _quietly_gone(lambda: remove(engine, have.name + OLD))
    old = anonymous_volumes(have.raw, task.previous)
    kept = set(task.creation.carried.values())
    remove_volumes(engine, [name for name in old.values() if name not in kept])


def _failed(have: Have, step: str, error: DockwrightError, *, untouched: bool) -> ApplyFailed:
    after = "it was not touched" if untouched else "the old one is back in its place"
    return ApplyFailed(
        f"container {have.name} was not replaced, {step}: {error.message}; {after}",
        fix=error.fix,
        changed=not untouched,
    )


def _undo_or_say(
    engine: Engine, have: Have, new: str, journal: Journal, step: str, error: DockwrightError
) -> None:
    """Undo; when that fails too, say what is where."""
    try:
        undo(engine, have.name, new, journal)
    except DockwrightError as second:
        raise ApplyFailed(
            f"container {have.name}: {step}: {error.message}; and the old one, {have.id[:12]}, could"
            f" not be brought back: {second.message}",
            fix="run again: the next run brings the old one back",
            changed=True,
        ) from second


def undo(engine: Engine, name: str, new: str, journal: Journal) -> None:
    """Bring the old container back under its name, as it ran before; then remove the new one.

    Works from any step, also when it was itself interrupted: the new container, with the journal
    on it, is removed last.
    """
    old = _find(engine, name + OLD)
    at_name = _find(engine, name)
    if at_name and at_name["Id"] == new:
        if not old:
            return  # there is nothing to bring back: the new one is all there is
        _quietly_gone(lambda: engine.post(f"/containers/{new}/stop", None, {"t": 0}))
        _free(engine, new, name)
        at_name = None
    if old and not at_name:
        _rename(engine, old["Id"], name)
        at_name, old = old, None
    if at_name:
        _as_before(engine, at_name, journal)
    if old:  # the copy of a container that removes itself, which is still there
        remove(engine, old["Id"])
    if new:
        remove(engine, new)


def _free(engine: Engine, new: str, name: str) -> None:
    """Give the new container its temporary name again."""
    try:
        _rename(engine, new, name + NEW)
    except EngineRefused as error:
        if error.status not in _GONE:
            raise


def _as_before(engine: Engine, survivor: Any, journal: Journal) -> None:
    identity = survivor["Id"]
    policy = get(survivor, "HostConfig.RestartPolicy.Name") or "no"
    wanted = journal.restart.get("Name") or "no"
    if policy != wanted:
        engine.post(f"/containers/{identity}/update", {"RestartPolicy": dict(journal.restart)})
    if journal.running and not get(survivor, "State.Running"):
        engine.post(f"/containers/{identity}/start")


def _find(engine: Engine, name: str) -> Any:
    """The container of exactly this name, None if there is none."""
    try:
        raw = engine.get(f"/containers/{name}/json")
    except EngineRefused as error:
        if error.status in _GONE:
            return None
        raise
    return raw if (raw.get("Name") or "").lstrip("/") == name else None


def recover(engine: Engine, recovery: Recovery) -> None:
    """Finish or undo what a killed run left of a replacement."""
    if recovery.finish:
        remove(engine, recovery.old)
        return
    undo(engine, recovery.name, recovery.new, recovery.journal)
