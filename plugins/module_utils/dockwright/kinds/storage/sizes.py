"""How much room layers and folders take, to tell before anything begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...engine.client import Engine
from ...errors import EngineRefused, HostError
from ...host.machine import Host
from ...model import Have

_MEBIBYTE = 1024**2
_WALK_LIMIT = 600.0


def layers_in_full(engine: Engine, images: Iterable[str], containers: Iterable[Have]) -> int:
    """The bytes of a driver that copies all below into each layer; containers have two more."""
    ids = list(images)
    answers = engine.get_each(f"/images/{id}/history" for id in ids)
    chains = {id: _steps(found) for id, found in zip(ids, answers)}
    seen: dict[tuple[Any, ...], int] = {}
    for steps in chains.values():
        below = 0
        chain: tuple[Any, ...] = ()
        for step in steps:
            chain = (*chain, step)
            below += step[1]
            seen[chain] = below
    whole = {id: sum(step[1] for step in steps) for id, steps in chains.items()}
    mine = sum(2 * whole.get(str(have.raw.get("Image")), 0) for have in containers)
    return sum(seen.values()) + mine


def _steps(found: Any) -> list[tuple[str, int]]:
    """The layers in a history from the lowest on: what made them, and their bytes."""
    if isinstance(found, EngineRefused):  # removed meanwhile, or damaged
        return []
    steps = [(str(step.get("CreatedBy")), int(step.get("Size") or 0)) for step in reversed(found)]
    return [step for step in steps if step[1]]


def size_of(host: Host, path: str) -> int:
    """The bytes that a folder takes on its file system, without what is mounted in it."""
    argv = ["du", "-sx", "-B1", host.files.path(path)]
    try:
        text = host.run(argv, timeout=_WALK_LIMIT).stdout  # files may vanish while it looks
    except HostError:  # no du on this host
        return 0
    number = text.partition("\t")[0].strip()
    return int(number) if number.isdigit() else 0


def shown(count: int) -> str:
    """Bytes for people."""
    if count >= 1024 * _MEBIBYTE:
        return f"{count / _MEBIBYTE / 1024:.1f} GiB"
    return f"{max(1, round(count / _MEBIBYTE)) if count else 0} MiB"
