"""Health checks: who has one, and whose health a run waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ...errors import Problem
from ...model import UNKNOWN, Change, EngineFacts, Have, Want
from ...options import get
from .have import is_completed
from .plan import ImageSeen, full_fields


def is_checked(healthcheck: Mapping[str, Any]) -> bool:
    """Whether a container with these options has a health check."""
    return bool(healthcheck.get("test")) and healthcheck["test"] != ["NONE"]


def status_of(have: Have | None) -> str:
    """``healthy``, ``unhealthy`` or ``starting``; empty without a health check."""
    return str(get(have.raw, "State.Health.Status") or "") if have else ""


def awaited(
    wants: Mapping[str, Want], haves: Mapping[str, Have], changes: Iterable[Change]
) -> dict[str, Want]:
    """The containers with ``state: healthy`` that are not known to be, and those that change."""
    busy = {change.name for change in changes if change.kind == "container"}
    return {
        name: want
        for name, want in wants.items()
        if want.inputs.get("run") == "healthy" and (name in busy or _is_open(haves.get(name)))
    }


def _is_open(have: Have | None) -> bool:
    """Whether it is not known to be healthy; one that is done is not asked any more."""
    return status_of(have) != "healthy" and not (have and is_completed(have))


def problems(
    wants: Mapping[str, Want], image_of: Callable[[Want], ImageSeen], facts: EngineFacts
) -> Iterator[Problem]:
    """Waits for a health that nothing checks, as far as the images are known before the run."""
    for want in wants.values():
        needs = [(f"{want.where}.state", want)] if want.inputs.get("run") == "healthy" else []
        for other, condition in want.inputs.get("depends_on", {}).items():
            if condition == "service_healthy" and other in wants and want.state != "absent":
                needs.append((f"{want.where}.depends_on.{other}", wants[other]))
        for where, target in needs:
            image = image_of(target)
            given = target.fields.get("healthcheck") or {}
            is_open = image.id is UNKNOWN and not given.get("test")
            if is_open or target.state != "running":
                continue
            if not is_checked(full_fields(target, image.config or {}, facts)["healthcheck"]):
                fix = f"give {target.name} a healthcheck, or do not wait for its health"
                yield Problem(where, f"container {target.name} has no health check", fix)
