"""What there is on a host, seen in one pass that changes nothing: the engine and its objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import owner
from .engine.client import Engine
from .engine.endpoint import resolve
from .engine.parallel import each
from .errors import DockwrightError, EngineRefused
from .host.machine import Host
from .reach import is_asleep

if TYPE_CHECKING:
    from .connection import Connection

_LISTS = ("/info", "/containers/json", "/images/json", "/networks", "/volumes", "/plugins")
# What stands in for an engine, or before one, may not have plugins.
_MAY_BE_REFUSED = "/plugins"


def facts(connection: Connection) -> dict[str, Any]:
    """The engine and its containers, images, networks, volumes and plugins, by name.

    Never raises DockwrightError: like a report, the answer has ``changed`` (always false),
    ``failed``, ``problems``, ``message`` and ``warnings``.
    """
    try:
        found = _found(connection)
    except DockwrightError as error:
        problems = [problem._asdict() for problem in error.problems()]
        return answer(str(error), failed=True, problems=problems)
    counts = ", ".join(f"{len(found[key])} {key}" for key in found if key != "engine")
    return {**answer(f"engine {found['engine']['version']}: {counts}"), **found}


def engine_facts(connection: Connection) -> dict[str, Any]:
    """The engine alone, by two requests; empty where there is none, or it does not run.

    It is not asked where asking would start it. Never raises DockwrightError.
    """
    try:
        endpoint = connection.endpoint()
        is_ours = endpoint.url.startswith("unix:")
        if is_asleep(endpoint.url, Host() if is_ours else None):
            return {}
        engine = Engine(endpoint, timeout=connection.timeout)
        try:
            return _about(engine, engine.get("/info"))
        finally:
            engine.close()
    except DockwrightError:
        return {}


def answer(message: str, **more: Any) -> dict[str, Any]:
    """What every answer about a host has, and more."""
    plain = {"changed": False, "failed": False, "problems": [], "warnings": []}
    return {**plain, "message": message, **more}


def _found(connection: Connection) -> dict[str, Any]:
    endpoint = resolve(
        connection.docker_host,
        tls_verify=connection.tls_verify,
        cert_path=connection.cert_path,
        context=connection.context,
    )
    engine = Engine(endpoint, timeout=connection.timeout)
    try:
        engine.negotiate()
        answers = each(lambda path: _listed(engine, path), _LISTS)
        info, containers, images, networks, volumes, plugins = answers
        return {
            "engine": _about(engine, info),
            "containers": in_order("containers", containers),
            "images": in_order("images", images),
            "networks": in_order("networks", networks),
            "volumes": in_order("volumes", volumes.get("Volumes") or ()),
            "plugins": in_order("plugins", plugins or ()),
        }
    finally:
        engine.close()


def _listed(engine: Engine, path: str) -> Any:
    try:
        return engine.get(path, {"all": 1} if path == "/containers/json" else None)
    except EngineRefused:
        if path != _MAY_BE_REFUSED:
            raise
        return ()


def in_order(kind: str, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the engine lists of a kind (``containers`` …) as facts, by name."""
    return sorted(map(_FACTS[kind], items), key=lambda item: str(item["name"]))


def _about(engine: Engine, info: Mapping[str, Any]) -> dict[str, Any]:
    """The engine without what may hold a password (its proxies)."""
    versions = engine.negotiate()
    return {
        "version": versions.engine,
        "api": versions.api,
        "address": engine.endpoint.url,
        "id": info.get("ID") or "",
        "name": info.get("Name") or "",
        "operating_system": info.get("OperatingSystem") or "",
        "kernel": info.get("KernelVersion") or "",
        "architecture": info.get("Architecture") or "",
        "processors": info.get("NCPU") or 0,
        "memory": info.get("MemTotal") or 0,
        "data_root": info.get("DockerRootDir") or "",
        "storage_driver": info.get("Driver") or "",
        "log_driver": info.get("LoggingDriver") or "",
        "cgroup_driver": info.get("CgroupDriver") or "",
        "cgroup_version": info.get("CgroupVersion") or "1",
        "runtimes": sorted(info.get("Runtimes") or {}),
        "default_runtime": info.get("DefaultRuntime") or "",
        "live_restore": bool(info.get("LiveRestoreEnabled")),
        "swarm": (info.get("Swarm") or {}).get("LocalNodeState") == "active",
        "security_options": list(info.get("SecurityOptions") or ()),
        "labels": list(info.get("Labels") or ()),
        "warnings": list(info.get("Warnings") or ()),
    }


