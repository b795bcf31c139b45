"""Have: what the engine says of one object, in normal form by the rows of its kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from . import owner
from .model import Have
from .options import Inspect, Option


def have_of(kind: str, rows: Iterable[Option], seen: Inspect) -> Have:
    """One object out of an inspect or list answer; a volume's ID is its name."""
    raw, labels = seen.raw, owner.labels_of(seen.raw)
    name = (raw.get("Name") or "").lstrip("/")
    return Have(
        kind,
        name,
        raw.get("Id", name),
        {row.name: row.read(seen) for row in rows if row.read},
        owner.explicit_paths(labels),
        labels.get(owner.PROJECT, ""),
        labels.get(owner.SERVICE, ""),
        raw,
    )
