"""Putting into a fresh world what was saved: images first, then containers by their definitions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ... import owner
from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused
from ...model import EngineFacts, Have
from ..container import replace as replacing
from ..container.body import Creation, copy_of
from ..container.have import from_inspect
from ..container.sharing import shared_with
from ..image import reference
from ..image.archive import Archive, Packed
from .inventory import Image
from .save import archive_at
from .work import Work

_NEXT_TIME = 3600.0
_REMOVAL_LIMIT = 10.0


def load(work: Work, path: str, images: Sequence[Image]) -> dict[str, str]:
    """Load an archive; where each image's ID has gone (another store has others).

    Raises ApplyFailed where an image, or a tag of it, is not what it was.
    """
    if not path:
        return {}
    work.tell(f"load {len(images)} images")
    with work.host.files.open(path) as file:
        for _ in work.engine.stream("POST", "/images/load", body=file):
            pass
    archive = archive_at(work.host, path)
    found = {}
    for image in images:
        packed = archive.find(reference.parse(image.names[0], "images"))
        if packed is None:
            raise ApplyFailed(f"image {image.names[0]} is not in the archive")
        found[image.id] = _arrived(work.engine, image, packed, archive)
    return found


def _arrived(engine: Engine, image: Image, packed: Packed, archive: Archive) -> str:
    """The image's ID now: its own, or one that the archive says is of the same config."""
    ids = {_id_of(engine, tag) for tag in image.tags}
    if not image.tags:
        ids = {next(filter(None, (_id_of(engine, id) for id in (image.id, *packed.ids))), "")}
    if ids == {""} or not ids:
        raise ApplyFailed(f"image {image.names[0]} was loaded, and the engine has not got it")
    strange = ids - {image.id, *packed.ids}
    if strange or len(ids) > 1:
        raise ApplyFailed(f"image {', '.join(image.names)} is another one after loading")
    return ids.pop()


def _id_of(engine: Engine, name: str) -> str:
    try:
        return str(engine.get(f"/images/{name}/json")["Id"])
    except EngineRefused as error:
        if error.status == 404:
            return ""
        raise


def in_order(definitions: Iterable[Mapping[str, Any]], haves: Mapping[str, Have]) -> list[str]:
    """Names so that who shares something comes after whose it is, fixed addresses first."""
    names = [item["name"] for item in definitions]
    by_id = {have.id: name for name, have in haves.items()}
    needs = {
        name: {by_id.get(ref, ref) for _, ref in shared_with(haves[name])} & set(names) - {name}
        for name in names
    }
    todo = sorted(names, key=lambda name: not _has_address(haves[name]))
    done: list[str] = []
    while todo:
        ready = [name for name in todo if needs[name] <= set(done)] or todo[:1]
        done.append(ready[0])
        todo.remove(ready[0])
    return done


def _has_address(have: Have) -> bool:
    networks = have.fields.get("networks") or {}
    return any(end.get("ipv4_address") or end.get("ipv6_address") for end in networks.values())


