"""Applying the planned changes of a network; containers in it are connected again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ... import owner
from ...differ import carry_ignored, explicit_in
from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...model import Action, Change, Have, Want
from ..container.endpoints import endpoint_body
from .options import ROWS


class Attached(NamedTuple):
    """A container in a network that is made anew, and the endpoint it gets."""

    id: str
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None  # None: the spec does not have it there any more


def apply(
    engine: Engine,
    changes: Iterable[Change],
    want: Want | None,
    have: Have | None,
    attached: Iterable[Attached],
) -> None:
    """Create, remove or make anew one network. Raises ApplyFailed; the old one is then back."""
    actions = {change.action for change in changes}
    name = next(change.name for change in changes)
    if Action.DELETE in actions:
        _delete(engine, name, have)
    elif Action.CREATE in actions and want:
        _create(engine, name, _body(want, None), want.where)
    elif want and have:
        _make_anew(engine, want, have, list(attached))


def _body(want: Want, have: Have | None) -> dict[str, Any]:
    fields = dict(want.fields)
    if have:
        fields, _ = carry_ignored(ROWS, fields, have.fields, want.inputs.get("ignore", ()))
    labels = owner.ours(want.project, want.service, explicit_in(ROWS, want.fields))
    body: dict[str, Any] = {"Name": want.name, "CheckDuplicate": True, "Labels": labels}
    for row in ROWS:
        value = fields.get(row.name)
        if row.write and value is not None and value != {}:
            row.write(body, value)
    return body


def _create(engine: Engine, name: str, body: Mapping[str, Any], where: str) -> None:
    try:
        engine.post("/networks/create", body)
    except EngineRefused as error:
        fix = "check its driver, options and subnets; a subnet may belong to one network only"
        message = f"network {name} could not be created: {error.message}"
        raise ApplyFailed(message, where=where, fix=fix) from error


def _delete(engine: Engine, name: str, have: Have | None) -> None:
    try:
        engine.delete(f"/networks/{have.id if have else name}")
    except EngineRefused as error:
        if error.status != 404:
            fix = "remove the containers in it first, or disconnect them"
            message = f"network {name} could not be removed: {error.message}"
            raise ApplyFailed(message, fix=fix) from error


def _make_anew(engine: Engine, want: Want, have: Have, attached: list[Attached]) -> None:
    for item in attached:
        _disconnect(engine, have.id, item.id)
    try:
        _delete(engine, want.name, have)
        _create(engine, want.name, _body(want, have), want.where)
        for item in attached:
            if item.after is not None:
                _connect(engine, want.name, item.id, item.after)
    except DockwrightError as error:
        _bring_back(engine, have, attached)
        message = f"{error.message}; the old network is back, with its containers"
        raise ApplyFailed(message, where=want.where, fix=error.fix, changed=True) from error


def _bring_back(engine: Engine, have: Have, attached: list[Attached]) -> None:
    """The network as it was, under its name, with everybody in it."""
    now = [raw for raw in engine.get("/networks") if raw["Name"] == have.name]
    if not any(raw["Id"] == have.id for raw in now):
        for raw in now:  # the new one, half filled
            for item in attached:
                _disconnect(engine, raw["Id"], item.id)
            engine.delete(f"/networks/{raw['Id']}")
        engine.post("/networks/create", _definition(have.raw))
    for item in attached:
        _connect(engine, have.name, item.id, item.before)


def _definition(raw: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("Name", "Driver", "Options", "Internal", "Attachable", "EnableIPv6", "IPAM", "Labels")
    return {"CheckDuplicate": True, **{key: raw[key] for key in keys if key in raw}}


def _connect(engine: Engine, network: str, identity: str, endpoint: Mapping[str, Any]) -> None:
    body = {"Container": identity, "EndpointConfig": endpoint_body(endpoint)}
    try:
        engine.post(f"/networks/{network}/connect", body)
    except EngineRefused as error:
        if "already exists in network" not in error.message:
            raise


def _disconnect(engine: Engine, network: str, identity: str) -> None:
    try:
        engine.post(f"/networks/{network}/disconnect", {"Container": identity, "Force": True})
    except EngineRefused as error:
        if error.status != 404 and "is not connected" not in error.message:
            raise
