"""Containers of the fake engine: create with the real defaults, start, stop, rename, update."""

from __future__ import annotations

import re
from typing import Any

from .fake_config import config_of, host_config, words
from .fake_host import (
    Answer,
    Ask,
    Behaviour,
    FakeHost,
    Handler,
    Json,
    RefusedError,
    has_labels,
    matches_name,
)
from .fake_mounts import mounts_of, remove_anonymous
from .fake_networks import (
    attach,
    attach_created,
    detach_runtime,
    endpoint_of,
    link_created,
    rename_endpoints,
    rename_links,
)

_NEVER = "0001-01-01T00:00:00Z"
_EMPTY = words(
    "ResolvConfPath HostnamePath HostsPath LogPath MountLabel ProcessLabel AppArmorProfile"
)
_LIVE = words(
    "RestartPolicy Memory MemorySwap MemoryReservation NanoCpus CpuShares CpuPeriod CpuQuota "
    "CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems PidsLimit BlkioWeight"
)


def create(host: FakeHost, _: str, ask: Ask) -> Answer:
    body: Json = ask.body or {}
    name = _free_name(host, ask.query.get("name", ""))
    endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    if len(endpoints) > 1 and not host.at_least("1.44"):
        listed = ", ".join(sorted(endpoints))
        raise RefusedError(400, f"Container cannot be connected to network endpoints: {listed}")
    image = host.image(body.get("Image") or "")
    identity = host.new_id()
    settings = host_config(host, body.get("HostConfig") or {})
    container: Json = {
        "Id": identity,
        "Created": host.now(),
        "State": _state("created"),
        "Image": image["Id"],
        "Name": f"/{name or 'fake_' + identity[:8]}",
        "RestartCount": 0,
        "Driver": host.driver,
        "Platform": "linux",
        **dict.fromkeys(
            ["ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "MountLabel"], ""
        ),
        **dict.fromkeys(["ProcessLabel", "AppArmorProfile"], ""),
        "ExecIDs": None,
        "HostConfig": settings,
        "GraphDriver": {"Data": {}, "Name": host.driver},
        "Config": config_of(body, image["Config"] or {}, identity, settings),
        "NetworkSettings": {"Ports": {}, "Networks": {}},
    }
    command = [*(container["Config"]["Entrypoint"] or []), *(container["Config"]["Cmd"] or [])]
    if not command:
        raise RefusedError(400, "No command specified")
    container.update(Path=command[0], Args=command[1:])
    container["Mounts"] = mounts_of(host, container)
    attach_created(host, container, endpoints)
    link_created(container)
    host.containers[identity] = container
    _emit(host, "create", container)
    return 201, {"Id": identity, "Warnings": []}


def _free_name(host: FakeHost, name: str, own: str = "", lead: str = "") -> str:
    name = name[1:] if name.startswith("/") else name
    if name and not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name):
        allowed = "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        raise RefusedError(400, f"{lead}Invalid container name ({name}), {allowed}")
    for identity, other in host.containers.items():
        if other["Name"] == f"/{name}" and identity != own:
            raise RefusedError(
                409,
                f'{lead}Conflict. The container name "/{name}" is already in use by container '
                f'"{identity}". You have to remove (or rename) that container to be able to reuse '
                "that name.",
            )
    return name


def _state(status: str, **values: Any) -> Json:
    flags = dict.fromkeys(["Paused", "Restarting", "OOMKilled", "Dead"], False)
    return {
        "Status": status,
        "Running": status == "running",
        **flags,
        "Pid": 0,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": _NEVER,
        "FinishedAt": _NEVER,
        **values,
    }


