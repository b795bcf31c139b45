"""Have: one pass over the engine and the host, in parallel, read-only, nothing asked twice."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import owner
from .engine.client import Engine, unless_gone
from .engine.parallel import gather
from .engine.versions import ASSUMED as ASSUMED_ENGINE
from .engine.versions import MAX_API, api_of
from .errors import EngineRefused, LockTimeout
from .have import have_of
from .kinds.container import have as container
from .kinds.container.recovery import Recovery, as_recovered, is_leftover, lost, name_of, recoveries
from .kinds.container.stale import Moved
from .kinds.image import have as image
from .kinds.network import recovery as network_recovery
from .kinds.network.options import ROWS as NETWORK
from .kinds.volume.options import ROWS as VOLUME
from .model import Change, EngineFacts, Have
from .named_tuple import NamedTuple
from .options import Inspect, Option
from .spec import Document

if TYPE_CHECKING:
    from .host.machine import Host
    from .host.memory import Memory
    from .host.runner import Runner
    from .kinds.plugin.have import PluginHave

_Half = TypeVar("_Half", Recovery, network_recovery.Recovery)
ASSUMED = EngineFacts(api=MAX_API, engine=ASSUMED_ENGINE, assumed=True)


class Observation(NamedTuple):
    """All that planning needs to know of a host, as it will be once half-done work is put right.

    ``containers`` holds those that were inspected, by name; ``listing`` every container;
    ``others`` the inspect answers of containers that the document does not name (only read when
    something is to be replaced); ``configs`` the Config of images by their ID.
    """

    facts: EngineFacts
    listing: tuple[Mapping[str, Any], ...] = ()
    containers: Mapping[str, Have] = {}
    others: Mapping[str, Have] = {}
    networks: Mapping[str, Have] = {}
    volumes: Mapping[str, Have] = {}
    plugins: Mapping[str, PluginHave] = {}
    images: Mapping[str, image.ImageHave] = {}
    configs: Mapping[str, Mapping[str, Any]] = {}
    recoveries: Mapping[str, Recovery] = {}
    remade: Mapping[str, network_recovery.Recovery] = {}  # by network
    lost: Mapping[str, str] = {}  # IDs of replaced containers -> names
    adopted: frozenset[tuple[str, str]] = frozenset()
    host_ports: frozenset[Any] | None = None  # None: the engine is on another machine
    complete: bool = False  # `others` has been read
    later: Set[str] = frozenset()  # containers that are left for `inspected_later`
    moved: tuple[Moved, ...] = ()  # defaults of the daemon that are others now
    info: Mapping[str, Any] = {}  # the answer of GET /info


class Edges(NamedTuple):
    """What observing needs beside the engine.

    ``memory`` is the host's memory of the engine with an ID; None where there is no host edge.
    ``is_busy`` tells that another run holds the lock: what it has half done is its own business.
    """

    host: Host | None
    memory: Callable[[str], Memory | None]
    credentials: Mapping[str, Mapping[str, str]]
    open_file: Callable[[str], Any]
    build_site: image.BuildSite
    is_busy: bool = False


def assumed(host: Host | None) -> EngineFacts:
    """The engine to plan for where none answers; that of an image is the one that is in it."""
    if host is None or not host.is_image:
        return ASSUMED
    from .kinds.daemon.have import version_of

    engine, _ = version_of(host, {})
    return EngineFacts(api=api_of(engine), engine=engine, assumed=True)


def observe(
    document: Document, engine: Engine, edges: Edges, *, everything: bool = False
) -> Observation:
    """Read what the document is about, or list ``everything``. Raises EngineError."""
    engine.negotiate()  # once, before the questions go side by side

    def look() -> Observation:
        questions = [lambda: engine.get("/info"), *_lists(document, engine, everything)]
        info, *lists = gather(questions, engine.workers)
        facts = facts_from(info, engine)
        memory = edges.memory(facts.id)
        ports = edges.host.listening_ports() if edges.host and _publishes(document) else None
        adopted = memory.adopted(document.project) if memory else frozenset()
        seen = Observation(facts, adopted=adopted, host_ports=ports, info=info)
        return _completed(seen, document, engine, edges, lists)

    return _with_images(look, document, engine, edges)


def refreshed(
    seen: Observation, done: Iterable[Change], document: Document, engine: Engine, edges: Edges
) -> Observation:
    """The observation after these changes: the lists anew, and what was changed inspected again.

    Ports of the host are not looked at any more: what was to be started has got them.
    """
    left = _without(seen, done, document)

    def look() -> Observation:
        lists = gather(_lists(document, engine, bool(seen.moved)), engine.workers)
        return _completed(left, document, engine, edges, lists)

    fresh = _with_images(look, document, engine, edges, left)
    return observe_others(fresh, engine) if seen.complete else fresh


def inspected_later(seen: Observation, engine: Engine) -> Observation:
    """The observation with the containers that were left for later."""
    ids = {name: id for name, id in _ids(seen).items() if name in seen.later}
    left = {name: have for name, have in seen.containers.items() if name not in seen.later}
    containers = {**left, **_inspect(engine, ids, seen)}
    return seen._replace(containers=containers, later=frozenset())


def _with_images(
    look: Callable[[], Observation],
    document: Document,
    engine: Engine,
    edges: Edges,
    left: Observation | None = None,
) -> Observation:
    """An observation, and beside it the document's images; what is ``left`` is not read again."""
    images, containers = (left.images, left.containers) if left else ({}, {})
    wants = {key: want for key, want in document.images.items() if key not in images}
    asked = image.Edges(engine, edges.credentials, edges.open_file, site=edges.build_site)
    looks: list[Callable[[], Any]] = [look, lambda: image.read(asked, wants)]
    seen: Observation
    seen, found = gather(looks, engine.workers)
    images = {**images, **found}
    inspected = {
        name: have for name, have in seen.containers.items() if containers.get(name) is not have
    }
    configs = configs_of(engine, inspected, images, seen.configs)
    return seen._replace(images=images, configs=configs)


