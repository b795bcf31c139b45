"""Applying the planned changes of a volume."""

from __future__ import annotations

from typing import Any

from ... import owner
from ...differ import carry_ignored, complete
from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused
from ...model import Action, Change, Have, Want
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
        create(engine, body(want), want.where)


def body(want: Want, have: Have | None = None) -> dict[str, Any]:
    """The request that makes the volume; what is ignored stays as it is."""
    made: dict[str, Any] = {"Name": want.name, "Labels": owner.ours(want.project, "", ())}
    fields = dict(want.fields)
    if have:
        full, ignored = complete(ROWS, want.fields, {}), want.inputs.get("ignore", ())
        fields, _ = carry_ignored(ROWS, full, have.fields, ignored)
    for row in ROWS:
        if row.write and fields.get(row.name):
            row.write(made, fields[row.name])
    return made


def create(engine: Engine, made: dict[str, Any], where: str) -> None:
    """Make one volume. Raises ApplyFailed."""
    try:
        engine.post("/volumes/create", made)
    except EngineRefused as error:
        raise ApplyFailed(
            f"volume {made['Name']} could not be created: {error.message}",
            where=where,
            fix="check its driver and driver_opts",
        ) from error
