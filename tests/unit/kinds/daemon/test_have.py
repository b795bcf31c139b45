"""What is observed: the file, the flags, the live values; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import EngineUnreachable, PlanRefused
from dockwright.host.commands import Completed
from dockwright.host.machine import Host
from dockwright.kinds.daemon.have import ASSUMED, parsed_file, read, refuse_another
from dockwright.kinds.daemon.live import live_values

INFO: dict[str, Any] = {
    "ServerVersion": "26.1.5+dfsg1",
    "Debug": True,
    "Labels": ["b=2", "a=1"],
    "LoggingDriver": "local",
    "LiveRestoreEnabled": True,
    "Driver": "overlay2",
    "ContainersRunning": 2,
    "ContainersPaused": 1,
    "Containers": 5,
    "Images": 7,
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "Plugins": {"Log": ["local", "json-file"], "Authorization": None},
    "Swarm": {"LocalNodeState": "active"},
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=no-new-privileges"],
    "RegistryConfig": {
        "Mirrors": ["https://m.example.com/"],
        "InsecureRegistryCIDRs": ["10.0.0.0/8", "127.0.0.0/8", "::1/128"],
        "IndexConfigs": {
            "docker.io": {"Secure": True},
            "r.example.com:5000": {"Secure": False},
        },
    },
    "DefaultAddressPools": [{"Base": "10.1.0.0/16", "Size": 24}],
}


def test_live_values() -> None:
    assert live_values(INFO) == {
        "debug": True,
        "labels": ["a=1", "b=2"],
        "log-driver": "local",
        "live-restore": True,
        "storage-driver": "overlay2",
        "authorization-plugins": [],
        "no-new-privileges": True,
        "registry-mirrors": ["https://m.example.com/"],
        "insecure-registries": ["10.0.0.0/8", "r.example.com:5000"],
        "default-address-pools": [{"base": "10.1.0.0/16", "size": 24}],
    }
    assert "no-new-privileges" not in live_values({**INFO, "ServerVersion": "20.10.24"})
    assert live_values({}) == {}


def test_everything_of_a_running_daemon(tmp_path: Path) -> None:
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text('{"debug": true}')
    host = Host(str(tmp_path))
    have = read(host, None, host.memory(), INFO)
    assert (have.engine, have.assumed, have.is_running) == ("26.1.5+dfsg1", False, True)
    assert (have.running, have.containers, have.images) == (3, 5, 7)
    assert have.live_restore and have.swarm
    assert (have.cgroup_version, have.cgroup_driver) == ("2", "systemd")
    assert have.raw == {"debug": True}
    assert have.log_drivers == ("local", "json-file")
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")} == {
        "etc",
        "etc/docker",
        "etc/docker/daemon.json",
    }


class Down:
    """An engine that is not there."""

    def get(self, path: str) -> Any:
        raise EngineUnreachable(f"no {path}")


def test_nothing_is_installed(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    have = read(host, Down(), host.memory())
    assert (have.engine, have.assumed, have.is_running) == (ASSUMED, True, False)
    assert have.text is None and have.raw == {} and not have.broken
    assert not have.has_stopped_content


def test_installed_and_not_running(tmp_path: Path) -> None:
    binary = tmp_path / "usr/sbin/dockerd"
    binary.parent.mkdir(parents=True)
    binary.touch(mode=0o755)
    (tmp_path / "var/lib/docker/containers/abc").mkdir(parents=True)
    shown = "Docker version 20.10.24+dfsg1, build 5d6db84\n"
    host = Host(str(tmp_path), lambda argv, **_: Completed(tuple(argv), 0, shown, ""))
    have = read(host, None, host.memory())
    assert (have.engine, have.assumed) == ("20.10.24+dfsg1", False)
    assert have.has_stopped_content


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "debug": true,\n}', "f, line 3, column 1"),
        ('{"debug": tru}', "f, line 1, column 11"),
        ("[]", "f holds no JSON object"),
        ('{"a": 1} garbage', "line 1, column 10: Extra data"),
    ],
)
def test_a_broken_file_says_where(text: str, words: str) -> None:
    raw, broken = parsed_file(text, "f")
    assert raw == {}
    assert words in broken


@pytest.mark.parametrize("text", [None, "", " \n", "{}", "\ufeff{}"])
def test_an_empty_file_is_no_file(text: str | None) -> None:
    assert parsed_file(text, "f") == ({}, "")


def test_the_daemon_of_another_is_refused(tmp_path: Path) -> None:
    host = Host(str(tmp_path))  # where nothing tells who listens
    mine = ("docker1", "/run/docker.sock")
    refuse_another({"Name": "docker1", "SecurityOptions": ["name=seccomp"]}, host, *mine)
    with pytest.raises(PlanRefused, match="another machine, docker2"):
        refuse_another({"Name": "docker2"}, host, *mine)
    with pytest.raises(PlanRefused, match="rootless"):
        refuse_another({"Name": "docker1", "SecurityOptions": ["name=rootless"]}, host, *mine)


def test_a_second_daemon_of_this_machine_is_refused(tmp_path: Path) -> None:
    for folder in ("proc/7/fd", "proc/net", "var", "run"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/run").symlink_to("/run")
    (tmp_path / "run/docker.pid").write_text("7")
    (tmp_path / "proc/7/stat").write_text("7 (dockerd) S 1")
    (tmp_path / "proc/7/cmdline").write_bytes(b"/usr/sbin/dockerd\0")
    (tmp_path / "proc/7/fd/3").symlink_to("socket:[11]")
    (tmp_path / "proc/net/unix").write_text(
        "Num RefCount Protocol Flags Type St Inode Path\n"
        "0: 00000002 00000000 00010000 0001 01 11 /run/docker.sock\n"
        "0: 00000003 00000000 00000000 0001 03 13 /run/second.sock\n"
        "0: 00000002 00000000 00010000 0001 01 12 /run/second.sock\n"
        "0: 00000002 00000000 00010000 0001 01 14 @abstract\n"
        "0: 00000003 00000000 00000000 0001 03 15\n"
    )
    host = Host(str(tmp_path))
    info = {"Name": "docker1"}
    for socket in ("/var/run/docker.sock", "/run/docker.sock", "/elsewhere/proxy.sock"):
        refuse_another(info, host, "docker1", socket)
    with pytest.raises(PlanRefused, match="is not that of"):
        refuse_another(info, host, "docker1", "/var/run/second.sock")
