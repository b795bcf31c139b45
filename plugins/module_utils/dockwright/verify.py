"""Verify: what was applied is planned again, and nothing may be left."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import ApplyFailed
from .kinds.container.plan import once_done
from .kinds.part import Part
from .limits import refuse_beyond
from .model import Action, Cause, Change, Plan
from .observe import Observation
from .plan import plan
from .spec import Document


def verify(
    document: Document, seen: Observation | None, parts: Iterable[Part], done: Iterable[Change]
) -> None:
    """Raise ApplyFailed if what is there after applying is not what the document says."""
    touched = {change.kind for change in done}
    for part in parts:
        if part.kind in touched:
            part.verify()
    if seen is not None:
        _objects(document, seen)


def _objects(document: Document, seen: Observation) -> None:
    wants = {name: once_done(want) for name, want in document.containers.items()}
    left = plan(document._replace(containers=wants), seen, lambda *_: Cause.UNKNOWN).changes
    ended = [c for c in left if c.path == "state" and c.action is not Action.PAUSE]
    if ended:  # meanwhile, which is no fault of ours
        raise ApplyFailed(
            "; ".join(f"container {c.name} does not keep running: it {c.reason}" for c in ended),
            fix=f"look at `docker logs {ended[0].name}`",
            changed=True,
        )
    # Volumes that only this run has brought to light, and that it may not remove.
    shown = tuple(c for c in left if c.kind == "volume" and c.action is Action.DELETE)
    refuse_beyond(Plan(shown), document.run.max_disruption)
    if left:
        raise ApplyFailed(
            "; ".join(_left_over(change) for change in left),
            fix="look at the object; if it is as it should be, this is a bug of dockwright",
        )


def _left_over(change: Change) -> str:
    subject = f"{change.kind} {change.name}"
    if change.secret:
        return f"{subject}: {change.path} is not as it should be"
    return f"{subject}: {change.path} should be {change.after!r} and is {change.before!r}"
