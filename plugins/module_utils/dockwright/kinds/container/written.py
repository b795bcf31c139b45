"""A container that is there, as a person would write it: the other way round from parsing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ...model import EngineFacts, Have, Want
from ...options import get
from ...values import show_duration, show_size
from .borrowed import as_texts
from .devices import show_blkio, show_gpus
from .have import is_completed, is_paused, is_running
from .mounts import write_mounts
from .options import ROWS
from .plan import full_fields
from .ports import write_ports

# What an engine gives where nobody said anything, of what it bakes into a container.
_BAKED: Mapping[str, Any] = {"ipc": "private", "shm_size": 64 * 1024**2}
# Only one of the two stands in an entry.
_NETWORK = ("networks", "network_mode")
# Options that others follow from.
_LEADING = ("mem_limit", "ports", "privileged", "pid", "ipc")
# What a person can ask for and no option says: the path in the inspect answer -> its name.
_UNSAID = {
    "HostConfig.AutoRemove": "--rm",
    "HostConfig.PublishAllPorts": "--publish-all",
}


def entry_of(have: Have, image: str, config: Mapping[str, Any], facts: EngineFacts) -> Any:
    """The entry under ``containers`` that describes a container.

    ``image`` is the reference to write, ``config`` the Config of its image. What image and engine
    give anyway is left out.
    """
    entry: dict[str, Any] = {"image": image}
    bare = full_fields(_bare(have, ()), config, facts)
    full = {**full_fields(_bare(have, _LEADING), config, facts), **{k: bare[k] for k in _LEADING}}
    for row in ROWS:
        seen, default = have.fields.get(row.name), full.get(row.name)
        if row.name in ("image", *_NETWORK):
            continue
        if row.baked and default in (None, {}):
            default = _default(row.name, facts)
        if row.type.keyed:
            seen = {k: v for k, v in (seen or {}).items() if (default or {}).get(k, ...) != v}
            default = {}
        elif row.name == "expose":
            seen = sorted(set(seen or ()) - set(default or ())) or None
            default = None
        if seen != default:
            entry[row.name] = as_written(row.name, seen)
    entry.update(_network(have))
    if not (is_running(have) or is_completed(have)):
        entry["state"] = "stopped"
    elif is_paused(have):
        entry["state"] = "paused"
    return entry


def unsaid(have: Have) -> list[str]:
    """What the container was made with and no option can say."""
    return [name for path, name in _UNSAID.items() if get(have.raw, path)]


def _bare(have: Have, names: Iterable[str]) -> Want:
    """A spec with these options alone: what they entail need not be written."""
    given = {name: have.fields[name] for name in names if have.fields.get(name)}
    fields = {"image": "", "networks": {}, **given}
    return Want("container", have.name, "", fields, {}, "running", "", "")


def _default(name: str, facts: EngineFacts) -> Any:
    if name == "logging":
        return {"driver": facts.log_driver}
    known = {**_BAKED, "runtime": facts.runtime, "cgroup": facts.cgroup}
    return known.get(name)


def _network(have: Have) -> dict[str, Any]:
    mode, networks = have.fields.get("network_mode"), have.fields.get("networks") or {}
    if mode:
        return {"network_mode": mode}
    if networks == {"bridge": {}}:
        return {}
    return {"networks": {name: dict(options) for name, options in networks.items()}}


def as_written(name: str, value: Any) -> Any:
    """The normal form of an option as the spec has it; parsing gives the normal form again."""
    if value is None:  # the image has something, and the container has not
        return []
    if name in _WRITERS:
        return _WRITERS[name](value)
    row = next(row for row in ROWS if row.name == name)
    return dict(value) if row.type.keyed else row.type.show(value)


def _write_healthcheck(value: Mapping[str, Any]) -> dict[str, Any]:
    if value == {"test": ["NONE"]}:
        return {"disable": True}
    plain = ("test", "retries")
    return {key: item if key in plain else show_duration(item) for key, item in value.items()}


def nested(value: Mapping[str, Any], group: str = "options") -> dict[str, Any]:
    """``{"driver": …, "options.NAME": …}`` as a mapping in a mapping."""
    prefix = f"{group}."
    found = {key: item for key, item in value.items() if not key.startswith(prefix)}
    inner = {key[len(prefix) :]: item for key, item in value.items() if key.startswith(prefix)}
    return {**found, group: inner} if inner else found


def _write_ulimits(value: Mapping[str, str]) -> dict[str, Any]:
    limits = {name: text.partition(":") for name, text in value.items()}
    return {
        name: {"soft": int(soft), "hard": int(hard)} for name, (soft, _, hard) in limits.items()
    }


def _write_devices(value: Mapping[str, str]) -> list[str]:
    found = []
    for target, text in value.items():
        source, _, permissions = text.rpartition(":")
        is_short = permissions == "rwm" and source == target
        found.append(source if is_short else f"{source}:{target}:{permissions}")
    return found


def _write_tmpfs(value: Mapping[str, str]) -> list[str]:
    return [f"{target}:{options}" if options else target for target, options in value.items()]


_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "ports": write_ports,
    "volumes": write_mounts,
    "tmpfs": _write_tmpfs,
    "volumes_from": as_texts,
    "healthcheck": _write_healthcheck,
    "logging": nested,
    "ulimits": _write_ulimits,
    "devices": _write_devices,
    "blkio_config": show_blkio,
    "gpus": show_gpus,
    "memswap_limit": lambda value: value if value < 0 else show_size(value),
}
