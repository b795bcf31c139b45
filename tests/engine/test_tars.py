"""Images saved, imported, and containers exported on real engines: only when they have to be."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from dockwright import api
from tests.engine.world import World, container, project, titles
from tests.hosts import TINY

SAVED, BASE = "dwtars/web:1", "dwtars/base:1"
CHANGES = [  # all that an import can say
    *("ENV WORD=a", 'CMD ["/hello"]', "ENTRYPOINT /begin", "EXPOSE 80", "HEALTHCHECK NONE"),
    *("LABEL kept=yes", "ONBUILD RUN true", "USER 1", "VOLUME /data", "WORKDIR /data"),
    "STOPSIGNAL SIGINT",  # not on 20.10
]


@pytest.fixture
def world(lean_world: World) -> World:
    for image in lean_world.client.images.list():
        for tag in (tag for tag in image.tags if "dwtars/" in tag):
            lean_world.client.images.remove(tag, force=True)
    lean_world.host.load_tiny()
    return lean_world


def inside(path: Path) -> tuple[str, list[str]]:
    """The image's ID in a tar that `docker save` or the API has written, and its names."""
    with tarfile.open(path) as tar:
        file = tar.extractfile("manifest.json")
        assert file
        (entry,) = json.loads(file.read())
    config = entry["Config"].rpartition("/")[2].partition(".")[0]
    return f"sha256:{config}", sorted(entry["RepoTags"] or [])


def saved(path: Path, **more: Any) -> dict[str, Any]:
    return {"images": {SAVED: {"pull_policy": "never", "save": str(path), **more}}}


def test_an_image_is_saved_once_and_again_when_it_is_another(world: World, tmp_path: Path) -> None:
    world.host.load_tiny(SAVED, Labels={"version": "1"})
    path = tmp_path / "web.tar"
    with world.untouched():
        (change,) = world.check(saved(path)).plan.changes
    identity = world.client.images.get(SAVED).id
    assert (change.action.value, change.before, change.after) == ("save", None, identity)
    assert not path.exists()
    world.apply(saved(path))
    assert inside(path) == (identity, [SAVED])
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    before = path.stat()
    assert titles(world.check(saved(path))) == []
    world.apply(saved(path, tags=["dwtars/web:2"]))
    assert inside(path) == (identity, [SAVED, "dwtars/web:2"])
    after = path.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    world.host.load_tiny(SAVED, Labels={"version": "2"})
    (change,) = world.check(saved(path)).plan.changes
    assert change.before == identity
    world.apply(saved(path))
    assert inside(path) == (world.client.images.get(SAVED).id, [SAVED])
    assert sorted(os.listdir(tmp_path)) == ["memory", "web.tar"]
    # The tar is what loads the image where it is missing.
    world.client.images.remove(SAVED, force=True)
    world.apply({"images": {SAVED: {"load": str(path)}}})
    assert world.client.images.get(SAVED).labels == {"version": "2"}


def test_what_is_no_tar_of_images_is_never_written_over(world: World, tmp_path: Path) -> None:
    world.host.load_tiny(SAVED, Labels={"version": "3"})
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    report = world.fail(saved(path))
    assert report.problems[0].where == f"images.{SAVED}.save"
    assert path.read_text() == "notes"
    report = world.fail(saved(tmp_path / "none/web.tar"))
    assert "make its folder first" in report.problems[0].fix
    assert sorted(os.listdir(tmp_path)) == ["memory", "notes.txt"]


def rootfs(path: Path, **files: str) -> None:
    """A root file system: that of the small image, and these files."""
    with tarfile.open(path, "w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def _stop_signal(world: World, path: Path, document: dict[str, Any]) -> str:
    """What an image can get by an import; an engine that refuses it is not asked to."""
    try:
        world.client.api.import_image_from_file(str(path), "dwtars/tried", changes=CHANGES[-1:])
    except docker.errors.APIError as error:
        assert "not a valid change command" in str(error)
        with world.untouched():
            (problem,) = world.run(document, check=True).problems
        assert problem.where == f"images.{BASE}.import.changes[{len(CHANGES) - 1}]"
        return ""
    return CHANGES[-1].partition(" ")[2]


def test_a_file_system_is_imported_once_and_again_when_it_is_another(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "rootfs.tar"
    rootfs(path, hello="one")
    source: dict[str, Any] = {"path": str(path), "changes": CHANGES}
    document = {"images": {BASE: {"import": source}}}
    signal = _stop_signal(world, path, document)
    source["changes"] = CHANGES if signal else CHANGES[:-1]
    with world.untouched():
        (change,) = world.check(document).plan.changes
    assert (change.action.value, change.reason) == ("import", "is not on the host")
    world.apply(document)
    image = world.client.images.get(BASE)
    assert image.attrs["Config"]["Cmd"] == ["/hello"]
    assert "WORD=a" in image.attrs["Config"]["Env"]
    assert (image.attrs["Config"].get("StopSignal", ""), image.labels["kept"]) == (signal, "yes")
    os.utime(path, (1, 1))
    assert titles(world.check(document)) == []
    rootfs(path, hello="two")
    (change,) = world.check(document).plan.changes
    assert (change.before, "another content" in change.reason) == (image.id, True)
    world.apply(document)
    second = world.client.images.get(BASE)
    assert second.id != image.id
    source["changes"] = ["ENV WORD=b"]
    world.apply(document)
    assert "WORD=b" in world.client.images.get(BASE).attrs["Config"]["Env"]
    path.write_text("this is no tar")
    report = world.fail(document)
    assert report.problems[0].where == f"images.{BASE}.import"
    assert "WORD=b" in world.client.images.get(BASE).attrs["Config"]["Env"]


def test_a_container_is_exported_when_it_is_another_and_runs_once_imported(
    world: World, tmp_path: Path
) -> None:
    world.apply(project({"web": container()}))
    path = tmp_path / "web.tar"

    def act(*, check: bool = False, **more: Any) -> dict[str, Any]:
        params = {"name": "web", "dest": str(path), **more}
        return api.act(
            "container_export", params, api.Connection(world.host.docker_host), check=check
        )

    assert act(check=True)["changed"]
    assert not path.exists()
    assert act()["changed"]
    for check in (True, False):
        assert act(check=check)["changed"] is False
    path.chmod(0o644)
    assert world.does("web", "sh", "-c", "echo one > /made")
    assert act(check=True)["changed"]
    assert act()["changed"]
    assert act()["changed"] is False
    assert path.stat().st_mode & 0o777 == 0o644
    with tarfile.open(path) as tar:
        made = tar.extractfile("made")
        assert made and made.read() == b"one\n"
    assert sorted(os.listdir(tmp_path)) == ["memory", "web.tar"]
    world.apply({"images": {BASE: {"import": str(path)}}})
    shown = world.client.containers.run(BASE, ["cat", "/made"], remove=True)
    assert shown == b"one\n"
    lost = act(name="nobody")
    assert (lost["failed"], lost["problems"][0]["where"]) == (True, "name")
    nowhere = act(dest=str(tmp_path / "none/web.tar"))
    assert (nowhere["failed"], nowhere["changed"]) == (True, False)
    assert TINY in world.inspect("web")["Config"]["Image"]
