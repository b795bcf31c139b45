"""A copy into a container: what is refused before it is sent, and what is told when it stops."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from dockwright.actions import copy, copy_folder, inside, mounts
from dockwright.actions.folder import on_host
from dockwright.errors import (
    ApplyFailed,
    EngineRefused,
    EngineTimeout,
    EngineUnreachable,
    Problem,
    SpecError,
)
from tests.unit.test_folders import FILE, TOP, Engine, tar_of


def test_a_container_that_goes_meanwhile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(copy_folder, "inspected", lambda engine, name: {})
    for module in (copy_folder, inside):
        monkeypatch.setattr(module, "about", lambda engine, name, path: None)
    engine: Any = Engine()
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/a/b"}
    with pytest.raises(ApplyFailed, match="there is no container web"):
        copy_folder.run(engine, given, check=False)


def test_a_source_that_changes_before_it_is_sent(tmp_path: Path) -> None:
    """No header of it has gone by then: the engine empties the old file at the header."""
    (tmp_path / "a").write_text("one")
    source = copy_folder._Source(str(tmp_path), on_host(str(tmp_path)))

    def first() -> None:
        next(source.packed("a", source.entries["a"], "a"))

    first()
    for text in ("longer", "x"):
        (tmp_path / "a").write_text(text)
        with pytest.raises(SpecError, match="size is another"):
            first()
    (tmp_path / "a").unlink()
    with pytest.raises(SpecError, match="No such file"):
        first()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(SpecError, match="size is another"):
        first()


@pytest.mark.parametrize("text", ["longer", "x"])
def test_a_source_that_changes_while_it_is_sent(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text("one" * 99999)
    source = copy_folder._Source(str(tmp_path), on_host(str(tmp_path)))
    sending = source.packed("a", source.entries["a"], "a")
    next(sending)
    with (tmp_path / "a").open("r+") as file:
        file.truncate(1 if text == "x" else 999999)
    with pytest.raises(SpecError, match="size is another"):
        list(sending)


@pytest.mark.parametrize("check", [True, False])
def test_a_source_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, check: bool
) -> None:
    """It is refused before the engine is asked for anything."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("one")
    # Whoever runs the tests may be root, who may read everything.
    monkeypatch.setattr(os, "access", lambda path, mode: not path.endswith("sub/a"))
    engine: Any = None
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/a/b"}
    with pytest.raises(SpecError, match=f"cannot read {tmp_path}/sub/a: Permission denied"):
        copy_folder.run(engine, given, check=check)


MOUNTS = {
    "HostConfig": {"Tmpfs": {"/run/": "size=1m", "/srv/a/b": ""}},
    "Mounts": [
        {"Type": "volume", "Destination": "/run/data"},
        {"Type": "tmpfs", "Destination": "/run/data/fast"},
    ],
}


@pytest.mark.parametrize(
    ("path", "top"),
    [
        ("/run", "/run"),
        ("/run/x/y", "/run"),
        ("/run/data", ""),
        ("/run/data/x", ""),
        ("/run/data/fast/x", "/run/data/fast"),
        ("/runner", ""),
        ("/srv/a", ""),
        ("/", ""),
        ("/proc/1/x", "/proc"),
        ("/dev/shm", "/dev"),
        ("/devices", ""),
    ],
)
def test_what_the_engine_does_not_show(path: str, top: str) -> None:
    if not top:
        mounts.Mounts(MOUNTS).refuse_unseen([path])
        return
    with pytest.raises(SpecError, match=f"^path: {path} is in {top}, which"):
        mounts.Mounts(MOUNTS).refuse_unseen(["/x", path])


def test_what_of_a_folder_the_engine_does_not_show() -> None:
    found = mounts.Mounts(MOUNTS)
    assert [words.split()[0] for words in found.warnings("/srv")] == ["/srv/a/b"]
    assert [words.split()[0] for words in found.warnings("/")] == [
        "/run",
        "/run/data/fast",
        "/srv/a/b",
    ]
    assert found.warnings("/srv/a/b") == found.warnings("/sr") == []


