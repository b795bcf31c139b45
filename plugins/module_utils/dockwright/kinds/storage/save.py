"""Saving what a rebuild re-creates: images into an archive, containers as definitions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, HostError
from ...host.machine import Host
from ...host.memory import safe_name
from ...model import Have
from ..container.have import is_paused, is_running
from ..image import reference
from ..image.archive import Archive, read
from .inventory import Image
from .sizes import shown
from .work import Work

_TELL_EACH = 256 * 1024**2
COMMITS = "dockwright.invalid/kept"


def save_images(work: Work, images: Iterable[Image], name: str) -> str:
    """Save images, in one archive so that what they share is stored once; its path.

    Raises ApplyFailed where the archive does not hold every image with all its tags.
    """
    images = list(images)
    path = f"{work.folder}/{name}.tar"
    if not images:
        return ""
    work.host.files.make_directory(work.folder, mode=0o700)
    work.tell(f"save {len(images)} images")
    query = [("names", name) for image in images for name in image.names]
    _write(work, path, work.engine, query)
    check_archive(archive_at(work.host, path), images)
    return path


def _write(work: Work, path: str, engine: Engine, query: list[tuple[str, str]]) -> None:
    real = work.host.files.path(path)
    done = told = 0
    try:
        with open(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for block in engine.download("/images/get", query):
                file.write(block)
                done += len(block)
                if done - told >= _TELL_EACH:
                    told = done
                    work.tell(f"saved {shown(done)}")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise HostError(f"cannot write {path}: {error.strerror or error}") from error
    work.tell(f"saved {shown(done)}")


def archive_at(host: Host, path: str) -> Archive:
    """What is in an archive that we wrote."""
    return read(path, host.files.open)


def check_archive(archive: Archive, images: Iterable[Image]) -> None:
    """Raise ApplyFailed where an image or one of its tags is missing."""
    if archive.error:
        raise ApplyFailed(f"the archive of the images {archive.error}")
    for image in images:
        for name in image.names:
            if archive.find(reference.parse(name, "images")) is None:
                raise ApplyFailed(f"image {name} is not in the archive that the engine wrote")


def mark(work: Work, images: Iterable[Image]) -> list[Image]:
    """Give untagged images a name for the archive: containerd takes nothing without one."""
    images = list(images)
    marks = {image.id: f"{COMMITS}/image:{image.id[7:19]}" for image in images if not image.tags}
    work.step("mark", marks=list(marks.values()))
    for id, name in marks.items():
        repository, _, tag = name.rpartition(":")
        work.engine.post(f"/images/{id}/tag", None, {"repo": repository, "tag": tag})
    return [i._replace(tags=(marks[i.id],)) if i.id in marks else i for i in images]


def unmark(work: Work) -> None:
    """Take those names away, whatever has become of them; their images are untagged again.

    The engine would remove an image with its last name, so the name goes to another one first.
    """
    marks = work.record.get("marks") or []
    tags = {tag for item in work.engine.get("/images/json") for tag in item.get("RepoTags") or ()}
    others = sorted(tag for tag in tags if not tag.startswith((COMMITS, "<none>")))
    for name in marks if others else ():
        if name not in tags:
            continue
        repository, _, tag = name.rpartition(":")
        work.engine.post(f"/images/{others[0]}/tag", None, {"repo": repository, "tag": tag})
        work.engine.delete(f"/images/{name}")


def definitions_of(containers: Iterable[Have]) -> list[dict[str, Any]]:
    """Containers as they can be made again."""
    return [
        {
            "name": have.name,
            "raw": dict(have.raw),
            "running": is_running(have),
            "paused": is_paused(have),
        }
        for have in containers
    ]


def commit_names(containers: Iterable[Have], names: Iterable[str]) -> dict[str, str]:
    """What the images of containers that wrote into their own layers will be called."""
    wanted = set(names)
    return {
        have.name: f"{COMMITS}/{safe_name(have.name).lower()}:{have.id[:12]}"
        for have in containers
        if have.name in wanted
    }


def commit(work: Work, containers: Iterable[Have], names: Mapping[str, str]) -> list[Image]:
    """Make those images, each with the container's whole configuration."""
    found = []
    for have in containers:
        if have.name not in names:
            continue
        work.tell(f"container {have.name}: what it wrote becomes an image")
        repository, _, tag = names[have.name].rpartition(":")
        query = {"container": have.id, "repo": repository, "tag": tag, "pause": False}
        answer = work.engine.post("/commit", _config(have.raw), query, timeout=3600.0)
        found.append(Image(str(answer["Id"]), (names[have.name],)))
    return found


def _config(raw: Mapping[str, Any]) -> dict[str, Any]:
    config = {k: v for k, v in (raw.get("Config") or {}).items() if v is not None}
    config.pop("Hostname", None)
    return config
