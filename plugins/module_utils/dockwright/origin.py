"""Who asks for a run: what is kept of it for `rollback` says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .named_tuple import NamedTuple

if TYPE_CHECKING:
    from .host.history import Entry

WHOLE = ("host", "project")  # kinds whose document says all of what it is about


class Origin(NamedTuple):
    """The front end, and the kind that the run was asked for; other kinds are not kept.

    ``back`` is of a rollback: the entry that it goes back to. ``gone`` are the objects, (kind,
    name), that later specs have made and that go.
    """

    tool: str
    kind: str
    back: Entry | None = None
    gone: tuple[tuple[str, str], ...] = ()
