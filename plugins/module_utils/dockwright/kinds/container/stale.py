"""Containers that keep what was the daemon's default when they were made or started. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ... import owner
from ...model import Action, Cause, Change, Disruption, Have, Notice, Want
from ...named_tuple import NamedTuple
from ...options import get
from .have import is_running
from .losses import removes_itself

KIND = "container"
MOVED = "the daemon's default moved"
SECRET = ("splunk-token", "logentries-token")  # options of logging: neither kept nor compared


class Moved(NamedTuple):
    """A default of the daemon that is another now."""

    option: str  # the container's option
    before: Any
    after: Any
    at: str = ""  # when the daemon took it (UTC, ISO 8601); empty: in this run


class Row(NamedTuple):
    """How an option shows in the inspect answer of a container."""

    field: str  # below HostConfig, empty where it does not show
    is_baked: bool  # fixed at creation; else taken at each start
    read: Callable[[Mapping[str, Any]], Any]  # HostConfig -> what the container has


def _logging(host: Mapping[str, Any]) -> Any:
    config = host.get("LogConfig") or {}
    options = {k: v for k, v in (config.get("Config") or {}).items() if k not in SECRET}
    return {"driver": config.get("Type"), "options": options}


def _ulimits(host: Mapping[str, Any]) -> dict[str, list[int]]:
    return {item["Name"]: [item["Soft"], item["Hard"]] for item in host.get("Ulimits") or ()}


def _field(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda host: host.get(name)


def _privileges(host: Mapping[str, Any]) -> Any:
    texts = host.get("SecurityOpt") or ()
    return [text for text in texts if text.startswith(("no-new-privileges", "seccomp"))]


# What only new or restarted containers feel.
ROWS: Mapping[str, Row] = {
    "logging": Row("LogConfig", True, _logging),
    "ulimits": Row("Ulimits", True, _ulimits),
    "shm_size": Row("ShmSize", True, _field("ShmSize")),
    "ipc": Row("IpcMode", True, _field("IpcMode")),
    "cgroup": Row("CgroupnsMode", True, _field("CgroupnsMode")),
    "runtime": Row("Runtime", True, _field("Runtime")),
    "dns": Row("Dns", False, _field("Dns")),
    "dns_search": Row("DnsSearch", False, _field("DnsSearch")),
    "dns_opt": Row("DnsOptions", False, _field("DnsOptions")),
    "init": Row("Init", False, _field("Init")),
    "cgroup_parent": Row("CgroupParent", False, _field("CgroupParent")),
    "security_opt": Row("", False, _privileges),
}


def plan_stale(
    moved: Iterable[Moved],
    haves: Iterable[Have],
    wants: Mapping[str, Want],
    changes: Iterable[Change],
    *,
    recreate: bool,
) -> tuple[list[Change], list[Notice]]:
    """What keeps an old default: changes where it may be made anew, notices of the others."""
    listed = list(changes)
    busy = {c.name for c in listed if c.action in (Action.REPLACE, Action.DELETE)}
    moves = list(moved)
    made: list[Change] = []
    notices: list[Notice] = []
    for have in sorted(haves, key=lambda have: have.name):
        want = wants.get(have.name)
        if have.name in busy or (want is not None and want.state == "absent"):
            continue
        for move in moves:
            given = want is not None and want.fields.get(move.option) is not None
            if given or not _keeps(have, move):
                continue
            refusal = _refusal(have, move, is_declared=want is not None)
            if recreate and not refusal:
                made.append(_anew(have, move))
            else:
                notices.append(_notice(have, move, refusal if recreate else ""))
    return _once(made), notices


def without(host: dict[str, Any], options: Iterable[str]) -> None:
    """Take baked options out of a HostConfig, so that the engine fills in its defaults."""
    for option in options:
        row = ROWS.get(option)
        if row and row.is_baked:
            host.pop(row.field, None)


def _keeps(have: Have, move: Moved) -> bool:
    row = ROWS[move.option]
    value = row.read(have.raw.get("HostConfig") or {})
    if not row.is_baked:
        return is_running(have) and not value and _is_before(have, move.at)
    explicit = {path.partition(".")[0] for path in have.explicit}
    if move.option in explicit:
        return False
    if move.option == "cgroup" and get(have.raw, "HostConfig.Privileged"):
        return False  # those have a default of their own
    if move.option == "ulimits":
        return _keeps_ulimits(have, value, move)
    return bool(value == move.before != move.after)


def _keeps_ulimits(have: Have, value: Mapping[str, Any], move: Moved) -> bool:
    """Engines from 23.0 on show the new default at once; the processes have the old one."""
    before, after = move.before, move.after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if any(name in before and value.get(name) == before[name] for name in names):
        return True
    is_older = is_running(have) and _is_before(have, move.at)
    return is_older and any(
        value.get(name) in (before.get(name), after.get(name)) for name in names
    )


def _is_before(have: Have, moment: str) -> bool:
    from ...engine.moment import nanoseconds  # a moved default is rare

    started = get(have.raw, "State.StartedAt") or ""
    return not moment or nanoseconds(started) < nanoseconds(moment)


def _refusal(have: Have, move: Moved, *, is_declared: bool) -> str:
    """Why we do not make it anew; empty if we may."""
    labels = owner.labels_of(have.raw)
    if removes_itself(have):
        return "it removes itself when it stops (--rm)"
    if labels.get("com.docker.swarm.task.id"):
        return "it is a task of a swarm"
    if ROWS[move.option].is_baked and not is_declared and owner.NAME not in labels:
        return "we have not made it and do not know how it was meant"
    return ""


def _anew(have: Have, move: Moved) -> Change:
    is_baked = ROWS[move.option].is_baked
    action = Action.REPLACE if is_baked else Action.RESTART
    cost = Disruption.REPLACE if is_running(have) else Disruption.NONE
    reason = MOVED
    if not is_baked:
        reason += ", a restart is enough"
    values = (move.option, move.before, move.after, reason, Cause.DEFAULT, cost)
    return Change(KIND, have.name, action, *values)


def _once(changes: Iterable[Change]) -> list[Change]:
    """One restart for each container, and none where it is replaced."""
    listed = list(changes)
    replaced = {c.name for c in listed if c.action is Action.REPLACE}
    kept: dict[str, Change] = {}
    for change in listed:
        if change.action is Action.RESTART and change.name not in replaced:
            kept.setdefault(change.name, change)
    return [c for c in listed if c.action is Action.REPLACE or kept.get(c.name) is c]


def _notice(have: Have, move: Moved, refusal: str) -> Notice:
    until = "it is made anew" if ROWS[move.option].is_baked else "its next start"
    text = f"keeps what was the daemon's default before, until {until}"
    if refusal:
        text += f"; not done here: {refusal}"
    return Notice(KIND, have.name, move.option, text, move.before, move.after)
