"""A file that an engine sends: compared while it comes, and refused where it has no room."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockwright.actions import fetch, folder
from dockwright.engine.wire import Reply
from dockwright.errors import ApplyFailed, SpecError
from tests.unit.test_folders import FILE, FOLDER, tar_of

LINK = 1 << 27  # as Go has it


class Engine:
    """Sends one tar after the other of /from; ``links`` are paths and where they lead."""

    def __init__(self, size: int, *bodies: bytes, links: Mapping[str, str] | None = None) -> None:
        self.size = size
        self.bodies = list(bodies)
        self.links = links or {}
        self.tmpfs: dict[str, str] = {}

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/containers/web/json"
        return {"Name": "/web", "HostConfig": {"Tmpfs": self.tmpfs}}

    def request(self, method: str, path: str, *, query: Mapping[str, str]) -> Reply:
        assert (method, path) == ("HEAD", "/containers/web/archive")
        link = self.links.get(query["path"], "")
        told = {"size": self.size, "mode": LINK if link else 0, "linkTarget": link}
        text = base64.b64encode(json.dumps(told).encode()).decode()
        return Reply(200, {"x-docker-container-path-stat": text}, b"")

    def download(self, path: str, query: list[tuple[str, str]]) -> Iterator[bytes]:
        body = self.bodies.pop(0)
        return (body[start : start + 70000] for start in range(0, len(body), 70000))


def run(engine: Any, dest: Path | str, *, check: bool = False, **more: Any) -> dict[str, Any]:
    given = {"name": "web", "path": "/from", "dest": str(dest), "hidden": False, **more}
    return fetch.run(engine, given, check=check)


@pytest.mark.parametrize("check", [True, False])
def test_what_has_no_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, check: bool) -> None:
    dest, free = tmp_path / "to", 4
    monkeypatch.setattr(folder, "room", lambda path: free)
    with pytest.raises(SpecError, match="5 bytes are to be written, and there is room for 4"):
        run(Engine(5), dest, check=check)  # nothing of it has been read
    assert list(tmp_path.iterdir()) == []
    dest.write_text("other")
    body = tar_of(("from", FILE, "hello"))
    with pytest.raises(SpecError, match="room for 4"):
        run(Engine(5, body), dest, check=check)
    dest.write_text("hello")
    assert not run(Engine(5, body), dest, check=check).get("changed")
    told = run(Engine(5, body), dest, check=check, mode=0o640)  # that needs no room
    assert (told["changed"], told["diff"]["after"]["mode"]) == (True, "0640")
    assert dest.stat().st_mode & 0o777 == (0o644 if check else 0o640)
    assert dest.read_text() == "hello"
    free = 5
    dest.unlink()
    assert run(Engine(5, body, body), dest, check=check)["changed"]
    assert dest.exists() is not check


def test_a_large_file_is_never_kept_as_a_whole(tmp_path: Path) -> None:
    size = 40_000_000
    body = tar_of(("from", FILE, "x" * size))
    tracemalloc.start()
    try:
        done = run(Engine(size, body, body), tmp_path / "to")
        again = run(Engine(size, body), tmp_path / "to")
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()
    assert done["diff"]["after"]["content"] == f"({size} bytes)"
    assert not again.get("changed")
    assert (tmp_path / "to").stat().st_size == size


@pytest.mark.parametrize("second", [b"", "cut", "folder"])
def test_what_goes_while_it_is_written_leaves_nothing(tmp_path: Path, second: Any) -> None:
    body = tar_of(("from", FILE, "hello"))
    bodies = {"cut": body[:514], "folder": tar_of(("from", FOLDER, ""))}
    (tmp_path / "to").write_text("before")
    with pytest.raises(ApplyFailed):
        run(Engine(5, body, bodies.get(second, b"")), tmp_path / "to")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_a_folder_gets_it_under_its_name(tmp_path: Path) -> None:
    body = tar_of(("from", FILE, "hello"))
    run(Engine(5, body, body), f"{tmp_path}/")
    assert (tmp_path / "from").read_text() == "hello"


def test_a_link_on_the_way_to_what_is_in_memory(tmp_path: Path) -> None:
    # The last link on the way counts: its target is told without any link.
    links = {"/a": "/none", "/a/b": "/run/x"}
    engine = Engine(5, links=links)
    engine.tmpfs = {"/run": ""}
    words = r"^path: /a/b/c/d leads by a .* to /run/x/c/d, and that is in /run"
    with pytest.raises(SpecError, match=words):
        run(engine, tmp_path / "to", path="/a/b/c/d")
