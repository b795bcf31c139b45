"""An engine in memory beside a registry with plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.api import Connection, Report, converge
from dockwright.engine.fake import FakeEngine
from dockwright.host.machine import Host
from dockwright.kinds.image import retry

ALL = {"grant_all": True}


class World:
    """An engine in memory beside a registry with plugins, and a host's folder."""

    def __init__(self, root: Path) -> None:
        self.host = Host(root=str(root))
        self.engine = FakeEngine(api="1.45", version="26.1.5")
        self.engine.info.update(ID="E", Plugins={"Log": ["json-file", "local"]})
        offer = self.engine.offer_plugin
        mounts = [{"Name": "root", "Source": "/srv", "Destination": "/srv", "Settable": ["source"]}]
        more = {"Name": "more", "Source": "/etc", "Destination": "/etc", "Settable": None}
        linux = {"AllowAllDevices": False, "Capabilities": [], "Devices": []}
        for name in ("nfs:latest", "reg.example/nfs:1", "reg.example/nfs:2"):
            offer(name)
        offer("reg.example/nfs:more", Mounts=[*mounts, more])
        unnamed = [{**mounts[0], "Source": ""}, {**more, "Source": "/var/lib, #1"}]
        fuseless = {**linux, "Capabilities": ["CAP_SYS_ADMIN"]}
        offer("reg.example/nfs:empty", Mounts=unnamed, Linux=fuseless, Network={"Type": ""})
        offer("reg.example/nfs:meek", Mounts=[], Linux=linux, Network={"Type": ""})

    def converge(self, want: Any, *, check: bool = False, **more: Any) -> Report:
        return converge(
            {"plugins": {"nfs": want}, **more},
            connection=Connection(docker_host="unix:///fake"),
            host=self.host,
            check=check,
        )

    @property
    def plugin(self) -> dict[str, Any]:
        return self.engine.host.plugins.get("nfs:latest", {})


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: made.engine)
    monkeypatch.setattr(retry.Retry, "sleep", lambda self, seconds: None)
    return made
