"""Whether this host's engine would take the wanted keys: version, flags, swarm, what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ...errors import Problem, SpecError, nearest
from ..plugin.options import WRITE_TAG, is_plugin
from . import networks, unit
from .conflicts import conflicts
from .document import Difference, normal, stays
from .have import DaemonHave
from .log_options import DRIVERS
from .options import BY_NAME, TRAPS, Key, is_known, version
from .storage_options import Ground, wrong_options
from .want import DaemonWant


def check(
    want: DaemonWant, have: DaemonHave, foreign: str = "keep", out: Collection[str] = ()
) -> list[Problem]:
    """Every problem of the wanted keys on this host; an engine that we only assume has no say."""
    problems: list[Problem] = []
    if have.other_file:
        text = f"the daemon reads {have.other_file} (flag --config-file), not {have.path}"
        problems.append(Problem(want.where, text, f"name {have.other_file} as the config file"))
    if not have.assumed:
        problems += version_problems(want, have)
    problems += _owner_problems(want, have)
    if have.unit:
        problems += unit.problems(have.unit, want.values, out, want.where)
    else:
        problems += _flag_problems(want, have)
    problems += _swarm_problems(want, have)
    problems += _log_driver_problems(want, have)
    problems += _storage_option_problems(want, have, foreign)
    if have.root_problem:
        fix = "name another folder, or make room"
        problems.append(Problem(f"{want.where}.data-root", have.root_problem, fix))
    now = {name: normal(name, value) for name, value in have.raw.items()}
    problems += networks.collisions(want.values, now, have.network, want.where)
    known = _staying(want, have, foreign)
    theirs = set(conflicts({}, want.where, known))
    problems += [p for p in conflicts(want.values, want.where, known) if p not in theirs]
    return problems


def version_problems(want: DaemonWant, have: DaemonHave) -> list[Problem]:
    """Keys and values that this engine does not know."""
    problems = [
        _unknown_here(BY_NAME[name], want.where, have.engine)
        for name in want.values
        if not is_known(BY_NAME[name], have.engine)
    ]
    return problems + [
        Problem(f"{want.where}.{path}", f"{text}; this is {have.engine}", fix)
        for path, text, fix in _value_limits(want.values, have)
    ]


def content_problems(
    found: Iterable[Difference], want: DaemonWant, have: DaemonHave
) -> list[Problem]:
    """Changes that would hide or re-create the images and containers that are there."""
    if not (have.images or have.containers or have.has_stopped_content):
        return []
    what = f"{have.images} images and {have.containers} containers"
    if have.has_stopped_content:
        what = "the images and containers of this host"
    return [
        Problem(
            f"{want.where}.{difference.path}",
            f"would hide or re-create {what}",
            "use kind storage, which takes them along",
        )
        for difference in found
        if difference.is_content
    ]


def file_warnings(have: DaemonHave, kept: Iterable[str]) -> list[str]:
    """What is wrong with keys of the file that are not ours."""
    warnings = []
    for name in kept:
        if name in TRAPS:
            message, fix = TRAPS[name]
            warnings.append(f"{have.path}: {name} is no key of daemon.json: {message}; {fix}")
        elif name not in BY_NAME:
            warnings.append(f"{have.path}: unknown key {name}: the engine may not start with it")
        elif not have.assumed and not is_known(BY_NAME[name], have.engine):
            warnings.append(f"{have.path}: engine {have.engine} does not know {name}")
    return warnings


def _unknown_here(key: Key, where: str, engine: str) -> Problem:
    path = f"{where}.{key.name}"
    if key.until and version(engine) >= version(key.until):
        text = f"is gone since engine {key.until}; this is {engine}"
        return Problem(path, text, key.instead or "remove it")
    text = f"is known from engine {key.since} on; this is {engine}"
    return Problem(path, text, key.instead or "remove it, or upgrade the engine")


def _value_limits(values: Mapping[str, Any], have: DaemonHave) -> list[tuple[str, str, str]]:
    found = []
    engine = version(have.engine)
    if engine < (23,) and values.get("seccomp-profile") == "builtin":
        found.append(("seccomp-profile", "builtin is known from 23.0 on", "leave the key out"))
    for index, mirror in enumerate(values.get("registry-mirrors") or []):
        if engine < (23,) and mirror.count("/") > 3:
            path = f"registry-mirrors[{index}]"
            found.append((path, "a mirror has no path before 23.0", "leave the path out"))
    if engine < (28,) and values.get("ipv6") and not _given("fixed-cidr-v6", values, have):
        found.append(("ipv6", "needs fixed-cidr-v6 before 28.0", "add fixed-cidr-v6"))
    if engine < (27,) and values.get("ip6tables") and not _given("experimental", values, have):
        found.append(("ip6tables", "needs experimental before 27.0", "add experimental: true"))
    return found


def _given(name: str, values: Mapping[str, Any], have: DaemonHave) -> bool:
    return bool(values.get(name, have.raw.get(name))) or name in have.flags


def _owner_problems(want: DaemonWant, have: DaemonHave) -> list[Problem]:
    return [
        Problem(
            f"{want.where}.{name}",
            f"is set by scope {have.others[name]} already, and wanted by scope {have.scope} too",
            "leave it to one of them; to move it, take it out there first",
        )
        for name in want.ours
        if name in have.others
    ]


def _flag_problems(want: DaemonWant, have: DaemonHave) -> list[Problem]:
    return [
        Problem(
            f"{want.where}.{name}",
            f"is set by the flag {have.flags[name]} of the daemon, and the engine refuses both",
            "leave the key out, or take the flag away where the daemon is started",
        )
        for name in want.values
        if name in have.flags
    ]


def _swarm_problems(want: DaemonWant, have: DaemonHave) -> list[Problem]:
    problems = []
    if have.swarm and want.values.get("live-restore"):
        text = "does not go with swarm mode, which this host is in"
        problems.append(Problem(f"{want.where}.live-restore", text, "leave it out"))
    if have.swarm and want.values.get("firewall-backend") == "nftables":
        text = "nftables does not go with swarm mode, which this host is in"
        problems.append(Problem(f"{want.where}.firewall-backend", text, "use iptables"))
    return problems


def _log_driver_problems(want: DaemonWant, have: DaemonHave) -> list[Problem]:
    name = want.values.get("log-driver")
    known = {*have.log_drivers, "none"} if have.log_drivers else set(DRIVERS)
    if not name or name in known or is_plugin(name, have.plugins):
        return []
    fix = nearest(name, known) or "known: " + ", ".join(sorted(known)) + WRITE_TAG
    return [Problem(f"{want.where}.log-driver", f"there is no log driver {name!r}", fix)]


def _storage_option_problems(want: DaemonWant, have: DaemonHave, foreign: str) -> list[Problem]:
    """Options that the storage driver to come does not start with where it is to be."""
    driver = str(want.values.get("storage-driver") or have.driver)
    ground = Ground(have.engine, have.backing)
    if "storage-opts" in want.values:
        return [
            Problem(f"{want.where}.storage-opts[{index}]", text, fix)
            for index, text, fix in wrong_options(want.values["storage-opts"], driver, ground)
        ]
    theirs = have.raw.get("storage-opts") if stays("storage-opts", have, foreign) else None
    moved = [
        f"{want.where}.{name}"
        for name in ("storage-driver", "data-root")
        if name in want.values or (name in have.raw and not stays(name, have, foreign))
    ]
    if not moved or not isinstance(theirs, list):
        return []
    return [
        Problem(moved[0], f"{have.path} has storage-opts: {text}", fix)
        for _, text, fix in wrong_options(map(str, theirs), driver, ground)
    ]


def _staying(want: DaemonWant, have: DaemonHave, foreign: str) -> dict[str, Any]:
    """The values of keys that the file keeps, and what is known of the engine otherwise."""
    systemd = have.cgroup_driver == "systemd" and "exec-opts" not in have.raw
    known: dict[str, Any] = {"exec-opts": ["native.cgroupdriver=systemd"]} if systemd else {}
    for name, value in have.raw.items():
        if name in BY_NAME and name not in want.values and stays(name, have, foreign):
            known[name] = _usable(BY_NAME[name], value)
    return known


def _usable(key: Key, value: Any) -> Any:
    """The normal form of a value of the file, None when it makes no sense."""
    try:
        return None if value is None else key.type.parse(value, key.name)
    except SpecError:
        return None
