"""Replacing a container so that it is never worse than before (design law 6).

create new under a temporary name → old: policy `no`, stopped, renamed away → new: renamed to the
name, started, healthy → old removed. Whatever fails is undone: the old one runs again under its
name with its policy. The new container's label is the journal, so that the next run can finish or
undo what a killed one left.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ... import owner
from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...host.runner import at_work
from ...model import Have
from ...named_tuple import NamedTuple
from ...options import get
from .body import Creation
from .have import has_completed, is_paused, is_running
from .recovery import NEW, OLD, Journal, Recovery, is_old
from .watch import Watch

_GONE = (404,)

_TRIES, _PAUSE = 3, 0.05  # of an update, and seconds between them
STAY = 0.3  # seconds a container without a health check must stay before the old one goes
# Seconds before it is looked at where there is no old one: a fault is only told. What has ended
# until then is seen, however loaded the host is: the engine answers after its work on an end.
SETTLE = 0.04
_TOLD = 1.0  # seconds at most until the engine's event of an end that it shows already


class Task(NamedTuple):
    """One replacement: the old container, the request for the new one, and what it is to do."""

    have: Have
    creation: Creation
    start: bool
    has_health: bool
    limit: float  # seconds to become healthy
    copy: Creation | None  # makes the old one once more, where it cannot come back itself
    sharing: tuple[Have, ...]  # running containers in its namespaces
    drop: tuple[str, ...]  # its anonymous volumes whose loss the plan has announced
    pause: bool = False  # once it runs


class Started(NamedTuple):
    """A container that was started without a health check to wait for."""

    name: str
    where: str
    id: str
    policy: str  # its restart policy
    at: float  # monotonic


def create(engine: Engine, name: str, creation: Creation) -> str:
    """Create a container with all its networks; the ID. Nothing is left behind when it fails."""
    query = {"name": name}
    if creation.platform:
        query["platform"] = creation.platform
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


def remove(engine: Engine, identity: str, *, volumes: bool = True) -> None:
    """Remove a container, and the anonymous volumes that were made with it; gone is fine."""
    try:
        engine.delete(f"/containers/{identity}", {"force": True, "v": volumes})
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
    _quietly_gone(lambda: engine.post(f"/containers/{have.id}/stop", timeout=_grace(engine, have)))


def pause(engine: Engine, identity: str) -> None:
    """Freeze the processes of a running container."""
    engine.post(f"/containers/{identity}/pause")


def restart(engine: Engine, have: Have) -> None:
    """Stop a container and start it again; gone is fine."""
    limit = _grace(engine, have)
    _quietly_gone(lambda: engine.post(f"/containers/{have.id}/restart", timeout=limit))


def _grace(engine: Engine, have: Have) -> float:
    return float(engine.timeout + have.fields.get("stop_grace_period", 0) / 10**9)


def _quietly_gone(call: Callable[[], Any]) -> None:
    try:
        call()
    except EngineRefused as error:
        if error.status not in _GONE:
            raise


def _rename(engine: Engine, identity: str, name: str) -> None:
    engine.post(f"/containers/{identity}/rename", None, {"name": name})


def replace(engine: Engine, task: Task, watch: Watch) -> str:
    """Put a new container in the place of the old one; the new ID.

    Raises ApplyFailed that names the step; the old container then runs as it did before.
    """
    with at_work() as by:
        return _replace(engine, task, watch, by)


def _replace(engine: Engine, task: Task, watch: Watch, by: str) -> str:
    have = task.have
    policy = get(have.raw, "HostConfig.RestartPolicy") or {}
    ran = is_running(have), policy, task.start, task.drop, is_paused(have)
    journal = Journal(have.id, *ran, by=by)
    task.creation.body.setdefault("Labels", {})[owner.REPLACES] = journal.text()
    step = "the new container could not be created"
    try:
        if task.start:
            watch.begin()
        new = create(engine, have.name + NEW, task.creation)
    except DockwrightError as error:
        raise _failed(have, step, error, "it was not touched") from error
    try:
        step = "the old container could not be set aside"
        _set_aside(engine, task, journal)
        step = "the new container could not be named"
        _rename(engine, new, have.name)
        step = "the new container could not be started"
        if task.start:
            _start(engine, new, task, watch)
        if task.pause:
            pause(engine, new)
    except DockwrightError as error:
        after = _undo_or_say(engine, task, new, journal, step, error)
        raise _failed(have, step, error, after, changed=True) from error
    _dispose(engine, task, journal)
    return new


def _set_aside(engine: Engine, task: Task, journal: Journal) -> None:
    """Stop the old container and free its name, so that it can come back."""
    have = task.have
    if task.copy:
        # A copy of it, which never ran, is what can come back.
        create(engine, have.name + OLD, task.copy)
        if journal.running:
            stop(engine, have)
        if get(have.raw, "HostConfig.AutoRemove") and journal.running:
            _await_removal(engine, have)
        else:
            remove(engine, have.id)
        return
    stopped = False
    if (journal.restart.get("Name") or "no") != "no":
        stopped = _set_policy(engine, have.id, {"Name": "no"})
    if journal.running and not stopped:
        stop(engine, have)
    _rename(engine, have.id, have.name + OLD)


def _set_policy(engine: Engine, identity: str, policy: Any) -> bool:
    """Set a restart policy; whether the container had to be stopped for it."""
    return update(engine, identity, {"RestartPolicy": dict(policy)})


def update(engine: Engine, identity: str, body: Any) -> bool:
    """Change limits or the restart policy; whether the container had to be stopped for it.

    One that ends and is started again all the time cannot be updated in between.
    """
    path = f"/containers/{identity}/update"
    for attempt in range(_TRIES):
        try:
            engine.post(path, body)
            return False
        except EngineRefused:
            if get(engine.get(f"/containers/{identity}/json"), "State.Restarting"):
                break
            if attempt == _TRIES - 1:  # it is refused for good
                raise
            time.sleep(_PAUSE)  # or it had just ended, which the engine takes a moment to note
    engine.post(f"/containers/{identity}/stop")
    try:
        engine.post(path, body)
    except EngineRefused:
        engine.post(f"/containers/{identity}/start")
        raise
    return True


def _await_removal(engine: Engine, have: Have) -> None:
    """The engine removes it by itself once it has stopped; only then its name is free."""
    path, query = f"/containers/{have.id}/wait", {"condition": "removed"}
    _quietly_gone(lambda: engine.post(path, None, query))


def _start(engine: Engine, new: str, task: Task, watch: Watch) -> None:
    engine.post(f"/containers/{new}/start")
    name = task.have.name
    if task.has_health:
        try:
            watch.healthy(name, new, task.limit)
        except ApplyFailed:
            if not has_completed(engine.get(f"/containers/{new}/json")):
                raise  # one that has completed is done, as where it is made the first time
        return
    policy = get(task.creation.body, "HostConfig.RestartPolicy.Name") or "no"
    failed = failure(name, policy, watch.end_of(new, STAY))
    if failed:
        raise failed


def failure(name: str, policy: str, end: str) -> ApplyFailed | None:
    """The error of a container that ended (``exited N``) right after its start; None if it is fine.

    One that ends well is fine, unless the engine starts it again all the same.
    """
    is_again = policy in ("always", "unless-stopped") or (
        policy == "on-failure" and end != "exited 0"
    )
    if not end or (end == "exited 0" and not is_again):
        return None
    text = f"keeps restarting: it {end}" if is_again else end
    message = f"container {name} {text} right after its start"
    return ApplyFailed(message, fix=f"look at `docker logs {name}`", changed=True)


def rest(started: Iterable[Started], *, longer: bool = False) -> None:
    """Give what was started last a moment; a longer one before what it stands for goes."""
    moment = STAY if longer else SETTLE
    left = max((one.at + moment for one in started), default=0.0) - time.monotonic()
    if left > 0:
        time.sleep(left)


def not_rested(started: Iterable[Started]) -> frozenset[str]:
    """The names of what has not had its moment yet."""
    now = time.monotonic()
    return frozenset(one.name for one in started if one.at + SETTLE > now)


def settle(
    started: Iterable[Started], haves: Mapping[str, Have], watch: Watch
) -> Iterator[ApplyFailed]:
    """The errors of started containers that do not stay; ``haves`` is what was seen since."""
    for one in started:
        have = haves.get(one.name)
        is_over = have is not None and have.id == one.id and not is_running(have)
        end = watch.end_of(one.id, _TOLD if is_over else 0.0)
        # Later on, one that is started again may have needed what was not there yet.
        if one.policy != "no" and not watch.ended_by(one.id, one.at + STAY):
            continue
        failed = failure(one.name, one.policy, end)
        if failed:
            failed.where = one.where
            yield failed


def _dispose(engine: Engine, task: Task, journal: Journal) -> None:
    """Remove the old container, and of its anonymous volumes only what was to go."""
    remove(engine, task.have.name + OLD if task.copy else task.have.id, volumes=False)
    remove_volumes(engine, journal.drop)


def _failed(
    have: Have, step: str, error: DockwrightError, after: str, *, changed: bool = False
) -> ApplyFailed:
    return ApplyFailed(
        f"container {have.name} was not replaced, {step}: {error.message}; {after}",
        fix=error.fix or "correct the option that the engine names",
        changed=changed,
    )


def _undo_or_say(  # noqa: PLR0913 - all of what went wrong
    engine: Engine, task: Task, new: str, journal: Journal, step: str, error: DockwrightError
) -> str:
    """Undo, and say what came of it; when that fails too, say what is where."""
    have = task.have
    try:
        if undo(engine, have.name, new, journal):
            for other in task.sharing:
                restart(engine, other)
        at_name = find(engine, have.name)
    except DockwrightError as second:
        raise ApplyFailed(
            f"container {have.name}: {step}: {error.message}; and the old one, {have.id[:12]},"
            f" could not be brought back: {second.message}",
            fix="run again: the next run brings the old one back",
            changed=True,
        ) from second
    if at_name and (task.copy or at_name["Id"] == have.id):
        return "the old one is back in its place"
    return "the old one is gone, somebody else removed it"


def undo(engine: Engine, name: str, new: str, journal: Journal) -> bool:
    """Bring the old container back under its name, as it ran before; then remove the new one.

    Works from any step, also when it was itself interrupted: the new container, with the journal
    on it, is removed last. Returns whether the old one had to be started.
    """
    old, at_name = find(engine, name + OLD), find(engine, name)
    old = old if old and is_old(old, journal) else None
    started = False
    if at_name and at_name["Id"] == new:
        if not old:
            return False  # there is nothing to bring back: the new one is all there is
        _quietly_gone(lambda: engine.post(f"/containers/{new}/stop", None, {"t": 0}))
        _quietly_gone(lambda: _rename(engine, new, name + NEW))
        at_name = None
    if old and at_name and journal.running and not get(at_name, "State.Running"):
        remove(engine, at_name["Id"])  # it was stopped and cannot come back: its copy can
        at_name = None
    if old and not at_name:
        _rename(engine, old["Id"], name)
        at_name, old = old, None
        started = _as_before(engine, at_name, journal)
    elif at_name and (at_name["Id"] == journal.id or _never_ran(at_name)):  # it, or its copy
        started = _as_before(engine, at_name, journal)
    if old:  # the copy of a container that is still there itself
        remove(engine, old["Id"])
    if new:
        remove(engine, new)
    return started


def _never_ran(raw: Any) -> bool:
    return bool(get(raw, "State.Status") == "created")


def _as_before(engine: Engine, survivor: Any, journal: Journal) -> bool:
    """Its restart policy, and that it runs; whether it had to be started."""
    identity = survivor["Id"]
    policy = get(survivor, "HostConfig.RestartPolicy.Name") or "no"
    wanted = journal.restart.get("Name") or "no"
    stopped = policy != wanted and _set_policy(engine, identity, journal.restart)
    if not journal.running or (get(survivor, "State.Running") and not stopped):
        return False
    engine.post(f"/containers/{identity}/start")
    if journal.paused:
        pause(engine, identity)
    return True


def find(engine: Engine, name: str) -> Any:
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
    if not recovery.finish:
        undo(engine, recovery.name, recovery.new, recovery.journal)
        return
    if recovery.old:
        remove(engine, recovery.old, volumes=False)
    remove_volumes(engine, recovery.journal.drop)
