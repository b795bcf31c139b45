"""Why have differs from want: told by the fingerprints of what was applied last (design §6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Callable

from .differ import CauseOf, complete, leaves
from .host.memory import Memory
from .kinds.container.options import ROWS as CONTAINER
from .kinds.container.plan import full_fields
from .kinds.image.reference import key_of
from .kinds.network.options import ROWS as NETWORK
from .kinds.part import Part
from .kinds.plugin.options import ROWS as PLUGIN
from .kinds.volume.options import ROWS as VOLUME
from .model import Action, Cause, EngineFacts, Report, Want
from .named_tuple import NamedTuple
from .observe import Observation
from .options import Option
from .spec import Document
from .version import VERSION

_GIVEN = "given."
_Source = tuple[tuple[str, str], list[Any], Callable[[], Mapping[str, Any]]]
Marks = Mapping[tuple[str, str], Mapping[str, str]]  # (kind, name) -> option path -> fingerprint


def causes_from(memory: Memory | None) -> CauseOf:
    """The judge of causes; without a memory every cause is unknown."""
    recalled: dict[tuple[str, str], Mapping[str, str]] = {}

    def cause_of(kind: str, name: str, path: str, value: Any, given: bool) -> Cause:
        if memory is None:
            return Cause.UNKNOWN
        if (kind, name) not in recalled:
            recalled[kind, name] = memory.recall(kind, name)
        known = recalled[kind, name]
        if not path:  # the whole object, which is not there
            return Cause.DRIFT if known else Cause.SPEC
        if not known:
            return Cause.UNKNOWN
        now = None if value is None else memory.fingerprint(value)
        if known.get(path) == now:
            return Cause.DRIFT
        was_given = _GIVEN + path.partition(".")[0] in known
        return Cause.SPEC if given or was_given or value is None else Cause.DEFAULT

    return cause_of


class Ended(NamedTuple):
    """A run after it has applied."""

    document: Document
    seen: Observation | None
    report: Report
    parts: Sequence[Part]
    marks: Marks  # if they have been made already


def remember(memory: Memory, run: Ended, *, whole: bool) -> None:
    """Keep fingerprints of what was applied, for the causes of later changes.

    After a failure (not ``whole``) only those of the parts of the host that were done.
    """
    left = {change.kind for change in run.report.not_done}
    for part in run.parts:
        if part.kind not in left:
            part.remember()
    if run.seen and whole:
        _keep(memory, run, run.seen)
    plan = run.report.plan
    if run.seen and run.seen.moved and not (plan.stale or plan.changes):
        memory.forget_moved()
    memory.save()
    if memory.warning:
        run.report.warnings.append(memory.warning)


def _keep(memory: Memory, run: Ended, seen: Observation) -> None:
    """Note what was applied, taken over and removed."""
    document = run.document
    found = run.marks or marks_of(memory, document, seen)
    for (kind, name), marks in found.items():
        memory.keep(kind, name, marks)
    for change in run.report.done:
        if change.action is Action.DELETE:
            memory.forget(change.kind, change.name)
    for wants in (document.containers, document.networks, document.volumes, document.plugins):
        for want in wants.values():
            if want.state == "absent":  # also where somebody else was faster
                memory.forget(want.kind, want.name)
    for kind, name in _adopted(document, seen):
        memory.adopt(document.project, kind, name)


def marks_of(memory: Memory | None, document: Document | None, seen: Observation | None) -> Marks:
    """Fingerprints of what a run applies to each object; they are not kept yet."""
    if memory is None or document is None or seen is None:
        return {}
    sources = _sources(document, seen)
    return {key: memory.marks(*key, made_of, options) for key, made_of, options in sources}


def _sources(document: Document, seen: Observation) -> Iterator[_Source]:
    """Of what fingerprints are made, and their values, which are asked for only where needed."""
    for name, want in document.containers.items():
        if want.state == "absent":
            continue
        image = seen.images.get(key_of(want.fields["image"]))
        config = image.config if image else {}
        made_of = [VERSION, seen.facts.api, image.id if image else "", want.state, want.fields]
        yield ("container", name), made_of, partial(_container, want, config, seen.facts)
    for kind, rows, wants in (
        ("network", NETWORK, document.networks),
        ("volume", VOLUME, document.volumes),
    ):
        for name, want in wants.items():
            if want.state == "present" and not want.external:
                yield (kind, name), [VERSION, want.fields], partial(_other, want, rows)
    for name, want in document.plugins.items():
        made_of = [VERSION, want.state, want.inputs["source"], want.fields]
        if want.state != "absent":
            yield ("plugin", name), made_of, partial(_plugin, want)


def _plugin(want: Want) -> dict[str, Any]:
    return {
        "state": want.state,
        "source": want.inputs["source"],
        **leaves(PLUGIN, want.fields),
        **_given(want),
    }


def _container(want: Want, config: Mapping[str, Any], facts: EngineFacts) -> dict[str, Any]:
    full = full_fields(want, config, facts)
    steered = {"image": want.fields["image"], "state": want.state}
    return {**leaves(CONTAINER, full), **steered, **_given(want)}


def _other(want: Want, rows: Sequence[Option]) -> dict[str, Any]:
    return {**leaves(rows, complete(rows, want.fields, {})), **_given(want)}


def _given(want: Want) -> dict[str, Any]:
    """Marks of the options that the spec sets: a removed line is told from a moved default."""
    return {_GIVEN + name: True for name in want.fields}


def _adopted(document: Document, seen: Observation) -> list[tuple[str, str]]:
    """Objects that were there before us: declared by their exact name, without a label of ours."""
    if not document.project:
        return []
    pairs = [
        *((want, seen.containers.get(name)) for name, want in document.containers.items()),
        *((want, seen.networks.get(name)) for name, want in document.networks.items()),
        *((want, seen.volumes.get(name)) for name, want in document.volumes.items()),
    ]
    return [
        (want.kind, want.name)
        for want, have in pairs
        if have and not have.project and not want.external and want.state != "implied"
    ]
