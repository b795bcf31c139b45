"""Keys of daemon.json on real systemd hosts: reload, restart, refusal, undo, convergence."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts import TINY, TestHost, engine_clean, reset_daemon

RUN = "/opt/dockwright/tests/engine/daemon_run.py"
FILE = "/etc/docker/daemon.json"

RELOADED = {
    "debug": True,
    "labels": {"zone": "a", "rack": "7"},
    "live-restore": True,
    "max-concurrent-downloads": 6,
    "max-concurrent-uploads": 7,
    "max-download-attempts": 2,
    "registry-mirrors": ["https://mirror.example.com"],
    "insecure-registries": ["registry.example.com:5000", "10.1.2.3/8"],
    "shutdown-timeout": 30,
    "default-shm-size": "128m",
    "default-ipc-mode": "shareable",
    "default-cgroupns-mode": "private",
    "runtimes": {"crun": {"path": "/usr/bin/runc"}},
    "default-runtime": "crun",
    "features": {"buildkit": True},
}
RESTARTED = {
    "log-driver": "local",
    "log-opts": {"max-size": "5m", "max-file": 2},
    "no-new-privileges": True,
    "default-address-pools": [{"base": "10.210.0.0/16", "size": 24}],
    "default-ulimits": {"nofile": "1024:2048"},
    "dns": "10.0.0.53",
    "icc": False,
    "mtu": 1400,
    "max-concurrent-downloads": 6,
}


@pytest.fixture
def host(any_host: TestHost) -> Iterator[TestHost]:
    """Each host with its packaged daemon, nothing of ours, no containers."""
    engine_clean(any_host)
    reset_daemon(any_host)
    yield any_host
    engine_clean(any_host)
    reset_daemon(any_host)


def run(host: TestHost, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What planning and applying the spec inside the host gives."""
    request = json.dumps({"spec": spec, **more})
    return dict(json.loads(host.core([RUN], input=request).stdout))


def actions(answer: dict[str, Any]) -> list[str]:
    assert "error" not in answer, answer["error"]
    return [action for action, *_ in answer["changes"] if action != "update"]


def pid(host: TestHost) -> str:
    return host.exec(["systemctl", "show", "-p", "MainPID", "--value", "docker"]).stdout.strip()


def info(host: TestHost) -> dict[str, Any]:
    with contextlib.closing(host.sdk()) as client:
        return dict(client.info())


def file_of(host: TestHost) -> Any:
    text = host.exec(["sh", "-c", f"cat {FILE} 2>/dev/null || true"]).stdout
    return json.loads(text) if text else None


def start_container(host: TestHost, name: str, **options: Any) -> str:
    with contextlib.closing(host.sdk()) as client:
        made = client.containers.run(
            TINY, ["sleep", "600"], name=name, detach=True, init=True, **options
        )
        return str(made.id)


def process_of(host: TestHost, name: str) -> int:
    with contextlib.closing(host.sdk()) as client:
        return int(client.containers.get(name).attrs["State"]["Pid"])


def test_reloadable_keys_need_no_restart(host: TestHost) -> None:
    before = pid(host)
    plain = info(host)
    assert run(host, RELOADED, check=True)["changes"]
    assert file_of(host) is None
    assert host.exec(["test", "-e", "/var/lib/dockwright"], check=False).returncode == 1

    assert actions(run(host, RELOADED)) == ["reload"]
    live = info(host)
    assert live["Debug"] and live["LiveRestoreEnabled"]
    assert sorted(live["Labels"]) == ["rack=7", "zone=a"]
    assert live["DefaultRuntime"] == "crun" and "crun" in live["Runtimes"]
    assert live["RegistryConfig"]["Mirrors"] == ["https://mirror.example.com/"]
    assert "10.0.0.0/8" in live["RegistryConfig"]["InsecureRegistryCIDRs"]
    assert run(host, RELOADED)["changes"] == []

    fewer = {"features": {"buildkit": True}}
    answer = run(host, fewer)
    assert actions(answer) == ["reload"]
    assert file_of(host) == fewer
    live = info(host)
    assert set(live["Runtimes"]) <= set(plain["Runtimes"])  # 20.10 forgets its own aliases
    for key in ("Debug", "Labels", "LiveRestoreEnabled", "DefaultRuntime", "RegistryConfig"):
        assert live[key] == plain[key], key
    assert run(host, fewer)["changes"] == []
    assert pid(host) == before


