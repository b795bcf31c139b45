"""A plan as a thing that is kept: its fingerprint, and whether a later plan is the same one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .errors import PlanRefused, Problem
from .model import Change, Plan
from .named_tuple import NamedTuple
from .report import title

# The fingerprint covers secrets, and the salt lies beside it: guessing must cost time.
_ROUNDS = 200_000
_SHOWN = 5


class Saved(NamedTuple):
    """What is kept of a plan: a random ``salt`` (hex), the ``fingerprint``, and its titles.

    Without a fingerprint it is one that is still to be made: the Report has it then.
    """

    salt: str
    fingerprint: str = ""
    changes: tuple[str, ...] = ()


def titles(changes: Iterable[Change]) -> tuple[str, ...]:
    """The changes in short, without values."""
    return tuple(title(change) for change in changes)


def compared(plan: Plan, spec: Any, saved: Saved) -> str:
    """The fingerprint of a plan and its spec. Raises PlanRefused if another one was saved."""
    found = _fingerprint(plan, spec, saved.salt)
    if saved.fingerprint in ("", found):
        return found
    now = titles(plan.changes)
    new = [text for text in now if text not in saved.changes]
    gone = [text for text in saved.changes if text not in now]
    differences = [f"{_some(new)} came in"] if new else []
    differences += [f"{_some(gone)} went out"] if gone else []
    reason = "; ".join(differences) or "its values or the spec are others"
    message = f"what is planned now is not what was saved: {reason}"
    raise PlanRefused([Problem("", message, "look at the new plan, and save it again")])


def _fingerprint(plan: Plan, spec: Any, salt: str) -> str:
    """Tells whether spec and changes are the same, and nothing else of them."""
    import hashlib  # few runs need it

    changes = [list(change) for change in plan.changes]
    text = json.dumps([spec, changes], sort_keys=True, default=repr)
    return hashlib.pbkdf2_hmac("sha256", text.encode(), bytes.fromhex(salt), _ROUNDS).hex()


def _some(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
