"""A plugin that is there, as an entry of a spec that plans nothing for it."""

from __future__ import annotations

from typing import Any

from ..image.reference import parse as parse_reference
from .have import PluginHave
from .options import DISABLED


def entry_of(have: PluginHave) -> dict[str, Any]:
    """Where it comes from, what it holds, and what is set in it otherwise than by itself."""
    entry: dict[str, Any] = {}
    if have.source and have.source != parse_reference(have.name, "").normal:
        entry["source"] = have.source
    if not have.is_enabled:
        entry["state"] = DISABLED
    if have.held:
        entry["grant"] = {name: sorted(values) for name, values in sorted(have.held.items())}
    settings = {
        name: setting.value
        for name, setting in sorted(have.settings.items())
        if setting.value and (setting.is_kept or setting.value != setting.default)
    }
    return {**entry, "settings": settings} if settings else entry
