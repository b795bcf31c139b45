"""The containers in a network: connected and disconnected one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import EngineRefused
from ..container.endpoints import endpoint_body


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