def _without(seen: Observation, done: Iterable[Change], document: Document) -> Observation:
    """The observation without what these changes were about: it is to be read again."""
    changed = {(change.kind, change.name) for change in done}

    def is_same(have: Have) -> bool:
        networks = have.fields.get("networks") or ()
        return ("container", have.name) not in changed and not any(
            ("network", name) in changed for name in networks
        )

    return seen._replace(
        containers={name: have for name, have in seen.containers.items() if is_same(have)},
        others={name: have for name, have in seen.others.items() if is_same(have)},
        images={
            key: have
            for key, have in seen.images.items()
            if ("image", document.images[key].name) not in changed
        },
        host_ports=None,
    )


def _completed(
    seen: Observation, document: Document, engine: Engine, edges: Edges, lists: Iterable[Any]
) -> Observation:
    """The observation with these lists; what they name and it has not yet is inspected."""
    others = edges.host is not None and not edges.is_busy  # else another run may still be at it
    *lists, listed = lists
    seen = _with_lists(seen, lists, document, others=others)
    wanted = _to_inspect(document, seen)
    known = {name: have for name, have in seen.containers.items() if wanted.get(name) == have.id}
    missing = {name: id for name, id in wanted.items() if name not in {*known, *seen.later}}
    looks: list[Callable[[], Any]] = [
        lambda: _inspect(engine, missing, seen),
        lambda: _plugins(document, engine, edges, seen, [*lists, listed]),
    ]
    inspected, plugins = gather(looks, engine.workers)
    return seen._replace(containers={**known, **inspected}, plugins=plugins)


def _plugins(
    document: Document, engine: Engine, edges: Edges, seen: Observation, lists: Iterable[Any]
) -> dict[str, PluginHave]:
    """The plugins of the document; who has one's volumes and networks is asked where it matters."""
    _, networks, volumes, plugins = lists
    if plugins is None:
        return {}
    from .kinds.plugin import have as plugin  # few documents have any

    def users() -> dict[str, tuple[tuple[str, str], ...]]:
        own = engine.get("/volumes") if volumes is None else volumes
        listed = engine.get("/networks") if networks is None else networks
        return plugin.users_of(own.get("Volumes") or (), listed)

    source = plugin.Source(engine, edges.credentials)
    authorizing = (seen.info.get("Plugins") or {}).get("Authorization") or ()
    return plugin.read(source, document.plugins, plugins, users, authorizing)


def _publishes(document: Document) -> bool:
    return any(want.fields.get("ports") for want in document.containers.values())


def observe_others(seen: Observation, engine: Engine) -> Observation:
    """The observation with every other container inspected: who depends on what is replaced."""
    ours = {have.id for have in seen.containers.values()}
    ids = _ids(seen)
    rest = {name: id for name, id in ids.items() if id not in ours and name not in seen.later}
    known = {name: have for name, have in seen.others.items() if rest.get(name) == have.id}
    missing = {name: id for name, id in rest.items() if name not in known}
    others = {**known, **_inspect(engine, missing, seen)}
    return seen._replace(others=others, complete=True)


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
        cgroup=_cgroup_namespace(info),
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        storage_driver=info.get("Driver") or "",
        live_restore=bool(info.get("LiveRestoreEnabled")),
        swarm=swarm != "inactive",
    )


def _cgroup_namespace(info: Mapping[str, Any]) -> str:
    """The daemon's default for new containers: engines tell that it is private, or say nothing."""
    options = info.get("SecurityOptions")
    if options is None:
        return ""
    return "private" if "name=cgroupns" in options else "host"


def _lists(document: Document, engine: Engine, everything: bool) -> list[Callable[[], Any]]:
    """The list requests that this document needs: containers, networks, volumes, plugins."""
    objects = everything or document.services or document.networks or document.purge
    leaving = any(want.state == "absent" for want in document.images.values())
    objects = objects or any(want.inputs.get("migrate") for want in document.volumes.values())
    return [
        lambda: engine.get("/containers/json", {"all": True}) if objects or leaving else None,
        lambda: engine.get("/networks") if objects else None,
        lambda: engine.get("/volumes") if objects or document.volumes else None,
        lambda: engine.get("/plugins") or () if document.plugins else None,
    ]


