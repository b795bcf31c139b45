"""A volume's journal is put right only by the engine that it is of, and blocks nobody else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.api import Connection, Report, converge
from dockwright.engine.client import Engine
from dockwright.engine.endpoint import Endpoint
from dockwright.engine.fake import FakeEngine
from dockwright.errors import HostError, LockTimeout
from dockwright.host.machine import Host
from dockwright.kinds.part import left_of_killed
from dockwright.kinds.site import Site
from dockwright.kinds.volume.migration import is_of
from dockwright.kinds.volume.part import VolumePart
from dockwright.kinds.volume.places import FOLDER, PLAIN, place_of
from dockwright.limits import half_made
from dockwright.model import Action, Change, Plan
from dockwright.run_options import RunOptions

RECORD = {
    "engine": "one",
    "url": "unix:///run/one.sock",
    "place": "/var/lib/docker/volumes/data/_data",
    "old": {"Name": "data"},
    "step": "copy",
}


@pytest.mark.parametrize(
    ("id", "root", "expected"),
    [
        ("one", "/var/lib/docker", True),
        ("two", "/var/lib/docker", False),
        ("one", "/var/lib/second", False),  # two engines of one host with one key
        ("one", "", False),
    ],
)
def test_which_engine_a_journal_is_of(id: str, root: str, expected: bool) -> None:
    assert is_of(RECORD, {"ID": id, "DockerRootDir": root}) is expected


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"ID": "one", "DockerRootDir": "/var/lib/docker"}, ""),
        ({"ID": "two", "DockerRootDir": "/var/lib/docker"}, "this is another engine"),
        (None, "does not answer"),
    ],
)
def test_a_journal_of_an_engine_that_is_not_reached_waits(
    tmp_path: Any, info: Mapping[str, Any] | None, words: str
) -> None:
    host, warnings = Host(memory=str(tmp_path)), list[str]()
    host.journal("volume").write(RECORD)
    engine = Engine(Endpoint(f"unix://{tmp_path}/nobody.sock", None, ""))
    site = Site(host, engine, lambda: host.memory(), RunOptions(), info, warn=warnings.append)
    change = VolumePart(None, site).interrupted()
    assert (change is None) == bool(words)
    assert words in "".join(warnings) and bool(words) == bool(warnings)
    assert host.journal("volume").is_there()


def test_what_is_left_to_do_is_known_later(tmp_path: Any) -> None:
    host = Host(memory=str(tmp_path))
    host.journal("volume").write(RECORD)
    engine = Engine(Endpoint(f"unix://{tmp_path}/nobody.sock", None, ""))
    info = {"ID": "one", "DockerRootDir": "/var/lib/docker"}
    site = Site(host, engine, lambda: host.memory(), RunOptions(), info, check=True)
    change = VolumePart(None, site).interrupted()
    assert change
    other = Change("daemon", "", Action.RECOVER)
    plan = half_made(Plan((other, change)))
    assert plan
    assert plan.changes == (other, change)
    assert "was interrupted while it made volume data anew" in change.reason
    assert "is put right" in plan.warnings[0]


def test_without_a_volume_nothing_is_half_made() -> None:
    assert half_made(Plan((Change("daemon", "", Action.RECOVER),))) is None


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({}, PLAIN),
        ({"type": "none", "o": "rw,bind", "device": "/srv/data"}, FOLDER),
    ],
)
def test_where_data_can_be_copied(options: dict[str, str], form: str) -> None:
    found = place_of("local", options)
    assert (found.form, found.problem) == (form, "")


@pytest.mark.parametrize(
    "options",
    [
        {"type": "nfs", "o": "addr=1.2.3.4", "device": ":/x"},
        {"type": "cifs", "o": "username=u,password=p", "device": "//nas/x"},
        {"type": "ext4", "device": "/dev/sdb"},
        {"type": "none", "o": "bind", "device": "data"},
        {"type": "tmpfs", "device": "tmpfs"},
    ],
)
def test_where_they_cannot(options: dict[str, str]) -> None:
    assert place_of("local", options).problem


def test_check_mode_waits_for_work_under_way(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    engine.info.update(ID="one", DockerRootDir="/var/lib/docker")
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: engine)
    host = Host(root=str(tmp_path))
    host.journal("volume").write(RECORD)
    document = {"volumes": {"data": {}}, "max_disruption": "none", "lock_timeout": "10ms"}

    def check() -> Report:
        connection = Connection(docker_host="unix:///fake")
        return converge(document, connection=connection, host=host, check=True)

    with host.lock():
        report = check()
    assert (report.failed, report.changed, report.plan.changes) == (True, False, ())
    assert f"process {os.getpid()} works on this host" in report.problems[0].message
    assert "was interrupted" in check().plan.changes[0].reason


def test_what_ends_while_check_mode_looks_is_not_taken_for_killed(tmp_path: Any) -> None:
    """A living run clears its journal between two looks, or in the middle of one."""
    part, change = object(), Change("daemon", "", Action.RECOVER)
    looks: list[Any] = [HostError("the journal is unreadable"), [(part, change)], []]
    warnings = ["of before"]

    def look() -> Any:
        warnings.append("of this look")
        found = looks.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    host = Host(memory=str(tmp_path))
    assert left_of_killed(look, host, 1, warnings) == []
    assert warnings == ["of before", "of this look"]
    looks[:] = [HostError("the journal is unreadable")] * 2
    with pytest.raises(HostError):
        left_of_killed(look, host, 1, warnings)
    looks[:] = [[(part, change)]]
    with host.lock(), pytest.raises(LockTimeout):
        left_of_killed(look, host, 1, warnings)
