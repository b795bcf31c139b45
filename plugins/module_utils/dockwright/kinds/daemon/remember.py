"""What the memory notes of the daemon once its plan is carried out, also where that is empty."""

from __future__ import annotations

from ...host.machine import Host
from ...host.memory import Memory
from ...model import Action, Plan
from ..part import interrupted
from .have import DaemonHave
from .want import DaemonWant


def remember(want: DaemonWant, have: DaemonHave, plan: Plan, host: Host, memory: Memory) -> None:
    """Note what is ours now and what waits for a restart (the caller saves the memory)."""
    memory.own_keys(want.ours, have.scope)
    restarted = any(change.action is Action.RESTART for change in plan.changes)
    ours = {*want.values, *have.owned, *have.waiting}
    names = {notice.path.partition(".")[0] for notice in plan.pending}
    waiting = frozenset() if restarted else frozenset(names & ours)
    memory.set_waiting(host.service.identity(), waiting)
    if "daemon" in interrupted(host):
        from . import deferred  # a journal is there, which few runs find

        if deferred.of(host) and not deferred.waiting(host):
            deferred.clear(host)