def start(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    if container["State"]["Running"]:
        return 304, None
    behaviour = _behaviour(host, container)
    if behaviour.start_error:
        container["State"].update(Error=behaviour.start_error, ExitCode=128)
        raise RefusedError(500, behaviour.start_error)
    _join(host, container)
    attach(host, container)
    health = container["Config"].get("Healthcheck") or {}
    checked = health.get("Test") not in (None, [], ["NONE"])
    container["State"] = _state("running", Pid=4000 + len(host.events), StartedAt=host.now())
    _emit(host, "start", container)
    if behaviour.exit is not None:
        _exited(host, container, behaviour.exit)
    elif checked:
        container["State"]["Health"] = {
            "Status": behaviour.health,
            "FailingStreak": 0 if behaviour.health == "healthy" else 3,
            "Log": [],
        }
        if behaviour.health != "starting":
            _emit(host, f"health_status: {behaviour.health}", container)
    return 204, None


def _behaviour(host: FakeHost, container: Json) -> Behaviour:
    known = host.behaviours
    return known.get(container["Name"][1:]) or known.get(container["Config"]["Image"], Behaviour())


def _join(host: FakeHost, container: Json) -> None:
    """``container:NAME`` becomes ``container:ID`` at start, and that container must run."""
    for key in ("NetworkMode", "PidMode", "IpcMode"):
        mode, _, other = container["HostConfig"][key].partition(":")
        if mode == "container":
            target = host.container(other)
            if not target["State"]["Running"]:
                why = f"cannot join network of a non running container: {target['Id']}"
                raise RefusedError(409, why)
            container["HostConfig"][key] = f"container:{target['Id']}"


def _exited(host: FakeHost, container: Json, code: int) -> None:
    started = container["State"]["StartedAt"]
    container["State"] = _state("exited", ExitCode=code, StartedAt=started, FinishedAt=host.now())
    detach_runtime(container)
    _emit(host, "die", container, exitCode=str(code))
    if container["HostConfig"]["AutoRemove"]:
        _remove(host, container, volumes=True)


def stop(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    if not container["State"]["Running"]:
        return 304, None
    _emit(host, "kill", container, signal="15")
    _exited(host, container, 137)
    _emit(host, "stop", container)
    return 204, None


def kill(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    if not container["State"]["Running"]:
        raise RefusedError(409, f"Cannot kill container: {name}: Container {name} is not running")
    _emit(host, "kill", container, signal=ask.query.get("signal", "9"))
    _exited(host, container, 137)
    return 204, None


def restart(host: FakeHost, name: str, ask: Ask) -> Answer:
    stop(host, name, ask)
    start(host, name, ask)
    _emit(host, "restart", host.container(name))
    return 204, None


def pause(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    container["State"].update(Paused=True, Status="paused")
    _emit(host, "pause", container)
    return 204, None


def unpause(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    container["State"].update(Paused=False, Status="running")
    _emit(host, "unpause", container)
    return 204, None


def wait(host: FakeHost, name: str, ask: Ask) -> Answer:
    return 200, {"Error": None, "StatusCode": host.container(name)["State"]["ExitCode"]}


def rename(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    new = ask.query.get("name", "")
    if f"/{new.lstrip('/')}" == container["Name"]:
        raise RefusedError(400, "Renaming a container with the same name as its current name")
    lead = "Error when allocating new name: "
    old, fresh = container["Name"], _free_name(host, new, container["Id"], lead)
    container["Name"] = f"/{fresh}"
    rename_endpoints(host, container)
    rename_links(host, old, container["Name"])
    _emit(host, "rename", container, oldName=old)
    return 204, None


def update(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    config, given = container["HostConfig"], {k: v for k, v in ask.body.items() if k in _LIVE}
    policy = given.pop("RestartPolicy", None) or {}
    kept = {k: v for k, v in given.items() if v not in (0, "", None) or k == "PidsLimit"}
    memory, swap = kept.get("Memory", 0), kept.get("MemorySwap") or config["MemorySwap"]
    head = f"Cannot update container {container['Id']}: "
    if memory and swap != -1 and memory > swap:
        raise RefusedError(
            409,
            f"{head}Memory limit should be smaller than already set memoryswap limit, update the "
            "memoryswap at the same time",
        )
    if policy.get("Name"):
        if config["AutoRemove"] and policy["Name"] != "no":
            text = (
                "Restart policy cannot be updated because AutoRemove is enabled for the container"
            )
            raise RefusedError(400, f"{head}{text}")
        config["RestartPolicy"] = {"MaximumRetryCount": 0, **policy}
    config.update(kept)
    _emit(host, "update", container)
    return 200, {"Warnings": None}


def delete(host: FakeHost, name: str, ask: Ask) -> Answer:
    container = host.container(name)
    if container["State"]["Running"]:
        if not ask.says("force"):
            raise RefusedError(409, _still_running(host, container))
        _emit(host, "kill", container, signal="9")
        _exited(host, container, 137)
    _remove(host, container, volumes=ask.says("v"))
    return 204, None


def _still_running(host: FakeHost, container: Json) -> str:
    if not host.at_least("1.44"):
        return (
            f"You cannot remove a running container {container['Id']}. Stop the container before "
            "attempting removal or force remove"
        )
    name = container["Name"][1:] if host.at_least("1.48") else container["Name"]
    return (
        f'cannot remove container "{name}": container is running: stop the container before '
        "removing or force remove"
    )


def _remove(host: FakeHost, container: Json, *, volumes: bool) -> None:
    if host.containers.pop(container["Id"], None) is None:
        return  # AutoRemove was faster
    if volumes:
        remove_anonymous(host, container)
    _emit(host, "destroy", container)


def inspect(host: FakeHost, name: str, ask: Ask) -> Answer:
    return 200, host.container(name)


def listing(host: FakeHost, _: str, ask: Ask) -> Answer:
    found = [
        _summary(container)
        for container in reversed(list(host.containers.values()))
        if _is_listed(container, ask)
    ]
    return 200, found


def _is_listed(container: Json, ask: Ask) -> bool:
    filters, status = ask.filters, container["State"]["Status"]
    networks = container["NetworkSettings"]["Networks"]
    wanted = filters.get("network", [])
    return (
        (ask.says("all") or container["State"]["Running"] or "status" in filters)
        and status in filters.get("status", [status])
        and matches_name(container["Name"], filters.get("name", []))
        and has_labels(container["Config"]["Labels"], filters.get("label", []))
        and any(container["Id"].startswith(i) for i in filters.get("id", [""]))
        and (not wanted or any(key in wanted for key in networks))
    )


def _summary(container: Json) -> Json:
    config, host_config = container["Config"], container["HostConfig"]
    networks = container["NetworkSettings"]["Networks"]
    return {
        "Id": container["Id"],
        "Names": [container["Name"]],
        "Image": config["Image"],
        "ImageID": container["Image"],
        "Command": " ".join([container["Path"], *container["Args"]]),
        "Created": 1767225600,
        "Ports": _ports(container),
        "Labels": config["Labels"],
        "State": container["State"]["Status"],
        "Status": container["State"]["Status"].capitalize(),
        "HostConfig": {"NetworkMode": host_config["NetworkMode"]},
        "NetworkSettings": {"Networks": {k: _listed(v) for k, v in networks.items()}},
        "Mounts": [
            {**mount, "Source": ""} if len(mount.get("Name", "")) == 64 else mount
            for mount in container["Mounts"]
        ],
    }


def _ports(container: Json) -> list[Json]:
    return [
        {
            "IP": binding["HostIp"],
            "PrivatePort": int(port.partition("/")[0]),
            "PublicPort": int(binding["HostPort"].partition("-")[0] or 0),
            "Type": port.partition("/")[2],
        }
        for port, listed in container["NetworkSettings"]["Ports"].items()
        for binding in listed
    ]


def _listed(endpoint: Json) -> Json:
    hidden = dict.fromkeys({"Aliases", "IPAMConfig", "DNSNames"}.intersection(endpoint))
    return endpoint_of({**endpoint, **hidden})


def _emit(host: FakeHost, action: str, container: Json, **more: str) -> None:
    labels, name = container["Config"]["Labels"], container["Name"][1:]
    attributes = {**labels, "image": container["Config"]["Image"], "name": name, **more}
    host.emit("container", action, container["Id"], **attributes)


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/containers/create", create),
    ("GET", "/containers/json", listing),
    ("GET", "/containers/([^/]+)/json", inspect),
    ("DELETE", "/containers/([^/]+)", delete),
    *(
        ("POST", f"/containers/([^/]+)/{action.__name__}", action)
        for action in (start, stop, kill, restart, pause, unpause, wait, rename, update)
    ),
]
