"""Verify: what was applied is planned again, and nothing may be left. Pure."""

from __future__ import annotations

from .errors import ApplyFailed
from .model import Cause, Change
from .observe import Observation
from .plan import plan
from .spec import Document


def verify(document: Document, seen: Observation) -> None:
    """Raise ApplyFailed if what is there after applying is not what the document says."""
    left = plan(document, seen, lambda *_: Cause.UNKNOWN).changes
    if left:
        raise ApplyFailed(
            "; ".join(_left_over(change) for change in left),
            fix="look at the object; if it is as it should be, this is a bug of dockwright",
        )


def _left_over(change: Change) -> str:
    subject = f"{change.kind} {change.name}"
    if change.path == "state":
        return f"{subject} does not keep running: it {change.reason}"
    if change.secret:
        return f"{subject}: {change.path} is not as it should be"
    return f"{subject}: {change.path} should be {change.after!r} and is {change.before!r}"
