"""One Compose service as the options of its containers, with Compose's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Problem, nearest
from ...named_tuple import NamedTuple
from ...options import collect
from ...values import pairs, parse_list, parse_mapping, parse_text, parse_texts, wrong
from ..container.links import parse_link
from . import mounts
from .names import DEFAULT, Names

# Keys that nobody needs any more once a service has become containers.
_NAMESPACES = ("network_mode", "pid", "ipc")
_USED = ("container_name", "extends", "profiles", "scale", "secrets", "configs", "links", "attach")


class Container(NamedTuple):
    """One container of a service: its name, its options, and where they are in the Compose file."""

    name: str
    options: dict[str, Any]
    paths: dict[str, str]  # path below the container -> path in the Compose file


class Setting(NamedTuple):
    """What a service is seen in: the names around it and what its values are resolved with."""

    names: Names
    secrets: Mapping[str, Any]
    configs: Mapping[str, Any]
    environment: Mapping[str, str]
    directory: str


def containers(
    name: str, service: Mapping[str, Any], setting: Setting, where: str, problems: list[Problem]
) -> list[Container]:
    """The containers of a service, one for each replica."""
    options = {key: item for key, item in service.items() if key not in _USED}
    paths: dict[str, str] = {}
    for step in (_values, _mounts, _namespaces, _dependencies):
        collect(problems, step, service, options, setting, where, paths)
    result = []
    for number, container in enumerate(setting.names.containers.get(name, ()), 1):
        own, own_paths = dict(options), dict(paths)
        aliases = [container, name]
        collect(problems, _networks, own, aliases, setting, where, own_paths)
        links = collect(problems, _links, service, number, setting, where)
        if links:
            own["links"] = links
        result.append(Container(container, {**own, "service": name}, own_paths))
    return result


def _values(
    service: Mapping[str, Any],
    options: dict[str, Any],
    setting: Setting,
    where: str,
    paths: dict[str, str],
) -> None:
    deploy = service.get("deploy")
    if isinstance(deploy, Mapping):
        # `docker compose config` writes `placement: {}`: what is empty says nothing.
        options["deploy"] = {
            key: item
            for key, item in deploy.items()
            if key != "replicas" and item not in (None, {}, [])
        }
        if not options["deploy"]:
            del options["deploy"]
    if service.get("environment") is not None:
        options["environment"] = environment(
            service["environment"], setting.environment, f"{where}.environment"
        )
    if service.get("env_file") is not None:
        options["env_file"] = _env_files(service["env_file"], setting, f"{where}.env_file")
    if service.get("label_file") is not None:
        path = f"{where}.label_file"
        files = parse_texts(service["label_file"], path)
        options["label_file"] = [mounts.absolute(file, setting.directory, path) for file in files]


def environment(value: Any, known: Mapping[str, str], where: str) -> dict[str, Any]:
    """Compose ``environment``: a name without a value has that of ``known``, or is left out."""
    found = pairs(value, where)
    return {
        name: known.get(name) if item is None else item
        for name, item in found.items()
        if item is not None or name in known
    }


def _env_files(value: Any, setting: Setting, where: str) -> list[Any]:
    result = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        entry = parse_mapping(item, path) if isinstance(item, Mapping) else {"path": item}
        file = parse_text(entry.get("path") or "", path)
        entry["path"] = mounts.absolute(file, setting.directory, path)
        result.append(entry)
    return result


def _mounts(
    service: Mapping[str, Any],
    options: dict[str, Any],
    setting: Setting,
    where: str,
    paths: dict[str, str],
) -> None:
    directory = setting.directory
    found = []
    if service.get("volumes") is not None:
        known = setting.names.volumes
        found = mounts.volumes(service["volumes"], known, directory, f"{where}.volumes")
    for section, declared in (("secrets", setting.secrets), ("configs", setting.configs)):
        if service.get(section) is None:
            continue
        path = f"{where}.{section}"
        for index, mount in enumerate(
            mounts.granted(section, service[section], declared, directory, path)
        ):
            paths[f"volumes[{len(found)}]"] = f"{path}[{index}]"
            found.append(mount)
    if found:
        options["volumes"] = found


# --- other services ------------------------------------------------------------------------------


def _namespaces(
    service: Mapping[str, Any],
    options: dict[str, Any],
    setting: Setting,
    where: str,
    paths: dict[str, str],
) -> None:
    for key in _NAMESPACES:
        other = _service_of(service.get(key))
        if other:
            first = _containers_of(other, setting.names, f"{where}.{key}")
            if not first:
                raise wrong(f"{where}.{key}", f"the service '{other}' has no container")
            options[key] = f"container:{first[0]}"
    if service.get("volumes_from") is not None:
        path = f"{where}.volumes_from"
        options["volumes_from"] = _volumes_from(service["volumes_from"], setting, path)


def _volumes_from(value: Any, setting: Setting, where: str) -> list[str]:
    """``volumes_from`` by the names of containers: of a service its first one."""
    result = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        text = parse_text(item, path)
        name, colon, mode = text.partition(":")
        if name == "container":
            result.append(text)
            continue
        first = _containers_of(name, setting.names, path)
        if not first:
            raise wrong(path, f"the service '{name}' has no container")
        result.append(f"{first[0]}{colon}{mode}")
    return result


def _links(
    service: Mapping[str, Any], number: int, setting: Setting, where: str
) -> list[str] | None:
    """``links`` by the names of containers, with the further names that Compose gives them.

    Two of these end in the number of the container that has the links, not of the linked one.
    """
    if service.get("links") is None:
        return None
    path, result = f"{where}.links", []
    project = setting.environment["COMPOSE_PROJECT_NAME"]
    for index, text in enumerate(parse_texts(service["links"], path)):
        name, alias = parse_link(text, f"{path}[{index}]")
        further = (alias, f"{name}-{number}", f"{project}-{name}-{number}")
        for container in _containers_of(name, setting.names, f"{path}[{index}]"):
            result += [f"{container}:{name}" for name in further]
    return result


def _service_of(mode: Any) -> str:
    return mode.partition(":")[2] if isinstance(mode, str) and mode.startswith("service:") else ""


def _dependencies(
    service: Mapping[str, Any],
    options: dict[str, Any],
    setting: Setting,
    where: str,
    paths: dict[str, str],
) -> None:
    path = f"{where}.depends_on"
    given = service.get("depends_on")
    if given is None:
        given = {}
    is_mapping = isinstance(given, Mapping)
    wanted = [
        (name, entry, f"{path}.{name}" if is_mapping else f"{path}[{index}]")
        for index, (name, entry) in enumerate(_named(given, path).items())
    ]
    named = {name for name, _, _ in wanted}
    for other, at in _shared(service, where):
        if other in setting.names.containers and other not in named:
            named.add(other)
            wanted.append((other, {"condition": "service_started"}, at))
    result: dict[str, Any] = {}
    for name, entry, at in wanted:
        optional = isinstance(entry, Mapping) and str(entry.get("required")).lower() == "false"
        if optional and name not in setting.names.containers:
            continue
        for container in _containers_of(name, setting.names, at):
            result[container] = entry
            paths[f"depends_on.{container}"] = at
    options.pop("depends_on", None)
    if result:
        options["depends_on"] = result


def _shared(service: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    """The services whose namespaces or volumes it has: Compose waits for all their containers."""
    found = [(_service_of(service.get(key)), f"{where}.{key}") for key in _NAMESPACES]
    for key in ("volumes_from", "links"):
        given = service.get(key) or []
        texts = [str(text) for text in (given if isinstance(given, list) else [given])]
        found += [(text.partition(":")[0], f"{where}.{key}") for text in texts]
    return [(name, at) for name, at in found if name != "container"]


def _named(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return parse_mapping(value, where)
    texts = [parse_text(item, f"{where}[{i}]") for i, item in enumerate(parse_list(value, where))]
    return dict.fromkeys(texts)


def _containers_of(name: str, names: Names, where: str) -> list[str]:
    if name in names.containers:
        return names.containers[name]
    if name in names.inactive:
        fix = "add one to COMPOSE_PROFILES: " + ", ".join(names.inactive[name])
        raise wrong(where, f"none of the profiles of the service '{name}' is active", fix)
    fix = nearest(name, names.containers)
    raise wrong(where, f"there is no service '{name}'", fix)


# --- networks ------------------------------------------------------------------------------------


def _networks(
    options: dict[str, Any],
    aliases: list[str],
    setting: Setting,
    where: str,
    paths: dict[str, str],
) -> None:
    path = f"{where}.networks"
    given = options.pop("networks", None)
    if not given and options.get("network_mode") is not None:
        return
    known = setting.names.networks
    result = {}
    # The first one gives the container its gateway: of those with one priority, the first by key.
    for name, entry in sorted(_named(given or [DEFAULT], path).items()):
        at = f"{path}.{name}"
        if name not in known:
            fix = nearest(name, known) or f"add {name} to networks at the top of the file"
            raise wrong(at, f"the network '{name}' is not declared", fix)
        endpoint = parse_mapping(entry or {}, at)
        if known[name].name != "bridge":  # the engine's own network has no names
            own = parse_list(endpoint.get("aliases") or [], f"{at}.aliases")
            endpoint["aliases"] = [*own, *(alias for alias in aliases if alias not in own)]
        result[known[name].name] = endpoint
        paths[f"networks.{known[name].name}"] = at
    options["networks"] = result


def networks_of(service: Mapping[str, Any]) -> list[str]:
    """The keys of the networks that a service uses."""
    given = service.get("networks")
    if given:
        return [str(name) for name in given] if isinstance(given, (Mapping, list)) else []
    return [] if service.get("network_mode") is not None else [DEFAULT]
