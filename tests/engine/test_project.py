"""Many objects in one run: order, conditions, replicas, purge, adoption, limits."""

from __future__ import annotations

import threading
import time
from typing import Any

from dockwright.host.machine import Host
from tests.engine.world import SLEEP, World, container, project, titles, told
from tests.hosts import TINY

HEALTHY = {"test": "test -e /tmp/ready", "interval": "200ms", "retries": 100}
SUBNET = "10.78.0.0/24"


def started(world: World, name: str) -> str:
    """When a container was started."""
    return str(world.inspect(name)["State"]["StartedAt"])


# --- order ---------------------------------------------------------------------------------------


def test_conditions(world: World) -> None:
    """Waits for health and for a good end; everything converges, one-shot containers too."""
    ready = ["sh", "-c", "sleep 0.7; touch /tmp/ready; sleep 1000"]
    document = project(
        {
            "web": container(
                depends_on={
                    "db": {"condition": "service_healthy"},
                    "job": {"condition": "service_completed_successfully"},
                    "side": {"condition": "service_started"},
                }
            ),
            "job": container(command=["sh", "-c", "sleep 0.5"], depends_on=["side"]),
            "db": container(command=ready, healthcheck=HEALTHY),
            "side": container(),
        }
    )
    world.apply(document)
    assert started(world, "web") > world.inspect("job")["State"]["FinishedAt"]
    assert world.inspect("db")["State"]["Health"]["Status"] == "healthy"
    assert started(world, "side") < started(world, "job")
    job = world.inspect("job")
    assert (job["State"]["Status"], job["State"]["ExitCode"]) == ("exited", 0)
    assert not world.check(document).plan.changes


def test_unhealthy_fails_at_once(world: World) -> None:
    check = {"test": "false", "interval": "200ms", "retries": 1}
    document = project(
        {
            "db": container(healthcheck=check),
            "web": container(depends_on={"db": {"condition": "service_healthy"}}),
        }
    )
    for made in ("create container db", None):  # the second time it is unhealthy from the start
        begun = time.monotonic()
        report = world.fail(document)
        assert time.monotonic() - begun < 60
        assert "db is unhealthy" in told(report)
        assert [c.name for c in report.not_done] == ["web"]
        assert (made in titles(report)) == bool(made)
        assert report.changed == bool(made)
    assert world.names() == {"db"}


def test_a_bad_end_fails_at_once(lean_world: World) -> None:
    condition = {"job": {"condition": "service_completed_successfully"}}
    document = project(
        {
            "job": container(command=["sh", "-c", "exit 4"]),
            "web": container(depends_on=condition),
        }
    )
    report = lean_world.fail(document)
    assert "job" in told(report)
    assert "exited" in told(report)
    assert "4" in told(report)
    assert "web" not in lean_world.names()
    assert report.changed


def test_waiting_is_bounded(world26: World) -> None:
    check = {"test": "false", "interval": "100s", "start_period": "100s"}
    document = project(
        {
            "db": container(healthcheck=check),
            "web": container(depends_on={"db": {"condition": "service_healthy"}}),
        },
        wait_timeout="1s",
    )
    begun = time.monotonic()
    report = world26.fail(document)
    assert time.monotonic() - begun < 60
    assert "within 1 s" in told(report)
    assert "wait_timeout" in told(report)


# --- replicas, purge, adoption -------------------------------------------------------------------


def test_replicas(lean_world: World) -> None:
    def document(count: int) -> dict[str, Any]:
        return project({"web": container(deploy={"replicas": count}), "db": container()})

    lean_world.apply(document(1))
    db = lean_world.id("db")
    for count, names in ((3, {"web-1", "web-2", "web-3"}), (2, {"web-1", "web-2"}), (1, {"web"})):
        lean_world.apply(document(count))
        assert lean_world.names() == {*names, "db"}
    assert lean_world.id("db") == db


