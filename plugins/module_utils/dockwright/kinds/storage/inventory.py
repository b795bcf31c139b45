"""All that the engine holds: images, containers and what they wrote. Read only."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.client import Engine, unless_gone
from ...engine.parallel import each
from ...errors import EngineRefused
from ...model import EngineFacts, Have
from ...named_tuple import NamedTuple
from ..container.have import from_inspect, is_running
from .sizes import layers_in_full

_WORKERS = 4
_MADE = ("/.dockerenv", "/sbin/docker-init", "/dev/init", "/etc/hosts", "/etc/hostname")
_MADE_FILES = frozenset({*_MADE, "/etc/resolv.conf", "/etc/mtab", "/dev", "/proc", "/sys"})
_NONE = "<none>"


class Image(NamedTuple):
    """One image with its names."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What it is saved by: an ID alone would lose the tags."""
        return self.tags or (self.id,)


class Inventory(NamedTuple):
    """What is there."""

    images: tuple[Image, ...] = ()
    containers: tuple[Have, ...] = ()
    written: Mapping[str, tuple[str, ...]] = {}  # container -> paths in its own layer
    layers: int = 0  # bytes of all layers, each once
    full: int = 0  # bytes where each layer is a copy of all below it (vfs)
    volumes: int = 0  # bytes, where they are to be copied
    whole: int = 0  # bytes of the whole data-root, where that is to be copied
    intermediate: int = 0  # images of the legacy builder's cache
    build_cache: int = 0
    plugins: tuple[str, ...] = ()

    @property
    def running(self) -> tuple[Have, ...]:
        """The containers that run."""
        return tuple(have for have in self.containers if is_running(have))


def take(engine: Engine, facts: EngineFacts, *, rebuild: bool) -> Inventory:
    """Look at everything; what only a rebuild must know is asked for one only."""
    containers = containers_of(engine, facts)
    if not rebuild:
        passing = [have for have in containers if is_running(have) and is_passing(have)]
        return Inventory(containers=containers, written=written_by(engine, passing))
    listed = engine.get("/images/json")
    images = tuple(sorted((_image(item) for item in listed), key=lambda image: image.names))
    every = engine.get("/images/json", {"all": True})
    usage = engine.get("/system/df", timeout=max(300.0, engine.timeout))
    return Inventory(
        images=images,
        containers=containers,
        written=written_by(engine, containers),
        layers=int(usage.get("LayersSize") or sum(image.size for image in images)),
        full=layers_in_full(engine, [image.id for image in images], containers),
        intermediate=len(every) - len(listed),
        build_cache=len(usage.get("BuildCache") or ()),
        plugins=tuple(item["Name"] for item in _plugins(engine)),
    )


def is_passing(have: Have) -> bool:
    """Whether the engine removes it when it stops (--rm), with what it wrote."""
    return bool((have.raw.get("HostConfig") or {}).get("AutoRemove"))


def containers_of(engine: Engine, facts: EngineFacts) -> tuple[Have, ...]:
    """Every container in full, by name."""
    listed = engine.get("/containers/json", {"all": True})
    answers = engine.get_each(f"/containers/{item['Id']}/json" for item in listed)
    raws = [raw for raw in map(unless_gone, answers) if raw]
    names = {raw["Id"]: raw["Name"].lstrip("/") for raw in raws}
    for network in engine.get("/networks"):
        names[f"network:{network['Name']}"] = network["Id"]
    haves = [from_inspect(raw, facts, names) for raw in raws]
    return tuple(sorted(haves, key=lambda have: have.name))


def written_by(engine: Engine, containers: Iterable[Have]) -> dict[str, tuple[str, ...]]:
    """What each container has in its own layer, without what the engine itself makes there."""
    containers = tuple(containers)
    answers = each(
        lambda have: engine.get(f"/containers/{have.id}/changes", timeout=max(300, engine.timeout)),
        containers,
        _WORKERS,
    )
    found = {
        have.name: own_changes(have.raw, changes or ())
        for have, changes in zip(containers, answers)
    }
    return {name: paths for name, paths in found.items() if paths}


def own_changes(raw: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The changed paths of a container that are its own doing.

    Mount points are made by the engine, and a folder counts as changed when something in it is.
    """
    targets = {mount["Destination"].rstrip("/") for mount in raw.get("Mounts") or ()}
    targets |= set((raw.get("HostConfig") or {}).get("Tmpfs") or ())
    made = _MADE_FILES | {path for target in targets for path in _with_parents(target)}
    paths = {change["Path"]: change["Kind"] for change in changes}
    parents = {parent for path in paths for parent in _with_parents(path)[1:]}
    return tuple(
        sorted(
            path
            for path, kind in paths.items()
            if path not in made
            and not path.startswith("/dev/")
            and not (path in parents and kind != 2)
        )
    )


def _with_parents(path: str) -> list[str]:
    found = []
    while path not in ("", "/"):
        found.append(path)
        path = posixpath.dirname(path)
    return found


def _image(item: Mapping[str, Any]) -> Image:
    tags = tuple(sorted(tag for tag in item.get("RepoTags") or () if _NONE not in tag))
    digests = tuple(sorted(text for text in item.get("RepoDigests") or () if _NONE not in text))
    return Image(item["Id"], tags, digests, int(item.get("Size") or 0))


def _plugins(engine: Engine) -> Any:
    try:
        return engine.get("/plugins") or ()
    except EngineRefused:  # an engine built without them
        return ()