class Restorer:
    """Makes containers of definitions on an engine that may have some of them already."""

    def __init__(
        self,
        work: Work,
        facts: EngineFacts,
        definitions: Sequence[Mapping[str, Any]],
        images: Mapping[str, str],
        commits: Mapping[str, str],
    ) -> None:
        self.work = work
        self.facts = facts
        self.definitions = {item["name"]: item for item in definitions}
        self.images = images
        self.commits = commits
        self.names = {item["raw"]["Id"]: item["name"] for item in definitions}
        self.haves = {
            name: from_inspect(item["raw"], facts, self.names)
            for name, item in self.definitions.items()
        }
        self.order = in_order(definitions, self.haves)

    def create(self, *, passing: bool = True) -> dict[str, str]:
        """Make the containers that are not there; the IDs of all by name.

        Those that are removed when they end (--rm) do not live through a start of the engine:
        they are left out without ``passing``.
        """
        found = {}
        for name in self.order:
            if passing or not self._is_passing(name):
                found[name] = self.make(name)
        return found

    def make(self, name: str) -> str:
        """Make one container, if it is not there; its ID."""
        is_passing = self._is_passing(name)
        raw = self._settled(name) if is_passing else replacing.find(self.work.engine, name)
        if raw is not None:
            return str(raw["Id"])
        self.work.tell(f"container {name}: create")
        return self._create(name)

    def _is_passing(self, name: str) -> bool:
        item = self.definitions[name]
        is_removed = (item["raw"].get("HostConfig") or {}).get("AutoRemove")
        return bool(is_removed and item["running"])

    def _settled(self, name: str) -> Any:
        """The container once the engine has removed what it is removing; None where it is gone."""
        deadline = time.monotonic() + _REMOVAL_LIMIT
        while True:
            raw = replacing.find(self.work.engine, name)
            is_up = raw is not None and (raw.get("State") or {}).get("Running")
            if raw is None or is_up or time.monotonic() > deadline:
                return raw
            time.sleep(0.1)

    def try_out(self, suffix: str) -> None:
        """Make each container under another name, and remove it; raises EngineRefused.

        What the engine finds only when it makes one shows before anything is touched.
        """
        for name in self.order:
            replacing.remove(self.work.engine, self._create(name, suffix), volumes=False)

    def _create(self, name: str, suffix: str = "") -> str:
        have, called = self.haves[name], name + suffix
        creation = copy_of(have, self.facts, self.names)
        _with_address(creation, have, self.facts)
        engine = self.work.engine
        wanted = self.commits.get(name) or str((have.raw.get("Config") or {}).get("Image"))
        identity = self.images.get(str(have.raw["Image"]), str(have.raw["Image"]))
        was = creation.body["Labels"].get(owner.KEPT, "")
        if was:
            creation.body["Labels"][owner.KEPT] = self.images.get(was, was)
        elif name in self.commits:
            creation.body["Labels"][owner.KEPT] = identity
        now = _id_of(engine, wanted)
        if name in self.commits or now == identity or (now and "@" in wanted):
            creation.body["Image"] = wanted
            return replacing.create(engine, called, creation)
        if not now or wanted.startswith("sha256:") or "@" in wanted:
            creation.body["Image"] = identity
            return replacing.create(engine, called, creation)
        # Its tag is on a newer image: it gets the name that it was made from for this moment.
        repository, _, tag = (
            wanted.rpartition(":") if ":" in wanted.rpartition("/")[2] else (wanted, "", "latest")
        )
        query = {"repo": repository, "tag": tag}
        engine.post(f"/images/{identity}/tag", None, query)
        try:
            creation.body["Image"] = wanted
            return replacing.create(engine, called, creation)
        finally:
            engine.post(f"/images/{now}/tag", None, query)

    def start(self) -> list[str]:
        """Start what ran and does not, pause what was paused, stop what was not running.

        What could not be started, with the engine's words.
        """
        failures: list[str] = []
        for name in self.order:
            item = self.definitions[name]
            raw = replacing.find(self.work.engine, name)
            if raw is None:
                failures.append(f"{name}: it is gone")
                continue
            words = self._as_before(raw, item)
            if words:
                failures.append(f"{name}: {words}")
        return failures

    def _as_before(self, raw: Mapping[str, Any], item: Mapping[str, Any]) -> str:
        engine, path = self.work.engine, f"/containers/{raw['Id']}"
        state = raw.get("State") or {}
        is_up = bool(state.get("Running") or state.get("Restarting"))
        try:
            if is_up and not item["running"]:
                engine.post(f"{path}/stop", timeout=_NEXT_TIME)
            elif item["running"] and not is_up:
                engine.post(f"{path}/start")
            if item["paused"] and not state.get("Paused"):
                engine.post(f"{path}/pause")
        except EngineRefused as error:
            return error.message
        return ""


def _with_address(creation: Creation, have: Have, facts: EngineFacts) -> None:
    """A hardware address that was given on purpose; the copy of a replacement goes without."""
    mac = (have.raw.get("Config") or {}).get("MacAddress")
    if not mac:
        return
    if not facts.api_at_least("1.44"):
        creation.body["MacAddress"] = mac
        return
    ends = creation.body.get("NetworkingConfig", {}).get("EndpointsConfig", {})
    mode = creation.body["HostConfig"].get("NetworkMode")
    if mode in ends:
        ends[mode] = {**ends[mode], "MacAddress": mac}
    else:
        creation.body["MacAddress"] = mac
