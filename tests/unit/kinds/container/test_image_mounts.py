"""An image that is mounted is no volume, whatever it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.api import Connection, Report, converge
from dockwright.engine.fake import FakeEngine
from dockwright.host.machine import Host
from dockwright.spec import parse_document

MOUNT = {"type": "image", "source": "data", "target": "/data"}
WEB = {"image": "web:1", "network_mode": "none", "volumes": [MOUNT]}
GONE = {"data": {"state": "absent"}}
OTHER = {"image": "web:1", "network_mode": "none"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine with a volume and an image of one name."""
    made = FakeEngine(api="1.51", version="28.5.2")
    made.add_image("web:1")
    made.add_image("data")
    made.post("/volumes/create", {"Name": "data"})
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: made)
    return made


def run(root: Path, document: dict[str, Any]) -> Report:
    where = Connection(docker_host="unix:///fake")
    return converge(document, connection=where, host=Host(root=str(root)))


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_volume_called_as_a_mounted_image_may_go(
    tmp_path: Path, engine: FakeEngine, is_declared: bool
) -> None:
    assert run(tmp_path, {"containers": {"web": WEB}}).changed
    there = {"web": WEB} if is_declared else {"other": OTHER}
    report = run(tmp_path, {"containers": there, "volumes": GONE})
    assert not report.failed, report.problems
    assert "data" not in engine.host.volumes


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_volume_that_is_mounted_stays(
    tmp_path: Path, engine: FakeEngine, is_declared: bool
) -> None:
    web = {**WEB, "volumes": ["data:/data"]}
    assert run(tmp_path, {"containers": {"web": web}}).changed
    there = {"web": web} if is_declared else {"other": OTHER}
    (problem,) = run(tmp_path, {"containers": there, "volumes": GONE}).problems
    assert "volume data cannot be removed: web has it" in problem.message
    assert "data" in engine.host.volumes


@pytest.mark.parametrize(
    ("mount", "state"), [({**MOUNT, "source": "shop_data"}, "kept"), ("data:/data", "present")]
)
def test_a_volume_of_a_compose_file_that_only_an_image_is_called_as(mount: Any, state: str) -> None:
    content = {"services": {"web": {"image": "web:1", "volumes": [mount]}}, "volumes": {"data": {}}}
    document = {"project": "shop", "compose": content}
    found = parse_document(document, lambda path: None).volumes
    assert {want.name: want.state for want in found.values()} == {"shop_data": state}
