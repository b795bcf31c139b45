"""The engine alone, for those who ask often: empty where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright import api, facts
from dockwright.connection import Connection
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
