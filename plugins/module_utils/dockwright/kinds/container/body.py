"""The requests that make containers: from a Want, or from the definition of one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import owner
from ...differ import carry_ignored, explicit_in
from ...model import EngineFacts, Have, Want
from ...named_tuple import NamedTuple
from ...options import get
from .endpoints import endpoint_body
from .have import own_anonymous
from .options import ROWS


class Creation(NamedTuple):
    """A create request, and the networks to connect before the start (Engine API below 1.44)."""

    body: dict[str, Any]
    connects: dict[str, dict[str, Any]]  # network -> EndpointSettings
    carried: Mapping[str, str]  # target -> anonymous volume that is taken over
    platform: str = ""


def from_want(
    want: Want, have: Have | None, config: Mapping[str, Any], facts: EngineFacts
) -> Creation:
    """The request for a container as the spec wants it.

    ``have`` is the container that it replaces: its anonymous volumes and what the spec ignores
    are taken over. ``config`` is the image's Config.
    """
    fields = dict(want.fields)
    if have:
        fields, _ = carry_ignored(ROWS, fields, have.fields, want.inputs.get("ignore", ()))
    ours = owner.ours(want.project, want.service, explicit_in(ROWS, want.fields))
    labels = {**owner.cleared(config), **ours, owner.NAME: want.name}
    body: dict[str, Any] = {"Image": want.fields["image"], "HostConfig": {}, "Labels": labels}
    body.update(AttachStdout=True, AttachStderr=True)  # as Compose and `docker create` have it
    for row in ROWS:
        value = fields.get(row.name)
        if row.write and value is not None and not (row.type.keyed and not value):
            row.write(body, value)
    if fields.get("command") == [] and fields.get("entrypoint") is None:
        # The engine takes an empty Cmd for "the image's"; an Entrypoint of ours drops it.
        body["Entrypoint"] = config.get("Entrypoint")
    for port in fields.get("ports") or {}:
        body.setdefault("ExposedPorts", {})[port] = {}
    carried = _carry(have, fields, config, body) if have else {}
    connects = _networks(body, fields.get("networks") or {}, facts)
    return Creation(body, connects, carried, want.inputs.get("platform") or "")


def _networks(
    body: dict[str, Any], networks: Mapping[str, Mapping[str, Any]], facts: EngineFacts
) -> dict[str, dict[str, Any]]:
    """Put the endpoints into the request; what does not fit in is connected afterwards."""
    if not networks:
        return {}
    endpoints = {name: endpoint_body(options) for name, options in networks.items()}
    first = next(iter(endpoints))
    body["HostConfig"]["NetworkMode"] = first
    together = facts.api_at_least("1.44")
    if endpoints[first].get("MacAddress") and not together:
        body["MacAddress"] = endpoints[first]["MacAddress"]
    if first == "bridge" and len(endpoints) == 1 and not (endpoints[first] and together):
        return {}
    config = endpoints if together else {first: endpoints[first]}
    body["NetworkingConfig"] = {"EndpointsConfig": config}
    return {} if together else {name: end for name, end in endpoints.items() if name != first}


def _carry(
    have: Have, fields: Mapping[str, Any], config: Mapping[str, Any], body: dict[str, Any]
) -> dict[str, str]:
    """Mount the old container's anonymous volumes where the new one has anonymous ones too."""
    wanted = {target: {"type": "volume"} for target in config.get("Volumes") or {}}
    wanted.update(fields.get("volumes") or {})
    carried = {}
    for target, volume in own_anonymous(have).items():
        mount = wanted.get(target, {})
        if mount.get("type") == "volume" and not mount.get("source"):
            carried[target] = volume
    mount_carried(body, carried)
    return carried


def mount_carried(body: dict[str, Any], carried: Mapping[str, str]) -> None:
    """Mount anonymous volumes by the engine's names, and note where in a label."""
    if not carried:
        return
    host = body["HostConfig"]
    if host.get("Binds"):  # there an anonymous volume is a path alone
        host["Binds"] = [bind for bind in host["Binds"] if bind.rstrip("/") not in carried]
    mounts = host.setdefault("Mounts", [])
    for target, volume in carried.items():
        mount = next((m for m in mounts if m["Target"].rstrip("/") == target), None)
        if mount is None:
            mount = {"Type": "volume", "Target": target}
            mounts.append(mount)
        mount["Source"] = volume
    body.setdefault("Labels", {})[owner.CARRIED] = ",".join(sorted(carried))


def copy_of(have: Have, facts: EngineFacts, names: Mapping[str, str]) -> Creation:
    """The request for a container just like one that exists, for containers we know nothing of.

    ``names`` replaces references to containers by ID (``network_mode`` and the like).
    """
    raw = have.raw
    config = {k: v for k, v in (raw.get("Config") or {}).items() if v is not None}
    host = dict(raw.get("HostConfig") or {})
    if config.get("Hostname") == have.id[:12] or have.fields.get("hostname") is None:
        config.pop("Hostname", None)
    config.pop("MacAddress", None)
    for key in ("NetworkMode", "PidMode", "IpcMode"):
        prefix, _, reference = (host.get(key) or "").partition(":")
        if prefix == "container":
            host[key] = f"container:{names.get(reference, reference)}"
            if key == "NetworkMode":  # refused together by the engine
                config.pop("ExposedPorts", None)
    host["VolumesFrom"] = [
        ":".join([names.get(source, source), *mode])
        for source, *mode in (text.split(":") for text in host.get("VolumesFrom") or ())
    ]
    labels = {k: v for k, v in (config.get("Labels") or {}).items() if k != owner.REPLACES}
    body: dict[str, Any] = {**config, "Labels": labels, "HostConfig": host}
    if host.get("Mounts"):
        host["Mounts"] = [dict(mount) for mount in host["Mounts"]]
    else:
        host["Mounts"] = []
    carried = own_anonymous(have)
    mount_carried(body, carried)
    connects = {}
    if have.fields.get("network_mode") is None:
        networks = have.fields.get("networks") or {}
        mode = get(raw, "HostConfig.NetworkMode")
        if mode in networks:
            networks = {mode: networks[mode], **networks}
        connects = _networks(body, networks, facts)
    return Creation(body, connects, carried)
