"""Files in containers of a real engine."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from tests.engine.world import World, container, project


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.apply(project({"web": container()}))
    return lean_world


def act(world: World, *, check: bool = False, **params: Any) -> dict[str, Any]:
    connection = api.Connection(world.host.docker_host)
    return api.act("container_copy", {"name": "web", **params}, connection, check=check)


def seen(world: World, path: str) -> tuple[bytes, int, int, int]:
    """Content, mode, user and group of a file, by the docker SDK."""
    stream, _ = world.client.containers.get("web").get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        entry = archive.getmembers()[0]
        file = archive.extractfile(entry)
        assert file
        return file.read(), entry.mode & 0o7777, entry.uid, entry.gid


def test_a_file_is_written_once_and_again_when_it_is_another(world: World) -> None:
    wanted = {"path": "/etc/hello", "content": "grüße\n", "mode": "0640", "owner": "7:8"}
    with world.untouched():
        told = act(world, check=True, **wanted)
    assert told["changed"]
    assert told["diff"]["after"] == {"content": "grüße\n", "mode": "0640", "owner": "7:8"}
    assert act(world, **wanted)["changed"]
    assert seen(world, "/etc/hello") == ("grüße\n".encode(), 0o640, 7, 8)
    for check in (True, False):
        assert act(world, check=check, **wanted)["changed"] is False
    assert world.does("web", "chmod", "600", "/etc/hello")
    assert act(world, check=True, **wanted)["message"] == "would write /etc/hello: another mode"
    assert act(world, **wanted)["changed"]
    changed = act(world, path="/etc/hello", content="other")  # mode and owner stay
    assert changed["message"] == "/etc/hello written: another content"
    assert seen(world, "/etc/hello") == (b"other", 0o640, 7, 8)


def test_a_file_of_the_host_and_a_container_that_is_stopped(world: World, tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(bytes(range(256)) * 20000)
    world.client.containers.get("web").stop(timeout=0)
    wanted = {"path": "/big", "src": str(source), "hidden": True}
    assert act(world, **wanted)["changed"]
    assert seen(world, "/big") == (source.read_bytes(), 0o644, 0, 0)
    assert act(world, **wanted)["changed"] is False


def test_a_file_of_the_container_comes_to_the_host(world: World, tmp_path: Path) -> None:
    dest = tmp_path / "got"
    assert world.does("web", "sh", "-c", "printf one > /made; chmod 4755 /made; mkdir /made.d")
    wanted = {"path": "/made", "dest": str(dest)}
    before = world.snapshot()
    with world.events() as events:
        told = act(world, check=True, **wanted)
    assert events == ["container archive-path web"]  # the file was read
    assert world.snapshot() == before
    assert (told["changed"], told["diff"]["after"]["content"]) == (True, "one")
    assert not dest.exists()
    assert act(world, **wanted)["changed"]
    assert (dest.read_bytes(), dest.stat().st_mode & 0o7777) == (b"one", 0o600)
    for check in (True, False):
        assert act(world, check=check, **wanted)["changed"] is False
    dest.chmod(0o640)
    assert world.does("web", "sh", "-c", "printf two > /made")
    done = act(world, **wanted)
    assert (done["diff"]["before"]["content"], done["diff"]["after"]["content"]) == ("one", "two")
    assert (dest.read_bytes(), dest.stat().st_mode & 0o7777) == (b"two", 0o640)
    assert act(world, mode="0600", **wanted)["changed"]
    assert act(world, mode="0600", **wanted)["changed"] is False
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "memory") == ["got"]

    def problem(**params: Any) -> dict[str, Any]:
        failed = act(world, **{**wanted, **params})
        assert (failed["failed"], failed["changed"]) == (True, False)
        return dict(failed["problems"][0])

    assert problem(content="x")["where"] == "content"
    assert problem(path="/none")["where"] == "path"
    assert problem(path="/made.d")["where"] == "dest"  # a folder does not become a file
    assert problem(dest=str(tmp_path))["where"] == "dest"
    assert "make its folder first" in problem(dest=str(tmp_path / "none/got"))["fix"]
    assert dest.read_bytes() == b"two"


def test_what_is_hidden_is_not_told(world: World) -> None:
    for check in (True, False):
        done = act(world, check=check, path="/key", content="hidden-word-3", hidden=True)
        assert done["changed"]
        assert "hidden-word-3" not in json.dumps(done)


def test_what_cannot_be_written_is_told(world: World, tmp_path: Path) -> None:
    def problem(**params: Any) -> dict[str, Any]:
        done = act(world, **params)
        assert (done["failed"], done["changed"]) == (True, False)
        return dict(done["problems"][0])

    assert "is a folder" in problem(path="/etc", content="x")["message"]
    assert world.does("web", "ln", "-s", "/etc/passwd", "/link")
    assert "symbolic link" in problem(path="/link", content="x")["message"]
    assert "make the folder /no/such first" in problem(path="/no/such/file", content="x")["fix"]
    assert problem(path="/x", content="x", src="/y")["where"] == "content"
    assert problem(path="/x", src=str(tmp_path / "none"))["where"] == "src"
    assert problem(path="/x", content="x", mode=420)["where"] == "mode"
    assert problem(path="/x", content="x", owner="root")["where"] == "owner"
    assert problem(path="x", content="x")["where"] == "path"
    assert "no container nobody" in problem(name="nobody", path="/x", content="x")["message"]
