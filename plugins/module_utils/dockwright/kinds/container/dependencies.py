"""Waiting for what ``depends_on`` of a container asks for, just before its turn."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Callable

from ...errors import ApplyFailed
from ...model import Want
from ...options import get
from .apply import Bench, await_healthy
from .replace import find


def fulfilled(
    bench: Bench,
    want: Want,
    wants: Mapping[str, Want],
    changing: Container[str],
    tell: Callable[[str], None],
) -> None:
    """Wait for each dependency of ``want`` among ``wants``; what is fulfilled costs no request.

    ``changing`` are the containers of this run whose observation no longer holds. Raises
    ApplyFailed when one fails or ``wait_timeout`` passes.
    """
    for other, condition in want.inputs.get("depends_on", {}).items():
        if condition == "service_started" or other not in wants:
            continue
        have = bench.haves.get(other)
        state = (have.raw.get("State") or {}) if have and other not in changing else {}
        if condition == "service_healthy" and get(state, "Health.Status") == "healthy":
            continue
        ended_well = state.get("Status") == "exited" and state.get("ExitCode") == 0
        if condition != "service_healthy" and ended_well:
            continue
        tell(f"container {want.name}: waiting for {other} ({condition})")
        _await(bench, f"{want.where}.depends_on.{other}", other, condition)


def _await(bench: Bench, where: str, other: str, condition: str) -> None:
    bench.watch.begin()
    if condition == "service_healthy":
        await_healthy(other, where, bench.engine, bench.watch, bench.wait)
        return
    raw = find(bench.engine, other)
    if raw is None:
        fix = "run again, and see who removes it"
        raise ApplyFailed(f"container {other} is not there any more", where=where, fix=fix)
    if get(raw, "State.Status") != "exited":
        bench.watch.completed(other, raw["Id"], bench.wait)
        return
    code = get(raw, "State.ExitCode")
    if code != 0:
        fix = f"look at `docker logs {other}`"
        raise ApplyFailed(f"container {other} exited with {code}", where=where, fix=fix)
