"""The ``x-…`` keys of Compose files: there for YAML anchors, and dropped. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Below these, keys are the user's own words, to the last level …
_FREE = (
    "annotations",
    "aux_addresses",
    "driver_opts",
    "environment",
    "extra_hosts",
    "labels",
    "options",
    "storage_opt",
    "sysctls",
)
# … and below these they are names, with the specification's keys under them.
_NAMES = ("configs", "depends_on", "networks", "secrets", "services", "ulimits", "volumes")


def without_extensions(value: Any, *, names: bool = False) -> Any:
    """A copy of ``value`` without extension keys; ``names`` tells that its own keys are names."""
    if isinstance(value, (list, tuple)):
        return [without_extensions(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: item if key in _FREE and not names else without_extensions(item, names=_is(key, names))
        for key, item in value.items()
        if names or not str(key).startswith("x-")
    }


def _is(key: Any, names: bool) -> bool:
    # The key of a name may be any word, also one of the words above.
    return not names and key in _NAMES
