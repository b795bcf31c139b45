"""Containers that keep old defaults of the daemon: named, and made anew on request."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.engine.test_daemon_and_objects import host, inspect, run
from tests.engine.test_daemon_unit import host_26
from tests.engine.world import container
from tests.hosts import TINY, TestHost

__all__ = ["host", "host_26"]
FIRST = {"daemon": {"live-restore": True, "default-ulimits": {"nofile": "512:1024"}}}
KEYS = {
    "live-restore": True,
    "log-opts": {"max-size": "5m"},
    "default-ulimits": {"nofile": "1024:2048"},
    "default-shm-size": "32m",
    "dns": ["10.0.0.53"],
    "dns-search": ["example.test"],
}


def stale(report: dict[str, Any]) -> set[tuple[str, str]]:
    return {(item["name"], item["path"]) for item in report["stale"]}


def resolv(host: TestHost, name: str) -> str:
    with contextlib.closing(host.sdk()) as client:
        output = client.containers.get(name).exec_run(["cat", "/etc/resolv.conf"]).output
        return str(output.decode())


def test_old_defaults_are_named_and_replaced(host_26: TestHost) -> None:
    old_defaults(host_26)


@pytest.mark.full
def test_old_defaults_on_each_engine(host: TestHost) -> None:
    old_defaults(host)


def old_defaults(host: TestHost) -> None:
    """Named before, in and after the run that moves them; then made anew."""
    run(host, "apply", FIRST)
    ours = {"project": "shop", "containers": {"web": container(), "own": container(shm_size="8m")}}
    run(host, "apply", ours)
    with contextlib.closing(host.sdk()) as client:
        client.containers.run(TINY, ["sleep", "600"], name="foreign", detach=True, init=True)
    document = {"daemon": KEYS}
    everything = {"logging", "ulimits", "shm_size", "dns", "dns_search"}
    expected = {(name, path) for name in ("web", "foreign") for path in everything}
    expected |= {("own", path) for path in everything - {"shm_size"}}

    # Before, in the very run, and after it: the same containers, nothing is touched.
    ids = {name: inspect(host, name)["Id"] for name in ("web", "own", "foreign")}
    for verb in ("plan", "apply", "plan"):
        report = run(host, verb, document)
        assert stale(report) == expected, (verb, stale(report) ^ expected)
        assert report["disruption"] in ("restart", "none")
    assert {name: inspect(host, name)["Id"] for name in ids} == ids

    # Ours are replaced; a container of others is restarted, and named for the rest.
    again = {**document, "recreate_stale": True}
    report = run(host, "apply", again)
    done = {(change["action"], change["name"]) for change in report["changes"]}
    assert done == {("replace", "web"), ("replace", "own"), ("restart", "foreign")}
    named = {("foreign", path) for path in ("logging", "shm_size", "ulimits")}
    assert stale(report) == named
    web, foreign = inspect(host, "web"), inspect(host, "foreign")
    assert web["HostConfig"]["ShmSize"] == 32 * 1024**2
    assert inspect(host, "own")["HostConfig"]["ShmSize"] == 8 * 1024**2
    assert web["HostConfig"]["LogConfig"]["Config"] == {"max-size": "5m"}
    assert web["HostConfig"]["Ulimits"][0]["Soft"] == 1024
    assert foreign["Id"] == ids["foreign"] and foreign["HostConfig"]["ShmSize"] == 64 * 1024**2
    assert "nameserver 10.0.0.53" in resolv(host, "foreign")
    for name in ("web", "own", "foreign"):
        assert "search example.test" in resolv(host, name)

    # Nothing is left for us, and none of it comes back with the objects' own document.
    for left in (again, {**ours, "recreate_stale": True}):
        report = run(host, "plan", left)
        assert report["changes"] == [] and stale(report) <= named
    with contextlib.closing(host.sdk()) as client:
        client.containers.get("foreign").remove(force=True)
    assert run(host, "apply", again)["stale"] == []
