"""What the daemon's part looks at beside its file: the place of a data-root."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.endpoint import Endpoint
from dockwright.errors import DockwrightError, SpecError
from dockwright.host.commands import Completed
from dockwright.host.machine import Host
from dockwright.kinds.daemon import unit
from dockwright.kinds.daemon.document import edited
from dockwright.kinds.daemon.part import DaemonPart
from dockwright.kinds.daemon.want import parse
from dockwright.kinds.firewall.want import parse as parse_firewall
from dockwright.kinds.part import part_of
from dockwright.kinds.site import Site
from dockwright.kinds.storage.have import Reading
from dockwright.kinds.storage.recommend import Ground
from dockwright.kinds.storage.want import parse_storage
from dockwright.run_options import RunOptions


def test_a_data_root_where_none_can_be(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    (tmp_path / "srv").mkdir()
    site = Site(host, None, host.memory, RunOptions())
    part = part_of("daemon", parse({"data-root": "/srv/docker"}), site)
    part.look()
    assert [change.path for change in part.plan().changes] == ["data-root"]
    (tmp_path / "srv/docker").write_text("")
    part.look()
    with pytest.raises(SpecError, match=r"daemon\.data-root: /srv/docker is no folder"):
        part.plan()


class Engine26:
    """An engine with its data-root, driver and images."""

    def __init__(self, root: str = "/ext4/docker", driver: str = "overlay2", images: int = 0):
        self.info = {"ServerVersion": "26.1.5", "DockerRootDir": root, "Driver": driver}
        self.info["Images"] = images
        if driver == "overlay2":  # the others do not tell
            self.info["DriverStatus"] = [["Backing Filesystem", filesystem(root)]]

    def get(self, path: str, query: Any = None, *, timeout: float | None = None) -> Any:
        return self.info


def filesystem(path: str) -> str:
    return "xfs" if "xfs" in path else "ext4"


@pytest.fixture
def grounds(monkeypatch: pytest.MonkeyPatch) -> None:
    def ground(reading: Reading, path: str) -> Ground:
        return Ground(path, filesystem(path), free=10**12, kernel=(6, 1))

    monkeypatch.setattr(Reading, "ground", ground)


def judged(
    tmp_path: Path, engine: Engine26, keys: dict[str, Any], said: dict[str, Any]
) -> DaemonPart:
    """The part of a document with kind storage (``said``), `foreign` and the file beside keys."""
    foreign, raw = said.get("foreign", "keep"), said.get("file")
    if raw:
        (tmp_path / "etc/docker").mkdir(parents=True)
        (tmp_path / "etc/docker/daemon.json").write_text(json.dumps(raw))
    host, storage = Host(str(tmp_path)), said.get("storage")
    wants = {"storage": parse_storage(storage, "storage", [])} if storage else {}
    options = RunOptions(foreign=foreign)
    site = Site(host, engine, host.memory, options, wants=wants, is_local=False)
    part = part_of("daemon", parse(keys), site)
    part.look()
    return part


SIZE = {"storage-opts": ["overlay2.size=10G"]}
ROOT = {"data-root": "/xfs/docker"}
XFS, VFS = Engine26("/xfs/docker"), Engine26("/ext4/docker", "vfs")
ONLY_XFS = "works on xfs only"


@pytest.mark.usefixtures("grounds")
@pytest.mark.parametrize(
    ("engine", "keys", "said", "refused"),
    [
        (Engine26(), SIZE, {}, ONLY_XFS),
        (Engine26(), {**SIZE, "data-root": "/ext4/docker/"}, {}, ONLY_XFS),
        (Engine26(), {**SIZE, **ROOT}, {}, ""),
        (Engine26(), SIZE, {"storage": {"data_root": "/xfs/docker"}}, ""),
        (XFS, SIZE, {}, ""),
        (XFS, {**SIZE, "data-root": "/ext4/docker"}, {}, ONLY_XFS),
        (XFS, {**SIZE, "data-root": "/"}, {}, ONLY_XFS),
        (Engine26("/xfs/docker/1000.1000"), {**SIZE, **ROOT}, {}, ""),
        (XFS, SIZE, {"storage": {"data_root": "/ext4/docker"}}, ONLY_XFS),
        # A data-root of another hand that goes: back to /var/lib/docker.
        (XFS, SIZE, {"file": ROOT}, ""),
        (XFS, SIZE, {"file": ROOT, "foreign": "remove"}, ONLY_XFS),
        # Another driver, which says nothing of its file system.
        (VFS, {**SIZE, "storage-driver": "overlay2"}, {}, ONLY_XFS),
        (VFS, {**SIZE, **ROOT, "storage-driver": "overlay2"}, {}, ""),
        (VFS, SIZE, {}, "the driver is vfs"),
        (VFS, SIZE, {"storage": {"driver": "overlay2", "data_root": "/xfs/docker"}}, ""),
        (VFS, SIZE, {"storage": {"driver": "overlay2"}}, ONLY_XFS),
        (VFS, SIZE, {"storage": {"driver": "auto"}}, ONLY_XFS),
        (VFS, SIZE, {"file": {"storage-driver": "vfs"}}, "the driver is vfs"),
        (VFS, SIZE, {"file": {"storage-driver": "vfs"}, "foreign": "remove"}, ONLY_XFS),
        # Options of another hand that stay, or go.
        (XFS, {"data-root": "/ext4/docker"}, {"file": SIZE}, ONLY_XFS),
        (XFS, {"data-root": "/ext4/docker"}, {"file": SIZE, "foreign": "remove"}, ""),
        (XFS, {"storage-driver": "vfs"}, {"file": SIZE}, "the driver is vfs"),
        (XFS, {"storage-driver": "vfs"}, {"file": SIZE, "foreign": "remove"}, ""),
        (XFS, {"debug": True}, {"file": SIZE}, ""),
    ],
)
def test_options_of_the_storage_driver_are_judged_by_what_is_to_come(
    tmp_path: Path, engine: Engine26, keys: dict[str, Any], said: dict[str, Any], refused: str
) -> None:
    part = judged(tmp_path, engine, keys, said)
    if refused:
        with pytest.raises(SpecError, match=refused):
            part.plan()
    else:
        assert part.plan().changes


@pytest.mark.usefixtures("grounds")
@pytest.mark.parametrize(
    ("storage", "raw", "paths"),
    [
        ({"data_root": "/xfs/b"}, {"data-root": "/ext4/docker"}, []),
        ({"driver": "vfs"}, {"storage-driver": "overlay2"}, []),
        ({"userns_remap": "default"}, {"userns-remap": "dockremap"}, []),
        ({"image_store": "containerd"}, {"features": {"containerd-snapshotter": False}}, []),
        (
            {"image_store": "graphdriver"},
            {"features": {"buildkit": True, "containerd-snapshotter": True}},
            ["features.buildkit"],
        ),
    ],
)
def test_what_storage_of_the_same_document_writes_is_not_foreign(
    tmp_path: Path, storage: dict[str, Any], raw: dict[str, Any], paths: list[str]
) -> None:
    said = {"storage": storage, "file": {**raw, "mtu": 1400}, "foreign": "remove"}
    part = judged(tmp_path, Engine26(images=3), {}, said)
    changes = part.plan().changes
    assert [change.path for change in changes if change.path] == [*paths, "mtu"]
    after = edited(part.have.raw, part.want, [*paths, "mtu"])
    assert after == {**raw, **({"features": {"containerd-snapshotter": True}} if paths else {})}


class OldEngine:
    """An engine that knows proxies from its environment only."""

    def get(self, path: str, query: Any = None, *, timeout: float | None = None) -> Any:
        return {"ServerVersion": "20.10.24"}


def part_of_scope(host: Host, spec: dict[str, Any], scope: str, *, manages: bool) -> DaemonPart:
    options = RunOptions(scope=scope, manage_unit=manages)
    site = Site(host, OldEngine(), lambda: host.memory("ID"), options, is_local=False)
    part = part_of("daemon", parse(spec), site)
    part.look()
    return part


def host_with_unit(tmp_path: Path) -> Host:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/usr/bin/dockerd\n")

    def runner(argv: Sequence[str], **more: Any) -> Completed:
        text = "LoadState=loaded\n" if "LoadState" in argv else ""
        if "FragmentPath" in argv:
            text = "FragmentPath=/docker.service\nDropInPaths=\nNeedDaemonReload=no\n"
        return Completed(tuple(argv), 0, text, "")

    return Host(str(tmp_path), runner)


PROXIES = {"proxies": {"http-proxy": 'http://me:a%b"c@p:1', "no-proxy": "::1"}}


def applied(part: DaemonPart) -> None:
    """The unit as the plan has it, remembered as the scope's."""
    host, seen = part.site.host, part.have.unit
    assert seen
    (change,) = [change for change in part.plan().changes if change.path == "unit"]
    unit.write(host, seen.name, seen.text_without(change.after or ()))
    memory = host.memory("ID")
    part.site = replace(part.site, memory=lambda: memory)
    part.remember()
    memory.save()