@pytest.mark.full
def test_each_reloadable_key_alone_is_set_and_reset_without_a_restart(host: TestHost) -> None:
    before = pid(host)
    for name in RELOADED:
        names = ("runtimes", "default-runtime") if name == "default-runtime" else (name,)
        spec = {key: RELOADED[key] for key in names}
        assert actions(run(host, spec)) == ["reload"], name
        assert run(host, spec)["changes"] == [], name
        assert actions(run(host, {})) == ["reload"], name
        assert file_of(host) == {}
    assert pid(host) == before


def test_restart_keeps_containers_alive_when_the_spec_allows_it(host: TestHost) -> None:
    start_container(host, "web")
    process, daemon = process_of(host, "web"), pid(host)
    spec = {**RESTARTED, "live-restore": True}
    answer = run(host, spec)
    assert actions(answer) == ["reload", "restart"]
    assert [entry[4] for entry in answer["changes"][-2:]] == ["reload", "restart"]
    assert process_of(host, "web") == process
    assert pid(host) != daemon
    live = info(host)
    assert live["LoggingDriver"] == "local"
    pools = [(pool["Base"], pool["Size"]) for pool in live["DefaultAddressPools"]]
    assert pools == [("10.210.0.0/16", 24)]
    assert file_of(host)["log-opts"] == {"max-size": "5m", "max-file": "2"}
    assert run(host, spec)["changes"] == []


def test_outage_brings_back_what_ran(host: TestHost) -> None:
    for name in ("web", "idle"):
        start_container(host, name, restart_policy={"Name": "always"} if name == "idle" else None)
    with contextlib.closing(host.sdk()) as client:
        client.containers.get("idle").stop(timeout=0)
    spec = {"log-driver": "local"}
    answer = run(host, spec)
    assert actions(answer) == ["restart"]
    assert answer["changes"][-1][4] == "outage"
    with contextlib.closing(host.sdk()) as client:
        assert [entry.name for entry in client.containers.list()] == ["web"]
    assert run(host, spec)["changes"] == []


def test_a_bad_candidate_changes_nothing(host: TestHost) -> None:
    old = {"debug": True}
    run(host, old)
    start_container(host, "web")
    process, daemon = process_of(host, "web"), pid(host)
    # No validator sees it, and the daemon does not start with it.
    spec = {**old, "live-restore": True, "seccomp-profile": "/no/such.json"}
    answer = run(host, spec)
    assert "opening seccomp profile (/no/such.json) failed" in answer["error"], answer
    assert "The old configuration is in force again" in answer["error"]
    assert file_of(host) == old
    assert process_of(host, "web") == process
    assert info(host)["LiveRestoreEnabled"] is False
    assert pid(host) not in ("0", "", daemon)
    assert run(host, old)["changes"] == []


def test_a_refused_reload_leaves_the_daemon_as_it_was(host: TestHost) -> None:
    daemon = pid(host)
    answer = run(host, {"authorization-plugins": ["no-such-plugin"]})
    assert "no authorization plugin 'no-such-plugin'" in answer["error"]
    host.write(FILE, '{"unheard-of": 1}')  # another hand broke the file
    answer = run(host, {"debug": True})
    assert "unheard-of" in answer["error"]
    assert file_of(host) == {"unheard-of": 1}
    assert pid(host) == daemon and info(host)["Debug"] is False
    assert actions(run(host, {"debug": True}, foreign="remove")) == ["reload"]
    assert file_of(host) == {"debug": True} and info(host)["Debug"] is True


def test_deferred_restart_is_pending_until_it_happens(host: TestHost) -> None:
    spec = {"icc": False, "debug": True}
    answer = run(host, spec, restart="defer")
    assert actions(answer) == ["reload"]
    assert answer["pending"] == ["icc"]
    answer = run(host, spec, restart="defer")
    assert (answer["changes"], answer["pending"]) == ([], ["icc"])
    assert actions(run(host, spec, check=True)) == ["restart"]
    host.restart_engine()
    answer = run(host, spec)
    assert (answer["changes"], answer["pending"]) == ([], [])