def _container(raw: Mapping[str, Any]) -> dict[str, Any]:
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    # Further names are those of links: /web/db.
    names = [name[1:] for name in raw.get("Names") or () if name.count("/") == 1]
    return {
        "name": names[0] if names else "",
        "id": raw.get("Id") or "",
        "image": raw.get("Image") or "",
        "image_id": raw.get("ImageID") or "",
        "state": raw.get("State") or "",
        "status": raw.get("Status") or "",
        "created": raw.get("Created") or 0,
        "ports": [_port(port) for port in raw.get("Ports") or ()],
        "networks": {name: item.get("IPAddress") or "" for name, item in sorted(networks.items())},
        "mounts": {
            mount.get("Destination", ""): mount.get("Name") or mount.get("Source") or ""
            for mount in raw.get("Mounts") or ()
        },
        **_owned(raw),
    }


def _port(raw: Mapping[str, Any]) -> str:
    """A port as the docker command writes it: ``127.0.0.1:8080->80/tcp``."""
    inside = f"{raw.get('PrivatePort')}/{raw.get('Type') or 'tcp'}"
    if not raw.get("PublicPort"):
        return inside
    address = raw.get("IP") or "0.0.0.0"
    shown = f"[{address}]" if ":" in address else address
    return f"{shown}:{raw['PublicPort']}->{inside}"


def _image(raw: Mapping[str, Any]) -> dict[str, Any]:
    tags = [tag for tag in raw.get("RepoTags") or () if tag != "<none>:<none>"]
    digests = [digest for digest in raw.get("RepoDigests") or () if not digest.startswith("<none>")]
    return {
        "name": tags[0] if tags else raw.get("Id") or "",
        "id": raw.get("Id") or "",
        "tags": sorted(tags),
        "digests": sorted(digests),
        "created": raw.get("Created") or 0,
        "size": raw.get("Size") or 0,
        "labels": dict(raw.get("Labels") or {}),
    }


def _network(raw: Mapping[str, Any]) -> dict[str, Any]:
    configs = (raw.get("IPAM") or {}).get("Config") or ()
    return {
        "name": raw.get("Name") or "",
        "id": raw.get("Id") or "",
        "driver": raw.get("Driver") or "",
        "scope": raw.get("Scope") or "",
        "internal": bool(raw.get("Internal")),
        "subnets": [config["Subnet"] for config in configs if config.get("Subnet")],
        **_owned(raw),
    }


def _volume(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": raw.get("Name") or "",
        "driver": raw.get("Driver") or "",
        "mountpoint": raw.get("Mountpoint") or "",
        "scope": raw.get("Scope") or "",
        **_owned(raw),
    }


def _plugin(raw: Mapping[str, Any]) -> dict[str, Any]:
    config = raw.get("Config") or {}
    return {
        "name": raw.get("Name") or "",
        "id": raw.get("Id") or "",
        "state": "enabled" if raw.get("Enabled") else "disabled",
        "source": raw.get("PluginReference") or "",
        "types": sorted((config.get("Interface") or {}).get("Types") or ()),
        "description": config.get("Description") or "",
    }


def _owned(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The labels, and the project by our own one."""
    labels = owner.labels_of(raw)
    return {"labels": owner.foreign(labels), "project": labels.get(owner.PROJECT, "")}


_FACTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "containers": _container,
    "images": _image,
    "networks": _network,
    "volumes": _volume,
    "plugins": _plugin,
}