class Container:
    """An engine with one container, whose folder /to is empty, or holds a file after the PUT."""

    def __init__(self, error: Exception, after: bytes | Exception) -> None:
        self.error = error
        self.after: bytes | Exception = tar_of(TOP)
        self._later = after

    def get(self, path: str) -> dict[str, Any]:
        return {"Name": "/web"}

    def request(self, method: str, path: str, **options: Any) -> Any:
        told = base64.b64encode(json.dumps({"mode": 1 << 31}).encode()).decode()
        headers = {"x-docker-container-path-stat": told}
        return mock.Mock(status=200, headers=headers)

    def download(self, path: str, query: object) -> Iterator[bytes]:
        if isinstance(self.after, Exception):
            raise self.after
        return iter([self.after])

    def stream(self, method: str, path: str, **options: Any) -> Iterator[object]:
        self.after = self._later
        raise self.error


LOST = [
    (EngineTimeout("too late"), True),
    (SpecError([Problem("src", "it went")]), True),
    (EngineUnreachable("reset"), True),
    (EngineRefused("no space left", status=500), False),
]


@pytest.mark.parametrize(("error", "changed"), LOST)
def test_a_copy_that_is_broken_off(tmp_path: Path, error: Exception, *, changed: bool) -> None:
    """What is read at once is not what the engine ends with, unless it has said so."""
    (tmp_path / "a").write_text("one")
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/to"}
    engine: Any = Container(error, tar_of(TOP))
    with pytest.raises(ApplyFailed, match="as it should be: nothing; not so: a") as caught:
        copy_folder.run(engine, given, check=False)
    assert caught.value.changed == changed
    assert ("may still write" in caught.value.message) == changed
    engine = Container(error, EngineTimeout("busy"))
    with pytest.raises(ApplyFailed, match="cannot be seen") as caught:
        copy_folder.run(engine, given, check=False)
    assert caught.value.changed


def test_a_source_that_goes_before_it_is_compared_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("one")
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/to"}
    engine: Any = Container(AssertionError(), tar_of(TOP, ("./a", FILE, "one")))

    def stream(method: str, path: str, **options: Any) -> Iterator[object]:
        engine.after = engine._later
        (tmp_path / "a").unlink()
        return iter(())

    monkeypatch.setattr(engine, "stream", stream)
    with pytest.raises(ApplyFailed, match=r"cannot read .*/a") as caught:
        copy_folder.run(engine, given, check=False)
    assert caught.value.changed


def test_a_file_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"name": "web", "path": "/to/a", "content": "x", "hidden": False}
    reads: list[Any] = [None, EngineTimeout("busy")]

    def read(*_: object) -> None:
        if error := reads.pop(0):
            raise error

    monkeypatch.setattr(copy, "read", read)
    engine: Any = Container(AssertionError(), b"")
    engine.put = mock.Mock()
    with pytest.raises(ApplyFailed, match=r"was written in .* cannot be read: busy") as caught:
        copy.run(engine, given, check=False)
    assert caught.value.changed
    for error, changed in (LOST[0], LOST[3]):
        reads[:] = [None]
        engine.put = mock.Mock(side_effect=error)
        with pytest.raises(ApplyFailed, match=str(error)) as caught:
            copy.run(engine, given, check=False)
        assert caught.value.changed == changed


def test_what_is_a_mount_of_its_own() -> None:
    found = mounts.Mounts({**MOUNTS, "HostsPath": "/var/lib/docker/x/hosts"})
    found.refuse_mounted(["/etc/hostname", "/run/data/x"])  # a container that never ran has none
    for path in ("/etc/hosts", "/run/data"):
        with pytest.raises(SpecError, match=f"{path} is a mount of its own"):
            found.refuse_mounted(["/x", path])


@pytest.mark.parametrize(
    ("path", "is_read_only"),
    [("/", True), ("/etc", True), ("/data/x", False), ("/data/fixed/x", True), ("/database", True)],
)
def test_where_nothing_is_written(path: str, *, is_read_only: bool) -> None:
    volumes = [{"Destination": "/data", "RW": True}, {"Destination": "/data/fixed", "RW": False}]
    raw = {"HostConfig": {"ReadonlyRootfs": True}, "Mounts": volumes}
    assert mounts.Mounts(raw).is_read_only(path) == is_read_only
    assert mounts.Mounts({"Mounts": volumes}).is_read_only(path) == ("fixed" in path)
