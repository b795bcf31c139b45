"""Which storage driver suits a place, and why another one does not. Pure."""

from __future__ import annotations

from ...named_tuple import NamedTuple
from ..daemon.options import version
from .sizes import shown

_NO_UPPER = ("overlay", "nfs", "nfs4", "ecryptfs", "aufs", "cifs", "9p", "virtiofs", "vboxsf")
_PASSING = ("tmpfs", "ramfs")
LEAST = 16 * 1024**2  # an engine with nothing in it needs some
_ORDER = ("overlay2", "fuse-overlayfs", "btrfs", "vfs")


class Ground(NamedTuple):
    """What a data-root stands on."""

    path: str
    filesystem: str = ""
    mount: str = "/"
    free: int = 0
    is_empty: bool = True  # there is nothing at the path yet
    is_folder: bool = True  # else a file is in the way
    kernel: tuple[int, ...] = ()
    has_overlay: bool = True
    programs: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    is_typeless: bool = False  # xfs made with ftype=0
    inner: tuple[str, ...] = ()  # file systems mounted below it
    closed: str = ""  # a folder above it that not everybody may pass through


def poor(ground: Ground) -> str:
    """Why a place is none for a data-root, whatever the driver; empty when it is one."""
    if not ground.is_folder:
        return f"{ground.path} is no folder"
    if ground.free < LEAST:
        return f"the file system of {ground.path} is full ({shown(ground.free)} free)"
    return _passing(ground)


def _passing(ground: Ground) -> str:
    if ground.filesystem not in _PASSING:
        return ""
    return f"{ground.path} is on {ground.filesystem}, which is gone after the next boot"


def unsuitable_root(driver: str, ground: Ground, engine: str) -> str:
    """Why a data-root cannot be in a place; without a named driver ``vfs`` is what is left."""
    if poor(ground):
        return poor(ground)
    if not driver and recommend(ground, engine) == "vfs":
        return f"{_place(ground)}, on which no driver works but vfs"
    return unsuitable(driver, ground, engine)


def unsuitable(driver: str, ground: Ground, engine: str) -> str:
    """Why a driver cannot work there; empty when it can."""
    if _passing(ground):
        return _passing(ground)
    if driver == "overlay2":
        return _overlay2(ground)
    if driver == "btrfs" and ground.filesystem != "btrfs":
        return f"{_place(ground)}, and the driver btrfs works on btrfs only"
    if driver == "zfs":
        return _zfs(ground)
    if driver == "fuse-overlayfs":
        return _fuse(ground)
    return ""


def recommend(ground: Ground, engine: str) -> str:
    """The driver that suits best; `vfs` always works, slowly."""
    order: tuple[str, ...] = _ORDER
    if ground.filesystem == "zfs":
        order = ("zfs", *_ORDER)
    elif ground.filesystem == "btrfs" and (ground.kernel < (4, 7) or version(engine) < (20,)):
        order = ("btrfs", *_ORDER)
    return next((name for name in order if not unsuitable(name, ground, engine)), "vfs")


def _place(ground: Ground) -> str:
    return f"{ground.path} is on {ground.filesystem or 'an unknown file system'}"


def _overlay2(ground: Ground) -> str:
    if ground.filesystem in _NO_UPPER or ground.filesystem.startswith("fuse"):
        return f"{_place(ground)}, on which overlay2 cannot stack"
    if ground.filesystem == "zfs":
        return f"{_place(ground)}, on which overlay2 works only from OpenZFS 2.2 on"
    if ground.is_typeless:
        return f"{_place(ground)} without file types (made with ftype=0)"
    if ground.kernel and ground.kernel < (4, 0):
        return "overlay2 needs Linux 4.0 or newer"
    if not ground.has_overlay:
        return "the kernel has no overlay file system (try `modprobe overlay`)"
    return ""


def _zfs(ground: Ground) -> str:
    if ground.filesystem != "zfs":
        return f"{_place(ground)}, and the driver zfs works on ZFS only"
    if "zfs" not in ground.programs or "zfs" not in ground.devices:
        return "the program zfs and /dev/zfs are needed"
    return ""


def _fuse(ground: Ground) -> str:
    if "fuse-overlayfs" not in ground.programs:
        return "the program fuse-overlayfs is not installed"
    if "fuse" not in ground.devices:
        return "there is no /dev/fuse"
    if ground.kernel and ground.kernel < (4, 18):
        return "fuse-overlayfs needs Linux 4.18 or newer"
    return ""
