"""The storage as a part of its host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable

from ...engine.client import Engine
from ...errors import ApplyFailed, PlanRefused, Problem
from ...model import Action, Change, EngineFacts, Plan
from ..daemon.have import refuse_another
from ..part import Part
from . import have as storage_have
from . import plan as storage_plan
from .checks import problems_of
from .have import StorageHave
from .target import SNAPSHOTTER, Target, in_file, target_of
from .want import StorageWant

KEYS = ("storage-driver", SNAPSHOTTER, "userns-remap", "data-root")


class StoragePart(Part):
    """Driver, image store, userns-remap and data-root, and the content that depends on them."""

    kind = "storage"
    want: StorageWant
    have: StorageHave
    daemon_waits = False  # keys of daemon.json do, for a restart that a change of ours would be

    def look(self) -> None:
        site = self.site
        if site.is_local and (site.engine or site.host.service.user):
            socket = site.engine.endpoint.url.partition("://")[2] if site.engine else ""
            refuse_another(site.info, site.host, os.uname().nodename, socket, self.kind)
        reading = storage_have.read(site.host, site.engine, site.memory(), site.info)
        self.have = reading.of(self.want)
        target = target_of(self.want, self.have)
        restarts = target.switches(self.have) or target.moves(self.have)
        if restarts:
            from ..daemon import deferred

            self.daemon_waits = deferred.waiting(site.host) is not None
        if site.engine and not problems_of(self.want, self.have, target):
            self.have = _with_inventory(self.want, self.have, target, reading, site.engine)

    def plan(self) -> Plan:
        daemon = self.site.wants.get("daemon")
        values = getattr(daemon, "values", {})
        twice = [key for key in KEYS if in_file(values, key) is not None]
        if twice:
            raise PlanRefused(
                Problem(f"daemon.{key}", "is kind storage's, which the document has", "take it out")
                for key in twice
            )
        made = storage_plan.plan(self.want, self.have)
        if self.daemon_waits:  # going back would not go behind them, should they be the trouble
            text = "keys of daemon.json wait for a restart of the daemon, which this would be"
            fix = "apply `daemon` with restart: now first"
            raise PlanRefused([Problem(self.kind, text, fix)])
        return made

    def interrupted(self) -> Change | None:
        found = self.site.host.journal(self.kind).read()
        step = found.get("step", "begin")
        finishes = step == "run"
        deed = "finished" if finishes else "undone"
        reason = f"a run was killed at the step '{step}'; its work is {deed}"
        # All that it may stop has been stopped by that run.
        return Change(self.kind, self.kind, Action.RECOVER, reason=reason)

    def recover(self) -> bool:
        from .apply import recover
        from .work import Work

        site = self.site
        if site.engine is None:  # never: see Site
            raise ApplyFailed("there is no engine to recover")
        work = Work(site.host, site.engine, site.host.journal(self.kind), site.tell)
        recover(work)
        return True

    def facts_after(self, facts: EngineFacts) -> EngineFacts:
        target = target_of(self.want, self.have)
        return facts._replace(storage_driver=target.driver or facts.storage_driver)

    def apply(self, changes: Sequence[Change], did: Callable[[Sequence[Change]], None]) -> None:
        from .apply import apply

        site, have = self.site, self.have
        updates = [change for change in changes if change.action is Action.UPDATE]
        if updates:
            target = target_of(self.want, have)
            apply(self.want, have, target, site)
            did(updates)
            site.forget_info()
        removals = [change for change in changes if change.action is Action.DELETE]
        if removals:
            self._clean_up()
            did(removals)

    def _clean_up(self) -> None:
        from .kept import remove_kept

        site = self.site
        if site.engine is None or not site.info:
            raise ApplyFailed("the engine does not run, so nobody knows which data is old")
        site.tell("remove the old data")
        listed = site.engine.get("/containers/json", {"all": True})
        for path in remove_kept(site.host, site.info, [item["Id"] for item in listed]):
            site.warn(f"storage: {path} is in use again, and stays")

    def verify(self) -> None:
        self.look()
        left = storage_plan.plan(self.want, self.have).changes
        if left:
            text = "; ".join(f"{c.path} should be {c.after!r} and is {c.before!r}" for c in left)
            raise ApplyFailed(text, where=self.want.where, changed=True)

    def remember(self) -> None:
        memory, host = self.site.memory(), self.site.host
        raw, _ = storage_have.parsed(host)
        named = target_of(self.want, self.have).values
        ours = {*named, *memory.owned_keys(self.kind)}
        found = {key: in_file(raw, key) for key in KEYS if key in ours}
        memory.own_keys({k: v for k, v in found.items() if v is not None}, writer=self.kind)


def _with_inventory(
    want: StorageWant,
    have: StorageHave,
    target: Target,
    reading: storage_have.Reading,
    engine: Engine,
) -> StorageHave:
    """What the engine holds is read where a change is to take it along, and only there."""
    switches, moves = target.switches(have), target.moves(have)
    if not (switches or moves):
        return have
    have = reading.with_counts(have)
    if not (have.has_objects and want.migrate and have.daemon.is_running):
        return have
    from ...observe import facts_from  # few runs need all that
    from .inventory import take
    from .sizes import size_of

    held = take(engine, facts_from(reading.info, engine), rebuild=switches)
    if not switches:
        held = held._replace(whole=size_of(reading.host, have.base))
    elif moves or target.remap != have.remap:
        held = held._replace(volumes=size_of(reading.host, f"{have.root}/volumes"))
    return replace(have, inventory=held)
