"""The engine's facts as they will be: what a plan for the daemon means for the objects. Pure."""

from __future__ import annotations

from typing import Any

from ...model import Action, EngineFacts, Plan
from .document import edited, normal
from .have import DaemonHave
from .options import BY_NAME, default_of, is_reloadable
from .want import DaemonWant

_FACTS = {
    "log-driver": "log_driver",
    "default-runtime": "runtime",
    "live-restore": "live_restore",
}


def facts_after(facts: EngineFacts, want: DaemonWant, have: DaemonHave, made: Plan) -> EngineFacts:
    """The facts that containers meet, which are made after the daemon has the new file."""
    steps = {change.action for change in made.changes} - {Action.UPDATE}
    if not steps:
        return facts
    paths = [change.path for change in made.changes if change.action is Action.UPDATE]
    file = edited(have.raw, want, paths)
    restarts = steps != {Action.RELOAD}
    found: dict[str, Any] = {}
    for name, fact in _FACTS.items():
        if name in have.flags or not (restarts or is_reloadable(name, have.engine)):
            continue
        if name in file:
            found[fact] = normal(name, file[name])
        elif restarts or name in paths:
            found[fact] = default_of(BY_NAME[name], have.cgroup_version)
    gone = have.raw.get("runtimes") or {}
    runtimes = [name for name in facts.runtimes if name not in gone]
    return facts._replace(**found, runtimes=(*runtimes, *(file.get("runtimes") or ())))
