"""The storage is not changed while keys of daemon.json wait: that restart would bring them, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import PlanRefused
from dockwright.host.machine import Host
from dockwright.kinds.daemon import deferred
from dockwright.kinds.part import part_of
from dockwright.kinds.site import Site
from dockwright.kinds.storage.want import parse_storage
from dockwright.model import Plan
from dockwright.run_options import RunOptions


class Engine:
    """An engine with nothing in it."""

    def get(self, path: str, query: Any = None, *, timeout: float | None = None) -> Any:
        info = {"ServerVersion": "26.1.5", "Name": os.uname().nodename, "Driver": "overlay2"}
        return {**info, "DockerRootDir": "/var/lib/docker"} if path == "/info" else []


def planned(host: Host, **options: Any) -> Plan:
    want = parse_storage(options, "storage", [])
    part = part_of("storage", want, Site(host, Engine(), host.memory, RunOptions(), is_local=False))
    part.look()
    return part.plan()


@pytest.mark.parametrize("options", [{"driver": "vfs"}, {"data_root": "/srv/docker"}])
def test_refused_while_keys_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    host = Host(str(tmp_path))
    host.files.make_directory("/srv")
    host.files.make_directory("/etc/docker")
    host.files.write_atomic(host.config, "{}")
    assert planned(host, **options).changes
    monkeypatch.setattr(host.service, "identity", lambda: "7@1")
    deferred.note(host, deferred.Deferred("7@1", None, "{}"))
    with pytest.raises(PlanRefused, match="wait for a restart") as error:
        planned(host, **options)
    assert "restart: now first" in error.value.fix
    assert planned(host, driver="overlay2").changes  # only written
    monkeypatch.setattr(host.service, "identity", lambda: "8@2")  # it happened
    assert planned(host, **options).changes
