"""Which defaults of containers a plan for daemon.json moves: the keys they feel. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import Action, Disruption, Plan
from ..container.stale import ROWS, SECRET, Moved
from .document import edited, effective, normal, rendered
from .have import DaemonHave
from .options import BY_NAME, default_of, is_reloadable
from .want import DaemonWant

# Key of daemon.json -> the container's option that it is the default of. Proxies are not among
# them: those of daemon.json are the daemon's own.
_OPTIONS = {
    "log-driver": "logging",
    "log-opts": "logging",
    "default-ulimits": "ulimits",
    "default-shm-size": "shm_size",
    "default-ipc-mode": "ipc",
    "default-cgroupns-mode": "cgroup",
    "default-runtime": "runtime",
    "dns": "dns",
    "dns-search": "dns_search",
    "dns-opts": "dns_opt",
    "init": "init",
    "cgroup-parent": "cgroup_parent",
    "no-new-privileges": "security_opt",
    "seccomp-profile": "security_opt",
}


def moves(want: DaemonWant, have: DaemonHave, made: Plan) -> dict[str, Moved]:
    """The defaults that are others once this plan is applied; none where it changes no daemon."""
    steps = [change for change in made.changes if change.action is not Action.UPDATE]
    if not have.is_running or not steps:
        return {}
    restarts = steps[-1].action is not Action.RELOAD
    all_stop = steps[-1].disruption >= Disruption.OUTAGE
    paths = [change.path for change in made.changes if change.action is Action.UPDATE]
    waiting = {notice.path.partition(".")[0] for notice in made.pending}
    file = edited(have.raw, want, paths)
    found: dict[str, Moved] = {}  # by the key that tells what is meant
    for name in dict.fromkeys(path.partition(".")[0] for path in paths):
        option = _OPTIONS.get(name)
        if option is None or name in waiting or not (restarts or is_reloadable(name, have.engine)):
            continue
        if all_stop and not ROWS[option].is_baked:
            continue  # every container starts anew
        before, after = _value(option, name, have, None), _value(option, name, have, file)
        if before != after:
            found["log-driver" if option == "logging" else name] = Moved(option, before, after)
    return found


def earlier(noted: Mapping[str, Any], have: DaemonHave, now: Mapping[str, Moved]) -> list[Moved]:
    """What runs before this one have moved, as far as it is another value still."""
    found = []
    for name, entries in noted.items():
        option = _OPTIONS.get(name)
        if option is None or name in have.waiting:
            continue
        after = now[name].after if name in now else _value(option, name, have, None)
        for entry in entries:
            if entry["value"] != after:
                found.append(Moved(option, entry["value"], after, entry["at"]))
    return found


def _value(option: str, name: str, have: DaemonHave, file: Mapping[str, Any] | None) -> Any:
    """A default in the form of the container's option: as it is, or as a file makes it."""
    if option == "logging":
        options = _key("log-opts", have, file) or {}
        shown = {key: str(value) for key, value in options.items() if key not in SECRET}
        return {"driver": _key("log-driver", have, file) or "json-file", "options": shown}
    value = _key(name, have, file)
    if option == "ulimits":
        limits = rendered("default-ulimits", value or {})
        return {key: _pair(limit) for key, limit in limits.items()}
    return value


def _key(name: str, have: DaemonHave, file: Mapping[str, Any] | None) -> Any:
    if file is None:
        return effective(name, have)
    if file.get(name) is not None:
        return normal(name, file[name])
    return default_of(BY_NAME[name], have.cgroup_version)


def _pair(limit: Any) -> list[int]:
    return [limit["Soft"], limit["Hard"]]
