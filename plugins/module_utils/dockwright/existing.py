"""The spec of what there is on an engine, written down without touching anything.

The plan of that spec on the same host is empty; where something cannot be said in a spec, the
answer has a warning that names it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .engine.client import Engine
from .errors import DockwrightError, Problem, SpecError
from .facts import answer
from .host.machine import Host
from .kinds.container.recovery import NEW, OLD
from .kinds.container.written import entry_of, nested, unsaid
from .kinds.image import reference
from .kinds.image.have import BuildSite
from .kinds.network.options import ROWS as NETWORK
from .kinds.network.options import write_config
from .kinds.plugin.have import from_answer as plugin_have
from .kinds.plugin.options import driver_name
from .kinds.plugin.written import entry_of as plugin_entry
from .kinds.volume.options import ROWS as VOLUME
from .model import Have
from .observe import Edges, Observation, configs_of, observe, observe_others
from .options import get
from .reach import OWN_SOCKETS
from .reconcile import converge
from .saved import titles
from .spec import Document

if TYPE_CHECKING:
    from .connection import Connection

_SECTIONS = ("plugins", "networks", "volumes", "containers")
_OF_THE_ENGINE = ("bridge", "host", "none")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
# Where an engine takes subnets from when nobody names one.
_POOLS = tuple(map(ipaddress.ip_network, ("172.16.0.0/12", "192.168.0.0/16")))


def describe(connection: Connection, only: Iterable[str] = ()) -> dict[str, Any]:
    """The spec of what there is, under ``spec``; never raises DockwrightError.

    Without ``only`` (names of containers) everything on the engine is in it, and the daemon's file
    where the engine is this host's own. Like a report, the answer has ``changed`` (always false),
    ``failed``, ``problems``, ``message`` and ``warnings``. Values of environment variables are in
    the spec as they are: it is for its owner alone.
    """
    try:
        document, warnings = _described(connection, tuple(only))
        daemon = {} if only else _daemon(connection)
        if daemon:  # alone first: what cannot be kept in a spec must not spoil the rest
            check = converge(daemon, connection=connection, check=True)
            said = [*(p.text() for p in check.problems), *titles(check.plan.changes)]
            warnings += [f"the daemon's file is left out: {text}" for text in said]
            document = document if said else {"dockwright": 1, **daemon, **document}
        check = converge(document, connection=connection, check=True)
        warnings += [
            f"apply would not leave this as it is: {t}" for t in titles(check.plan.changes)
        ]
        warnings += [problem.text() for problem in check.problems]
    except DockwrightError as error:
        problems = [problem._asdict() for problem in error.problems()]
        return answer(str(error), failed=True, problems=problems)
    counts = [_count(len(document[key]), key) for key in _SECTIONS if key in document]
    message = ", ".join(counts) or "there is nothing on the engine"
    return {**answer(message, warnings=warnings), "spec": document}


def _daemon(connection: Connection) -> dict[str, Any]:
    """What the file of this host's own daemon has, as the section of a document."""
    if connection.endpoint().url not in OWN_SOCKETS:
        return {}
    here = Host()
    try:
        keys = json.loads(here.files.read_text(here.config) or "{}")
    except ValueError:  # the daemon would not start with it either
        return {}
    return {"daemon": keys} if keys and isinstance(keys, dict) else {}


def _count(number: int, section: str) -> str:
    return f"{number} {section if number != 1 else section[:-1]}"


