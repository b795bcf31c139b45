"""The engine alone, for those who ask often: empty where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright import api, facts
from dockwright.connection import Connection
from dockwright.engine.fake import FakeEngine
from saltext.dockwright.grains import dockwright as grains


def test_no_engine_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    assert api.engine_facts(Connection(nowhere)) == {}
    assert api.engine_facts(Connection("no address at all")) == {}
    monkeypatch.setenv("DOCKER_HOST", nowhere)
    assert grains.dockwright() == {"dockwright": {}}


def test_a_sleeping_engine_is_not_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(*_: object, **__: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(facts, "is_asleep", lambda url, host: host is not None)
    monkeypatch.setattr(facts, "Engine", engine)
    assert api.engine_facts(Connection("unix:///var/run/docker.sock")) == {}


def test_an_engine_without_plugins_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands before an engine may refuse to be asked for them; all else is not its to keep."""
    fake = FakeEngine()
    monkeypatch.setattr(facts, "Engine", lambda *_, **__: fake)
    fake.fail_on("GET", "^/plugins$", 403, "Forbidden")
    found = api.facts(Connection("unix:///fake"))
    assert not found["failed"]
    assert found["plugins"] == []
    assert [network["name"] for network in found["networks"]] == ["bridge", "host", "none"]
    fake.fail_on("GET", "^/networks$", 403, "Forbidden")
    assert api.facts(Connection("unix:///fake"))["failed"]
