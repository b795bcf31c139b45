"""The options of storage drivers (storage-opts): no driver starts with those of another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...errors import nearest
from ...named_tuple import NamedTuple
from .options import version

# An option is called after its driver; where it is not, the name is in the list.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "overlay2": ("overlay2.size", "overlay2.override_kernel_check"),
    "btrfs": ("btrfs.min_space",),
    "zfs": ("zfs.fsname",),
    "vfs": ("size", "vfs.xattrs"),
    "fuse-overlayfs": (),
}
_DROPPED = {"dm": "devicemapper", "overlay": "overlay", "aufs": "aufs"}


class Ground(NamedTuple):
    """What else decides: the engine's version, and the file system of the data-root if known."""

    engine: str
    filesystem: str = ""


def wrong_options(
    options: Iterable[str], driver: str, ground: Ground
) -> list[tuple[int, str, str]]:
    """What a driver does not start with: position, what is wrong, the way out.

    A driver that is not in the table (one of containerd's, a plugin) is left to the engine.
    """
    if driver not in OPTIONS:
        return []
    named = [option.partition("=")[0].strip().lower() for option in options]
    found = ((index, _wrong(name, driver, ground)) for index, name in enumerate(named))
    return [(index, *words) for index, words in found if words]


def _wrong(name: str, driver: str, ground: Ground) -> tuple[str, str] | None:
    known = OPTIONS[driver]
    if name not in known:
        owner = _owner(name)
        text = f"the driver {driver} has no option {name}"
        if owner and owner != driver:
            text = f"{name} is an option of the driver {owner}, and the driver is {driver}"
        has = f"it has: {', '.join(known)}" if known else "it has none: take it out"
        return text, nearest(name, known) or has
    if name == "overlay2.override_kernel_check" and version(ground.engine) >= (24,):
        return f"{name} is gone since engine 24.0; this is {ground.engine}", "take it out"
    if name == "overlay2.size" and ground.filesystem not in ("", "xfs"):
        text = f"{name} works on xfs only, and the data-root is on {ground.filesystem}"
        return text, "take it out, or put the data-root on xfs with project quotas"
    return None


def _owner(name: str) -> str:
    """The driver that an option is of; empty for one that nobody knows."""
    for driver, names in OPTIONS.items():
        if name in names:
            return driver
    prefix = name.partition(".")[0]
    return _DROPPED.get(prefix, prefix if prefix in OPTIONS else "")
