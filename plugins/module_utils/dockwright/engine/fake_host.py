"""The state of the fake engine: objects as inspect shows them, events, and how names are found."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Callable

from ..named_tuple import NamedTuple
from .versions import number

Json = dict[str, Any]
Answer = tuple[int, Any]


class RefusedError(Exception):
    """The engine's refusal: HTTP status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Ask(NamedTuple):
    """What came with a request: query as sent (all texts) and the parsed body."""

    query: Mapping[str, str]
    body: Any
    filters: Mapping[str, list[str]]

    def says(self, name: str) -> bool:
        """Whether a boolean of the query is set."""
        return self.query.get(name, "").lower() not in ("", "0", "no", "false", "none")


Handler = Callable[["FakeHost", str, Ask], Answer]


class Behaviour(NamedTuple):
    """How a container behaves once started: stays (exit None), and its health check's result."""

    exit: int | None = None
    health: str = "healthy"
    start_error: str = ""


class FakeHost:
    """All objects of the fake engine, by ID (volumes by name), in the shape of inspect."""

    def __init__(self, api: str, engine: str, has_manifests: bool | None = None) -> None:
        self.api = api
        self.engine = engine
        self.release = number(".".join(engine.split(".")[:2]))
        # Engines from 29 on keep images in containerd, on a data-root that is new to them.
        self.has_manifests = self.release >= (29,) if has_manifests is None else has_manifests
        self.containers: dict[str, Json] = {}
        self.networks: dict[str, Json] = {}
        self.volumes: dict[str, Json] = {}
        self.images: dict[str, Json] = {}
        self.registry: dict[str, Json] = {}  # what can be pulled: reference -> image
        self.plugins: dict[str, Json] = {}  # by name, with its tag
        self.plugin_registry: dict[str, Json] = {}  # reference -> configuration
        self.plugin_saved: dict[str, str] = {}  # reference before an upgrade that is not saved yet
        self.behaviours: dict[str, Behaviour] = {}  # by container name or image reference
        self.events: list[Json] = []
        self.next_ids: list[str] = []  # beginnings of the next IDs, to force clashes
        self.hidden: dict[str, Json] = {}  # container ID -> what inspect does not show
        self.tokens: dict[str, str] = {}  # registry -> what it gives for a login
        self._count = 0

    @property
    def driver(self) -> str:
        """The storage driver, or the snapshotter."""
        return "overlayfs" if self.has_manifests else "overlay2"

    @property
    def oldest_api(self) -> str:
        """The oldest API that the engine serves."""
        for since, api in (((29, 3), "1.40"), ((29,), "1.44"), ((25,), "1.24")):
            if self.release >= since:
                return api
        return "1.12"

    def at_least(self, api: str) -> bool:
        """Whether the engine's own API is this one or newer."""
        return number(self.api) >= number(api)

    def new_id(self) -> str:
        """The next ID: 64 hexadecimal digits, the same in every run."""
        self._count += 1
        fresh = hashlib.sha256(str(self._count).encode()).hexdigest()
        start = self.next_ids.pop(0) if self.next_ids else ""
        return start + fresh[len(start) :]

    def now(self) -> str:
        """A time stamp that grows by a second each time."""
        self._count += 1
        hours, rest = divmod(self._count, 3600)
        return f"2026-01-01T{hours % 24:02}:{rest // 60:02}:{rest % 60:02}.000000001Z"

    def emit(self, kind: str, action: str, identity: str, **attributes: str) -> None:
        """Record an event."""
        self._count += 1
        stamp = 1767225600 + self._count
        event: Json = {
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identity, "Attributes": attributes},
            "scope": "local",
            "time": stamp,
            "timeNano": stamp * 10**9,
        }
        if kind == "container":
            event.update(status=action, id=identity, **{"from": attributes.get("image", "")})
        self.events.append(event)

    def container(self, name: str) -> Json:
        """A container as the engine finds it: full ID, else name, else prefix of one ID."""
        if name in self.containers:
            return self.containers[name]
        named = [c for c in self.containers.values() if c["Name"] == "/" + name.lstrip("/")]
        found = named or [c for key, c in self.containers.items() if name and key.startswith(name)]
        if len(found) > 1:
            raise RefusedError(400, f"multiple IDs found with provided prefix: {name}")
        if not found:
            raise RefusedError(404, f"No such container: {name}")
        return found[0]

    def network(self, name: str) -> Json:
        """A network by full ID, exact name or the prefix of one ID."""
        if name in self.networks:
            return self.networks[name]
        named = [n for n in self.networks.values() if n["Name"] == name]
        found = named or [n for key, n in self.networks.items() if name and key.startswith(name)]
        if len(found) > 1:
            raise RefusedError(400, f"network {name} is ambiguous ({len(found)} matches found)")
        if not found:
            raise RefusedError(404, f"network {name} not found")
        return found[0]

    def volume(self, name: str) -> Json:
        """A volume by its name."""
        if name not in self.volumes:
            raise RefusedError(404, f"get {name}: no such volume")
        return self.volumes[name]

    def image(self, name: str) -> Json:
        """An image by ID, its prefix, ``name[:tag]`` or ``name[:tag]@digest``."""
        whole = full_reference(name)
        plain = name[len("sha256:") :] if name.startswith("sha256:") else name
        repository, _, digest = name.partition("@")
        bare = split_tag(repository)[0]
        for image in self.images.values():
            tags, digests = image["RepoTags"], image["RepoDigests"]
            if whole in tags or (digest and f"{bare}@{digest}" in digests):
                return image
        for key, image in self.images.items():
            if re.fullmatch("[0-9a-f]{2,64}", plain) and key[len("sha256:") :].startswith(plain):
                return image
        raise RefusedError(404, f"No such image: {whole}")

    def users_of(self, image: Json) -> list[Json]:
        """The containers that were made from an image."""
        return [c for c in self.containers.values() if c["Image"] == image["Id"]]


def split_tag(reference: str) -> tuple[str, str]:
    """Repository and tag (may be empty) of ``registry:5000/a/b:tag``."""
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        return reference, ""
    return repository, tag


def full_reference(name: str) -> str:
    """A reference with the tag that the engine assumes."""
    if "@" in name or split_tag(name)[1]:
        return name
    return f"{name}:latest"


def has_labels(labels: Mapping[str, str] | None, wanted: list[str]) -> bool:
    """Whether all of ``key`` or ``key=value`` are among the labels."""
    have = labels or {}
    for entry in wanted:
        key, equals, value = entry.partition("=")
        if key not in have or (equals and have[key] != value):
            return False
    return True


def matches_name(name: str, wanted: list[str]) -> bool:
    """The engine's ``name`` filter: any of the regular expressions is found in the name."""
    return not wanted or any(re.search(pattern, name) for pattern in wanted)


def matches_reference(tags: list[str], wanted: list[str]) -> bool:
    """The ``reference`` filter of images: a pattern for the whole name, with or without tag."""
    names = [*tags, *(split_tag(tag)[0] for tag in tags)]
    return not wanted or any(fnmatch.fnmatchcase(n, w) for n in names for w in wanted)
