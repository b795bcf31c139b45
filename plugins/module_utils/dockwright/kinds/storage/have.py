"""What there is: driver, store, data-root and what they stand on. Read only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...engine.client import Engine
from ...host.disks import free_space, is_below, mount_of, mounts
from ...host.files import Files
from ...host.machine import Host
from ...host.memory import Memory
from ..daemon import have as daemon_have
from ..daemon.have import DaemonHave
from .inventory import Inventory
from .kept import Kept, kept_of
from .recommend import LEAST, Ground
from .want import StorageWant

DEFAULT_ROOT = "/var/lib/docker"
REMAPPED = re.compile(r"^\d+\.\d+$")  # the folder of a remapped engine in its data-root
_TYPELESS = re.compile(r"\bftype=0\b")
# File systems that the engine itself mounts below its data-root.
_OWN_MOUNTS = ("overlay", "tmpfs", "nsfs", "fuse.fuse-overlayfs", "proc", "sysfs", "mqueue")


@dataclass(frozen=True)
class StorageHave:
    """The storage as it is."""

    daemon: DaemonHave = field(default_factory=DaemonHave)
    driver: str = ""
    store: str = "graphdriver"
    root: str = DEFAULT_ROOT  # where content really is: of a remapped engine a folder of the base
    base: str = DEFAULT_ROOT  # what data-root says
    remap: str = ""
    owned: Mapping[str, str] = field(default_factory=dict)
    ground: Ground = field(default_factory=lambda: Ground(DEFAULT_ROOT))
    target: Ground | None = None  # of the wanted data-root
    volumes: int = 0
    networks: int = 0
    kept: tuple[Kept, ...] = ()
    remap_problem: str = ""
    room: int = 0  # where an archive would be written
    inventory: Inventory | None = None  # read only where something is to be moved

    @property
    def has_objects(self) -> bool:
        """Whether there is anything to lose."""
        daemon = self.daemon
        found = daemon.images or daemon.containers or self.volumes or self.networks
        return bool(found) or daemon.has_stopped_content


def read(host: Host, engine: Engine | None, memory: Memory, info: Mapping[str, Any]) -> Reading:
    """Look at host and engine; what an unchanged host does not need is not asked."""
    return Reading(host, engine, memory, info)


class Reading:
    """One look at a host."""

    def __init__(
        self, host: Host, engine: Engine | None, memory: Memory, info: Mapping[str, Any]
    ) -> None:
        self.host = host
        self.engine = engine
        self.info = info
        self.memory = memory
        self._mounted = mounts(host.files)

    def of(self, want: StorageWant) -> StorageHave:
        """What is there, as far as the wanted storage asks for it."""
        host, info = self.host, self.info
        daemon = daemon_have.read(host, self.engine, self.memory, info)
        base = str(daemon.raw.get("data-root") or daemon.raw.get("graph") or DEFAULT_ROOT)
        root = str(info.get("DockerRootDir") or base)
        if "data-root" in daemon.flags and info:
            base = base_of(root)
        wants_root = want.data_root not in (None, base)
        remap = str(daemon.raw.get("userns-remap") or "")
        return StorageHave(
            daemon=daemon,
            driver=str(info.get("Driver") or ""),
            store=store_of(info),
            root=root,
            base=base,
            remap=remap,
            owned=self.memory.owned_keys("storage"),
            ground=self.ground(base),
            target=self.ground(str(want.data_root)) if wants_root else None,
            kept=kept_of(host),
            remap_problem=_remap_problem(want.userns_remap or "", host),
            room=free_space(host.files, host.memory_folder),
        )

    def with_counts(self, have: StorageHave) -> StorageHave:
        """The same with how much else there is to lose, which an unchanged host is not asked."""
        volumes = (self._ask("/volumes") or {}).get("Volumes") or ()
        networks = [item for item in self._ask("/networks") or () if item["Name"] not in BUILT_IN]
        return replace(have, volumes=len(volumes), networks=len(networks))

    def _ask(self, path: str) -> Any:
        return self.engine.get(path) if self.engine and self.info else None

    def ground(self, path: str) -> Ground:
        """What a data-root at this path would stand on."""
        files = self.host.files
        real = files.path(path)
        is_folder = not files.exists(path) or os.path.isdir(real)
        is_empty = not files.exists(path) or (is_folder and not _content(files, path))
        if self.host.is_image:  # nothing tells what it will stand on
            closed = _closed(real, files.root)
            return Ground(path, "", "/", LEAST, is_empty, is_folder, closed=closed)
        mount = mount_of(real, self._mounted)
        release = files.read_text("/proc/sys/kernel/osrelease") or ""
        known = (files.read_text("/proc/filesystems") or "").split()
        return Ground(
            path,
            mount.filesystem,
            mount.path,
            free_space(files, path),
            is_empty,
            is_folder,
            tuple(int(part) for part in re.findall(r"\d+", release)[:2]),
            "overlay" in known or not known,
            frozenset(name for name in ("zfs", "fuse-overlayfs") if _has_program(files, name)),
            frozenset(name for name in ("zfs", "fuse") if files.exists(f"/dev/{name}")),
            mount.filesystem == "xfs" and self._is_typeless(mount.path),
            tuple(
                other.path
                for other in self._mounted
                if other.path != mount.path
                and is_below(other.path, real)
                and other.path != real
                and other.filesystem not in _OWN_MOUNTS
            ),
            _closed(real),
        )

    def _is_typeless(self, mount: str) -> bool:
        if not _has_program(self.host.files, "xfs_info"):
            return False
        return bool(_TYPELESS.search(self.host.run(["xfs_info", mount], timeout=30.0).stdout))


def parsed(host: Host) -> tuple[dict[str, Any], str]:
    """The keys of daemon.json as it is now, and what is wrong with it."""
    return daemon_have.parsed_file(host.files.read_text(host.config), host.config)


BUILT_IN = ("bridge", "host", "none")


def store_of(info: Mapping[str, Any]) -> str:
    """Who keeps the images of a running engine."""
    status = info.get("DriverStatus") or ()
    by_type = any(pair[:2] == ["driver-type", "io.containerd.snapshotter.v1"] for pair in status)
    return "containerd" if by_type else "graphdriver"


def base_of(root: str) -> str:
    """The data-root of an engine that tells where its content is."""
    folder, _, name = root.rstrip("/").rpartition("/")
    return folder if REMAPPED.match(name) else root


def _content(files: Files, path: str) -> list[str]:
    return [name for name in files.list(path) if name != "lost+found"]


def _closed(real: str, top: str = "") -> str:
    """A folder above a path that a mapped root may not pass through.

    A process that joins another one's namespaces still has root's group while the container is
    set up: a folder of that group must let both pass, the group and the others.
    """
    folder = os.path.dirname(real)
    while folder not in (top, os.path.dirname(folder)):
        if os.path.isdir(folder):
            found = os.stat(folder)
            needed = 0o011 if found.st_gid == 0 else 0o001
            if found.st_mode & needed != needed:
                return folder
        folder = os.path.dirname(folder)
    return ""


def _has_program(files: Files, name: str) -> bool:
    folders = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
    return any(files.is_executable(f"{folder}/{name}") for folder in folders)


def _remap_problem(remap: str, host: Host) -> str:
    """Why root cannot be mapped to that user; empty where it can."""
    if not remap:
        return ""
    files = host.files
    most = None if host.is_image else files.read_text("/proc/sys/user/max_user_namespaces")
    if (most or "1").strip() == "0":
        return "the kernel makes no user namespaces (user.max_user_namespaces is 0)"
    if remap == "default":
        return ""
    user, _, group = remap.partition(":")
    places = (
        (user, "/etc/passwd", "/etc/subuid"),
        (group or user, "/etc/group", "/etc/subgid"),
    )
    for name, account, ranges in places:
        entries = [line.split(":") for line in (files.read_text(account) or "").splitlines()]
        numbers = {entry[2] for entry in entries if len(entry) > 2 and name in (entry[0], entry[2])}
        names = {entry[0] for entry in entries if len(entry) > 2 and name in (entry[0], entry[2])}
        if not numbers:
            return f"{account} knows no '{name}'"
        listed = {line.partition(":")[0] for line in (files.read_text(ranges) or "").splitlines()}
        if not listed & (numbers | names):
            return f"{ranges} gives '{name}' no range of IDs"
    return ""