def test_two_scopes_own_different_keys_of_the_file(host: TestHost) -> None:
    dns = {"max-concurrent-uploads": 7}
    assert actions(run(host, {"debug": True})) == ["reload"]
    assert actions(run(host, dns, scope="dns")) == ["reload"]
    assert file_of(host) == {"debug": True, **dns}
    assert "scope daemon already" in run(host, {"debug": True}, scope="dns", check=True)["error"]
    assert run(host, {"debug": True})["changes"] == []
    assert run(host, dns, scope="dns")["changes"] == []
    assert actions(run(host, {}, scope="dns", foreign="remove")) == ["reload"]
    assert file_of(host) == {"debug": True}


def test_a_stopped_engine_gets_its_file_for_the_next_start(host: TestHost) -> None:
    host.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    answer = run(host, {"debug": True, "mtu": 1400})
    assert actions(answer) == [] and len(answer["changes"]) == 2
    assert "the engine does not run: the file is for its next start" in answer["warnings"]
    assert host.exec(["systemctl", "is-active", "docker"], check=False).stdout.strip() != "active"
    host.restart_engine()
    assert info(host)["Debug"] is True
    assert run(host, {"debug": True, "mtu": 1400})["changes"] == []


def test_a_daemon_that_failed_is_repaired(host: TestHost) -> None:
    host.write(FILE, '{"debug": true, "unheard-of": 1}')
    assert not host.restart_engine(check=False)
    answer = run(host, {"debug": True}, foreign="remove", timeout=30)
    assert actions(answer) == ["start"]
    assert host.exec(["systemctl", "is-active", "docker", "docker.socket"]).stdout.split() == [
        "active",
        "active",
    ]
    assert info(host)["Debug"] is True
    assert run(host, {"debug": True}, foreign="remove")["changes"] == []


def test_a_daemon_started_by_hand_is_restarted_with_its_own_flags(host26: TestHost) -> None:
    reset_daemon(host26)
    host26.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    flags = "-H unix:///var/run/docker.sock -H unix:///machine/docker.sock --mtu 1450"
    host26.exec(["sh", "-c", f"MARK=42 setsid dockerd {flags} >/var/log/by-hand 2>&1 </dev/null &"])
    try:
        host26.wait_engine()
        start_container(host26, "web")
        process, by_hand = process_of(host26, "web"), {"unit": "by-hand.service"}
        first = host26.read("/var/run/docker.pid")
        answer = run(host26, {"mtu": 1400}, check=True, **by_hand)
        assert "is set by the flag --mtu 1450" in answer["error"]
        spec = {"icc": False, "live-restore": True}
        assert actions(run(host26, spec, **by_hand)) == ["reload", "restart"]
        second = host26.read("/var/run/docker.pid")
        assert second != first
        assert host26.read(f"/proc/{second}/cmdline").split("\0")[1:-1] == flags.split()
        assert "MARK=42" in host26.read(f"/proc/{second}/environ").split("\0")
        assert process_of(host26, "web") == process
        answer = run(host26, {**spec, "seccomp-profile": "/no/such.json"}, **by_hand)
        assert "opening seccomp profile (/no/such.json) failed" in answer["error"]
        assert process_of(host26, "web") == process
        assert run(host26, spec, **by_hand)["changes"] == []
    finally:
        host26.exec(["sh", "-c", "kill $(cat /var/run/docker.pid); sleep 1"], check=False)
        host26.exec(["systemctl", "reset-failed"])
        host26.exec(["systemctl", "start", "docker.socket", "docker.service"])
        host26.wait_engine()
        engine_clean(host26)
        reset_daemon(host26)


def test_what_the_unit_and_the_version_forbid(host: TestHost) -> None:
    answer = run(host, {"hosts": ["unix:///var/run/docker.sock"], "dns-opt": ["x"]}, check=True)
    assert "Write dns-opts" in answer["error"]
    answer = run(host, {"hosts": ["unix:///var/run/docker.sock"]}, check=True)
    assert "is set by the flag -H fd://" in answer["error"]
    answer = run(host, {"data-root": "/srv/docker"}, check=True)
    assert re.search(r"would hide or re-create \d+ images", answer["error"])
    if host.engine_version.startswith("20."):
        answer = run(host, {"proxies": {"http-proxy": "http://p:1"}}, check=True)
        assert "is known from engine 23.0 on" in answer["error"]
