"""The labels by which objects remember, from their creation on, who made them and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .values import TEXT_MAP, parse_text_map, wrong

PREFIX = "io.dockwright."
PROJECT = PREFIX + "project"
SERVICE = PREFIX + "service"
NAME = PREFIX + "name"  # of a container, as it was made
EXPLICIT = PREFIX + "explicit"  # baked options that were set on purpose (design law 4)
CARRIED = PREFIX + "carried-volumes"  # targets of anonymous volumes kept over a replacement
KEPT = PREFIX + "kept-of"  # the ID of the image that it had before what it wrote became one
REPLACES = PREFIX + "replaces"  # what a container or network replaces: its journal, or its ID

# Labels of the Compose tool describe its own bookkeeping, never the user's wish.
_NEVER_COMPARED = (PREFIX, "com.docker.compose.")


def _parse_labels(value: Any, where: str) -> dict[str, str]:
    labels = parse_text_map(value, where)
    for name in labels:
        if name.startswith(PREFIX):
            raise wrong(f"{where}.{name}", "is a label of dockwright's own", "choose another name")
    return labels


LABELS = TEXT_MAP._replace(parse=_parse_labels)


def foreign(labels: Mapping[str, str] | None) -> dict[str, str]:
    """The labels that are compared: neither ours nor those of the Compose tool."""
    return {
        key: value for key, value in (labels or {}).items() if not key.startswith(_NEVER_COMPARED)
    }


def cleared(image: Mapping[str, Any]) -> dict[str, str]:
    """Our labels in an image's Config, emptied: they speak of the container it was made from."""
    return {key: "" for key in labels_of(image) if key.startswith(PREFIX)}


def ours(project: str, service: str, explicit: Iterable[str]) -> dict[str, str]:
    """The owner labels of a new object; empty ones are left out."""
    labels = {PROJECT: project, SERVICE: service, EXPLICIT: ",".join(sorted(explicit))}
    return {key: value for key, value in labels.items() if value}


def explicit_paths(labels: Mapping[str, str] | None) -> frozenset[str]:
    """The baked options that were set on purpose when the object was made."""
    return frozenset(filter(None, (labels or {}).get(EXPLICIT, "").split(",")))


def labels_of(raw: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels in an inspect or list answer of any kind."""
    return raw.get("Labels") or (raw.get("Config") or {}).get("Labels") or {}


def has_label(labels: Mapping[str, str], text: str) -> bool:
    """Whether there is this label: ``KEY``, or ``KEY=VALUE``."""
    key, is_pair, value = text.partition("=")
    return key in labels and (not is_pair or labels[key] == value)
