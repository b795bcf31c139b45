"""Applying the planned changes of one container with as few requests as the engine allows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...model import Action, Change, Disruption, EngineFacts, Have, Want
from ...named_tuple import NamedTuple
from ...options import Option, get
from ..network.members import connect, disconnect
from .body import Creation, copy_of, from_want
from .have import anonymous, has_completed, is_paused, is_running, own_anonymous
from .losses import PATH, told
from .options import ROWS
from .plan import full_fields
from .replace import (
    Started,
    Task,
    create,
    find,
    pause,
    remove,
    remove_volumes,
    replace,
    restart,
    stop,
    update,
)
from .sharing import shared_with
from .stale import MOVED, without
from .watch import Watch


class Bench(NamedTuple):
    """What applying the changes of containers needs."""

    engine: Engine
    facts: EngineFacts
    watch: Watch
    configs: Mapping[str, Mapping[str, Any]]  # image key -> Config
    haves: Mapping[str, Have]  # all containers that were read, by name
    lost: dict[str, str]  # IDs of containers that were replaced -> names; replacing adds to it
    wait: float  # seconds
    image_key: Callable[[str], str]  # a reference as it is written -> the key of `configs`
    did: Callable[[Iterable[Change]], None]  # to be told of each change when it is done
    warn: Callable[[str], None]
    started: list[Started]  # what is to be looked at before the run ends; starting adds to it


def apply(
    bench: Bench, name: str, want: Want | None, have: Have | None, changes: Iterable[Change]
) -> None:
    """Carry out the changes of one container.

    ``want`` is None for containers that the spec does not name: they share a namespace with one
    that is replaced or started. Raises ApplyFailed; what was there then runs as before.
    """
    listed = list(changes)
    actions = {change.action for change in listed}
    if Action.CREATE in actions and want:
        _create(bench, want)
        bench.did(listed)
    elif Action.REPLACE in actions and have:
        _replace(bench, want, have, listed)
        bench.did(listed)
    elif have:
        _change(bench, want, have, listed)


def delete(engine: Engine, have: Have, change: Change) -> None:
    """Stop and remove a container; its anonymous volumes go only if the change says so."""
    if is_running(have):
        stop(engine, have)
    remove(engine, have.id, volumes=False)
    if change.disruption is Disruption.DESTROY:
        remove_volumes(engine, anonymous(have).values())


def _config(bench: Bench, want: Want) -> Mapping[str, Any]:
    return bench.configs.get(bench.image_key(want.fields["image"]), {})


def _create(bench: Bench, want: Want) -> None:
    creation = from_want(want, None, _config(bench, want), bench.facts)
    try:
        identity = create(bench.engine, want.name, creation)
    except EngineRefused as error:
        raise _refused(want, "could not be created", error) from error
    if want.state == "stopped":
        return
    try:
        _run(bench, want, identity)
        if want.state == "paused":
            pause(bench.engine, identity)
    except DockwrightError as error:
        remove(bench.engine, identity)
        message = (
            f"container {want.name} could not be started: {error.message}; it was removed again"
        )
        raise ApplyFailed(message, where=want.where, fix=error.fix, changed=True) from error


def _refused(want: Want | None, what: str, error: DockwrightError) -> ApplyFailed:
    fix = error.fix or "correct the option that the engine names"
    name, where = (want.name, want.where) if want else ("", "")
    changed = isinstance(error, ApplyFailed) and error.changed
    message = f"container {name} {what}: {error.message}"
    return ApplyFailed(message, where=where, fix=fix, changed=changed)


def _replace(bench: Bench, want: Want | None, have: Have, changes: list[Change]) -> None:
    names = {**bench.lost, **{other.id: other.name for other in bench.haves.values()}}
    old = copy_of(have, bench.facts, names)
    if want:
        config = _config(bench, want)
        creation = from_want(want, have, config, bench.facts)
        start = want.state != "stopped"
        health = full_fields(want, config, bench.facts)["healthcheck"]
    else:
        creation = copy_of(have, bench.facts, names)
        moved = [change.path for change in changes if change.reason == MOVED]
        without(creation.body["HostConfig"], moved)
        start = is_running(have)
        health = have.fields["healthcheck"]
    cannot_return = get(have.raw, "HostConfig.AutoRemove") or any(
        reference in bench.lost for _, reference in shared_with(have)
    )
    task = Task(
        have,
        creation,
        start,
        bool(health.get("test")) and health["test"] != ["NONE"],
        bench.wait,
        old if cannot_return else None,
        _sharing(bench, have),
        _dropped(have, creation, changes),
        want.state == "paused" if want else is_paused(have),
    )
    try:
        replace(bench.engine, task, bench.watch)
    except ApplyFailed as error:
        where = want.where if want else ""
        raise ApplyFailed(
            error.message, where=where, fix=error.fix, changed=error.changed
        ) from error
    bench.lost[have.id] = have.name
    planned = {change.path for change in changes}
    for target, volume in own_anonymous(have).items():
        if volume not in creation.carried.values() and PATH + target not in planned:
            # Only the pull could tell that the new image has no volume there.
            bench.warn(told(have.name, target, volume))


def _dropped(have: Have, creation: Creation, changes: Iterable[Change]) -> tuple[str, ...]:
    """The anonymous volumes whose loss the plan announced and that are not taken over after all."""
    announced = {change.path for change in changes if change.disruption is Disruption.DESTROY}
    kept = creation.carried.values()
    found = anonymous(have).items()
    return tuple(v for target, v in found if PATH + target in announced and v not in kept)


def _sharing(bench: Bench, have: Have) -> tuple[Have, ...]:
    """The running containers in the namespaces of this one."""
    return tuple(
        other
        for other in bench.haves.values()
        if is_running(other) and {have.id, have.name} & {ref for _, ref in shared_with(other)}
    )


def _change(bench: Bench, want: Want | None, have: Have, changes: list[Change]) -> None:
    """Everything short of a replacement: one request for all live updates, then step by step."""
    try:
        updates = [c for c in changes if c.action is Action.UPDATE and not _is_endpoint(c)]
        body = _update_body(bench, want, updates) if want and updates else {}
        if body and update(bench.engine, have.id, body):
            bench.engine.post(f"/containers/{have.id}/start")
        bench.did(updates)
        for change in changes:
            if change not in updates:
                _step(bench, want, have, change)
                bench.did([change])
    except (EngineRefused, ApplyFailed) as error:
        raise _refused(want, "could not be changed", error) from error


def _is_endpoint(change: Change) -> bool:
    return change.path.startswith("networks.")


def _step(bench: Bench, want: Want | None, have: Have, change: Change) -> None:
    if change.action is Action.RESTART and want and change.path == "state":
        bench.watch.begin()
        restart(bench.engine, have)
        bench.watch.end_of(have.id, 1.0)  # the end that we caused, which is told a moment later
        bench.watch.forget(have.id)
        _look_at(bench, want, have.id)
    elif change.action is Action.RESTART:
        restart(bench.engine, have)
        if is_paused(have):
            pause(bench.engine, have.id)
    elif change.action is Action.PAUSE:
        pause(bench.engine, have.id)
    elif change.action is Action.STOP:
        stop(bench.engine, have)
    elif change.action is Action.START and want:
        _start(bench, want, have)
    elif _is_endpoint(change) and want:
        reconnect(bench.engine, change.path.partition(".")[2], want, have)


def _start(bench: Bench, want: Want, have: Have) -> None:
    if is_paused(have):
        bench.engine.post(f"/containers/{have.id}/unpause")
        return
    _run(bench, want, have.id)
    if want.state == "paused":
        pause(bench.engine, have.id)


def _run(bench: Bench, want: Want, identity: str) -> None:
    """Start a container, and note that it is to be looked at."""
    bench.watch.begin()
    bench.watch.forget(identity)
    bench.engine.post(f"/containers/{identity}/start")
    _look_at(bench, want, identity)


def _look_at(bench: Bench, want: Want, identity: str) -> None:
    policy = want.fields.get("restart", "no").partition(":")[0]
    bench.started.append(Started(want.name, want.where, identity, policy, time.monotonic()))


def _update_body(bench: Bench, want: Want, changes: list[Change]) -> Mapping[str, Any]:
    """One body for all live updates of a container."""
    config = _config(bench, want)
    full = full_fields(want, config, bench.facts)
    names = {change.path.partition(".")[0] for change in changes}
    payload: dict[str, Any] = {}
    for row in ROWS:
        if row.name in names and row.write:
            row.write(payload, _value(row, full))
    body = dict(payload.get("HostConfig") or {})
    if "Memory" in body:  # the engine compares the two, so it must see both
        body.setdefault("MemorySwap", full["memswap_limit"])
    if "MemorySwap" in body and full["mem_limit"]:
        body.setdefault("Memory", full["mem_limit"])
    return body


def _value(row: Option, full: Mapping[str, Any]) -> Any:
    value = full.get(row.name)
    return row.reset if value is None else value


def reconnect(engine: Engine, network: str, want: Want, have: Have) -> None:
    """Bring one endpoint of a container to what the spec says; the others are not touched."""
    wanted = (want.fields.get("networks") or {}).get(network)
    raw = (get(have.raw, "NetworkSettings.Networks") or {}).get(network)
    seen = (have.fields.get("networks") or {}).get(network)
    if raw is not None:
        disconnect(engine, network, have.id)
    if wanted is None:
        return
    try:
        connect(engine, network, have.id, wanted)
    except DockwrightError:
        if seen is not None:
            connect(engine, network, have.id, seen)
        raise


def settle_health(
    wants: Mapping[str, Want], engine: Engine, watch: Watch, limit: float
) -> Iterator[DockwrightError]:
    """Wait for all of them, each for ``limit`` seconds at most; the errors of those that fail.

    One that has completed meanwhile is done, as the next run would find it.
    """
    watch.begin()
    for name, want in wants.items():
        try:
            await_healthy(name, f"{want.where}.state", engine, watch, limit)
        except DockwrightError as error:
            if not has_completed(find(engine, name) or {}):
                yield error


def await_healthy(name: str, where: str, engine: Engine, watch: Watch, limit: float) -> None:
    """Wait until a container is healthy. Raises ApplyFailed; the watch must have begun."""
    raw = find(engine, name) or {}
    health = get(raw, "State.Health.Status")
    try:
        if not health:
            fix = f"give {name} a healthcheck, or do not wait for its health"
            raise ApplyFailed(f"container {name} has no health check", fix=fix)
        # A pause ends the checks, and the engine calls that unhealthy until the next one.
        if health == "unhealthy" and get(raw, "State.Health.FailingStreak"):
            fix = f"look at `docker logs {name}` and its healthcheck"
            raise ApplyFailed(f"container {name} is unhealthy", fix=fix)
        if get(raw, "State.Status") == "exited":  # nothing checks it any more
            fix = f"look at `docker logs {name}`"
            code = get(raw, "State.ExitCode")
            raise ApplyFailed(f"container {name} exited {code}", fix=fix)
        if health != "healthy":
            watch.healthy(name, raw["Id"], limit)
    except ApplyFailed as error:
        error.where = where
        raise
