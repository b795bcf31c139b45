"""Applying the planned changes of one container with as few requests as the engine allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...model import Action, Change, EngineFacts, Have, Want
from ...options import Option, get
from .body import copy_of, from_want
from .endpoints import endpoint_body
from .have import carried_targets, is_paused, is_running
from .mounts import anonymous_volumes
from .options import ROWS
from .plan import full_fields
from .replace import Task, create, remove, remove_volumes, replace, stop
from .watch import Watch


class Bench(NamedTuple):
    """What applying the changes of containers needs."""

    engine: Engine
    facts: EngineFacts
    watch: Watch
    configs: Mapping[str, Mapping[str, Any]]  # image key -> Config
    names: Mapping[str, str]  # container ID -> name
    wait: float  # seconds
    image_key: Callable[[str], str]  # a reference as it is written -> the key of `configs`


def apply(
    bench: Bench, name: str, want: Want | None, have: Have | None, changes: Iterable[Change]
) -> None:
    """Carry out the changes of one container.

    ``want`` is None for containers that the spec does not name (removed, or replaced because
    they share a namespace). Raises ApplyFailed; a container that was there then runs as before.
    """
    actions = {change.action for change in changes}
    if Action.DELETE in actions and have:
        delete(bench.engine, have)
    elif Action.CREATE in actions and want:
        _create(bench, want)
    elif Action.REPLACE in actions and have:
        _replace(bench, want, have)
    elif have and want:
        _change(bench, want, have, list(changes), actions)


def delete(engine: Engine, have: Have) -> None:
    """Stop and remove a container with its anonymous volumes."""
    if is_running(have):
        stop(engine, have)
    carried = carried_targets(have)
    volumes = anonymous_volumes(have.raw, carried)
    remove(engine, have.id)
    remove_volumes(engine, [volumes[target] for target in carried if target in volumes])


def _config(bench: Bench, want: Want) -> Mapping[str, Any]:
    return bench.configs.get(bench.image_key(want.fields["image"]), {})


def _create(bench: Bench, want: Want) -> None:
    config = _config(bench, want)
    creation = from_want(want, None, config, bench.facts)
    where = want.where
    try:
        identity = create(bench.engine, want.name, creation, want.inputs.get("platform", ""))
    except EngineRefused as error:
        raise _refused(want, "could not be created", error) from error
    if want.state == "stopped":
        return
    if want.inputs.get("awaited"):
        bench.watch.begin()
    try:
        bench.engine.post(f"/containers/{identity}/start")
    except DockwrightError as error:
        remove(bench.engine, identity)
        message = (
            f"container {want.name} could not be started: {error.message}; it was removed again"
        )
        raise ApplyFailed(message, where=where, fix=error.fix) from error


def _refused(want: Want, what: str, error: DockwrightError) -> ApplyFailed:
    fix = error.fix or "correct the option that the engine names"
    return ApplyFailed(f"container {want.name} {what}: {error.message}", where=want.where, fix=fix)


def _replace(bench: Bench, want: Want | None, have: Have) -> None:
    if want:
        config = _config(bench, want)
        creation = from_want(want, have, config, bench.facts)
        full = full_fields(want, config, bench.facts)
        start = want.state != "stopped"
        health = full["healthcheck"]
    else:
        creation = copy_of(have, bench.facts, bench.names)
        start = is_running(have)
        health = have.fields["healthcheck"]
    has_health = bool(health.get("test")) and health["test"] != ["NONE"]
    task = Task(have, creation, start, has_health, bench.wait, carried_targets(have))
    try:
        replace(bench.engine, task, bench.watch, bench.facts)
    except ApplyFailed as error:
        where = want.where if want else ""
        raise ApplyFailed(
            error.message, where=where, fix=error.fix, changed=error.changed
        ) from error


def _change(
    bench: Bench, want: Want, have: Have, changes: list[Change], actions: set[Action]
) -> None:
    engine = bench.engine
    try:
        if Action.UPDATE in actions:
            body = _update_body(bench, want, changes)
            if body:
                engine.post(f"/containers/{have.id}/update", body)
        for change in changes:
            if change.path.startswith("networks."):
                reconnect(engine, change.path.partition(".")[2], want, have)
        if Action.STOP in actions:
            stop(engine, have)
        if Action.START in actions:
            _start(bench, want, have)
    except EngineRefused as error:
        raise _refused(want, "could not be changed", error) from error


def _start(bench: Bench, want: Want, have: Have) -> None:
    if is_paused(have):
        bench.engine.post(f"/containers/{have.id}/unpause")
        return
    if want.inputs.get("awaited"):
        bench.watch.begin()
        bench.watch.forget(have.id)
    bench.engine.post(f"/containers/{have.id}/start")


def _update_body(bench: Bench, want: Want, changes: list[Change]) -> Mapping[str, Any]:
    """One body for all live updates of a container."""
    config = _config(bench, want)
    full = full_fields(want, config, bench.facts)
    paths = {change.path for change in changes if change.action is Action.UPDATE}
    payload: dict[str, Any] = {}
    for row in ROWS:
        if row.name in paths and row.write:
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
        _disconnect(engine, network, have)
    if wanted is None:
        return
    try:
        _connect(engine, network, have.id, wanted)
    except DockwrightError:
        if seen is not None:
            _connect(engine, network, have.id, seen)
        raise


def _connect(engine: Engine, network: str, identity: str, options: Mapping[str, Any]) -> None:
    body = {"Container": identity, "EndpointConfig": endpoint_body(options)}
    engine.post(f"/networks/{network}/connect", body)


def _disconnect(engine: Engine, network: str, have: Have) -> None:
    try:
        engine.post(f"/networks/{network}/disconnect", {"Container": have.id, "Force": True})
    except EngineRefused as error:
        if error.status != 404 and "is not connected" not in error.message:
            raise