def _with_lists(
    seen: Observation, lists: Iterable[Any], document: Document, *, others: bool
) -> Observation:
    """The observation with these lists, and what is half done in them.

    Without ``others`` only what is half done of the document's own objects. What another run of
    this machine is at is its own business. Raises LockTimeout where the document names it.
    """
    listed, nets, vols = lists
    volumes = (vols or {}).get("Volumes") or ()
    remade = network_recovery.recoveries(volumes, nets or ()) if nets else {}
    found = recoveries(listed or (), (raw["Name"] for raw in volumes))
    if not others:
        remade = {name: item for name, item in remade.items() if name in document.networks}
        found = {name: item for name, item in found.items() if name in document.containers}
    remade = without_living("network", remade, document.networks)
    found = without_living("container", found, document.containers)
    networks = network_recovery.networks_as_recovered(nets or (), remade)
    return seen._replace(
        listing=tuple(network_recovery.with_endpoints(item, remade) for item in listed or ()),
        networks=_haves("network", NETWORK, networks, seen.facts),
        volumes=_haves("volume", VOLUME, volumes, seen.facts),
        recoveries=found,
        remade=remade,
        lost=lost(listed or (), found.values()),
    )


def without_living(
    kind: str, found: Mapping[str, _Half], named: Container[str]
) -> dict[str, _Half]:
    """What is half done and whose run has ended. Raises LockTimeout for one that is named."""
    left = {}
    for name, item in found.items():
        runner = _living(item.journal.by)
        if runner is None:
            left[name] = item
        elif name in named:
            raise LockTimeout(
                f"{kind} {name} is being replaced by another run, process {runner.pid}",
                where=f"{kind}s.{name}",
                fix="wait for it, or give a longer lock_timeout; if it hangs, end the process",
            )
    return left


def _living(by: str) -> Runner | None:
    if not by:
        return None
    from .host.runner import living  # few runs find anything half done

    return living(by)


def _haves(
    kind: str, rows: Iterable[Option], answers: Iterable[Mapping[str, Any]], facts: EngineFacts
) -> dict[str, Have]:
    """What a list answer tells, by name."""
    found = (have_of(kind, rows, Inspect(raw, facts, {})) for raw in answers)
    return {have.name: have for have in found}


def _names(seen: Observation) -> dict[str, str]:
    """The names of containers by ID, after the recoveries; the IDs of networks by name."""
    names = {item["Id"]: name_of(item) for item in seen.listing}
    names.update({item.survivor: name for name, item in seen.recoveries.items() if item.survivor})
    names.update({f"network:{have.name}": have.id for have in seen.networks.values()})
    return names


def _ids(seen: Observation) -> dict[str, str]:
    """Name -> ID of all containers, as they will be after the recoveries."""
    found = seen.recoveries
    half_done = {id for item in found.values() for id in (item.old, item.new)}
    half_done |= {item["Id"] for item in seen.listing if is_leftover(name_of(item), found)}
    ids = {name_of(item): item["Id"] for item in seen.listing if item["Id"] not in half_done}
    ids.update({name: item.survivor for name, item in found.items() if item.survivor})
    return ids


def _to_inspect(document: Document, seen: Observation) -> dict[str, str]:
    """Name -> ID of the containers that the document names, or that are ours in its project."""
    ids = _ids(seen)
    labels = {item["Id"]: owner.labels_of(item) for item in seen.listing}
    wanted = {name: ids[name] for name in document.containers if name in ids}
    for name, id in ids.items():
        ours = labels[id].get(owner.PROJECT, "") == document.project
        is_replica = ours and labels[id].get(owner.SERVICE) in document.services
        if is_replica or (document.purge and (ours or ("container", name) in seen.adopted)):
            wanted[name] = id
    return wanted


def _inspect(engine: Engine, ids: Mapping[str, str], seen: Observation) -> dict[str, Have]:
    """The containers by name; each is read while the engine is at the next ones."""
    names = _names(seen)
    answers = engine.get_each(f"/containers/{id}/json" for id in ids.values())
    result = {}
    for name, raw in zip(ids, map(unless_gone, answers)):
        if raw is None:  # it went away since it was listed
            continue
        if name in seen.recoveries:
            raw = as_recovered(raw, seen.recoveries[name])
        raw = network_recovery.with_endpoints(raw, seen.remade)
        result[name] = container.from_inspect(raw, seen.facts, names)
    return result


def configs_of(
    engine: Engine,
    inspected: Mapping[str, Have],
    images: Mapping[str, image.ImageHave],
    known: Mapping[str, Mapping[str, Any]],
) -> dict[str, Mapping[str, Any]]:
    """The Config of images by ID, also of those that only containers still run on."""
    configs = {**known, **{have.id: have.config for have in images.values() if have.id}}
    missing = {have.fields["image"] for have in inspected.values()} - set(configs)
    for id, raw in zip(missing, engine.get_each(f"/images/{id}/json" for id in missing)):
        if not isinstance(raw, EngineRefused):  # a removed image leaves its containers without one
            configs[id] = raw.get("Config") or {}
    return configs
