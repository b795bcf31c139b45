"""What the daemon is to stand on once the run is done: its data-root, and the driver there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..site import Site
from .document import normal, stays
from .have import DaemonHave
from .storage_options import OPTIONS
from .want import DaemonWant

if TYPE_CHECKING:
    from ..storage.recommend import Ground

_DEFAULT_ROOT = "/var/lib/docker"
_SNAPSHOTTER = "features.containerd-snapshotter"


def keys_of_storage(wants: Mapping[str, Any]) -> dict[str, str]:
    """The keys that kind storage of the same document writes before the daemon's turn comes."""
    storage = wants.get("storage")
    if storage is None:
        return {}
    said = {
        "storage-driver": storage.driver or storage.image_store,
        _SNAPSHOTTER: storage.image_store,
        "userns-remap": storage.userns_remap,
        "data-root": storage.data_root,
    }
    return {key: "storage" for key, value in said.items() if value is not None}


def root_problem(site: Site, want: DaemonWant, have: DaemonHave) -> str:
    """Why the wanted data-root cannot be there; where one has content, it is not moved here."""
    wanted = want.values.get("data-root")
    has_content = have.images or have.containers or have.has_stopped_content
    there = (have.raw.get("data-root"), site.info.get("DockerRootDir"))
    if not wanted or wanted in there or has_content or site.host.is_image:
        return ""
    from ..storage.recommend import unsuitable_root  # few documents name it

    driver = str(want.values.get("storage-driver") or "")
    return unsuitable_root(driver, _ground(site, wanted), have.engine)


def to_come(site: Site, want: DaemonWant, have: DaemonHave) -> tuple[str, str]:
    """The storage driver, and the file system below it; each empty where it is not known.

    Only options of the driver ask for more than is seen anyway.
    """
    if "storage-opts" not in want.values and "storage-opts" not in have.raw:
        return have.driver, have.backing
    root = _other_root(site, want, have)
    driver = _driver(site, want, have, root)
    if have.backing and not root:
        return driver, have.backing
    is_unknown = site.host.is_image or ("data-root" in have.flags and not have.is_running)
    return driver, "" if is_unknown else _ground(site, root or _now(site, have)).filesystem


def _other_root(site: Site, want: DaemonWant, have: DaemonHave) -> str:
    """The data-root to come; empty where it stays where it is."""
    storage = site.wants.get("storage")
    root = (storage.data_root if storage else None) or want.values.get("data-root")
    if not root and _leaves("data-root", site, have):
        root = _DEFAULT_ROOT
    is_same = not root or root.rstrip("/") == _now(site, have).rstrip("/")
    return "" if is_same else str(root)


def _now(site: Site, have: DaemonHave) -> str:
    from ..storage.have import base_of  # where users are mapped the engine names a folder below

    there = normal("data-root", have.raw.get("data-root"))
    return base_of(str(site.info.get("DockerRootDir") or there or _DEFAULT_ROOT))


def _driver(site: Site, want: DaemonWant, have: DaemonHave, root: str) -> str:
    """The driver to come; empty where only the engine can tell."""
    storage, is_free = site.wants.get("storage"), False
    named = (storage.driver if storage else None) or want.values.get("storage-driver")
    if storage and storage.image_store:
        return ""
    if not named and have.driver in OPTIONS:  # else it is of containerd, a plugin, or not known
        is_moved = bool(root) and not (storage and storage.data_root)  # where nothing is yet
        leaves = _leaves("storage-driver", site, have)
        is_kept = "storage-driver" in {*have.raw, *have.flags} and not leaves
        # The engine takes vfs for nobody who has not named it, another one where it finds it.
        is_free = not is_kept and (is_moved or (leaves and have.driver == "vfs"))
    if named == "auto" or is_free:
        from ..storage.recommend import recommend

        return recommend(_ground(site, root or _now(site, have)), have.engine)
    return str(named or have.driver)


def _leaves(name: str, site: Site, have: DaemonHave) -> bool:
    """Whether a key that is not wanted leaves the file."""
    return name in have.raw and not stays(name, have, site.run.foreign)


def _ground(site: Site, root: str) -> Ground:
    from ..storage.have import read

    return read(site.host, None, site.memory(), {}).ground(root)
