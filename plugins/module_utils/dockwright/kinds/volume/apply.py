"""Applying the planned changes of a volume."""

from __future__ import annotations

from ... import owner
from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused
from ...model import Action, Change, Want
from .options import ROWS


def apply(engine: Engine, change: Change, want: Want | None) -> None:
    """Create or remove one volume. Raises ApplyFailed."""
    if change.action is Action.DELETE:
        try:
            engine.delete(f"/volumes/{change.name}")
        except EngineRefused as error:
            if error.status == 404:
                return
            fix = "remove the containers that use it first"
            raise ApplyFailed(
                f"volume {change.name} could not be removed: {error.message}", fix=fix
            ) from error
    elif want:
        _create(engine, want)


def _create(engine: Engine, want: Want) -> None:
    body: dict[str, object] = {"Name": want.name, "Labels": owner.ours(want.project, "", ())}
    for row in ROWS:
        if row.write and want.fields.get(row.name):
            row.write(body, want.fields[row.name])
    try:
        engine.post("/volumes/create", body)
    except EngineRefused as error:
        raise ApplyFailed(
            f"volume {want.name} could not be created: {error.message}",
            where=want.where,
            fix="check its driver and driver_opts",
        ) from error
