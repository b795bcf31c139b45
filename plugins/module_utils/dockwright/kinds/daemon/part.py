"""The daemon as a part of its host: the five verbs over daemon.json."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Callable

from ...errors import ApplyFailed
from ...host.network import HostNetwork, read_network
from ...model import Change, EngineFacts, Plan
from ..container.stale import Moved
from ..part import Part
from . import felt, networks, unit
from . import have as daemon_have
from . import plan as daemon_plan
from .facts import facts_after
from .have import DaemonHave
from .options import BY_NAME, is_known
from .want import DaemonWant

if TYPE_CHECKING:
    from ..storage.recommend import Ground

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
        scope = site.run.scope
        self.have = daemon_have.read(site.host, site.engine, site.memory(), site.info, scope)
        self.have = replace(self.have, network=self._network(), driver=self._driver())
        self.have = replace(self.have, plugins=site.plugins)
        self.have = replace(self.have, root_problem=self._root_problem(), backing=self._backing())
        if self._concerns_unit():
            self.have = replace(
                self.have, unit=unit.read(site.host, may_manage=site.run.manage_unit)
            )
            self._hand_over_proxies()

    def _hand_over_proxies(self) -> None:
        """Engines before 23.0 have them from the environment only, which our drop-in sets.

        What another scope has put there stays, as its keys of the file do.
        """
        have, values = self.have, dict(self.want.values)
        if have.unit is None or have.assumed:
            return
        proxies = values.pop(unit.PROXIES, None) or self.want.proxies
        if proxies:
            is_key = is_known(BY_NAME[unit.PROXIES], have.engine)
            if is_key or not (have.unit.may_manage or unit.PROXIES in have.unit.resolved):
                return
            self.want = replace(self.want, values=values, proxies=proxies)
        elif unit.PROXIES in have.others:
            proxies = have.unit.proxies_there
        self.have = replace(have, unit=replace(have.unit, proxies=proxies))

    def _driver(self) -> str:
        """The storage driver to come; empty where only kind storage's plan can tell."""
        storage = self.site.wants.get("storage")
        if storage is None or (storage.driver, storage.image_store) == (None, None):
            return self.have.driver
        return "" if storage.image_store or storage.driver == "auto" else str(storage.driver)

    def _root_problem(self) -> str:
        """Why the wanted data-root cannot be there; where one has content, it is not moved here."""
        have, wanted = self.have, self.want.values.get("data-root")
        has_content = have.images or have.containers or have.has_stopped_content
        host = self.site.host
        there = (have.raw.get("data-root"), self.site.info.get("DockerRootDir"))
        if not wanted or wanted in there or has_content or host.is_image:
            return ""
        from ..storage.recommend import unsuitable_root  # few documents name it

        driver = str(self.want.values.get("storage-driver") or "")
        return unsuitable_root(driver, self._ground(wanted), have.engine)

    def _backing(self) -> str:
        """The file system of the data-root to come, where it is known."""
        have, storage = self.have, self.site.wants.get("storage")
        now = f"{self.site.info.get('DockerRootDir')}/"  # below the root where users are mapped
        wanted = storage.data_root if storage else None
        wanted = wanted or self.want.values.get("data-root")
        if not have.backing or (not wanted and "data-root" in have.owned):
            return ""
        if not wanted or now.startswith(f"{wanted.rstrip('/')}/"):
            return have.backing
        return self._ground(wanted).filesystem

    def _ground(self, root: str) -> Ground:
        from ..storage.have import read

        return read(self.site.host, None, self.site.memory(), {}).ground(root)

    def _network(self) -> HostNetwork:
        """Addresses and routes only where a key is about them: that costs commands."""
        host, have = self.site.host, self.have
        names = {*self.want.values, *have.owned} & networks.NAMES
        return read_network(host.files, host.run, everything=bool(names) and not host.files.root)

    def _concerns_unit(self) -> bool:
        """Whether the files of the unit matter: asking for them costs a command."""
        service, wanted = self.site.host.service, self.want.values
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
        self.at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        engine = site.engine if self.have.is_running else None
        defers = bool(self.made.pending)
        try:
            daemon.apply(self.want, self.have, changes, site.host, engine, site.tell, defers=defers)
        except ApplyFailed:
            self.settle()  # keys that waited may have been given up with ours
            raise
        did(changes)

    def remember(self) -> None:
        from . import apply as daemon

        memory = self.site.memory()
        daemon.remember(self.want, self.have, self.made, self.site.host, memory)
        for key, move in self.moves.items():
            memory.note_moved(key, move.before, self.at)
