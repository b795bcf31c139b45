"""What nobody needs any more: which it is, how much room it takes, and its removal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from .. import owner
from ..engine.client import Engine
from ..engine.parallel import each
from ..errors import ApplyFailed, DockwrightError, EngineRefused, Problem, SpecError
from ..kinds.container.recovery import NEW, OLD, name_of, recoveries
from ..kinds.container.sharing import joined
from ..kinds.image.reference import normal
from ..kinds.image.removal import mounted_by
from ..kinds.network.recovery import SUFFIX
from ..named_tuple import NamedTuple

_SIZES = 600.0  # seconds that the engine may need to add up what everything takes
_BUILT_IN = ("bridge", "host", "none", "ingress", "docker_gwbridge")
_KINDS = ("containers", "images", "networks", "volumes", "build_cache")
_HEX = re.compile(r"[0-9a-f]{64}")
_ANONYMOUS = "com.docker.volume.anonymous"


class Item(NamedTuple):
    """One thing that goes: the names that the engine is asked to remove, and the bytes it takes."""

    kind: str
    name: str
    paths: tuple[str, ...]
    size: int


class Seen(NamedTuple):
    """What there is, by one request for each list."""

    containers: list[dict[str, Any]]
    images: list[dict[str, Any]]
    networks: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    caches: list[dict[str, Any]]
    parents: frozenset[str]  # IDs of images that others are built on
    layers: int  # bytes of all images together


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Remove what is asked for and not needed; what was, or with ``check`` what would be.

    ``removed`` has the names by kind, ``bytes`` the room: of images together what only they have,
    which may be less than removing them all frees.
    """
    if not any(given.get(kind) for kind in _KINDS):
        fix = f"name at least one of {', '.join(_KINDS)}"
        raise SpecError([Problem("prune", "nothing is named that could go", fix)])
    seen = _look(engine)
    items = list(plan(seen, given, datetime.now(timezone.utc).timestamp()))
    if check or not items:
        return _told(items, sum(item.size for item in items), [], check=check)
    warnings: list[str] = []
    gone: list[Item] = []
    try:
        for item in _remove(engine, items, given, warnings):
            gone.append(item)
    except DockwrightError as error:
        names = ", ".join(f"{item.kind[:-1]} {item.name}" for item in gone) or "nothing"
        text = f"{error.message}; removed before: {names}"
        raise ApplyFailed(text, fix=error.fix, changed=bool(gone)) from error
    return _told(gone, _freed(engine, seen, gone, warnings), warnings, check=False)


def _freed(engine: Engine, seen: Seen, gone: list[Item], warnings: list[str]) -> int:
    """The bytes that are free now; of images the engine tells, as what they shared is free, too."""
    size = sum(item.size for item in gone)
    images = sum(item.size for item in gone if item.kind == "images")
    if not any(item.kind == "images" for item in gone):
        return size
    try:
        return size - images + seen.layers - int(_usage(engine).get("LayersSize") or 0)
    except DockwrightError:
        warnings.append("the engine does not tell how much is free now; it is at least this much")
        return size


def _usage(engine: Engine) -> dict[str, Any]:
    return dict(engine.get("/system/df", timeout=_SIZES))


def _look(engine: Engine) -> Seen:
    engine.negotiate()
    paths = ("/system/df", "/networks", "/images/json")
    usage, networks, images = each(
        lambda path: engine.get(path, {"all": 1} if "images" in path else None, timeout=_SIZES),
        paths,
    )
    return Seen(
        usage.get("Containers") or [],
        usage.get("Images") or [],
        networks or [],
        usage.get("Volumes") or [],
        usage.get("BuildCache") or [],
        frozenset(image.get("ParentId") or "" for image in images or ()),
        int(usage.get("LayersSize") or 0),
    )


# --- the plan: pure ------------------------------------------------------------------------------


def plan(seen: Seen, given: Mapping[str, Any], now: float) -> Iterator[Item]:
    """What goes, in the order in which it can; ``now`` in seconds since 1970."""
    before = now - given["older_than"] / 10**9 if given.get("older_than") else None
    left = seen.containers
    if given.get("containers"):
        # What a run of ours has under way, or left when it was killed.
        half = {*recoveries(left), *_replaced(left)}
        gone = [raw for raw in left if _is_over(raw) and _is_meant(raw, given, before)]
        gone = _unneeded([raw for raw in gone if name_of(raw) not in half], left)
        left = [raw for raw in left if raw not in gone]
        for raw in gone:
            yield Item("containers", name_of(raw), (raw["Id"],), int(raw.get("SizeRw") or 0))
    if given.get("images"):
        yield from _images(seen, left, given, before)
    if given.get("networks"):
        yield from _networks(seen, left, given, before)
    if given.get("volumes"):
        yield from _volumes(seen, left, given, before)
    if given.get("build_cache"):
        yield from _caches(seen, before)


