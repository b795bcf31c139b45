"""The observed state of volumes, from the list answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import owner
from ...model import EngineFacts, Have
from ...options import Inspect
from .options import ROWS


def from_list(raw: Mapping[str, Any], facts: EngineFacts) -> Have:
    """One volume out of ``GET /volumes`` (or ``GET /volumes/{name}``)."""
    labels = owner.labels_of(raw)
    seen = Inspect(raw, facts, {})
    return Have(
        "volume",
        raw.get("Name") or "",
        raw.get("Name") or "",
        {row.name: row.read(seen) for row in ROWS if row.read},
        owner.explicit_paths(labels),
        labels.get(owner.PROJECT, ""),
        labels.get(owner.SERVICE, ""),
        raw,
    )
