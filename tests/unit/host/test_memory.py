"""Memory: remembers by host-keyed fingerprints, writes once, never fails a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.engine.fake import FakeEngine
from dockwright.host.files import Files
from dockwright.host.lock import Lock
from dockwright.host.machine import Host
from dockwright.host.memory import Memory

FOLDER = "/var/lib/dockwright"


def memory(root: Path, engine: str = "AB:CD") -> Memory:
    return Memory(Files(str(root)), FOLDER, engine)


def folder(root: Path) -> Path:
    return root / FOLDER.lstrip("/")


def remember(memory: Memory, kind: str, name: str, options: dict[str, Any]) -> None:
    memory.remember(kind, name, options, lambda: options)


def test_what_was_applied_is_recalled_by_fingerprint(tmp_path: Path) -> None:
    first = memory(tmp_path)
    remember(first, "container", "web", {"image": "a:1", "environment.KEY": "s3cret"})
    first.save()
    second = memory(tmp_path)
    known = second.recall("container", "web")
    assert known["image"] == second.fingerprint("a:1") != second.fingerprint("a:2")
    assert "s3cret" not in "".join(p.read_text() for p in folder(tmp_path).iterdir())
    assert second.recall("container", "db") == {}
    assert memory(tmp_path, "another").recall("container", "web") == {}
    second.forget("container", "web")
    second.save()
    assert memory(tmp_path).recall("container", "web") == {}


def test_options_are_asked_for_only_where_something_is_new(tmp_path: Path) -> None:
    asked = []

    def options() -> dict[str, Any]:
        asked.append(1)
        return {"image": f"a:{len(asked)}"}

    for source in ("one", "one", "two", "two"):
        noted = memory(tmp_path)
        noted.remember("container", "web", source, options)
        noted.save()
    assert len(asked) == 2
    assert memory(tmp_path).recall("container", "web") == {"image": noted.fingerprint("a:2")}


def test_modes_are_for_root_only(tmp_path: Path) -> None:
    first = memory(tmp_path)
    first.adopt("shop", "network", "back")
    first.save()
    assert folder(tmp_path).stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder(tmp_path).iterdir()} == {0o600}


def test_questions_write_nothing(tmp_path: Path) -> None:
    first = memory(tmp_path)
    first.fingerprint("x")
    first.recall("container", "web")
    first.owned_keys()
    first.adopted("shop")
    assert list(tmp_path.iterdir()) == []
    first.save()
    assert not folder(tmp_path).exists() or list(folder(tmp_path).iterdir()) == []
    assert not first.warning


def test_an_unchanged_memory_is_not_written_again(tmp_path: Path) -> None:
    first = memory(tmp_path)
    first.own_keys({"dns": ["10.0.0.53"]})
    first.save()
    before = {p.name: p.stat().st_mtime_ns for p in folder(tmp_path).iterdir()}
    second = memory(tmp_path)
    second.own_keys({"dns": ["10.0.0.53"]})
    second.save()
    assert {p.name: p.stat().st_mtime_ns for p in folder(tmp_path).iterdir()} == before


def test_keys_of_the_file_belong_to_writers_and_outlive_the_engine(tmp_path: Path) -> None:
    first = memory(tmp_path, "")
    first.own_keys({"dns": ["10.0.0.53"], "debug": True})
    first.own_keys({"storage-driver": "overlay2"}, writer="storage")
    first.save()
    second = memory(tmp_path, "new-id")
    assert set(second.owned_keys()) == {"dns", "debug"}
    assert second.owned_keys()["debug"] == second.fingerprint(True)
    assert second.owned_by_others("daemon") == {"storage-driver"}


def test_adoption(tmp_path: Path) -> None:
    first = memory(tmp_path)
    first.adopt("shop", "network", "back")
    first.adopt("shop", "network", "back")
    first.adopt("shop", "volume", "data")
    first.save()
    second = memory(tmp_path)
    assert second.adopted("shop") == {("network", "back"), ("volume", "data")}
    second.forget("volume", "data")
    assert second.adopted("shop") == {("network", "back")}
    assert second.adopted("other") == frozenset()


BROKEN = ["", "{", "[]", "null", '{"objects": 3}', '{"objects": {"container": 3}}']
BROKEN += ['{"version": 99}', '{"adopted": {"shop": 3}}', '{"adopted": {"shop": [3]}}']
BROKEN += ['{"objects": {"container": {"web": 3}}}', '{"adopted": {"shop": [["network", []]]}}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_memory_is_an_empty_one_with_a_warning(tmp_path: Path, text: str) -> None:
    folder(tmp_path).mkdir(parents=True)
    (folder(tmp_path) / "state-AB-CD.json").write_text(text)
    broken = memory(tmp_path)
    assert broken.recall("container", "web") == {}
    assert broken.adopted("shop") == frozenset()
    assert broken.warning
    assert "empty memory" in broken.warning
    remember(broken, "container", "web", {"image": "a"})
    broken.save()
    healed = memory(tmp_path)
    assert healed.recall("container", "web") and not healed.warning


def test_what_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    one = memory(tmp_path)
    remember(one, "container", "web", {"image": "a"})
    one.save()
    assert "memory: cannot make the folder" in one.warning


def test_the_key_is_made_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        one = memory(tmp_path, name)
        remember(one, "volume", name, {"driver": "local"})
        one.save()
    key = (folder(tmp_path) / "key").read_text()
    assert len(bytes.fromhex(key)) == 32
    state = json.loads((folder(tmp_path) / "state-a.json").read_text())
    again = memory(tmp_path, "b")
    assert state["objects"]["volume"]["a"]["driver"] == again.fingerprint("local")


def test_a_run_reads_it_once_and_under_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    engine.add_image("tiny:1")
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: engine)
    happened: list[str] = []

    def telling(owner: type, method: str, tell: Callable[..., str]) -> None:
        original = getattr(owner, method)

        def told(*args: Any) -> Any:
            happened.append(tell(*args))
            return original(*args)

        monkeypatch.setattr(owner, method, told)

    telling(Files, "read_text", lambda _, path: path.removeprefix(FOLDER + "/").partition("-")[0])
    telling(Lock, "__enter__", lambda _: "take")
    telling(Lock, "__exit__", lambda *_: "give")

    def run(version: int) -> list[str]:
        happened.clear()
        web = {"image": "tiny:1", "networks": ["bridge"], "environment": {"A": version}}
        report = reconcile.converge(
            {"project": "shop", "containers": {"web": web}},
            connection=reconcile.Connection("unix:///fake"),
            host=Host(root=str(tmp_path)),
        )
        assert not report.failed, report.problems
        assert len(report.done) == 1
        return happened

    run(1)
    happened = [what for what in run(2) if what in ("take", "give", "state", "key")]
    # The key to use it, and to see whether it is still there when something is written.
    assert happened == ["take", "state", "key", "key", "give"]