def test_proxies_in_the_unit_are_of_the_scope_that_set_them(tmp_path: Path) -> None:
    host, scopes, proxies = host_with_unit(tmp_path), ("proxies", "dns"), PROXIES
    part = part_of_scope(host, proxies, scopes[0], manages=True)
    assert [change.path for change in part.plan().changes] == ["unit", ""]
    applied(part)
    for manages in (False, True):
        other = part_of_scope(host, {"dns": ["10.0.0.53"]}, scopes[1], manages=manages)
        assert [change.path for change in other.plan().changes] == ["dns", ""]
    with pytest.raises(SpecError, match="is set by scope proxies already"):
        part_of_scope(host, proxies, scopes[1], manages=True).plan()
    assert part_of_scope(host, proxies, scopes[0], manages=False).plan().changes == ()
    gone = part_of_scope(host, {}, scopes[0], manages=False).plan()
    assert [change.path for change in gone.changes] == ["unit", ""]


@pytest.mark.parametrize("foreign", ["keep", "remove"])
def test_proxies_in_the_unit_that_nobody_owns_stay(tmp_path: Path, foreign: str) -> None:
    host = host_with_unit(tmp_path)
    applied(part_of_scope(host, PROXIES, "proxies", manages=True))
    shutil.rmtree(tmp_path / "var/lib/dockwright")
    for scope, manages in (("dns", False), ("dns", True), ("proxies", True)):
        part = part_of_scope(host, {"dns": ["10.0.0.53"]}, scope, manages=manages)
        part.site = replace(part.site, run=part.site.run._replace(foreign=foreign))
        made = part.plan()
        assert [change.path for change in made.changes] == ["dns", ""]
        (warning,) = [text for text in made.warnings if "zz-dockwright.conf" in text]
        assert "proxies" in warning
        assert "a%b" not in warning
    # Who says them has them again…
    part = part_of_scope(host, PROXIES, "dns", manages=False)
    assert part.plan().changes == ()
    assert part.plan().warnings == ()


