"""What the storage is to become: the wanted options over what is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...named_tuple import NamedTuple
from ..daemon.options import version
from .have import StorageHave
from .options import AUTO
from .recommend import Ground, recommend
from .want import StorageWant

SNAPSHOTTER = "features.containerd-snapshotter"


class Target(NamedTuple):
    """The storage as it is to be."""

    driver: str
    store: str
    base: str
    remap: str
    ground: Ground
    values: Mapping[str, Any]  # key of daemon.json, or features.NAME -> value; None: not there

    def switches(self, have: StorageHave) -> bool:
        """Whether images and containers are re-created: another world in the data-root."""
        if not have.daemon.is_running:
            return False
        is_other = self.driver != have.driver and self.store == "graphdriver"
        return is_other or self.store != have.store or self.remap != have.remap

    def moves(self, have: StorageHave) -> bool:
        """Whether the data-root is another folder."""
        return self.base != have.base


def target_of(want: StorageWant, have: StorageHave) -> Target:
    """The storage as it is to be, and what daemon.json then says."""
    ground = have.target or have.ground
    store = want.image_store or have.store
    remap = have.remap if want.userns_remap is None else want.userns_remap
    driver = have.driver
    if store == "graphdriver":
        if want.driver == AUTO or (want.driver is None and have.store == "containerd"):
            driver = recommend(ground, have.daemon.engine)
        elif want.driver is not None:
            driver = want.driver
    values: dict[str, Any] = {}
    if store == "graphdriver" and (want.driver is not None or have.store != store):
        values["storage-driver"] = driver
    if want.image_store is not None:
        is_default = store == "graphdriver" and version(have.daemon.engine) < (29,)
        values[SNAPSHOTTER] = None if is_default else store == "containerd"
        if store == "containerd":
            values["storage-driver"] = None
    if want.userns_remap is not None:
        values["userns-remap"] = want.userns_remap or None
    if want.data_root is not None:
        values["data-root"] = want.data_root
    base = want.data_root or have.base
    return Target(driver, store, base, remap, ground, values)


def in_file(raw: Mapping[str, Any], path: str) -> Any:
    """The value of daemon.json at a path; None where there is none."""
    name, _, inner = path.partition(".")
    value = raw.get(name)
    return (
        value.get(inner) if inner and isinstance(value, Mapping) else value if not inner else None
    )


def file_after(raw: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The file with these values; all else in it, and its order, stays."""
    document = dict(raw)
    for path, value in values.items():
        name, _, inner = path.partition(".")
        if inner:
            entries = {k: v for k, v in (document.get(name) or {}).items() if k != inner}
            if value is not None:
                entries[inner] = value
            value = entries or None
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value
    return document
