"""Stopping all containers before the engine: their definitions are on disk before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.client import Engine
from ...engine.parallel import each
from ...errors import ApplyFailed, EngineRefused
from ...model import EngineFacts, Have
from ..container.have import is_paused, is_running
from .inventory import containers_of, written_by
from .save import commit, commit_names, definitions_of, save_images
from .work import Work

_GRACE = 60.0


def record_and_stop(work: Work, facts: EngineFacts) -> tuple[Have, ...]:
    """Note all containers, then stop those that run; as they were before."""
    containers = containers_of(work.engine, facts)
    work.note("containers", definitions_of(containers))
    work.step("stop")
    running = [have for have in containers if is_running(have)]
    if running:
        work.tell(f"stop {len(running)} containers")
    each(lambda have: stop(work.engine, have), running, 8)
    return containers


def stop(engine: Engine, have: Have) -> None:
    """Its own grace period decides how long that may take; gone (--rm) is fine."""
    path = f"/containers/{have.id}"
    grace = float(have.fields.get("stop_grace_period") or 0) / 10**9
    try:
        if is_paused(have):
            engine.post(f"{path}/unpause")
        engine.post(f"{path}/stop", timeout=engine.timeout + grace + _GRACE)
        if (have.raw.get("HostConfig") or {}).get("AutoRemove"):  # it is half there for a moment
            engine.post(f"{path}/wait", None, {"condition": "removed"})
    except EngineRefused as error:
        if error.status != 404:
            raise


def keep_written(work: Work, containers: Iterable[Have], writable: str) -> None:
    """What containers wrote into their own layers, now that they write no more.

    Raises ApplyFailed where the plan did not know of it and nobody said what to do.
    """
    there = {item["Id"] for item in work.engine.get("/containers/json", {"all": True})}
    left = [have for have in containers if have.id in there]
    written = written_by(work.engine, left)
    if not written or writable == "discard":
        return
    if writable == "refuse":
        raise ApplyFailed(
            f"these wrote into their own layer meanwhile: {', '.join(written)}",
            fix="keep it with writable: commit, or give it up with writable: discard",
        )
    names = commit_names(left, written)
    work.step("commit", commits=names)
    images = commit(work, left, names)
    path = save_images(work, images, "commits")
    work.note("commits", {"path": path, "images": [list(image) for image in images]})


def noted_commits(work: Work) -> Mapping[str, Any]:
    """The archive of those images, and what is in it."""
    return work.noted("commits") or {"path": "", "images": []}