def test_purge_removes_what_is_ours_only(lean_world: World) -> None:
    lean_world.client.containers.run(TINY, SLEEP, name="foreign", detach=True)
    lean_world.client.networks.create("foreign")
    lean_world.client.volumes.create("foreign")
    lean_world.apply({"project": "other", "containers": {"other": container()}})
    full = project(
        {"web": container(networks=["back"], volumes=["data:/data"]), "old": container()},
        networks={"back": {}, "front": {}},
        volumes={"data": {}, "unused": {}},
    )
    lean_world.apply(full)
    # Volumes hold data: purge alone may not remove them.
    less = project({"web": container()}, purge=True)
    with lean_world.untouched():
        report = lean_world.fail(less)
    assert {problem.where for problem in report.problems} == {
        "delete volume data",
        "delete volume unused",
    }
    assert "max_disruption: destroy" in told(report)
    kept = {"data": {}, "unused": {}}
    lean_world.apply({**less, "volumes": kept})
    assert lean_world.names() == {"foreign", "other", "web"}
    assert lean_world.networks() == {"foreign", "other_default", "shop_default"}
    assert lean_world.volumes() == {"foreign", "data", "unused"}
    lean_world.apply({**less, "max_disruption": "destroy"})
    assert lean_world.volumes() == {"foreign"}
    # Nothing left in the spec: everything of the project goes.
    lean_world.apply(project({}, purge=True))
    assert lean_world.names() == {"foreign", "other"}
    assert lean_world.networks() == {"foreign", "other_default"}


def test_adoption(world: World) -> None:
    """Made by somebody else, the same by definition: no difference, ours from then on."""
    network = world.client.networks.create("back")
    world.client.volumes.create("data")
    made = world.client.containers.run(
        TINY,
        SLEEP,
        name="web",
        detach=True,
        network="back",
        environment={"A": "1"},
        volumes={"data": {"bind": "/data", "mode": "rw"}},
        stop_signal="SIGKILL",
        labels={"com.docker.compose.project": "elsewhere"},
    )
    spec = {
        "image": TINY,
        "command": SLEEP,
        "networks": ["back"],
        "volumes": ["data:/data"],
        "environment": {"A": "1"},
        "stop_signal": "SIGKILL",
    }
    more: dict[str, Any] = {"networks": {"back": {}}, "volumes": {"data": {}}}
    report = world.apply(project({"web": spec}, **more))
    assert not report.changed
    assert world.id("web") == made.id
    made.reload()
    # Recorded: the run that does not name it any more may purge it.
    gone = project({}, purge=True, max_disruption="destroy")
    assert sorted(titles(world.check(gone))) == [
        "delete container web",
        "delete network back",
        "delete volume data",
    ]
    # Labelled where it is made anew.
    spec["environment"] = {"A": "2"}
    world.apply(project({"web": spec}, **more))
    assert world.inspect("web")["Config"]["Labels"]["io.dockwright.project"] == "shop"
    assert world.client.api.inspect_network("back")["Id"] == network.id
    world.apply(gone)
    assert not world.names() | world.networks() | world.volumes()
    # Forgotten with its removal: a new foreign one of that name is not ours.
    world.client.networks.create("back")
    assert not world.check(gone).plan.changes


def test_another_projects_object(world26: World) -> None:
    world26.apply(
        {
            "project": "other",
            "networks": {"back": {}},
            "volumes": {"data": {}},
            "containers": {"web": container(networks=["back"])},
        }
    )
    more: dict[str, Any] = {"networks": {"back": {}}, "volumes": {"data": {}}}
    document = project({"web": container(networks=["back"])}, **more)
    with world26.untouched():
        report = world26.fail(document)
    assert [problem.where for problem in report.problems] == [
        "containers.web",
        "networks.back",
        "volumes.data",
    ]
    assert all("project other" in problem.message for problem in report.problems)


def test_ignored_paths(lean_world: World) -> None:
    """Shown and left alone, also over a replacement that something else asks for."""
    web = container(labels={"team": "a"}, environment={"A": "1"})
    lean_world.apply(project({"web": {**web, "labels": {"team": "a", "seen": "by-hand"}}}))
    document = project({"web": {**web, "ignore": ["labels.seen", "environment.A"]}})
    planned = lean_world.check(document)
    assert not planned.plan.changes
    assert [(item.name, item.path) for item in planned.plan.ignored] == [("web", "labels.seen")]
    document["containers"]["web"].update(hostname="other", environment={"A": "2"})
    lean_world.apply(document)
    config = lean_world.inspect("web")["Config"]
    assert config["Hostname"] == "other"
    assert config["Labels"]["seen"] == "by-hand"
    assert "A=1" in config["Env"]


# --- limits --------------------------------------------------------------------------------------


