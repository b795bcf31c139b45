"""The containers in a network: connected and disconnected one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import EngineRefused
from ...model import Action, Change, Have, Want
from ..container.endpoints import endpoint_body
from .recovery import Member


def connect(engine: Engine, network: str, identity: str, endpoint: Mapping[str, Any]) -> None:
    """Connect a container; one that is connected already stays as it is."""
    body = {"Container": identity, "EndpointConfig": endpoint_body(endpoint)}
    try:
        engine.post(f"/networks/{network}/connect", body)
    except EngineRefused as error:
        if "already exists in network" not in error.message:
            raise


def disconnect(engine: Engine, network: str, identity: str) -> None:
    """Disconnect a container, if it is connected."""
    try:
        engine.post(f"/networks/{network}/disconnect", {"Container": identity, "Force": True})
    except EngineRefused as error:
        if error.status != 404 and "is not connected" not in error.message:
            raise


def attached_to(
    name: str, haves: Mapping[str, Have], wants: Mapping[str, Want], changes: Iterable[Change]
) -> list[Member]:
    """The containers in a network, with the endpoints they have and are to have."""
    listed = list(changes)
    removed = {c.name for c in listed if c.action is Action.DELETE}
    anew = {c.name for c in listed if c.action in (Action.REPLACE, Action.CREATE)}
    found = []
    for have in haves.values():
        before = (have.fields.get("networks") or {}).get(name)
        if before is None or have.name in removed:  # removals came before
            continue
        want = wants.get(have.name)
        after: Mapping[str, Any] | None = before
        if want:
            after = want.fields["networks"].get(name)
        if after is None and have.name in anew:  # until it is replaced; its address may not fit
            after = {key: value for key, value in before.items() if "address" not in key}
        found.append(Member(have.id, have.name, before, after))
    return found