def _described(connection: Connection, only: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    engine = Engine(connection.endpoint(), timeout=connection.timeout)
    try:
        here = Host()
        site = BuildSite(here.files.path, here.memory())
        edges = Edges(None, lambda engine_id: None, {}, open, site)
        seen = observe_others(observe(Document(), engine, edges, everything=True), engine)
        missing = [name for name in only if name not in seen.others]
        if missing:
            known = ", ".join(sorted(seen.others)) or "none"
            fix = f"containers here: {known}"
            raise SpecError([Problem(name, "there is no such container", fix) for name in missing])
        images = engine.get("/images/json")
        document, warnings = spec_of(seen, images, configs_of(engine, seen.others, {}, {}), only)
        plugins = _plugins(engine.get("/plugins") or (), None if not only else document)
        head = {"dockwright": 1, "plugins": plugins} if plugins else {}
        return {**head, **document}, warnings
    finally:
        engine.close()


def _plugins(
    listed: Iterable[Mapping[str, Any]], document: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The managed plugins; of a part of the host those that its networks and volumes are of."""
    objects = [] if document is None else [document.get(key, {}) for key in ("networks", "volumes")]
    drivers = {item.get("driver") for section in objects for item in section.values()}
    haves = sorted(map(plugin_have, listed), key=lambda have: have.name)
    named = {driver_name(have.name): have for have in haves}
    return {
        name: plugin_entry(have)
        for name, have in named.items()
        if document is None or name in drivers
    }


def spec_of(
    seen: Observation,
    images: Iterable[Mapping[str, Any]],
    configs: Mapping[str, Mapping[str, Any]],
    only: Iterable[str] = (),
) -> tuple[dict[str, Any], list[str]]:
    """The document that describes an observation of everything, and warnings.

    ``images`` is the answer of ``GET /images/json``, ``configs`` the Config of images by ID.
    """
    names = frozenset(only)
    warnings: list[str] = []
    by_id = {image["Id"]: image for image in images}
    haves, containers = [], {}
    for name, have in sorted(seen.others.items()):
        if names and name not in names:
            continue
        if name.endswith((NEW, OLD)):
            warnings.append(f"container {name} is left of an interrupted replacement: left out")
            continue
        identity = have.fields["image"]
        image = _reference(get(have.raw, "Config.Image") or "", identity, by_id.get(identity, {}))
        haves.append(have)
        containers[name] = entry_of(have, image, configs.get(identity, {}), seen.facts)
        warnings += [
            f"container {name} was made with {flag}, for which a spec has no word"
            for flag in unsaid(have)
        ]
    sections = {
        "networks": _networks(seen, haves, everything=not names),
        "volumes": _volumes(seen, haves, everything=not names),
        "containers": containers,
    }
    filled = {name: section for name, section in sections.items() if section}
    return {"dockwright": 1, **filled}, warnings


def _reference(written: str, identity: str, image: Mapping[str, Any]) -> str:
    """How to name the image of a container: as it was asked for, if that still leads there."""
    tags, digests = image.get("RepoTags") or (), image.get("RepoDigests") or ()
    known = {reference.normal(text) for text in (*tags, *digests)}
    if reference.normal(written) in known:
        return written
    named = [text for text in (*digests, *tags) if "<none>" not in text]
    return str(named[0]) if named else identity


def _networks(seen: Observation, haves: Iterable[Have], *, everything: bool) -> dict[str, Any]:
    endpoints: dict[str, list[Mapping[str, Any]]] = {}
    for have in haves:
        for name, options in (have.fields.get("networks") or {}).items():
            endpoints.setdefault(name, []).append(options)
    return {
        name: _network(have, endpoints.get(name, []))
        for name, have in sorted(seen.networks.items())
        if name not in _OF_THE_ENGINE
        and have.raw.get("Scope", "local") == "local"
        and (everything or name in endpoints)
    }


def _network(have: Have, endpoints: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    entry = _fields(NETWORK, have)
    entry.pop("ipam", None)
    ipam = have.fields.get("ipam") or {}
    is_fixed = any("address" in key for options in endpoints for key in options)
    if is_fixed or _was_chosen(ipam):
        entry["ipam"] = write_config(ipam)
    return entry


def _was_chosen(ipam: Mapping[str, str]) -> bool:
    """Whether somebody named the subnets: the engine's own come from its pools, and bare."""
    if ipam.get("driver", "default") != "default" or nested(ipam).get("options"):
        return True
    for key in ipam:
        subnet, _, part = key.partition(" ")
        if part and part != "gateway":
            return True
        if "/" in subnet and not any(_is_within(subnet, pool) for pool in _POOLS):
            return True
    return False


def _is_within(subnet: str, pool: Any) -> bool:
    found = ipaddress.ip_network(subnet)
    return found.version == pool.version and found.subnet_of(pool)


def _volumes(seen: Observation, haves: Iterable[Have], *, everything: bool) -> dict[str, Any]:
    mounts = [mount for have in haves for mount in (have.fields.get("volumes") or {}).values()]
    used = {mount.get("source") for mount in mounts if mount["type"] == "volume"}
    return {
        name: _fields(VOLUME, have)
        for name, have in sorted(seen.volumes.items())
        if not _ANONYMOUS.fullmatch(name) and (everything or name in used)
    }


def _fields(rows: Iterable[Any], have: Have) -> dict[str, Any]:
    found = {row.name: have.fields.get(row.name) for row in rows}
    defaults = {row.name: row.default for row in rows}
    return {name: value for name, value in found.items() if value and value != defaults[name]}
