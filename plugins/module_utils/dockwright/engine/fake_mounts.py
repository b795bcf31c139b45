"""Mounts and volumes of the fake engine."""

from __future__ import annotations

from collections.abc import Iterator

from .fake_host import Answer, Ask, FakeHost, Handler, Json, RefusedError, has_labels, matches_name


def mounts_of(host: FakeHost, container: Json) -> list[Json]:
    """The mounts of a new container; volumes that it names, and anonymous ones, are made."""
    config, host_config = container["Config"], container["HostConfig"]
    mounts: dict[str, Json] = {}
    for other in host_config["VolumesFrom"] or []:
        for mount in host.container(other.partition(":")[0])["Mounts"]:
            mounts[mount["Destination"]] = dict(mount)
    for bind in host_config["Binds"] or []:
        mount = _bind(host, bind)
        mounts[mount["Destination"]] = mount
    for mount in host_config.get("Mounts") or []:
        target, writable = mount["Target"], not mount.get("ReadOnly")
        source = mount.get("Source") or ""
        if mount["Type"] == "tmpfs":
            mounts[target] = _entry("tmpfs", "", target, "", writable)
        elif mount["Type"] == "image":
            folder = f"/var/lib/docker/overlay2/{host.new_id()}/merged"
            mounts[target] = _entry("image", folder, target, "", False, Name=source)
        else:
            mounts[target] = _mount(host, source, target, "", writable)
    for target in config["Volumes"] or {}:
        if target not in mounts:
            mounts[target] = _mount(host, "", target, "", True)
    return list(mounts.values())


def _bind(host: FakeHost, text: str) -> Json:
    """The mount for ``source:target[:mode]``, or for ``target`` alone (an anonymous volume)."""
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not target:
        source, target = "", source
    named = source and not source.startswith("/")
    writable = "ro" not in mode.split(",")
    return _mount(host, source, target, mode or ("z" if named else ""), writable)


def _mount(host: FakeHost, source: str, target: str, mode: str, writable: bool) -> Json:
    if source.startswith("/"):
        return _entry("bind", source, target, mode, writable, Propagation="rprivate")
    name = source or host.new_id()
    volume = host.volumes.get(name) or _new_volume(host, name, {})
    more = {"Name": name, "Driver": volume["Driver"]}
    return _entry("volume", volume["Mountpoint"], target, mode, writable, **more)


def _entry(kind: str, source: str, target: str, mode: str, writable: bool, **more: str) -> Json:
    entry: Json = {"Type": kind, "Source": source, "Destination": target}
    return {**entry, "Mode": mode, "RW": writable, "Propagation": "", **more}


def remove_anonymous(host: FakeHost, container: Json) -> None:
    """Remove the anonymous volumes of a removed container, as ``?v=true`` does."""
    for mount in container["Mounts"]:
        name = mount.get("Name", "")
        if len(name) == 64 and not any(_users(host, name)):
            host.volumes.pop(name, None)
            host.emit("volume", "destroy", name, driver="local")


def _users(host: FakeHost, name: str) -> Iterator[str]:
    for identity, container in host.containers.items():
        mounts = [mount for mount in container["Mounts"] if mount["Type"] == "volume"]
        if any(mount["Name"] == name for mount in mounts):
            yield identity


def _new_volume(host: FakeHost, name: str, body: Json) -> Json:
    volume = {
        "CreatedAt": host.now(),
        "Driver": body.get("Driver") or "local",
        "Labels": body.get("Labels") or None,
        "Mountpoint": f"/var/lib/docker/volumes/{name}/_data",
        "Name": name,
        "Options": body.get("DriverOpts") or None,
        "Scope": "local",
    }
    host.volumes[name] = volume
    host.emit("volume", "create", name, driver=str(volume["Driver"]))
    return volume


def create_volume(host: FakeHost, _: str, ask: Ask) -> Answer:
    name = (ask.body or {}).get("Name") or host.new_id()
    driver = (ask.body or {}).get("Driver") or "local"
    if len(name) < 2:
        what = "volume name is too short, names should be at least two alphanumeric characters"
        raise RefusedError(400, f"create {name}: {what}")
    volume = host.volumes.get(name)
    plugin = next(
        (p for p in host.plugins.values() if p["Name"] in (driver, f"{driver}:latest")), {}
    )
    if volume is None and plugin.get("Enabled"):
        return 201, _new_volume(host, name, {**ask.body, "Driver": plugin["Name"]})
    if volume is None and driver != "local":
        raise RefusedError(
            404,
            f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found',
        )
    if volume is not None and volume["Driver"] not in (driver, f"{driver}:latest"):
        raise RefusedError(409, f"create {name}: conflict: volume name must be unique")
    return 201, volume or _new_volume(host, name, ask.body or {})


def inspect_volume(host: FakeHost, name: str, ask: Ask) -> Answer:
    return 200, host.volume(name)


def list_volumes(host: FakeHost, _: str, ask: Ask) -> Answer:
    """Volumes; those of a plugin that is disabled no engine tells."""
    found = [
        volume
        for name, volume in host.volumes.items()
        if host.plugins.get(volume["Driver"], {}).get("Enabled", True)
        and matches_name(name, ask.filters.get("name", []))
        and has_labels(volume["Labels"], ask.filters.get("label", []))
    ]
    return 200, {"Volumes": found, "Warnings": None}


def delete_volume(host: FakeHost, name: str, ask: Ask) -> Answer:
    host.volume(name)
    users = list(_users(host, name))
    if users:
        raise RefusedError(409, f"remove {name}: volume is in use - [{', '.join(users)}]")
    del host.volumes[name]
    host.emit("volume", "destroy", name, driver="local")
    return 204, None


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/volumes/create", create_volume),
    ("GET", "/volumes", list_volumes),
    ("GET", "/volumes/([^/]+)", inspect_volume),
    ("DELETE", "/volumes/([^/]+)", delete_volume),
]
