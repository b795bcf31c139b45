"""The state of the objects that a document names, as the report returns it; no secrets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import Have
from .observe import Observation
from .options import get
from .spec import Document


def state_of(document: Document, seen: Observation) -> dict[str, Any]:
    """What is there of the document's objects, by kind and name; None for what is not there."""
    sections = {
        "plugins": {name: _plugin(seen.plugins.get(name)) for name in document.plugins},
        "containers": _each(document.containers, seen.containers, _container),
        "networks": _each(document.networks, seen.networks, _network),
        "volumes": _each(document.volumes, seen.volumes, _volume),
        "images": {want.name: _image(seen.images[key]) for key, want in document.images.items()},
    }
    return {name: found for name, found in sections.items() if found}


def engine_of(seen: Observation, address: str) -> dict[str, Any]:
    """The engine that was seen, or assumed, as the report returns it."""
    facts = seen.facts
    about = {"version": facts.engine, "api": facts.api, "assumed": facts.assumed}
    return {**about, "address": address}


def _each(wants: Mapping[str, Any], haves: Mapping[str, Have], show: Any) -> dict[str, Any]:
    return {name: show(haves[name]) if name in haves else None for name in wants}


def _container(have: Have) -> dict[str, Any]:
    state = have.raw.get("State") or {}
    networks = get(have.raw, "NetworkSettings.Networks") or {}
    published = get(have.raw, "NetworkSettings.Ports") or {}
    return {
        "id": have.id,
        "image": get(have.raw, "Config.Image"),
        "image_id": have.raw.get("Image"),
        "status": state.get("Status"),
        "exit_code": state.get("ExitCode"),
        "health": get(state, "Health.Status"),
        "started_at": state.get("StartedAt"),
        "ports": {
            port: [f"{host.get('HostIp')}:{host.get('HostPort')}" for host in hosts or ()]
            for port, hosts in published.items()
        },
        "addresses": {name: raw.get("IPAddress") or "" for name, raw in networks.items()},
    }


def _network(have: Have) -> dict[str, Any]:
    subnets = [config.get("Subnet") for config in get(have.raw, "IPAM.Config") or ()]
    return {"id": have.id, "driver": have.fields["driver"], "subnets": subnets}


def _volume(have: Have) -> dict[str, Any]:
    return {"driver": have.fields["driver"], "mountpoint": have.raw.get("Mountpoint")}


def _plugin(have: Any) -> dict[str, Any] | None:
    """A plugin without the values of its settings."""
    if have is None or not have.id:
        return None
    return {"id": have.id, "source": have.source, "state": have.state}


def _image(have: Any) -> dict[str, Any] | None:
    return {"id": have.id, "digests": list(have.repo_digests)} if have.id else None
