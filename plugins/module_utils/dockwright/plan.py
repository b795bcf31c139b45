"""The plan of a whole document: a pure function of what is wanted and what was observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import owner
from .checks import check, refuse_addresses, refuse_swaps, refuse_used
from .differ import CauseOf
from .errors import SpecError
from .kinds.container import health, losses, sharing
from .kinds.container import plan as container
from .kinds.container.have import is_put_aside, is_running
from .kinds.container.recovery import name_of
from .kinds.container.stale import plan_stale
from .kinds.image import plan as image
from .kinds.image.reference import parse as parse_reference
from .kinds.image.sequence import plan_all as image_plan_all
from .kinds.network import plan as network
from .kinds.volume import plan as volume
from .kinds.volume import users as volume_users
from .model import ARRIVALS, UNKNOWN, Action, Cause, Change, Disruption, Have, Notice, Plan
from .observe import Observation
from .spec import Document, as_written

_MAKES_FOLLOW = ("container", "network", "volume")  # what is made anew has others follow


def plan(document: Document, seen: Observation, cause_of: CauseOf, *, settled: bool = True) -> Plan:
    """The ordered changes from ``seen`` to ``document``.

    ``settled`` is False when the same run changes how the daemon reaches registries: what they
    say now does not count then.
    Raises SpecError with every problem that shows only next to the host: a port that is taken,
    a network that is neither declared nor there, an object of another project.
    """
    check(document, seen, settled=settled)
    recovered = [_recover(name, seen) for name in sorted(seen.recoveries)]
    recovered += [network.recover(name, seen.remade[name]) for name in sorted(seen.remade)]
    images = image_plan_all(document.images, seen.images, seen.facts, settled=settled)
    volumes, blocked = volume.plan_all(document.volumes, seen.volumes, seen.facts, cause_of)
    networks, hidden = network.plan_all(document.networks, seen, cause_of)
    containers, stale, ignored = _containers(document, seen, images, cause_of)
    more, kept_old = _stale(document, seen, containers, stale)
    containers, stale = containers + more, stale + kept_old
    extra = _surplus(document, seen) + (purged(document, seen) if document.purge else [])
    containers, kept = _with_followers(containers, extra, document, seen)
    gone = frozenset((c.kind, c.name) for c in (*networks, *volumes, *extra) if _is_removal(c))
    plugins, leaving = _plugins(document, seen, gone, cause_of, settled=settled)
    moved = volume_users.followers(volumes, {**seen.others, **seen.containers})
    first, last = _deletions_last(networks), _deletions_last(_with_doubt(document, seen, volumes))
    changes = [
        *recovered,
        *[change for change in images if not _is_removal(change)],
        *plugins,
        *last[0],
        *moved,
        *first[0],
        *containers,
        *first[1],
        *last[1],
        *[change for change in extra if change.kind != "container"],
        *leaving,
        *[change for change in images if _is_removal(change)],
    ]
    refuse_used(document, seen, changes)
    refuse_addresses(document, seen, changes)
    refuse_swaps(document, {**seen.others, **seen.containers}, changes)
    blocked += container.kept(document.containers, changes)
    return Plan(
        tuple(_missed(change, cause_of) for change in changes),
        tuple(stale),
        (*ignored, *hidden, *_ignored_plugins(document, seen)),
        tuple(blocked),
        warnings=(*document.warnings, *kept, *_warnings(document, seen, changes)),
    )


def _is_removal(change: Change) -> bool:
    return change.action is Action.DELETE


def _plugins(
    document: Document,
    seen: Observation,
    gone: frozenset[tuple[str, str]],
    cause_of: CauseOf,
    *,
    settled: bool,
) -> tuple[list[Change], list[Change]]:
    """The changes of plugins: before volumes and networks are made, and after they are removed."""
    if not document.plugins:
        return [], []
    from .kinds.plugin import checks  # few documents have any
    from .kinds.plugin import plan as plugin

    wants, haves = document.plugins, seen.plugins
    daemon = document.parts.get("daemon")
    values = daemon.values if daemon else {}
    named = tuple(values.get("authorization-plugins") or ()), values.get("log-driver") or ""
    own = (document.volumes, document.networks, frozenset(seen.volumes), *named)
    problems = tuple(checks.problems(wants, haves, checks.Scene(gone, *own, settled)))
    if problems:
        raise SpecError(as_written(problem, document.paths) for problem in problems)
    changes = plugin.plan_all(wants, haves, gone, cause_of)
    leaving = [change for change in changes if plugin.leaves(wants[change.name])]
    return [change for change in changes if change not in leaving], leaving


def _ignored_plugins(document: Document, seen: Observation) -> Iterable[Notice]:
    if not document.plugins:
        return ()
    from .kinds.plugin import plan as plugin

    return tuple(plugin.ignored(document.plugins, seen.plugins))


def _with_doubt(document: Document, seen: Observation, volumes: list[Change]) -> list[Change]:
    """Volumes to be made; a plugin that is disabled may have one already."""
    if not document.plugins:
        return volumes
    from .kinds.plugin import phase

    waking = phase.waking(document.plugins, seen.plugins)
    return phase.with_doubt(volumes, document.volumes, waking)


def _missed(change: Change, cause_of: CauseOf) -> Change:
    """What is made anew although we made it before: another hand has removed it."""
    if change.action is not Action.CREATE:
        return change
    cause = cause_of(change.kind, change.name, "", None, True)
    return change._replace(cause=cause) if cause is Cause.DRIFT else change


def _restarting(document: Document, seen: Observation, changes: Iterable[Change]) -> Iterator[str]:
    """Containers that end again and again; there is nothing to change about them."""
    busy = {change.name for change in changes if change.kind == "container"}
    for name in sorted(document.containers.keys() & seen.containers.keys() - busy):
        state = seen.containers[name].raw.get("State") or {}
        if state.get("Restarting"):
            yield f"container {name} keeps restarting, it exited with {state.get('ExitCode')}"


def _warnings(document: Document, seen: Observation, changes: list[Change]) -> Iterator[str]:
    for key, want in document.images.items():
        yield from image.warnings(want, seen.images[key])
    if document.plugins:
        from .kinds.plugin import checks, phase

        yield from checks.warnings(document.plugins, seen.plugins)
        if document.purge:
            limit = document.run.max_disruption
            yield from phase.unseen(document.plugins, seen.plugins, limit)
    yield from _restarting(document, seen, changes)
    yield from _left_alone(document, seen)
    busy = {change.name for change in changes if change.kind == "container"}
    for name in health.awaited(document.containers, seen.containers, ()):
        have = seen.containers.get(name)
        if have and is_running(have) and name not in busy:
            status = health.status_of(have)
            yield f"container {name} is {status}, a run waits until it is healthy"


def _left_alone(document: Document, seen: Observation) -> Iterator[str]:
    """Replicas of a service that Compose has made and we never took over: they are not ours."""
    for item in seen.listing:
        labels, name = owner.labels_of(item), name_of(item)
        is_replica = labels.get("com.docker.compose.oneoff") != "True" and (
            labels.get("com.docker.compose.service") in document.services
        )
        is_here = document.project and labels.get("com.docker.compose.project") == document.project
        if is_here and is_replica and owner.NAME not in labels and name not in document.containers:
            yield f"container {name}, which Compose has made, is not in the spec and is left alone"


def needs_others(changes: Iterable[Change], seen: Observation) -> bool:
    """Whether containers that are still unread may have to follow what is planned."""
    if seen.complete:
        return False
    if seen.moved:
        return True  # any container may keep what was a default before
    listed = tuple(changes)
    if any(c.action is Action.REPLACE and c.kind in _MAKES_FOLLOW for c in listed):
        return True
    if any(c.action is Action.RECOVER for c in listed):
        return True  # the list does not tell who shares `pid` or `ipc` with what is started again
    read = {have.id for have in seen.containers.values()}
    joins = {
        sharing.joined((item.get("HostConfig") or {}).get("NetworkMode") or "")
        for item in seen.listing
        if item["Id"] not in read
    } - {""}
    starts = any(c.action in (Action.START, Action.RESTART, Action.RECOVER) for c in listed)
    return bool(joins and (starts or joins & set(seen.lost)))


def _recover(name: str, seen: Observation) -> Change:
    recovery = seen.recoveries[name]
    if recovery.finish:
        what = "its new container runs, what is left of the old one is removed"
    elif recovery.old:
        what = "the old container gets its name back"
    else:
        what = "its new container is removed"
    reason = f"an earlier run was interrupted: {what}"
    return Change("container", name, Action.RECOVER, "", None, None, reason, Cause.UNKNOWN)


def _containers(
    document: Document, seen: Observation, images: Iterable[Change], cause_of: CauseOf
) -> tuple[list[Change], list[Notice], list[Notice]]:
    coming = {
        parse_reference(change.name, "").normal for change in images if change.action in ARRIVALS
    }
    context = container.Context(seen.facts, cause_of, seen.configs, document.run.recreate_stale)
    changes: list[Change] = []
    stale: list[Notice] = []
    ignored: list[Notice] = []
    for name, want in document.containers.items():
        have = seen.containers.get(name)
        planned = container.plan_container(want, have, _image_of(want, seen, coming), context)
        changes += planned.changes
        stale += planned.stale
        ignored += planned.ignored
    problems = health.problems(
        document.containers, lambda want: _image_of(want, seen, coming), seen.facts
    )
    refused = [as_written(problem, document.paths) for problem in problems]
    if refused:
        raise SpecError(refused)
    return changes, stale, ignored


def _stale(
    document: Document, seen: Observation, planned: list[Change], known: list[Notice]
) -> tuple[list[Change], list[Notice]]:
    """Containers that keep an earlier default of the daemon, also those of others."""
    if not seen.moved:
        return [], []
    haves = {**seen.others, **seen.containers}
    told = {(notice.name, notice.path.partition(".")[0]) for notice in known}
    changes, notices = plan_stale(
        seen.moved,
        haves.values(),
        document.containers,
        planned,
        recreate=document.run.recreate_stale,
    )
    return changes, [notice for notice in notices if (notice.name, notice.path) not in told]


def _with_followers(
    declared: list[Change], extra: Iterable[Change], document: Document, seen: Observation
) -> tuple[list[Change], list[str]]:
    """All changes of containers, with those that must follow another; warnings of kept volumes."""
    going = [change for change in extra if change.kind == "container"]
    gone = [change.name for change in (*declared, *going) if change.action is Action.DELETE]
    haves = {**seen.others, **seen.containers}
    changes = declared + sharing.dependents(declared, haves, gone, seen.lost)
    changes += sharing.restarts((*changes, *going), haves, document.containers)
    consent = document.run.max_disruption is Disruption.DESTROY
    scene = losses.Scene(haves, seen.listing, document.containers, seen.configs, consent)
    return losses.weigh([*_in_order(changes), *going], scene)


def _image_of(want: Any, seen: Observation, coming: set[str]) -> container.ImageSeen:
    if "image" not in want.fields:
        return container.ImageSeen(UNKNOWN, None)
    found = seen.images.get(parse_reference(want.fields["image"], want.where).normal)
    if found is None or found.reference in coming or not found.id:
        return container.ImageSeen(UNKNOWN, None)
    return container.ImageSeen(found.id, found.config)


def _in_order(changes: Iterable[Change]) -> list[Change]:
    """Removals first (they free names and ports), the rest as the document has it."""
    listed = list(changes)
    return [c for c in listed if c.action is Action.DELETE] + [
        c for c in listed if c.action is not Action.DELETE
    ]


def _deletions_last(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    listed = list(changes)
    return (
        [c for c in listed if c.action is not Action.DELETE],
        [c for c in listed if c.action is Action.DELETE],
    )


def _surplus(document: Document, seen: Observation) -> list[Change]:
    """Replicas of a declared service that the spec has no more, also after `container_name`."""
    return [
        container.delete(have, f"{have.service} has no such replica any more")
        for _, have in sorted(seen.containers.items())
        if have.name not in document.containers
        and have.service in document.services
        and have.project == document.project
        and not is_put_aside(have)
    ]


def purged(document: Document, seen: Observation) -> list[Change]:
    """What is ours in this project and not in the spec."""
    reason = f"is of project {document.project} and not in the spec"
    surplus = {change.name for change in _surplus(document, seen)}
    found = [
        container.delete(have, reason)
        for _, have in sorted(seen.containers.items())
        if _is_ours(have, document, seen)
        and have.name not in document.containers
        and have.name not in surplus
    ]
    for kind, haves, wants in (
        ("network", seen.networks, document.networks),
        ("volume", seen.volumes, document.volumes),
    ):
        for _, have in sorted(haves.items()):
            if have.name not in wants and _is_ours(have, document, seen):
                cost = Disruption.DESTROY if kind == "volume" else Disruption.NONE
                before = {"driver": have.fields.get("driver")}
                values = ("", before, None, reason, Cause.SPEC, cost)
                found.append(Change(kind, have.name, Action.DELETE, *values))
    return found


def _is_ours(have: Have, document: Document, seen: Observation) -> bool:
    return have.project == document.project or (have.kind, have.name) in seen.adopted
