"""Keys of the daemon that show in what it does: the cgroup driver, its proxies; a later install."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.engine.test_daemon import file_of, info, start_container
from tests.engine.test_daemon_unit import DROP_IN, done, exists, host_26, run
from tests.hosts import TestHost, engine_clean, reset_daemon

__all__ = ["host_26"]
ASKED = "/machine/asked"
# Answers one client, and keeps the first line of what it wanted.
PROXY = f"""
import socket
server = socket.create_server(("127.0.0.1", 3128))
open("{ASKED}.ready", "w").close()
client, _ = server.accept()
with open("{ASKED}", "wb") as file:
    file.write(client.recv(4096))
client.sendall(b"HTTP/1.1 503 no\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""


def test_the_cgroup_driver_moves_the_containers(host_26: TestHost) -> None:
    host = host_26
    start_container(host, "web")
    other = {"cgroupfs": "systemd", "systemd": "cgroupfs"}
    first = info(host)["CgroupDriver"]
    for name in (other[first], first):
        report = run(host, "plan", {"exec-opts": [f"native.cgroupdriver={name}"]})
        assert report["disruption"] == "outage"
        assert done(host, {"exec-opts": [f"native.cgroupdriver={name}"]})
        assert info(host)["CgroupDriver"] == name
        with contextlib.closing(host.sdk()) as client:
            web = client.containers.get("web")
            assert web.status == "running"
            cgroups = host.read(f"/proc/{web.attrs['State']['Pid']}/cgroup")
        assert (f"docker-{web.id}.scope" in cgroups) is (name == "systemd")


@pytest.mark.parametrize("name", ["host26", "host20"])
def test_the_daemon_asks_its_proxy(request: pytest.FixtureRequest, name: str) -> None:
    """By the key where the engine has it, else by the environment of its unit."""
    host = request.getfixturevalue(name)
    engine_clean(host)
    reset_daemon(host)
    try:
        asks_its_proxy(host, by_unit=name == "host20")
    finally:
        reset_daemon(host)


def asks_its_proxy(host: TestHost, *, by_unit: bool) -> None:
    host.exec(["sh", "-c", f"rm -f {ASKED}*"])
    host.write(f"{ASKED}.py", PROXY)
    host.exec(["sh", "-c", f"setsid python3 {ASKED}.py >/dev/null 2>&1 &"])
    ready = f"for n in $(seq 600); do [ -e {ASKED}.ready ] && exit; sleep 0.1; done; exit 1"
    host.exec(["sh", "-c", ready])
    proxies = {"https-proxy": "http://me:hid%den@127.0.0.1:3128", "no-proxy": "localhost"}
    if by_unit:
        refused = run(host, "plan", {"proxies": proxies})
        assert "is known from engine 23.0 on" in refused["message"]
        assert "manage_unit: true" in refused["message"]
    paths = done(host, {"proxies": proxies}, manage_unit=True)
    assert (paths == ["unit", ""]) is by_unit
    assert exists(host, DROP_IN) is by_unit
    if by_unit:
        assert host.exec(["stat", "-c", "%a", DROP_IN]).stdout.strip() == "600"
        assert file_of(host) is None
    report = run(host, "plan", {"proxies": {**proxies, "no-proxy": "::1"}}, manage_unit=True)
    assert [change["action"] for change in report["changes"]] == ["update", "restart"]
    assert "hid%den" not in str(report)
    live = info(host)
    assert live["HttpsProxy"].endswith("@127.0.0.1:3128")
    assert live["NoProxy"] == "localhost"
    pulled = host.exec(["docker", "pull", "registry.example.com/shop/app:1"], check=False)
    assert pulled.returncode != 0
    assert host.read(ASKED).startswith("CONNECT registry.example.com:443 ")
    if by_unit:
        _stay_when_nobody_knows_whose_they_are(host)
    assert done(host, {}, manage_unit=True)
    assert info(host)["HttpsProxy"] == ""
    assert not exists(host, DROP_IN)


def _stay_when_nobody_knows_whose_they_are(host: TestHost) -> None:
    host.exec(["mv", "/var/lib/dockwright", "/var/lib/lost"])
    report = run(host, "plan", {"debug": True}, manage_unit=True)
    assert [change["path"] for change in report["changes"]] == ["debug", ""]
    assert "proxies that no scope owns any more" in str(report["warnings"])
    report = run(host, "plan", {"proxies": {}})
    assert [change["path"] for change in report["changes"]] == ["unit", ""]
    host.exec(["mv", "/var/lib/lost", "/var/lib/dockwright"])


@pytest.mark.full
def test_an_engine_that_is_removed_and_installed_later(
    new_host: Callable[..., TestHost],
) -> None:
    """The file is prepared while there is no engine, and the first start takes it."""
    host = new_host("debian-13")
    spec = {"debug": True, "labels": ["rack=7"]}
    host.exec(["apt-get", "remove", "-y", "-q", "docker.io"])
    planned = run(host, "plan", spec)
    assert not planned["failed"], planned["message"]
    assert "no engine is installed: planned for" in str(planned["warnings"])
    assert done(host, spec) == ["debug", "labels"]
    assert file_of(host) == spec
    install = "apt-get update -q && apt-get install -y -q --no-install-recommends docker.io"
    host.exec(["sh", "-c", install], timeout=600)
    host.wait_engine()
    assert info(host)["Debug"] is True
    assert info(host)["Labels"] == ["rack=7"]
    assert run(host, "plan", spec)["changes"] == []
