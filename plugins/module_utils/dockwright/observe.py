"""Have: one pass over the engine and the host, in parallel, read-only, nothing asked twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from . import owner
from .engine.client import Engine
from .engine.parallel import each, gather
from .errors import EngineRefused
from .kinds.container import have as container
from .kinds.container.recovery import Recovery, as_recovered, is_leftover, lost, name_of, recoveries
from .kinds.image import have as image
from .kinds.network import have as network
from .kinds.volume import have as volume
from .model import EngineFacts, Have
from .spec import Document

if TYPE_CHECKING:
    from .host.machine import Host

WORKERS = 8


@dataclass(frozen=True)
class Observation:
    """All that planning needs to know of a host, as it will be once half-done work is put right.

    ``containers`` holds those that were inspected, by name; ``listing`` every container;
    ``others`` the inspect answers of containers that the document does not name (only read when
    something is to be replaced); ``configs`` the Config of images by their ID.
    """

    facts: EngineFacts
    listing: tuple[Mapping[str, Any], ...] = ()
    containers: Mapping[str, Have] = field(default_factory=dict)
    others: Mapping[str, Have] = field(default_factory=dict)
    networks: Mapping[str, Have] = field(default_factory=dict)
    volumes: Mapping[str, Have] = field(default_factory=dict)
    images: Mapping[str, image.ImageHave] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recoveries: Mapping[str, Recovery] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)  # IDs of replaced containers -> names
    adopted: frozenset[tuple[str, str]] = frozenset()
    host_ports: frozenset[Any] | None = None  # None: the engine is on another machine
    complete: bool = False  # `others` has been read
    info: Mapping[str, Any] = field(default_factory=dict)  # the answer of GET /info


class Edges(NamedTuple):
    """What observing needs beside the engine.

    ``is_busy`` tells that another run holds the lock: what it has half done is its own business.
    """

    host: Host | None
    credentials: Mapping[str, Mapping[str, str]]
    open_file: Callable[[str], Any]
    is_busy: bool = False


def observe(document: Document, engine: Engine, edges: Edges) -> Observation:
    """Read what the document is about. Raises EngineError."""
    host = edges.host
    answers: list[Any] = each(lambda ask: ask(), _questions(document, engine), WORKERS)
    info, listed, networks, volumes = answers
    facts = facts_from(info, engine)
    listing = tuple(listed or ())
    seen_volumes = {have.name: have for have in _volumes(volumes, facts)}
    found = recoveries(listing, seen_volumes)
    if host is None or edges.is_busy:  # another run may still be at it
        found = {name: item for name, item in found.items() if name in document.containers}
    names = _names(listing, networks or (), found)
    adopted = host.memory(facts.id).adopted(document.project) if host else frozenset()
    wanted = _to_inspect(document, listing, found, adopted)
    # Images and containers are asked for side by side: two workers share the pool of connections.
    inspected, images = _both(
        lambda: _inspect(engine, wanted, facts, names, found),
        lambda: image.read(engine, document.images, edges.credentials, edges.open_file, WORKERS),
    )
    return Observation(
        facts,
        listing,
        inspected,
        {},
        {have.name: have for have in (network.from_list(raw, facts) for raw in networks or ())},
        seen_volumes,
        images,
        _other_configs(engine, inspected, images),
        found,
        lost(listing, found.values()),
        adopted,
        host.listening_ports() if host and _publishes(document) else None,
        info=info,
    )


def _publishes(document: Document) -> bool:
    return any(want.fields.get("ports") for want in document.containers.values())


def observe_others(seen: Observation, engine: Engine) -> Observation:
    """The observation with every other container inspected: who depends on what is replaced."""
    known = {have.id for have in seen.containers.values()}
    ids = _ids(seen.listing, seen.recoveries)
    rest = {name: id for name, id in ids.items() if id not in known}
    networks = [have.raw for have in seen.networks.values()]
    names = _names(seen.listing, networks, seen.recoveries)
    others = _inspect(engine, rest, seen.facts, names, seen.recoveries)
    return replace(seen, others=others, complete=True)


def facts_from(info: Mapping[str, Any], engine: Engine) -> EngineFacts:
    """The facts of an engine from ``GET /info`` and the negotiated versions."""
    versions = engine.negotiate()
    swarm = (info.get("Swarm") or {}).get("LocalNodeState") or "inactive"
    return EngineFacts(
        id=info.get("ID") or "",
        name=info.get("Name") or "",
        api=versions.api,
        engine=versions.engine,
        os=versions.os,
        arch=info.get("Architecture") or versions.arch,
        log_driver=info.get("LoggingDriver") or "json-file",
        log_drivers=tuple((info.get("Plugins") or {}).get("Log") or ()),
        runtime=info.get("DefaultRuntime") or "runc",
        runtimes=tuple(info.get("Runtimes") or ()),
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        storage_driver=info.get("Driver") or "",
        live_restore=bool(info.get("LiveRestoreEnabled")),
        swarm=swarm != "inactive",
    )


def _questions(document: Document, engine: Engine) -> list[Callable[[], Any]]:
    """The list requests that this document needs; the version is asked once before."""
    engine.negotiate()
    objects = document.services or document.networks or document.purge
    return [
        lambda: engine.get("/info"),
        lambda: engine.get("/containers/json", {"all": True}) if objects else None,
        lambda: engine.get("/networks") if objects else None,
        lambda: engine.get("/volumes") if objects or document.volumes else None,
    ]


def _both(one: Callable[[], Any], other: Callable[[], Any]) -> list[Any]:
    return each(lambda call: call(), [one, other], 2)


def _volumes(answer: Mapping[str, Any] | None, facts: EngineFacts) -> list[Have]:
    return [volume.from_list(raw, facts) for raw in (answer or {}).get("Volumes") or ()]


def _names(
    listing: Iterable[Mapping[str, Any]],
    networks: Iterable[Mapping[str, Any]],
    found: Mapping[str, Recovery],
) -> dict[str, str]:
    """The names of containers by ID, after the recoveries; the IDs of networks by name."""
    names = {item["Id"]: name_of(item) for item in listing}
    names.update({item.survivor: name for name, item in found.items() if item.survivor})
    names.update({f"network:{raw['Name']}": raw["Id"] for raw in networks})
    return names


def _ids(listing: Iterable[Mapping[str, Any]], found: Mapping[str, Recovery]) -> dict[str, str]:
    """Name -> ID of all containers, as they will be after the recoveries."""
    half_done = {id for item in found.values() for id in (item.old, item.new)}
    half_done |= {item["Id"] for item in listing if is_leftover(name_of(item), found)}
    ids = {name_of(item): item["Id"] for item in listing if item["Id"] not in half_done}
    ids.update({name: item.survivor for name, item in found.items() if item.survivor})
    return ids


def _to_inspect(
    document: Document,
    listing: Iterable[Mapping[str, Any]],
    found: Mapping[str, Recovery],
    adopted: frozenset[tuple[str, str]],
) -> dict[str, str]:
    """Name -> ID of the containers that the document names, or that are ours in its project."""
    ids = _ids(listing, found)
    labels = {item["Id"]: owner.labels_of(item) for item in listing}
    wanted = {name: ids[name] for name in document.containers if name in ids}
    for name, id in ids.items():
        ours = labels[id].get(owner.PROJECT, "") == document.project
        is_replica = ours and labels[id].get(owner.SERVICE) in document.services
        if is_replica or (document.purge and (ours or ("container", name) in adopted)):
            wanted[name] = id
    return wanted


def _inspect(
    engine: Engine,
    ids: Mapping[str, str],
    facts: EngineFacts,
    names: Mapping[str, str],
    found: Mapping[str, Recovery],
) -> dict[str, Have]:
    answers = each(lambda id: _inspect_one(engine, id), ids.values(), WORKERS)
    result = {}
    for name, raw in zip(ids, answers):
        if raw is None:
            continue  # it went away since it was listed
        if name in found:
            raw = as_recovered(raw, found[name])
        result[name] = container.from_inspect(raw, facts, names)
    return result


def _inspect_one(engine: Engine, id: str) -> Any:
    try:
        return engine.get(f"/containers/{id}/json")
    except EngineRefused as error:
        if error.status == 404:
            return None
        raise


def _other_configs(
    engine: Engine, inspected: Mapping[str, Have], images: Mapping[str, image.ImageHave]
) -> dict[str, Mapping[str, Any]]:
    """The Config of images that containers still run on and the document does not name."""
    configs = {have.id: have.config for have in images.values() if have.id}
    missing = {have.fields["image"] for have in inspected.values()} - set(configs)
    for id, raw in zip(missing, gather([_image_question(engine, id) for id in missing], WORKERS)):
        if not isinstance(raw, Exception):  # a removed image leaves its containers without one
            configs[id] = raw.get("Config") or {}
    return configs


def _image_question(engine: Engine, id: str) -> Callable[[], Any]:
    return lambda: engine.get(f"/images/{id}/json")
