"""Network keys next to the real network of a host, and a second daemon with files of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.test_daemon import file_of
from tests.engine.test_daemon_unit import done, host_26, run
from tests.hosts import TestHost

__all__ = ["host_26"]
SECOND = """
[Service]
Type=notify
ExecStart=/usr/sbin/dockerd -H unix:///var/run/docker2.sock --config-file /etc/docker2/daemon.json \
  --data-root /var/lib/docker/second --exec-root /run/docker2 --pidfile /run/docker2.pid \
  --bridge br2 --iptables=false --ip-masq=false --ip-forward=false
ExecReload=/bin/kill -s HUP $MAINPID
"""


def bridge(host: TestHost) -> str:
    found = json.loads(host.exec(["ip", "-j", "-4", "addr", "show", "docker0"]).stdout)[0]
    return "{local}/{prefixlen}".format(**found["addr_info"][0])


def test_subnets_of_the_host_are_left_alone(host_26: TestHost) -> None:
    host = host_26
    host.exec(["ip", "route", "add", "10.66.0.0/16", "dev", "eth0"])
    resolv = host.read("/etc/resolv.conf")
    try:
        message = run(host, "plan", {"bip": "10.66.1.1/24"})["message"]
        assert "daemon.bip" in message and "overlaps eth0's route 10.66.0.0/16" in message
        pools = {"default-address-pools": [{"base": "10.64.0.0/12", "size": 24}]}
        message = run(host, "plan", pools)["message"]
        assert "daemon.default-address-pools[0].base" in message
        assert file_of(host) is None
        host.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        assert "is on its loopback" in " ".join(run(host, "plan", {"debug": True})["warnings"])
    finally:
        host.write("/etc/resolv.conf", resolv)
        host.exec(["ip", "route", "del", "10.66.0.0/16", "dev", "eth0"])
    before = bridge(host)
    done(host, {"bip": "10.77.0.1/24"})
    assert bridge(host) == "10.77.0.1/24"
    report = run(host, "apply", {})
    assert "docker0 keeps 10.77.0.1/24" in " ".join(report["warnings"])
    done(host, {"bip": before})
    assert bridge(host) == before
    report = run(host, "plan", {"iptables": False})
    assert "masquerades nothing" in " ".join(report["warnings"])


@pytest.fixture
def second(host_26: TestHost) -> Iterator[TestHost]:
    """A host with a second daemon of its own socket, files and unit."""
    host = host_26
    host.write("/etc/systemd/system/docker2.service", SECOND)
    host.write("/etc/docker2/daemon.json", "{}")
    network = (
        "ip link add br2 type bridge && ip addr add 10.99.0.1/24 dev br2 && ip link set br2 up"
    )
    host.exec(["sh", "-ec", f"{network}; systemctl daemon-reload; systemctl start docker2"])
    yield host
    script = """
        systemctl stop docker2; systemctl reset-failed docker2
        rm -rf /etc/docker2 /etc/systemd/system/docker2.service* /var/lib/docker/second
        ip link del br2; systemctl daemon-reload
    """
    host.exec(["sh", "-c", script])


def test_a_second_daemon_has_its_own_file_and_unit(second: TestHost) -> None:
    host = second

    def at_second(verb: str, daemon: dict[str, Any], **more: Any) -> dict[str, Any]:
        inputs = {"unit": "docker2.service", "config_file": "/etc/docker2/daemon.json", **more}
        argv = ["-m", "dockwright_cli", verb, "--json", "-"]
        env = {"DOCKER_HOST": "unix:///var/run/docker2.sock"}
        document = json.dumps({"daemon": daemon, **inputs})
        return dict(json.loads(host.core(argv, input=document, check=False, env=env).stdout))

    def pids() -> list[str]:
        return [host.read(f"/run/{name}.pid").strip() for name in ("docker", "docker2")]

    before = pids()
    # Without its inputs it is not taken for the first one.
    wrong = at_second("plan", {"debug": True}, unit="docker.service")
    assert wrong["failed"] and "cannot be managed here" in wrong["message"]
    report = at_second("apply", {"debug": True})
    assert not report["failed"], report["message"]
    assert (report["disruption"], pids()) == ("reload", before)
    report = at_second("apply", {"debug": True, "mtu": 1400})
    assert not report["failed"], report["message"]
    assert pids()[0] == before[0] and pids()[1] != before[1]
    assert json.loads(host.read("/etc/docker2/daemon.json")) == {"debug": True, "mtu": 1400}
    assert at_second("plan", {"debug": True, "mtu": 1400})["changes"] == []
    bad = at_second("apply", {"debug": True, "seccomp-profile": "/no/such.json"})
    assert bad["failed"] and "old configuration is in force again" in bad["message"]
    assert json.loads(host.read("/etc/docker2/daemon.json")) == {"debug": True, "mtu": 1400}
    assert file_of(host) is None and pids()[0] == before[0]
