"""What Compose calls things: the project, its networks and volumes, the containers of a service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import Problem
from ...named_tuple import NamedTuple
from ...options import collect
from ...values import parse_boolean, parse_mapping, parse_text, wrong
from ..container.forms import REPLICAS

DEFAULT = "default"  # the network of the services that name none


class Resource(NamedTuple):
    """A network or volume of a Compose file."""

    name: str  # the engine's
    options: dict[str, Any]  # as in a document
    external: bool
    where: str


class Names(NamedTuple):
    """What a service refers to by a short name."""

    networks: Mapping[str, Resource]
    volumes: Mapping[str, Resource]
    containers: Mapping[str, list[str]]  # by service, only those of active profiles
    inactive: Mapping[str, list[str]]  # services that no active profile has, with their profiles


def project_name(given: str, compose_name: Any, environment: Mapping[str, str]) -> str:
    """The project: as given, else ``COMPOSE_PROJECT_NAME``, else ``name:`` of the file."""
    if given:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", given):
            fix = "use lower-case letters, digits, _ and -, a letter or digit first"
            raise wrong("project", f"'{given}' cannot be the name of a Compose project", fix)
        return given
    text = environment.get("COMPOSE_PROJECT_NAME") or compose_name
    if text is None:
        raise wrong("compose", "has no name", "give project, or name: at the top of the file")
    name = normal_project(parse_text(text, "compose.name"))
    if not name:
        raise wrong("compose.name", "has no letter or digit in it", "write a name like shop")
    return name


def normal_project(text: str) -> str:
    """A text as the name of a project: lower case, without what is not allowed."""
    return re.sub(r"[^a-z0-9_-]", "", text.lower()).lstrip("_-")


def active_profiles(environment: Mapping[str, str]) -> frozenset[str]:
    """The profiles in ``COMPOSE_PROFILES``."""
    return frozenset(filter(None, re.split(r"[,\s]+", environment.get("COMPOSE_PROFILES", ""))))


def is_active(wanted: Sequence[str], active: frozenset[str]) -> bool:
    """Whether a service of these profiles takes part: it has none, or one is active."""
    return not wanted or "*" in active or not active.isdisjoint(wanted)


def resources(
    section: Any, project: str, where: str, problems: list[Problem]
) -> dict[str, Resource]:
    """The networks or volumes of a file by their key."""
    entries = collect(problems, parse_mapping, section or {}, where) or {}
    found = {}
    owners: dict[str, str] = {}
    for key, value in entries.items():
        resource = collect(problems, _resource, key, value, project, f"{where}.{key}")
        if resource is None:
            continue
        found[key] = resource
        other = owners.setdefault(resource.name, key)
        if other != key:
            message = f"has the name '{resource.name}', as {where}.{other} has"
            problems.append(Problem(resource.where, message, "give one of them another name"))
    return found


def _resource(key: str, value: Any, project: str, where: str) -> Resource:
    given = parse_mapping(value or {}, where)
    # `docker compose config` writes `ipam: {}`: what is empty says nothing.
    options = {option: item for option, item in given.items() if item not in (None, {}, [])}
    external = options.pop("external", None)
    name = options.pop("name", None)
    if isinstance(external, Mapping):  # the old form external: {name: NAME}
        name = external.get("name", name)
        external = True
    is_external = external is not None and parse_boolean(external, f"{where}.external")
    if name is None:
        name = key if is_external else f"{project}_{key}"
    if is_external:
        options["external"] = True
    return Resource(parse_text(name, f"{where}.name"), options, is_external, where)


def container_names(name: str, service: Mapping[str, Any], project: str, where: str) -> list[str]:
    """The names of a service's containers, one for each replica."""
    count = _replicas(service, where)
    own = service.get("container_name")
    if own is None:
        return [f"{project}-{name}-{number}" for number in range(1, count + 1)]
    if count > 1:
        fix = "leave container_name out, or ask for one container"
        raise wrong(f"{where}.container_name", f"{count} containers cannot have one name", fix)
    return [parse_text(own, f"{where}.container_name")] * count


def _replicas(service: Mapping[str, Any], where: str) -> int:
    deploy = service.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, Mapping) else None
    counts = {}
    if service.get("scale") is not None:
        counts["scale"] = REPLICAS.parse(service["scale"], f"{where}.scale")
    if replicas is not None:
        counts["replicas"] = REPLICAS.parse(replicas, f"{where}.deploy.replicas")
    if len(set(counts.values())) > 1:
        raise wrong(f"{where}.scale", "differs from deploy.replicas", "keep one of them")
    return next(iter(counts.values()), 1)
