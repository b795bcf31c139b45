"""A Compose file's content as a dockwright document, with the names that Compose gives. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...named_tuple import NamedTuple
from ...options import collect, unknown_key
from ...values import parse_mapping, parse_texts, wrong
from . import extends, mounts
from .extensions import without_extensions
from .interpolation import Warn, interpolate
from .names import (
    DEFAULT,
    Names,
    Resource,
    active_profiles,
    container_names,
    is_active,
    project_name,
    resources,
)
from .service import Setting, containers, networks_of

ROOT = "compose"
_KNOWN = ("name", "version", "services", "networks", "volumes", "secrets", "configs")


class Expanded(NamedTuple):
    """A document (``project``, ``networks``, ``volumes``, ``containers``) and where it comes from.

    ``paths`` maps places of the document to places of the Compose file, the longest first.
    ``unused`` are the volumes that no active service mounts: they are kept, and not made.
    """

    document: dict[str, Any]
    paths: dict[str, str]
    unused: frozenset[str] = frozenset()


def expand_document(top: Mapping[str, Any], warn: Warn) -> Expanded:
    """A document with the objects of its ``compose`` beside its own; the other keys as they are."""
    if top.get("compose_env_files"):
        fix = "give the variables in compose_environment"
        raise wrong("compose_env_files", "no file is read here", fix)
    expanded = expand(
        top["compose"],
        top.get("project", ""),
        top.get("compose_environment", {}),
        top.get("compose_directory", ""),
        warn,
    )
    result = {key: item for key, item in top.items() if not key.startswith("compose")}
    result["project"] = expanded.document["project"]
    problems = []
    for section in ("networks", "volumes", "containers"):
        own, made = result.get(section) or {}, expanded.document[section]
        problems += [
            Problem(f"{section}.{name}", "is in the Compose file too", "keep one of them")
            for name in own
            if name in made
        ]
        result[section] = {**made, **own}
    if problems:
        raise SpecError(problems)
    return expanded._replace(document=result)


def expand(
    compose: Mapping[str, Any],
    project: str,
    environment: Mapping[str, str],
    directory: str,
    warn: Warn,
) -> Expanded:
    """The document that says what a Compose file says.

    ``project`` may be empty: then the file has the name. Relative paths start from ``directory``
    on the managed host. Raises SpecError with every problem; paths begin with ``compose.``.
    """
    content = parse_mapping(compose, ROOT)
    name_of = interpolate(content.pop("name", None), environment, f"{ROOT}.name", warn)
    project = project_name(project, name_of, environment)
    values = {**environment, "COMPOSE_PROJECT_NAME": project}
    content = without_extensions(interpolate(content, values, ROOT, warn))
    problems = _top_level(content, warn)
    services = _services(content.get("services"), problems)
    profiles = active_profiles(environment)
    names = _names(content, services, project, profiles, problems)
    setting = Setting(
        names,
        collect(problems, parse_mapping, content.get("secrets") or {}, f"{ROOT}.secrets") or {},
        collect(problems, parse_mapping, content.get("configs") or {}, f"{ROOT}.configs") or {},
        values,
        directory,
    )
    active = {name: service for name, service in services.items() if name in names.containers}
    result = _document(project, active, setting, problems)
    if problems:
        raise SpecError(problems)
    return result


def _top_level(content: Mapping[str, Any], warn: Warn) -> list[Problem]:
    if content.get("version") is not None:
        warn(f"{ROOT}.version is obsolete and has no effect, remove it")
    problems = []
    for key in content:
        if key == "include":
            fix = "give the Compose files by their paths"
            problems.append(Problem(f"{ROOT}.include", "is not read from inside a mapping", fix))
        elif key == "models":
            fix = "give the model's address in environment"
            problems.append(Problem(f"{ROOT}.models", "is for the Compose tool", fix))
        elif key not in _KNOWN:
            problems.append(unknown_key(f"{ROOT}.{key}", key, _KNOWN))
    return problems


def _services(section: Any, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    where = f"{ROOT}.services"
    entries = collect(problems, parse_mapping, section or {}, where) or {}
    resolved = collect(problems, extends.resolve, entries, where) or {}
    found = {}
    for name, service in resolved.items():
        path = f"{where}.{name}"
        if not re.fullmatch(r"[a-zA-Z0-9._-]+", name):
            fix = "use letters, digits, dots, dashes and underscores"
            problems.append(Problem(path, f"'{name}' cannot be the name of a service", fix))
        parsed = collect(problems, parse_mapping, service, path)
        if parsed is not None:
            found[name] = parsed
    return found


def _names(
    content: Mapping[str, Any],
    services: Mapping[str, Mapping[str, Any]],
    project: str,
    profiles: frozenset[str],
    problems: list[Problem],
) -> Names:
    networks = content.get("networks") or {}
    if isinstance(networks, Mapping):
        networks = {DEFAULT: None, **networks}
    found: dict[str, list[str]] = {}
    inactive: dict[str, list[str]] = {}
    owners: dict[str, str] = {}
    for name, service in services.items():
        where = f"{ROOT}.services.{name}"
        wanted = collect(problems, parse_texts, service.get("profiles") or [], f"{where}.profiles")
        if wanted and not is_active(wanted, profiles):
            inactive[name] = wanted
            continue
        found[name] = collect(problems, container_names, name, service, project, where) or []
        for container in found[name]:
            other = owners.setdefault(container, name)
            if other != name:
                message = f"the container '{container}' is that of the service {other} too"
                problems.append(Problem(where, message, "give one another container_name"))
    return Names(
        resources(networks, project, f"{ROOT}.networks", problems),
        resources(content.get("volumes"), project, f"{ROOT}.volumes", problems),
        found,
        inactive,
    )


def _document(
    project: str,
    services: Mapping[str, Mapping[str, Any]],
    setting: Setting,
    problems: list[Problem],
) -> Expanded:
    paths: dict[str, str] = {}
    made: dict[str, Any] = {}
    for name, service in services.items():
        where = f"{ROOT}.services.{name}"
        for container in containers(name, service, setting, where, problems):
            made[container.name] = container.options
            place = f"containers.{container.name}"
            paths[place] = where
            paths.update({f"{place}.{part}": at for part, at in container.paths.items()})
    names = setting.names
    networks = _used(names.networks, {key for s in services.values() for key in networks_of(s)})
    # A volume that no active service uses is not made, as with Compose. Where it is there it stays:
    # `purge` must not take the data of a service whose profile is only at rest.
    mounted = {name for s in made.values() for name in _sources(s)}
    volumes = [v for v in names.volumes.values() if not v.external or v.name in mounted]
    for volume in volumes:
        collect(problems, mounts.device, volume.options, setting.directory, volume.where)
    document: dict[str, Any] = {"project": project}
    for section, entries in (("networks", networks), ("volumes", volumes)):
        document[section] = {entry.name: entry.options for entry in entries}
        paths.update({f"{section}.{entry.name}": entry.where for entry in entries})
    document["containers"] = made
    unused = frozenset(volume.name for volume in volumes if volume.name not in mounted)
    in_order = {place: paths[place] for place in sorted(paths, key=len)[::-1]}
    return Expanded(document, in_order, unused)


def _used(known: Mapping[str, Resource], keys: set[str]) -> list[Resource]:
    return [resource for key, resource in known.items() if key in keys]


def _sources(options: Mapping[str, Any]) -> set[str]:
    found = set()
    mounted = options.get("volumes")  # still as it was written, where it is no list: a problem
    for item in mounted if isinstance(mounted, list) else ():
        if not isinstance(item, Mapping):
            found.add(str(item).partition(":")[0])
        elif item.get("type") in (None, "volume"):
            found.add(str(item.get("source")))
    return found