def test_max_disruption(lean_world: World) -> None:
    """Refused before anything is touched, with the name of the change that is too much."""
    document = project({"web": container(), "db": container(mem_limit="64m")})
    lean_world.apply(document)
    document["containers"]["web"]["environment"] = {"A": "1"}
    document["containers"]["db"]["mem_limit"] = "96m"
    document["containers"]["new"] = container()
    document["max_disruption"] = "reconnect"
    for check in (True, False):
        with lean_world.events() as events:
            report = lean_world.run(document, check=check)
        assert events == []
        assert report.failed
        assert not report.changed
        (problem,) = report.problems
        assert problem.where == "replace container web: environment.A"
        assert "'replace'" in problem.message
        assert problem.fix == "allow it with max_disruption: replace"
    document["max_disruption"] = "replace"
    lean_world.apply(document)


def test_two_runs_at_once(world26: World) -> None:
    """The second waits for the first, at most as long as it was told to."""
    document = project({"web": container()})
    with Host(memory=str(world26.memory)).lock(1):
        begun = time.monotonic()
        report = world26.fail({**document, "lock_timeout": "300ms"})
        assert 0.2 < time.monotonic() - begun < 60
        assert "process" in told(report)
        assert not report.changed
        assert not world26.check(document).failed  # looking needs no lock
    reports: list[Any] = []
    runs = [
        threading.Thread(target=lambda: reports.append(world26.run(document))) for _ in range(3)
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert [report.failed for report in reports] == [False] * 3
    assert sorted(report.changed for report in reports) == [False, False, True]


# --- networks ------------------------------------------------------------------------------------


def _in_network(name: str, address: str) -> dict[str, Any]:
    return {name: {"ipv4_address": address, "aliases": [f"alias-{address[-1]}"]}}


def test_a_network_is_made_anew(world: World) -> None:
    """Its containers are in it again, running and stopped, declared and foreign."""

    def document(**options: Any) -> dict[str, Any]:
        back = {"ipam": {"config": [{"subnet": SUBNET}]}, **options}
        web = container(networks={**_in_network("back", "10.78.0.11"), "front": {}})
        off = container(networks=_in_network("back", "10.78.0.12"), state="stopped")
        return project({"web": web, "off": off}, networks={"back": back, "front": {}})

    world.apply(document())
    ends = {
        "back": world.client.api.create_endpoint_config(ipv4_address="10.78.0.13", aliases=["f"])
    }
    world.client.containers.create(
        TINY,
        SLEEP,
        name="foreign",
        network="back",
        networking_config=ends,
    ).start()
    before = {name: world.id(name) for name in world.names()}
    begun = {name: started(world, name) for name in world.names()}
    first = world.client.api.inspect_network("back")["Id"]

    predicted = world.check(document(labels={"a": "1"}))
    assert predicted.plan.disruption.word == "reconnect"
    world.apply(document(labels={"a": "1"}))
    second = world.client.api.inspect_network("back")["Id"]
    assert second != first
    _assert_attached(world, second)

    # A new one that the engine refuses: the old definition is back, and everybody in it.
    with_problem = document(
        labels={"a": "1"}, driver_opts={"com.docker.network.bridge.name": "x" * 40}
    )
    report = world.fail(with_problem)
    assert "the old network is back" in told(report)
    assert report.changed
    assert report.problems[0].where == "networks.back"
    _assert_attached(world, world.client.api.inspect_network("back")["Id"])
    assert not world.check(document(labels={"a": "1"})).plan.changes
    assert {name: world.id(name) for name in world.names()} == before
    assert {name: started(world, name) for name in world.names()} == begun


def _assert_attached(world: World, identity: str) -> None:
    for name, last, alias in (("web", 11, "alias-1"), ("off", 12, "alias-2"), ("foreign", 13, "f")):
        end = world.inspect(name)["NetworkSettings"]["Networks"]["back"]
        assert end["IPAMConfig"]["IPv4Address"] == f"10.78.0.{last}"
        assert alias in end["Aliases"]
        if name != "off":
            assert end["NetworkID"] == identity
            assert end["IPAddress"] == f"10.78.0.{last}"
    assert world.does("foreign", "wget", "-T", "2", "-qO-", "http://alias-1/") is False  # no server
    assert world.does("foreign", "nslookup", "alias-1")
