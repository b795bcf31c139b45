"""The daemon as a part of its host: the five verbs over daemon.json."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Callable

from ... import words
from ...errors import ApplyFailed, PlanRefused, Problem
from ...host.network import HostNetwork, read_network
from ...host.service import uid_of
from ...model import Change, EngineFacts, Plan
from ..container.stale import Moved
from ..part import Part
from . import felt, ground, networks, unit
from . import have as daemon_have
from . import plan as daemon_plan
from .document import normal
from .facts import facts_after
from .have import DaemonHave
from .options import BY_NAME, is_known
from .remember import remember
from .want import DaemonWant

RECOVERY_LIMIT = 120.0


class DaemonPart(Part):
    """The keys of daemon.json, and the daemon that works with them."""

    kind = "daemon"
    want: DaemonWant
    have: DaemonHave
    made = Plan()
    moves: Mapping[str, Moved] = {}
    at = ""  # when the daemon was changed

    def interrupted(self) -> Change | None:
        from . import deferred, undo

        host = self.site.host
        return undo.interrupted(host) or deferred.interrupted(host, RECOVERY_LIMIT)

    def recover(self) -> bool:
        from . import deferred, undo

        host, engine, memory = self.site.host, self.site.engine, self.site.memory()
        if acts := host.journal(undo.KIND).is_there():
            finished = undo.recover(host, engine, RECOVERY_LIMIT)
            if finished:
                memory.own_keys(finished.values, finished.writer)
                memory.save()
        return deferred.recover(host, engine, memory, RECOVERY_LIMIT) or acts

    def settle(self) -> None:
        from . import deferred

        deferred.settle(self.site.host, self.site.memory())

    def look(self) -> None:
        site = self.site
        if site.engine and site.is_local:
            socket = site.engine.endpoint.url.partition("://")[2]
            daemon_have.refuse_another(site.info, site.host, os.uname().nodename, socket)
        if site.host.service.user:
            self._check_user()
        scope = site.run.scope
        self.have = daemon_have.read(site.host, site.engine, site.memory(), site.info, scope)
        others = {**self.have.others, **ground.keys_of_storage(site.wants)}
        self.have = self.have._replace(network=self._network(), others=others, plugins=site.plugins)
        driver, backing = ground.to_come(site, self.want, self.have)
        problem = ground.root_problem(site, self.want, self.have)
        self.have = self.have._replace(driver=driver, backing=backing, root_problem=problem)
        if self._concerns_unit():
            self.have = self.have._replace(
                unit=unit.read(site.host, may_manage=site.run.manage_unit)
            )
            self._hand_over_proxies()

    def _check_user(self) -> None:
        """A rootless daemon is managed by its user, who has a file of his own.

        To root, what lies in a home may be anything, such as a link to somewhere else.
        """
        host, run = self.site.host, self.site.run
        user = host.service.user
        if os.geteuid() != uid_of(user):
            text = f"is a unit of {user}, and this run is not {user}'s"
            raise PlanRefused([Problem("unit", text, words.as_user(user))])
        if not run.daemon.get("config"):
            text = "is the file of the machine's own daemon, and `unit` is one of a user"
            fix = "name the user's, such as /home/USER/.config/docker/daemon.json"
            raise PlanRefused([Problem("config_file", text, fix)])
        if run.manage_unit:
            text = f"is for units of the system, and {host.service.unit} is {user}'s"
            raise PlanRefused([Problem("manage_unit", text, "leave it out")])

    def _hand_over_proxies(self) -> None:
        """Engines before 23.0 have them from the environment only, which our drop-in sets.

        What is there and not this scope's stays, as keys of the file do.
        """
        have, values = self.have, dict(self.want.values)
        if have.unit is None:
            return
        wanted = values.pop(unit.PROXIES, self.want.proxies)
        if wanted is None:
            kept = {} if unit.PROXIES in have.owned else have.unit.proxies_there
            self.have = have._replace(unit=have.unit._replace(proxies=kept))
            return
        is_key = have.assumed or is_known(BY_NAME[unit.PROXIES], have.engine)
        can_be = have.unit.may_manage or unit.PROXIES in have.unit.resolved or not wanted
        if not is_key and can_be:
            self.want = self.want._replace(values=values, proxies=wanted)
            self.have = have._replace(unit=have.unit._replace(proxies=wanted))

    def _network(self) -> HostNetwork:
        """Addresses and routes only where a key is about them: that costs commands."""
        host, have = self.site.host, self.have
        now = {name: normal(name, value) for name, value in have.raw.items()}
        matter = networks.are_asked(self.want.values, now, have.owned)
        return read_network(host.files, host.run, everything=matter and not host.files.root)

    def _concerns_unit(self) -> bool:
        """Whether the files of the unit matter: asking for them costs a command."""
        service, wanted = self.site.host.service, self.want.values
        if service.user:
            return False
        collides = bool(self.have.flags.keys() & wanted.keys()) or "proxies" in wanted
        has_ours = self.site.host.files.exists(unit.drop_in_path(service.unit))
        return (collides or has_ours or self.site.run.manage_unit) and service.is_managed()

    def plan(self) -> Plan:
        run = self.site.run
        self.made = daemon_plan.plan(
            self.want, self.have, foreign=run.foreign, restart=run.restart, ignore=run.ignore
        )
        self.moves = felt.moves(self.want, self.have, self.made)
        return self.made

    def moved(self) -> tuple[Moved, ...]:
        noted = self.site.memory().moved() if self.have.is_running else {}
        return (*felt.earlier(noted, self.have, self.moves), *self.moves.values())

    def facts_after(self, facts: EngineFacts) -> EngineFacts:
        return facts_after(facts, self.want, self.have, self.made)

    def apply(self, changes: Sequence[Change], did: Callable[[Sequence[Change]], None]) -> None:
        from . import apply as daemon  # what only looks does not need it

        site = self.site
        self.at = datetime.now(timezone.utc).isoformat(timespec="microseconds")
        engine = site.engine if self.have.is_running else None
        defers = bool(self.made.pending)
        try:
            daemon.apply(self.want, self.have, changes, site.host, engine, site.tell, defers=defers)
        except ApplyFailed:
            self.settle()  # keys that waited may have been given up with ours
            raise
        did(changes)

    def remember(self) -> None:
        memory = self.site.memory()
        remember(self.want, self.have, self.made, self.site.host, memory)
        for key, move in self.moves.items():
            memory.note_moved(key, move.before, self.at)
