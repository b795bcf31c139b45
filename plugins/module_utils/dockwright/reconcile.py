"""The five verbs over a document: want, have, plan, apply, verify. The one way in for all tools."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import causes
from .connection import Connection
from .engine.client import Engine
from .errors import ApplyFailed, DockwrightError, LockTimeout, Problem, SpecError
from .garbage import put_off
from .host.machine import Host, state_folder
from .kinds.container.health import awaited
from .kinds.image.credentials import of_user
from .kinds.image.have import BuildSite, ImageHave
from .kinds.image.plan import changes_registries
from .kinds.network import bridges
from .kinds.part import (
    OF_ENGINE,
    Part,
    facts_after,
    interrupted,
    is_engineless,
    left_of_killed,
    part_of,
    plan_all,
    refuse_elsewhere,
)
from .kinds.project.reading import read_compose, this_machine
from .limits import half_made, refuse_beyond, refuse_unmovable
from .masking import mask
from .model import Change, Plan, Report
from .observe import ASSUMED, Edges, Observation, assumed, observe, observe_others, refreshed
from .options import collect
from .origin import WHOLE
from .plan import needs_others, plan
from .reach import Reach, missing, patiently
from .saved import Saved, compared
from .spec import Document, parse_document
from .state import engine_of, state_of
from .verify import verify

if TYPE_CHECKING:
    from .apply import Applier
    from .errors import EngineUnreachable
    from .host.memory import Memory
    from .image_now import Image
    from .origin import Origin
    from .session import Session

# Ansible compiles it for each task: what few runs need is imported where it is needed.
Progress = Callable[[str], None]
_T = TypeVar("_T")


def converge(  # noqa: PLR0913 - the public one: its inputs are named by those who call
    document: Any,
    *,
    connection: Connection | None = None,
    check: bool = False,
    host: Host | None = None,
    progress: Progress | None = None,
    saved: Saved | None = None,
    session: Session | None = None,
    origin: Origin | None = None,
) -> Report:
    """Bring a host to what a document says, or with ``check`` only plan it.

    ``host`` is the machine that the engine runs on; left out, it is this one when the engine is
    reached by its local socket. Never raises DockwrightError: the Report carries the problems.
    Secret values in it are masked. With ``saved`` the report has the plan's fingerprint, and a plan
    that is not the saved one is refused. A ``session`` is what several runs of a process share.
    With an ``origin`` the spec is kept for `rollback`, where it is one of a host or a project.
    """
    report = Report(check=check)
    reach = Reach(connection, session)
    run = _Run(document, reach, host, report, progress or (lambda text: None))
    run.origin = origin
    try:
        run.prepare()
        if check:
            run.recover()
            run.plan_what_holds(saved)
            report.changed = bool(report.plan.changes)
        else:
            with run.lock() as lock, run.kept():
                run.recover()
                run.plan_what_holds(saved)
                run.apply()
                report.changed = bool(report.done)
            if lock and lock.warning:
                report.warnings.append(lock.warning)
    except DockwrightError as error:
        report.failed = True
        report.problems = [*error.problems(), *report.problems]
        touched = isinstance(error, ApplyFailed) and error.changed
        report.changed = (report.changed or touched or bool(report.done)) and not check
    finally:
        reach.end(run.engine)
    if run.document and run.seen:
        report.state = state_of(run.document, run.seen)
    mask(report, run.raw, run.document)
    return report


class _Run:
    """One run: holds the stages' results, so that each thing is read once."""

    def __init__(
        self, raw: Any, reach: Reach, host: Host | None, report: Report, progress: Progress
    ) -> None:
        self.raw = raw
        self.reach = reach
        self.host = host
        self.report = report
        self.progress = progress
        self.origin: Origin | None = None
        self.engine: Engine | None = None
        self.document: Document | None = None
        self.seen: Observation | None = None
        self.parts: list[Part] = []
        self.recovered = Plan()
        self.local = Host(memory=state_folder(os.environ, os.geteuid() == 0))
        self._memories: dict[str, Memory] = {}
        self.marks: causes.Marks = {}
        self.image: Image | None = None  # where the host is one

    @put_off()
    def prepare(self) -> None:
        """Want: the engine's address and the document, before anything is asked."""
        endpoint = self.reach.endpoint()
        self.engine = self.reach.shared(endpoint)
        self.engine = self.engine or Engine(endpoint, timeout=self.reach.connection.timeout)
        if self.host is None and endpoint.url.startswith("unix:"):
            self.host = self.local
        files = (self.host or self.local).files
        if isinstance(self.raw, Mapping) and self.raw.get("compose") is not None:
            here = this_machine(is_managed_host=self.host is not None)
            self.raw = read_compose(self.raw, here, self.report.warnings.append)
        gone = self.origin.gone if self.origin else ()
        self.document = parse_document(self.raw, files.read_text, gone)
        if self.host is not None and self.host.is_image:
            from .image_now import Image

            self.image = Image(self.document, self.host)
            self.document = self.image.document
        if self.host is self.local:
            self.host = self.local = self.local.with_daemon(**self.document.run.daemon)

    def lock(self) -> Any:
        """The lock against other runs on this host; without a host edge there is none."""
        assert self.document is not None
        limit = self.document.run.lock_timeout
        return self.host.lock(limit) if self.host else nullcontext()

    def kept(self) -> AbstractContextManager[None]:
        """The spec is kept for `rollback` when the run has applied it, if it is a whole one."""
        if self.origin is None or self.origin.kind not in WHOLE:
            return nullcontext()
        from .applied import Stage, kept

        url = self.engine.endpoint.url if self.engine else ""
        return kept(Stage(self.origin, self.host, url, self.raw, self.document, self.report))

    def memory(self, engine_id: str | None = None) -> Memory | None:
        """The host's memory of an engine, left out: of the one that was seen; read once a run."""
        if self.host is None:
            return None
        if engine_id is None:
            engine_id = self.seen.facts.id if self.seen else ""
        if engine_id not in self._memories:  # a new data-root is a new engine
            self._memories[engine_id] = self.host.memory(engine_id)
        return self._memories[engine_id]

    @put_off()
    def plan_what_holds(self, saved: Saved | None) -> None:
        """Plan; once more where answers that are shared with other runs do not hold any more."""
        assert self.document is not None
        if self.report.check and (half := half_made(self.recovered)):
            self.report.plan = half
            return
        self.reach.begin(only_objects=not self.document.parts)
        self._patiently(lambda: self._plan_what_holds(saved))

    def _plan_what_holds(self, saved: Saved | None) -> None:
        self.plan(saved)
        if self.report.plan.changes and self.reach.has_moved():
            self.plan(saved)

    def _patiently(self, look: Callable[[], _T]) -> _T:
        """Look, while another run may be at what we look at."""
        assert self.document is not None
        return patiently(look, self.reach, self.document.run.lock_timeout)

    def recover(self) -> None:
        """Put right what killed runs left of the host itself, before anything else is looked at."""
        assert self.document is not None
        look, limit = self._left, self.document.run.lock_timeout
        if self.report.check:
            look = partial(left_of_killed, look, self.host, limit, self.report.warnings)
        found = self._patiently(look)
        self.recovered = Plan(tuple(change for _, change in found if change))
        refuse_beyond(self.recovered, self.document.run.max_disruption)
        for part, change in found if not self.report.check else ():
            if change is None:
                part.settle()
                continue
            self.reach.acts()
            self.progress(f"{part.kind}: putting an interrupted run right")
            self.report.done += [change] if part.recover() else []

    def _left(self) -> list[tuple[Part, Change | None]]:
        """What is half done on the host itself, and how that is put right."""
        assert self.document is not None
        left = interrupted(self.host)
        parts = self._parts_of(self.document, left, self.engine) if left else []
        return [(part, part.interrupted()) for part in parts]

    def plan(self, saved: Saved | None) -> None:
        """Have and plan; the report holds the plan afterwards."""
        assert self.document is not None and self.engine is not None
        document = self.document
        unreachable = self._look(document)
        problems: list[Problem] = []
        whole = self.recovered
        if document.parts:
            whole += collect(problems, self._plan_parts, document, unreachable) or Plan()
        self._look_for_stale(document, unreachable)
        if self.seen is not None:
            objects = collect(problems, self._plan_objects, document, whole) or Plan()
            whole = whole + objects
        if problems:
            raise SpecError(problems)
        if self.image:
            whole, self.seen = self.image.left(whole), None
        if unreachable is not None and self.seen is not None:
            note = f"{unreachable.message}; planned for engine {ASSUMED.engine} with nothing on it"
            whole = whole._replace(warnings=(*whole.warnings, note))
        self.report.plan = whole
        if self.seen:
            self.report.engine = engine_of(self.seen, self.engine.endpoint.url)
        if saved:
            self.report.fingerprint = compared(whole, self.raw, saved)
        refuse_beyond(whole, document.run.max_disruption)

    def _look(self, document: Document) -> EngineUnreachable | None:
        """Observe the objects; the error where there may be no engine yet."""
        has_objects = document.has_objects
        if not has_objects and is_engineless(document.parts):
            return None
        assert self.engine is not None
        unreachable = missing(
            self.engine, self.host, check=self.report.check, only_daemon=not has_objects
        )
        if unreachable is None:
            self.seen = self._observe(document) if has_objects else None
        elif has_objects and (self.report.check or self.image):  # what a fresh engine has
            images = {key: ImageHave(key) for key in document.images}
            self.seen = Observation(assumed(self.host), images=images)
        elif not self.image and (has_objects or not document.parts):
            raise unreachable
        return unreachable

    def _look_for_stale(self, document: Document, unreachable: EngineUnreachable | None) -> None:
        """Where defaults of containers moved, all containers are looked at, once."""
        moved = tuple(move for part in self.parts for move in part.moved())
        if moved and unreachable is None:
            seen = self.seen if document.services or document.networks or document.purge else None
            self.seen = (seen or self._observe(document, everything=True))._replace(moved=moved)

    def _plan_objects(self, document: Document, parts: Plan) -> Plan:
        assert self.engine is not None and self.seen is not None
        seen = self.seen
        cause_of = causes.causes_from(self.memory())
        settled = not any(changes_registries(change) for change in parts.changes)
        found = plan(document, seen, cause_of, settled=settled)
        if needs_others(found.changes, seen):
            self.seen = observe_others(seen, self.engine)
            found = plan(document, self.seen, cause_of, settled=settled)
        refuse_unmovable(found, document.volumes, self.seen, self.host)
        return found

    @cached_property
    def edges(self) -> Edges:
        """What observing and applying need beside the engine; looked at once a run."""
        assert self.document is not None
        is_busy = self.report.check and self.host is not None and self.host.lock().is_taken()
        credentials = of_user(self.document.registries, self.local)
        here = self.host or self.local
        site = BuildSite(here.files.path, here.memory(), here.run)
        return Edges(self.host, self.memory, credentials, here.files.open, site, is_busy)

    def _observe(self, document: Document, *, everything: bool = False) -> Observation:
        assert self.engine is not None
        seen = observe(document, self.engine, self.edges, everything=everything)
        if seen.host_ports is not None and seen.facts.name != os.uname().nodename:
            seen = seen._replace(host_ports=None)  # the socket leads to another machine
        return seen

    def _plan_parts(self, document: Document, unreachable: EngineUnreachable | None) -> Plan:
        """The plan of what belongs to the host itself; its problems are reported together."""
        self.parts = self._parts_of(document, document.parts, None if unreachable else self.engine)
        whole = plan_all(self.parts)
        if self.seen:
            self.seen = self.seen._replace(facts=facts_after(self.parts, self.seen.facts))
        return whole

    def _parts_of(
        self, document: Document, kinds: Iterable[str], engine: Engine | None
    ) -> list[Part]:
        from .kinds.site import Site  # few documents are about the host itself

        if self.host is None:
            refuse_elsewhere(kinds)
        networks = self.seen.networks if self.seen else {}
        site = Site(
            self.host or self.local,
            engine,
            lambda: self.memory() or self.local.memory(),
            document.run,
            self.seen.info if self.seen else None,
            document.parts,
            bridges.coming(document.networks, networks),
            [have.raw for have in networks.values()],
            document.running_plugins,
            check=self.report.check,
            is_local=self.host is self.local,
            tell=self.progress,
            warn=self.report.warnings.append,
        )
        return [part_of(kind, document.parts.get(kind), site) for kind in kinds]

    def apply(self) -> None:
        """Apply the very plan that was shown, then read again what was changed."""
        assert self.document is not None and self.engine is not None
        report, document = self.report, self.document
        haves = self.seen.containers if self.seen else {}
        if report.plan.changes or awaited(document.containers, haves, ()):
            from .apply import Applier

            self.reach.acts()
            applier = Applier(
                document,
                self.seen,
                report.plan,
                self.engine,
                report,
                self.progress,
                edges=self.edges,
                parts=self.parts,
                observe=lambda: self._observe(document),
            )
            try:
                with applier.watch:
                    applier.run()
                    self._settle(applier)
                verify(document, self.seen, self.parts, report.done)
            except DockwrightError:
                self._remember(whole=False)
                raise
        self._remember(whole=True)

    def _settle(self, applier: Applier) -> None:
        """Read again what was changed; what was started last once it may have shown if it stays."""
        self._look_again(self.report.done, applier.not_rested())
        self.marks = causes.marks_of(self.memory(), self.document, self.seen)  # meanwhile
        self.seen = applier.rest(self.seen)
        haves = self.seen.containers if self.seen else {}
        try:
            applier.settle(haves)
        finally:
            self._look_again(applier.moved_on(haves))

    def _look_again(self, done: list[Change], later: Set[str] = frozenset()) -> None:
        """The observation after these changes; none while another run is at it for too long."""
        try:
            self._patiently(lambda: self._look_after(done, later))
        except LockTimeout as error:
            self.report.warnings.append(f"not verified: {error.message}")
            self.seen = None

    def _look_after(self, done: list[Change], later: Set[str]) -> None:
        assert self.document is not None and self.engine is not None
        if self.seen is None or not done:
            return
        if any(change.kind in OF_ENGINE for change in done):  # the host itself: it may change all
            self.seen = self._observe(self.document)._replace(later=later)
        else:
            seen = self.seen._replace(later=later)
            self.seen = refreshed(seen, done, self.document, self.engine, self.edges)

    def _remember(self, *, whole: bool) -> None:
        memory = self.memory()
        if self.document is not None and memory is not None:
            run = causes.Ended(self.document, self.seen, self.report, self.parts, self.marks)
            causes.remember(memory, run, whole=whole)
