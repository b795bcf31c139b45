"""What of storage and logins is written into an image at once, and what waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright.first_boot import SPEC, UNIT_PATH
from dockwright.host.commands import Completed
from dockwright.image_root import converge_image
from tests.unit.image import Commands, words


@pytest.mark.parametrize("spec", [{"storage": {"driver": "overlay2"}}, {"registries": {}}, {}])
def test_a_spec_of_which_nothing_is_for_now(
    root: Path, commands: Commands, program: str, spec: dict[str, Any]
) -> None:
    report = converge_image(spec, str(root), program=program)
    assert not report.failed, words(report)
    assert (root / UNIT_PATH[1:]).exists() is bool(spec.get("storage"))


def test_the_storage_is_for_the_engines_first_start(root: Path, commands: Commands) -> None:
    commands.version = Completed((), 0, "Docker version 26.1.5, build x", "")
    options = {"data_root": "/srv/docker", "userns_remap": "default"}
    spec = {"storage": options, "daemon": {"debug": True}}
    report = converge_image(spec, str(root))
    assert not report.failed, words(report)
    assert report.plan.pending == ()
    written = {"data-root": "/srv/docker", "userns-remap": "default", "debug": True}
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == written
    assert not (root / UNIT_PATH[1:]).exists(), "there is nothing for a first boot"
    assert not converge_image(spec, str(root)).changed
    twice = {"storage": {"driver": "overlay2"}, "daemon": {"storage-driver": "overlay2"}}
    assert "daemon.storage-driver: is kind storage's" in words(converge_image(twice, str(root)))
    (root / "srv/other").mkdir(parents=True)
    (root / "srv/other/file").write_text("")
    for data_root, told in (("/srv/other", "is not empty"), ("/srv/docker/x", "in each other")):
        report = converge_image({"storage": {"data_root": data_root}}, str(root))
        assert told in words(report) and not report.changed
    nobody = {"storage": {"userns_remap": "nobody-there"}}
    assert "/etc/passwd knows no 'nobody-there'" in words(converge_image(nobody, str(root)))


def test_the_storage_waits_where_an_engine_has_run(
    root: Path, commands: Commands, program: str
) -> None:
    (root / "var/lib/docker/image/overlay2").mkdir(parents=True)
    spec = {"storage": {"data_root": "/srv/docker", "migrate": True}}
    report = converge_image(spec, str(root), program=program)
    assert not report.failed, words(report)
    (waits,) = report.plan.pending
    assert (waits.kind, "content of an engine" in waits.message) == ("storage", True)
    assert not (root / "etc/docker/daemon.json").exists()
    assert json.loads((root / SPEC[1:]).read_text()) == spec


def test_a_login_that_nobody_is_asked_for_is_stored(
    root: Path, commands: Commands, program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "of-the-builder"))
    monkeypatch.setenv("HOME", str(tmp_path / "of-the-builder"))
    (root / "root").mkdir(mode=0o700)
    login = {"username": "ci", "password": "sesame-42", "verify": False}
    spec = {"registries": {"r.example.com": login}}
    report = converge_image(spec, str(root))
    assert not report.failed, words(report)
    assert report.plan.pending == () and "sesame-42" not in repr(report)
    path = root / "root/.docker/config.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(path.read_text())["auths"]) == ["r.example.com"]
    assert not (tmp_path / "of-the-builder").exists()
    assert not (root / SPEC[1:]).exists()
    assert not converge_image(spec, str(root)).changed
    whole = {**spec, "storage": {"data_root": "/srv/docker"}, "daemon": {"debug": True}}
    assert converge_image(whole, str(root)).changed
    memory = root / "var/lib/dockwright/state-none.json"
    before = memory.read_text()
    assert "r.example.com" in before, "no part forgets what another one has noted"
    assert not converge_image(whole, str(root)).changed
    assert memory.read_text() == before

    del login["verify"]  # the registry is asked, where it is not stored yet
    spec["registries"]["other.example.com"] = login
    asked = converge_image(spec, str(root), program=program)
    assert [item.name for item in asked.plan.pending] == ["r.example.com", "other.example.com"]
    assert list(json.loads(path.read_text())["auths"]) == ["r.example.com"]
    gone = {"registries": {"r.example.com": {"state": "absent"}}}
    assert not converge_image(gone, str(root)).failed
    assert json.loads(path.read_text())["auths"] == {}

    login["verify"] = False
    path.write_text('{"credsStore": "pass"}')
    helped = converge_image(spec, str(root), program=program)
    assert [item.name for item in helped.plan.pending] == ["r.example.com", "other.example.com"]
    path.write_text("{")
    broken = converge_image(spec, str(root), program=program)
    assert broken.failed and "is not JSON" in words(broken)
