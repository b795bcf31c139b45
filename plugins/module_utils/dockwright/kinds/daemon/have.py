"""What there is: the file, the values in force, the daemon's flags, and what runs. Read only."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Callable

from ...engine.client import Engine
from ...engine.versions import ASSUMED
from ...errors import EngineUnreachable, HostError, PlanRefused, Problem
from ...host.machine import Host
from ...host.memory import Memory
from ...host.network import HostNetwork
from ...named_tuple import NamedTuple
from .flags import config_file, flagged_keys
from .live import live_values
from .unit import UnitHave


def _plain_mark(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


class DaemonHave(NamedTuple):
    """The daemon and its file as they are."""

    path: str = "/etc/docker/daemon.json"
    text: str | None = None  # None: no file
    raw: Mapping[str, Any] = {}  # the file, as the engine reads it
    broken: str = ""  # why the file cannot be read, with the line
    engine: str = ASSUMED
    assumed: bool = False  # nothing of an engine is here, ``engine`` is a guess
    is_running: bool = False
    is_failed: bool = False  # its service tried to start and could not
    live: Mapping[str, Any] = {}  # key -> value in force, where visible
    flags: Mapping[str, str] = {}  # key -> the flag that sets it
    other_file: str = ""  # the daemon is told to read this file, not ours
    owned: Mapping[str, str] = {}  # key -> fingerprint of our last value
    scope: str = "daemon"  # the writer that these keys are of
    others: Mapping[str, str] = {}  # key -> scope or kind that set it
    waiting: frozenset[str] = frozenset()  # keys written, that wait for a restart
    running: int = 0  # containers
    containers: int = 0
    images: int = 0
    has_stopped_content: bool = False  # the daemon is down, and its data-root is not empty
    live_restore: bool = False  # in force
    swarm: bool = False
    cgroup_version: str = "1"
    cgroup_driver: str = ""
    driver: str = ""  # the storage driver in force, or the one that kind storage is to put there
    backing: str = ""  # the file system below it, as the engine calls it
    root_problem: str = ""  # why the wanted data-root cannot be where it is to be
    log_drivers: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()  # that the spec has run, and no engine lists as log drivers
    unit: UnitHave | None = None  # looked at where flags collide, or our drop-in is there
    network: HostNetwork = HostNetwork()
    mark: Callable[[Any], str] = _plain_mark


def read(
    host: Host,
    engine: Engine | None,
    memory: Memory,
    info: Mapping[str, Any] | None = None,
    scope: str = "daemon",
) -> DaemonHave:
    """Look at host and engine; ``info`` is the answer of GET /info where the caller has it."""
    text = host.files.read_text(host.config)
    raw, broken = parsed_file(text, host.config)
    if info is None:
        info = _info(engine)
    words = host.service.flags()
    version, assumed = version_of(host, info)
    named = config_file(words)
    return DaemonHave(
        path=host.config,
        text=text,
        raw=raw,
        broken=broken,
        engine=version,
        assumed=assumed,
        is_running=bool(info),
        is_failed=not info and host.service.state() in ("failed", "activating"),
        live=live_values(info),
        flags=flagged_keys(words),
        other_file=named if named and named != host.config else "",
        owned=memory.owned_keys(scope),
        scope=scope,
        others=memory.owners(scope),
        waiting=memory.waiting_keys(host.service.identity()),
        running=int(info.get("ContainersRunning") or 0) + int(info.get("ContainersPaused") or 0),
        containers=int(info.get("Containers") or 0),
        images=int(info.get("Images") or 0),
        has_stopped_content=not info and has_content(host, raw.get("data-root")),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        swarm=(info.get("Swarm") or {}).get("LocalNodeState", "inactive") != "inactive",
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        cgroup_driver=str(info.get("CgroupDriver") or ""),
        driver=str(info.get("Driver") or ""),
        backing=_backing(info),
        log_drivers=tuple((info.get("Plugins") or {}).get("Log") or ()),
        mark=memory.fingerprint,
    )


def refuse_another(
    info: Mapping[str, Any], host: Host, machine: str, socket: str, kind: str = "daemon"
) -> None:
    """Raise PlanRefused if the socket leads to a daemon that does not read this machine's file."""
    who, fix = "", f"leave `{kind}` out, or name the socket of this machine's own engine"
    is_rootless = any("name=rootless" in text for text in info.get("SecurityOptions") or ())
    user = host.service.user
    if kind != "daemon" and (is_rootless or user):
        who = "is a user's own (rootless)"
    elif is_rootless and not user:
        who = "is a user's own (rootless)"
        fix = f"{fix}, or run as the user, with `unit: USER@/docker.service` and `config_file`"
    elif user and info and not is_rootless:
        who = f"is the machine's own, and `unit` is one of {user}"
    elif info.get("Name") != machine:
        who = f"runs on another machine, {info.get('Name')}"
    elif host.service.listens_on(socket) is False:
        who = f"at {socket} is not that of {host.service.unit}, which reads {host.config}"
    if who:
        raise PlanRefused([Problem(kind, f"cannot be managed here: the engine {who}", fix)])


def parsed_file(text: str | None, path: str) -> tuple[dict[str, Any], str]:
    """The keys of the file, and what is wrong with it (empty when nothing is)."""
    bare = (text or "").lstrip("\ufeff")
    if not bare.strip():
        return {}, ""
    try:
        found = json.loads(bare)
    except ValueError as error:
        line, column = getattr(error, "lineno", 0), getattr(error, "colno", 0)
        message = getattr(error, "msg", str(error))
        shown = bare.splitlines()[line - 1].strip()[:80] if line else ""
        return {}, f"{path}, line {line}, column {column}: {message}: {shown}".rstrip(": ")
    if not isinstance(found, dict):
        return {}, f"{path} holds no JSON object"
    return found, ""


def _backing(info: Mapping[str, Any]) -> str:
    pairs = info.get("DriverStatus") or ()
    return next((pair[1] for pair in pairs if pair[:1] == ["Backing Filesystem"]), "")


def _info(engine: Engine | None) -> Mapping[str, Any]:
    if engine is None:
        return {}
    try:
        found = engine.get("/info")
    except EngineUnreachable:  # not running: the file is for its next start
        return {}
    return found if isinstance(found, Mapping) else {}


def has_content(host: Host, data_root: Any) -> bool:
    """Whether an engine that is down has anything in its data-root."""
    root = data_root if isinstance(data_root, str) and data_root else "/var/lib/docker"
    try:
        return any(host.files.list(f"{root}/{folder}") for folder in ("containers", "image"))
    except HostError:  # not for us to read: say that there may be something
        return True


def version_of(host: Host, info: Mapping[str, Any]) -> tuple[str, bool]:
    """The engine's version, of one that does not run by its program; and whether it is a guess."""
    if info.get("ServerVersion"):
        return str(info["ServerVersion"]), False
    binary = host.service.binary()
    if binary is not None:
        try:
            shown = host.run([binary, "--version"], timeout=30.0).stdout
        except HostError:  # a file of that name that does not run
            shown = ""
        found = re.search(r"version (\d+\.\d+\S*?),?(\s|$)", shown)
        if found:
            return found.group(1), False
    return ASSUMED, True
