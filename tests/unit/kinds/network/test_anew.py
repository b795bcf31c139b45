"""Making a network anew: who is connected again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.api import Connection, Report, converge
from dockwright.engine.fake import FakeEngine
from dockwright.host.machine import Host


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    engine.add_image("tiny:1")
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: engine)
    return engine


def run(root: Path, document: dict[str, Any]) -> Report:
    connection = Connection(docker_host="unix:///fake")
    return converge(
        {"project": "shop", "purge": True, **document},
        connection=connection,
        host=Host(root=str(root)),
    )


def test_a_container_that_is_purged_is_not_connected_again(
    engine: FakeEngine, tmp_path: Path
) -> None:
    container = {"image": "tiny:1", "networks": ["back"]}
    first = {"networks": {"back": {}}, "containers": {"web": container, "old": container}}
    assert not run(tmp_path, first).failed
    web = engine.host.container("web")["Id"]
    done = run(
        tmp_path, {"networks": {"back": {"internal": True}}, "containers": {"web": container}}
    )
    assert not done.failed, done.problems
    assert [c["Name"] for c in engine.host.containers.values()] == ["/web"]
    assert engine.host.container("web")["Id"] == web
    assert "back" in engine.host.container("web")["NetworkSettings"]["Networks"]
