"""One document with the daemon and objects: what was seen before its restart holds after it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.world import container
from tests.hosts import TestHost, engine_clean, reset_daemon

RESTARTS = {
    "log-driver": "local",
    "default-address-pools": [{"base": "10.210.0.0/16", "size": 24}],
}


@pytest.fixture
def host(any_host: TestHost) -> Iterator[TestHost]:
    """Each host with its packaged daemon, nothing of ours, no containers."""
    engine_clean(any_host)
    reset_daemon(any_host)
    yield any_host
    engine_clean(any_host)
    reset_daemon(any_host)


def run(host: TestHost, verb: str, document: dict[str, Any]) -> dict[str, Any]:
    """The report of the command line inside the host."""
    argv = ["-m", "dockwright_cli", verb, "--json", "-"]
    done = host.core(argv, input=json.dumps(document), check=False)
    report = dict(json.loads(done.stdout))
    assert not report["failed"], report["message"]
    return report


def apply(host: TestHost, document: dict[str, Any]) -> dict[str, Any]:
    """Predicted is done, and nothing is left, also not as a notice."""
    predicted = run(host, "plan", document)
    report = run(host, "apply", document)
    assert report["changes"] == predicted["changes"]
    assert report["not_done"] == []
    assert len(report["done"]) == len(report["changes"])
    left = run(host, "plan", document)
    assert left["changes"] == []
    return report


def shop(**more: Any) -> dict[str, Any]:
    """Containers of every sort that a restart of the daemon finds."""
    return {
        "project": "shop",
        "networks": {"net": {}},
        "containers": {
            "once": container(command=["true"], networks=["net"]),
            "bridged-once": container(command=["true"], networks=["bridge"]),
            "down": container(state="stopped", networks=["bridge"], restart="always"),
            "web": container(networks=["net", "bridge"]),
            "mate": container(network_mode="service:web"),
            "up": container(networks=["net"], restart="always"),
            "off": container(networks=["bridge"]),
        },
        **more,
    }


def names(host: TestHost) -> set[str]:
    with contextlib.closing(host.sdk()) as client:
        return {found.name for found in client.containers.list()}


def inspect(host: TestHost, name: str) -> dict[str, Any]:
    with contextlib.closing(host.sdk()) as client:
        return dict(client.api.inspect_container(name))


RUNNING = {"web", "mate", "up", "off"}


@pytest.mark.parametrize("live_restore", [False, True])
def test_a_restart_and_changes_of_containers(host: TestHost, live_restore: bool) -> None:
    apply(host, shop(daemon={"live-restore": live_restore}))
    assert names(host) == RUNNING
    before = {name: inspect(host, name) for name in RUNNING | {"down", "once"}}
    document = shop(daemon={**RESTARTS, "live-restore": live_restore})
    containers = document["containers"]
    containers["off"]["environment"] = {"A": "1"}  # replaced
    containers["up"]["mem_limit"] = "64m"  # updated
    containers["new"] = container(networks=["other"])  # made
    document["networks"]["other"] = {}
    report = apply(host, document)
    assert report["disruption"] == ("replace" if live_restore else "outage")
    assert names(host) == {*RUNNING, "new"}
    for name in ("web", "mate", "up", "down", "once"):
        now = inspect(host, name)
        assert now["Id"] == before[name]["Id"]
        started = now["State"]["StartedAt"] != before[name]["State"]["StartedAt"]
        assert started == (not live_restore and name in RUNNING), name
    # What was made in this run has the daemon's new defaults.
    for name, driver in (("web", "json-file"), ("off", "local"), ("new", "local")):
        assert inspect(host, name)["HostConfig"]["LogConfig"]["Type"] == driver
    assert inspect(host, "new")["NetworkSettings"]["Networks"]["other"]["Gateway"].startswith(
        "10.210."
    )
    for found in (report, run(host, "plan", document)):
        assert {item["name"] for item in found["stale"]} == set(shop()["containers"]) - {"off"}


def test_what_the_daemon_is_to_have_counts_for_the_containers(host: TestHost) -> None:
    """A runtime and a default that the same document sets: one run, and nothing is left."""
    document = {"project": "shop", "containers": {"web": container()}}
    apply(host, document)
    web = inspect(host, "web")["Id"]
    document["daemon"] = {"runtimes": {"other": {"path": "/usr/bin/runc"}}}
    document["containers"]["new"] = container(runtime="other")
    report = apply(host, document)
    assert report["disruption"] == "reload"
    assert inspect(host, "new")["HostConfig"]["Runtime"] == "other"
    assert inspect(host, "web")["Id"] == web

    document["daemon"].update({"log-driver": "local", "live-restore": True})
    document["recreate_stale"] = True
    report = apply(host, document)
    replaced = [c["name"] for c in report["changes"] if c["action"] == "replace"]
    assert replaced == ["web", "new"]
    for name in replaced:
        assert inspect(host, name)["HostConfig"]["LogConfig"]["Type"] == "local"

    # Deferred, the old default still counts; and a key that goes gives the engine's own.
    del document["daemon"]["log-driver"]
    deferred = run(host, "apply", {**document, "restart": "defer"})
    assert [c["action"] for c in deferred["changes"]] == ["update"]
    report = apply(host, document)
    assert [c["name"] for c in report["changes"] if c["action"] == "replace"] == ["web", "new"]
    assert inspect(host, "web")["HostConfig"]["LogConfig"]["Type"] == "json-file"
