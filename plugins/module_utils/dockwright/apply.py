"""Carry out a plan, phase by phase; whatever happens, the record of what was done is true."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Callable

from .checks import refuse_missing
from .engine.client import Engine
from .engine.parallel import each
from .errors import ApplyFailed, DockwrightError
from .kinds.container import apply as container
from .kinds.container import dependencies, health
from .kinds.container import replace as replacing
from .kinds.container.handover import handovers
from .kinds.container.sharing import shared_with
from .kinds.container.watch import Watch
from .kinds.image import have as image_have
from .kinds.image.plan import changes_registries
from .kinds.image.reference import key_of
from .kinds.network import apply as network
from .kinds.network.members import attached_to
from .kinds.part import OF_USER, ORDER, Part
from .kinds.project.order import levels, with_wishes
from .kinds.volume import apply as volume
from .limits import is_over
from .model import Action, Change, Disruption, Have, Plan, Report
from .observe import Edges, Observation, inspected_later, observe_others
from .plan import purged
from .spec import Document

Progress = Callable[[str], None]


class Applier:
    """Applies one plan. ``report.done`` and ``report.not_done`` are right at any moment."""

    def __init__(  # noqa: PLR0913 - the stages' inputs, each once
        self,
        document: Document,
        seen: Observation | None,
        plan: Plan,
        engine: Engine,
        report: Report,
        progress: Progress,
        *,
        edges: Edges,
        parts: Sequence[Part] = (),
        observe: Callable[[], Observation] | None = None,
    ) -> None:
        self.document = document
        self.seen = seen
        self.plan = plan
        self.engine = engine
        self.report = report
        self.progress = progress
        self.edges = edges
        self.parts = parts
        self.observe = observe
        self._lock = threading.Lock()  # of the report's two lists: workers write beside each other
        self.configs: dict[str, Mapping[str, Any]] = {}
        self.watch = Watch(engine)
        self.started: list[replacing.Started] = []
        haves = seen.containers if seen else {}
        self.awaited = health.awaited(document.containers, haves, plan.changes)
        self.waited: tuple[str, ...] = ()
        report.not_done = [change for change in plan.changes if change not in report.done]

    def run(self) -> None:
        """Apply everything. Raises the first error after the work that ran beside it has ended.

        ``settle`` comes afterwards; what was started needs a moment to show whether it stays.
        """
        first = any(changes_registries(c) for c in self.plan.changes if c.kind == "daemon")
        if first or self.seen is None:
            self._parts()
        if self.seen is None:
            return
        self._parts(OF_USER)  # pulls may need what is logged in to
        self._images(self._of("image", delete=False))
        if any(change.kind == "storage" for change in self.report.not_done):
            self._parts(("storage",))  # a new data-root has no plugins
        self._plugins(leaving=False)  # the daemon may name one
        if not first:
            self._parts()
        self._recoveries()
        self._volumes(self._of("volume", delete=False))
        self._removed_containers()
        self._networks(self._of("network", delete=False))
        self._containers()
        if any(self._of(kind, delete=True) for kind in ("network", "volume", "image")):
            replacing.rest(self.started, longer=True)  # it may be needed to go back
            self.settle({})
        self._networks(self._of("network", delete=True))
        self._volumes(self._of("volume", delete=True))
        self._plugins(leaving=True)
        self._images(self._of("image", delete=True))

    def _of(self, kind: str, *, delete: bool) -> list[Change]:
        return [
            change
            for change in self.report.not_done  # a volume may turn out to be there
            if change.kind == kind
            and (change.action is Action.DELETE) == delete
            and change.action is not Action.RECOVER
        ]

    def _did(self, changes: Iterable[Change]) -> None:
        with self._lock:
            for change in changes:
                self.report.done.append(change)
                self.report.not_done.remove(change)

    def _each(
        self, work: Callable[[Any], None], items: Iterable[Any], at_a_time: int | None = None
    ) -> None:
        """Side by side; what ran beside a failure is finished and recorded before it is raised."""
        results = each(work, items, at_a_time or self.engine.workers, keep_errors=True)
        self._raise_first([result for result in results if isinstance(result, Exception)])

    def _raise_first(self, errors: list[Any]) -> None:
        """Raise the first error; the others are in the report."""
        for error in errors[1:]:
            if isinstance(error, DockwrightError):
                self.report.problems.extend(error.problems())
                self.report.changed |= isinstance(error, ApplyFailed) and error.changed
        if errors:
            raise errors[0]

    # --- the phases ------------------------------------------------------------------------------

    def _parts(self, kinds: Iterable[str] = ORDER) -> None:
        """The host itself. What is re-created with its data-root has other IDs afterwards."""
        for part in (part for part in self.parts if part.kind in kinds):
            changes = [change for change in self.report.not_done if change.kind == part.kind]
            if changes:
                part.apply(changes, self._did)
                for later in self.parts[self.parts.index(part) + 1 :]:
                    later.look()  # it may have written the same file
            is_rebuilt = any(change.disruption is Disruption.REBUILD for change in changes)
            if is_rebuilt and self.seen is not None and self.observe:
                self.seen = self.observe()

    def _images(self, changes: list[Change]) -> None:
        assert self.seen is not None
        if changes:
            self._change_images(changes)
        got = {change.name for change in changes if change.action is not Action.DELETE}
        for key, want in self.document.images.items():
            have = self.seen.images[key]
            if want.name in got:
                have = image_have.inspect(self.engine, want)
            self.configs[key] = have.config

    def _change_images(self, changes: Iterable[Change]) -> None:
        from .kinds.image.work import Work  # few runs need it

        assert self.seen is not None
        wants = self.document.images
        grouped: dict[str, list[Change]] = {}
        for change in changes:
            grouped.setdefault(change.name, []).append(change)
        builds = [name for name in grouped if grouped[name][0].action is Action.BUILD]

        haves, doing = self.seen.images, Work(self.engine, self.edges, self.progress)

        def work(name: str) -> None:
            want = next(want for want in wants.values() if want.name == name)
            for change in grouped[name]:
                doing.do(want, haves[want.inputs["reference"]], change)
                self._did([change])

        self._each(work, [name for name in grouped if name not in builds])
        for name in builds:  # one after the other, bases first
            work(name)

    def _recoveries(self) -> None:
        assert self.seen is not None
        for change in self.plan.changes:
            if change.action is not Action.RECOVER or change.kind in ORDER:
                continue
            if change in self.report.done:
                continue
            self.progress(f"{change.kind} {change.name}: putting an interrupted run right")
            if change.kind == "network":
                id = network.recover(self.engine, self.seen.remade[change.name])
                have = self.seen.networks[change.name]._replace(id=id)
                networks = {**self.seen.networks, have.name: have}
                self.seen = self.seen._replace(networks=networks)
            else:
                replacing.recover(self.engine, self.seen.recoveries[change.name])
            self._did([change])

    def _volumes(self, changes: list[Change]) -> None:
        moving = [change for change in changes if change.action is Action.REPLACE]
        for name in dict.fromkeys(change.name for change in moving):
            self._move(name, [change for change in moving if change.name == name])
        changes = [change for change in changes if change not in moving]

        def work(change: Change) -> None:
            volume.apply(self.engine, change, self.document.volumes.get(change.name))
            self._did([change])

        self._each(work, changes)

    def _move(self, name: str, changes: list[Change]) -> None:
        """Make a volume anew with its data; the containers that have it are others afterwards."""
        from .kinds.volume.migration import Migration
        from .kinds.volume.users import is_follower, users_of

        assert self.seen is not None and self.edges.host is not None and self.observe
        haves = {**self.seen.others, **self.seen.containers}
        users = users_of(name, haves)
        migration = Migration(self.edges.host, self.engine, self.seen.facts, self.progress)
        left = migration.run(self.document.volumes[name], self.seen.volumes[name], users)
        gone = {have.name for have in users}
        left_over = tuple(self.report.not_done)  # other workers take theirs out meanwhile
        followers = [c for c in left_over if is_follower(c) and c.name in gone]
        self._did([*changes, *followers])
        if left:
            text = f"with volume {name} these do not start: {'; '.join(left)}"
            fix = "look at the engine's words, and at `docker logs` of it"
            raise ApplyFailed(text, where=f"volumes.{name}", fix=fix, changed=True)
        self.seen = observe_others(self.observe(), self.engine)

    def _plugins(self, *, leaving: bool) -> None:
        """One after the other: an engine that starts one has its hands full."""
        if not self.document.plugins or self.seen is None:
            return
        from .kinds.plugin import apply as plugin  # few runs need it
        from .kinds.plugin import phase

        wants, seen = self.document.plugins, self.seen
        for want in wants.values():
            own = [c for c in self.report.not_done if (c.kind, c.name) == ("plugin", want.name)]
            have = seen.plugins.get(want.name)
            if phase.has_turn(want, have, own, leaving=leaving):
                plugin.apply(self.engine, self.edges.credentials, want, have, self.progress)
                self._did(own)
        if not leaving and self.observe and phase.waking(wants, seen.plugins):
            fresh, before = self.observe(), frozenset(seen.volumes)
            self.seen = seen = seen._replace(volumes=fresh.volumes, plugins=fresh.plugins)
            refuse_missing(self.document, seen)
            volumes = self.document.volumes, seen.volumes, seen.facts
            self._did(list(phase.found_there(self.report.not_done, *volumes)))
            self._purge_too(before)

    def _purge_too(self, known: frozenset[str]) -> None:
        """Plan the removal of volumes that have shown themselves; `verify` tells of too much."""
        assert self.seen is not None
        limit = self.document.run.max_disruption
        found = purged(self.document, self.seen) if self.document.purge else []
        more = [c for c in found if c.kind == "volume" and c.name not in known]
        more = [change for change in more if not is_over(change, limit)]
        self.plan = self.report.plan = self.plan._replace(changes=(*self.plan.changes, *more))
        self.report.not_done += more

    def _networks(self, changes: list[Change]) -> None:
        assert self.seen is not None
        seen = self.seen
        haves = {**seen.others, **seen.containers}
        ours = [change for change in self.plan.changes if change.kind == "container"]

        def work(name: str) -> None:
            own = [change for change in changes if change.name == name]
            want = self.document.networks.get(name)
            attached = attached_to(name, haves, self.document.containers, ours)
            network.apply(self.engine, own, want, seen.networks.get(name), attached)
            self._did(own)

        self._each(work, list(dict.fromkeys(change.name for change in changes)))

    def _removed_containers(self) -> None:
        """Removals free names, ports and networks, so they come before what is made."""
        assert self.seen is not None
        haves = {**self.seen.others, **self.seen.containers}

        def work(change: Change) -> None:
            self.progress(f"container {change.name}: {change.action.value}")
            container.delete(self.engine, haves[change.name], change)
            self._did([change])

        self._each(work, self._of("container", delete=True))

    def _containers(self) -> None:
        assert self.seen is not None
        seen = self.seen
        grouped: dict[str, list[Change]] = {}
        for change in self.plan.changes:
            if change.kind != "container" or change in self.report.done:
                continue
            if change.action not in (Action.DELETE, Action.RECOVER):
                grouped.setdefault(change.name, []).append(change)
        haves = {**seen.others, **seen.containers}
        bench = container.Bench(
            self.engine,
            seen.facts,
            self.watch,
            self.configs,
            haves,
            dict(seen.lost),
            self.document.run.wait_timeout,
            key_of,
            self._did,
            self.report.warnings.append,
            self.started,
        )
        # What is there already may be at work: of that only so many are taken down at a time.
        at_a_time = None if grouped.keys() & haves.keys() else self.engine.makers
        for level in levels(self._graph(grouped, haves)):
            self._each(lambda name: self._container(bench, name, grouped), level, at_a_time)

    def not_rested(self) -> Set[str]:
        """The containers that have not had the moment yet in which they show whether they stay."""
        return replacing.not_rested(self.started)

    def rest(self, seen: Observation | None) -> Observation | None:
        """Give them their moment; the observation with those that were left for then."""
        replacing.rest(self.started)
        return inspected_later(seen, self.engine) if seen and seen.later else seen

    def settle(self, haves: Mapping[str, Have]) -> None:
        """See whether what was started stays and is healthy. Raises ApplyFailed."""
        self._raise_first(list(replacing.settle(self.started, haves, self.watch)))
        if self.awaited and not self.waited:
            self.progress(f"waiting for the health of {', '.join(self.awaited)}")
            self.waited = tuple(self.awaited)
            limit = self.document.run.wait_timeout
            self._raise_first(
                list(container.settle_health(self.awaited, self.engine, self.watch, limit))
            )

    def moved_on(self, haves: Mapping[str, Have]) -> list[Change]:
        """Changes in the place of what happened since the work was done: to be looked at again."""
        started = {one.name: one.id for one in self.started}
        ended = [name for name, id in started.items() if self.watch.has_ended(id)]
        gone = started.keys() - haves.keys()
        names = {*ended, *gone, *self.waited}
        return [Change("container", name, Action.UPDATE) for name in names]

    def _graph(
        self, grouped: Mapping[str, list[Change]], haves: Mapping[str, Have]
    ) -> dict[str, list[str]]:
        """Who comes after whom: ``depends_on``, namespaces that are shared, what passes over."""
        assert self.seen is not None
        names = {**self.seen.lost, **{have.id: name for name, have in haves.items()}}
        graph: dict[str, list[str]] = {name: [] for name in grouped}
        for name, want in self.document.containers.items():
            graph[name] = list(want.inputs.get("depends_on", ()))
        wishes = handovers(self.document.containers, haves, grouped)
        for name in grouped:
            if name in haves:
                wishes += [(name, names.get(ref, ref)) for _, ref in shared_with(haves[name])]
        return with_wishes(graph, wishes)

    def _container(
        self,
        bench: container.Bench,
        name: str,
        grouped: Mapping[str, list[Change]],
    ) -> None:
        changes = grouped.get(name, [])
        want = self.document.containers.get(name)
        if not changes:
            return
        if want:
            dependencies.fulfilled(bench, want, self.document.containers, grouped, self.progress)
        self.progress(f"container {name}: {', '.join(sorted({c.action.value for c in changes}))}")
        container.apply(bench, name, want, bench.haves.get(name), changes)