def _is_over(raw: Mapping[str, Any]) -> bool:
    """Whether a container does not run, and no spec of ours has it: those are made once more."""
    is_aside = name_of(raw).endswith((NEW, OLD)) or owner.NAME in owner.labels_of(raw)
    return raw.get("State") in ("created", "exited", "dead") and not is_aside


def _replaced(listed: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names of containers that have one put aside, or one to come."""
    names = map(name_of, listed)
    return {name[: -len(end)] for name in names for end in (NEW, OLD) if name.endswith(end)}


def _unneeded(gone: list[dict[str, Any]], all_of_them: list[dict[str, Any]]) -> Any:
    """Without those whose network a container that stays is in: it could not start again."""
    while True:
        modes = (_mode(raw) for raw in all_of_them if raw not in gone)
        needed = {joined(mode) for mode in modes}
        rest = [raw for raw in gone if not {raw["Id"], name_of(raw)} & needed]
        if len(rest) == len(gone):
            return rest
        gone = rest


def _mode(raw: Mapping[str, Any]) -> str:
    return str((raw.get("HostConfig") or {}).get("NetworkMode") or "")


def _is_meant(raw: Mapping[str, Any], given: Mapping[str, Any], before: float | None) -> bool:
    labels = owner.labels_of(raw)
    if not all(owner.has_label(labels, text) for text in given.get("labels", ())):
        return False
    if any(owner.has_label(labels, text) for text in given.get("except_labels", ())):
        return False
    return before is None or _moment(raw.get("Created") or raw.get("CreatedAt")) < before


def _moment(value: Any) -> float:
    """Seconds since 1970 of what the engine writes as such or as RFC 3339 text."""
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value or "")
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$", text)
    if not found:
        return float("inf")  # nobody knows how old it is: it stays
    zone = "+00:00" if found[2] == "Z" else found[2]
    return datetime.fromisoformat(found[1] + zone).timestamp()


def _images(
    seen: Seen, left: Iterable[Mapping[str, Any]], given: Mapping[str, Any], before: float | None
) -> Iterator[Item]:
    left = list(left)
    used = {raw.get("ImageID") for raw in left}
    mounted = {name for raw in left for name in mounted_by(raw)}
    used |= _newest(seen.images, given.get("keep", 0))
    for raw in sorted(seen.images, key=lambda raw: -int(raw.get("Created") or 0)):
        tags = _tags(raw)
        if raw["Id"] in used or mounted & _keys(raw) or (tags and given["images"] == "dangling"):
            continue
        if not tags and raw["Id"] in seen.parents:
            continue  # others are built on it
        if _is_meant(raw, given, before):
            own = int(raw.get("Size") or 0) - max(0, int(raw.get("SharedSize") or 0))
            name = ", ".join(tags) or raw["Id"].replace("sha256:", "")[:12]
            yield Item("images", name, tuple(tags) or (raw["Id"],), own)


def _tags(raw: Mapping[str, Any]) -> list[str]:
    return sorted(tag for tag in raw.get("RepoTags") or () if tag != "<none>:<none>")


def _keys(raw: Mapping[str, Any]) -> set[str]:
    """All that an image can be mounted by, in the normal form."""
    return {normal(name) for name in (*_tags(raw), *(raw.get("RepoDigests") or ()), raw["Id"])}


def _newest(images: Iterable[Mapping[str, Any]], count: int) -> set[str]:
    """The IDs of the newest so many images of each repository."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for raw in images:
        for repository in {tag.rpartition(":")[0] for tag in _tags(raw)}:
            groups.setdefault(repository, []).append((int(raw.get("Created") or 0), raw["Id"]))
    return {id for group in groups.values() for _, id in sorted(group, reverse=True)[:count]}


def _networks(
    seen: Seen, left: Iterable[Mapping[str, Any]], given: Mapping[str, Any], before: float | None
) -> Iterator[Item]:
    used: set[str] = set()
    for raw in left:
        networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
        used |= {*networks, *(item.get("NetworkID") or "" for item in networks.values())}
        used.add(_mode(raw))
    for raw in sorted(seen.networks, key=lambda raw: str(raw["Name"])):
        is_free = not {raw["Name"], raw["Id"]} & used and raw["Name"] not in _BUILT_IN
        if is_free and raw.get("Scope") == "local" and _is_meant(raw, given, before):
            yield Item("networks", raw["Name"], (raw["Id"],), 0)


def _volumes(
    seen: Seen, left: Iterable[Mapping[str, Any]], given: Mapping[str, Any], before: float | None
) -> Iterator[Item]:
    used = {mount.get("Name") for raw in left for mount in raw.get("Mounts") or ()}
    for raw in sorted(seen.volumes, key=lambda raw: str(raw["Name"])):
        name, usage = raw["Name"], raw.get("UsageData") or {}
        is_anonymous = _ANONYMOUS in owner.labels_of(raw) or bool(_HEX.fullmatch(name))
        if name in used or name.endswith(SUFFIX) or not _is_meant(raw, given, before):
            continue
        if given["volumes"] == "unused" or is_anonymous:
            yield Item("volumes", name, (name,), max(0, int(usage.get("Size") or 0)))


def _caches(seen: Seen, before: float | None) -> Iterator[Item]:
    """What the engine would take: no record that another one which stays is built on."""
    parents = {
        raw["ID"]: {*(raw.get("Parents") or ()), raw.get("Parent") or ""} for raw in seen.caches
    }
    todo = [raw["ID"] for raw in seen.caches if raw.get("InUse") or _is_young(raw, before)]
    stays = set(todo)
    while todo:
        more = parents.get(todo.pop(), set()) - stays
        stays |= more
        todo += more
    for raw in seen.caches:
        if raw["ID"] not in stays:
            own = 0 if raw.get("Shared") else int(raw.get("Size") or 0)
            yield Item("build_cache", raw["ID"], (raw["ID"],), own)


def _is_young(raw: Mapping[str, Any], before: float | None) -> bool:
    """Whether it was used lately; to the engine one that never was used is old."""
    last = raw.get("LastUsedAt")
    return before is not None and bool(last) and _moment(last) >= before


# --- its application -----------------------------------------------------------------------------


def _remove(
    engine: Engine, items: list[Item], given: Mapping[str, Any], warnings: list[str]
) -> Iterator[Item]:
    """Remove them one by one, so that nothing goes that the plan did not name."""
    for item in items:
        if item.kind == "build_cache":
            continue
        went = [_is_removed(engine, item, path, warnings) for path in item.paths]
        if any(went):
            yield item
    caches = [item for item in items if item.kind == "build_cache"]
    if caches:
        query: dict[str, Any] = {"all": True}
        if given.get("older_than"):
            query["filters"] = {"until": {f"{given['older_than'] // 10**9}s": True}}
        answer = engine.post("/build/prune", None, query, timeout=_SIZES) or {}
        gone = set(answer.get("CachesDeleted") or ())
        yield from (item for item in caches if item.name in gone)


def _is_removed(engine: Engine, item: Item, path: str, warnings: list[str]) -> bool:
    try:
        engine.delete(f"/{item.kind}/{path}")
    except EngineRefused as error:
        if error.status == 404:  # another hand was faster
            return False
        if error.status not in (403, 409):
            raise
        warnings.append(f"{item.kind[:-1]} {item.name} stays, it is needed: {error.message}")
        return False
    return True


def _told(items: list[Item], size: int, warnings: list[str], *, check: bool) -> dict[str, Any]:
    removed = {kind: [item.name for item in items if item.kind == kind] for kind in _KINDS}
    counts = [f"{len(names)} {kind.replace('_', ' ')}" for kind, names in removed.items() if names]
    verb, words = ("would be removed", "at least ") if check else ("removed", "")
    message = (
        f"{verb}: {', '.join(counts)}; {words}{shown(size)}" if counts else "nothing to remove"
    )
    lines = "".join(f"{item.kind}: {item.name} ({shown(item.size)})\n" for item in items)
    return {
        "changed": bool(items),
        "message": message,
        "removed": removed,
        "items": [
            {"kind": item.kind, "name": item.name, "bytes": item.size, "size": shown(item.size)}
            for item in items
        ],
        "bytes": size,
        "warnings": warnings,
        "diff": {"before": lines, "after": ""},
    }


def shown(size: int) -> str:
    """Bytes for people, as the engine's own tool writes them: ``12.3 MB``."""
    for factor, unit in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"