@pytest.mark.parametrize("manages", [True, False])
def test_an_empty_value_takes_the_proxies_of_nobody_away(tmp_path: Path, manages: bool) -> None:
    host = host_with_unit(tmp_path)
    applied(part_of_scope(host, PROXIES, "proxies", manages=True))
    none: dict[str, Any] = {"proxies": {}}
    with pytest.raises(SpecError, match="is set by scope proxies already"):
        part_of_scope(host, none, "dns", manages=manages).plan()
    shutil.rmtree(tmp_path / "var/lib/dockwright")
    part = part_of_scope(host, none, "dns", manages=manages)
    assert [change.path for change in part.plan().changes] == ["unit", ""]
    applied(part)
    assert part_of_scope(host, none, "dns", manages=manages).plan().changes == ()
    assert not (tmp_path / unit.drop_in_path("docker.service")[1:]).exists()


class Rootless:
    """The engine of a user."""

    endpoint = Endpoint("unix:///run/user/1000/docker.sock", None, "DOCKER_HOST")

    def get(self, path: str, query: Any = None, *, timeout: float | None = None) -> Any:
        name = os.uname().nodename
        return {"ServerVersion": "26.1.5", "Name": name, "SecurityOptions": ["name=rootless"]}


ME = pwd.getpwuid(os.geteuid()).pw_name
WANTS: dict[str, Any] = {
    "daemon": parse({"debug": True}),
    "storage": parse_storage({"driver": "vfs"}, "storage", []),
    "firewall": parse_firewall({"default": "drop"}),
}


@pytest.mark.parametrize(
    ("kind", "run", "words"),
    [
        ("daemon", {}, ""),
        ("daemon", {"user": ""}, "with `unit: USER@/docker.service`"),
        ("daemon", {"user": "daemon@/"}, "run is not daemon's. Run as daemon"),
        ("daemon", {"daemon": {}}, "config_file: is the file of the"),
        ("daemon", {"manage_unit": True}, "manage_unit: is for units"),
        ("storage", {}, r"a user's own \(rootless\)"),
        ("firewall", {}, r"a user's own \(rootless\)"),
    ],
)
@pytest.mark.parametrize("is_up", [True, False])
def test_the_daemon_of_a_user(
    tmp_path: Path, kind: str, run: dict[str, Any], words: str, is_up: bool
) -> None:
    unit = f"{run.get('user', ME + '@/')}docker.service"
    more = {name: value for name, value in run.items() if name != "user"}
    options = RunOptions(**{"daemon": {"unit": unit, "config": "/home/x/daemon.json"}, **more})
    host = Host(str(tmp_path)).with_daemon(unit, "/home/x/daemon.json")
    site = Site(host, Rootless() if is_up else None, host.memory, options)
    part = part_of(kind, WANTS[kind], site)
    if words and (is_up or unit != "docker.service"):
        with pytest.raises(DockwrightError, match=words):
            part.look()
    else:
        part.look()
        assert part.plan().changes[0].path == "debug"
