"""What a plan says of data that is lost, and what a run says of containers that do not stay."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from dockwright.model import Disruption
from tests.engine.world import PATIENT, SLEEP, World, container, project, titles, told
from tests.hosts import TINY, TestHost

DATA = {"Volumes": {"/data": {}}}


def web(**more: Any) -> dict[str, Any]:
    """A document with one container."""
    return project({"web": container(**more)})


def fill(world: World, name: str = "web") -> set[str]:
    """Write into a container's volume; the names of all volumes."""
    assert world.does(name, "sh", "-c", "echo precious > /data/file")
    return world.volumes()


def losses(report: Any) -> dict[str, str]:
    """The changes that destroy data -> their reasons."""
    return {
        f"{c.action.value} {c.name}": c.reason
        for c in report.plan.changes
        if c.disruption is Disruption.DESTROY
    }


@pytest.mark.parametrize(
    "after",
    [{"volumes": ["named:/data"]}, {"volumes": ["/tmp:/data"]}, {"tmpfs": ["/data"]}, {}],
    ids=["named", "bind", "tmpfs", "nothing"],
)
def test_a_mount_that_ends_a_volume_destroys_it(lean_world: World, after: dict[str, Any]) -> None:
    world = lean_world
    world.apply(web(volumes=["/data"]))
    volumes = fill(world)
    old = world.id("web")
    report = world.fail({**web(**after), "max_disruption": "replace"})
    assert "'destroy'" in told(report) and "/data" in told(report)
    assert (world.volumes(), world.id("web")) == (volumes, old)
    assert list(losses(world.check(web(**after)))) == ["replace web"]
    world.apply(web(**after))
    assert not volumes & world.volumes()


def test_a_volume_that_was_carried_over_counts_alike(world: World) -> None:
    world.apply(web(volumes=["/data"]))
    world.apply(web(volumes=["/data"], hostname="one"))
    volumes = fill(world)
    after = web(hostname="one")
    assert "/data" in losses(world.check(after))["replace web"]
    world.fail({**after, "max_disruption": "replace"})
    assert world.volumes() == volumes
    world.apply(after)
    assert world.volumes() == set()


def test_absent_says_what_goes(world: World) -> None:
    world.apply(web(volumes=["/data"]))
    volumes = fill(world)
    gone = web(state="absent")
    assert "/data" in losses(world.check(gone))["delete web"]
    world.fail({**gone, "max_disruption": "replace"})
    assert world.volumes() == volumes
    world.apply(gone)
    assert world.volumes() == set()


def test_what_nobody_asked_for_is_kept(lean_world: World) -> None:
    """A smaller scale and purge leave the volumes; `max_disruption: destroy` takes them."""
    world = lean_world
    world.apply(web(volumes=["/data"], scale=3))
    fill(world, "web-3")
    volumes = fill(world, "web-2")
    report = world.apply({**web(volumes=["/data"], scale=2), "max_disruption": "replace"})
    assert not losses(report)
    assert world.volumes() == volumes
    assert [text for text in report.plan.warnings if "web-3" in text and "/data" in text]
    report = world.apply(project({}, purge=True))
    assert world.names() == set()
    assert world.volumes() == volumes
    assert len([text for text in report.plan.warnings if "kept" in text]) == 2
    world.apply(web(volumes=["/data"]))
    more = world.volumes() - volumes
    report = world.apply(project({}, purge=True, max_disruption="destroy"))
    assert losses(report)
    assert world.volumes() == volumes
    assert more


def test_a_volume_that_another_container_has_is_not_lost(world26: World) -> None:
    world = world26
    world.apply(web(volumes=["/data"]))
    volumes = fill(world)
    mate = {"name": "mate", "detach": True, "volumes_from": ["web"], "stop_signal": "SIGKILL"}
    world.client.containers.run(TINY, SLEEP, **mate)
    report = world.apply({**web(state="absent"), "max_disruption": "replace"})
    assert not losses(report)
    assert world.volumes() == volumes
    assert world.does("mate", "grep", "precious", "/data/file")
    gone = project({"mate": {"state": "absent"}})
    assert losses(world.check(gone))
    world.apply(gone)
    assert world.volumes() == set()


def test_an_image_without_its_volume(lean_world: World) -> None:
    """Nobody asked for the loss: what was there is kept, and the plan says where."""
    world = lean_world
    world.host.load_tiny("shop/db:1", **DATA)
    world.host.load_tiny("shop/db:2", Labels={"v": "2"})
    world.apply(web(image="shop/db:1"))
    volumes = fill(world)
    report = world.apply({**web(image="shop/db:2"), "max_disruption": "replace"})
    assert world.volumes() == volumes
    assert [text for text in report.plan.warnings if "/data" in text and min(volumes) in text]


def test_one_that_removes_itself_takes_its_volumes(world26: World) -> None:
    world = world26
    hand = {"name": "web", "detach": True, "auto_remove": True, "volumes": ["/data"]}
    same = {"image": TINY, "command": SLEEP, "volumes": ["/data"], "stop_signal": "SIGKILL"}
    same["network_mode"] = "bridge"
    world.client.containers.run(TINY, SLEEP, stop_signal="SIGKILL", **hand)
    volumes = fill(world)
    assert titles(world.apply(project({"web": same}))) == []
    report = world.fail(project({}, purge=True))
    assert "'destroy'" in told(report) and "/data" in told(report)
    assert world.is_running("web")
    # Stopped as the spec has it, it is there and has its volume.
    world.apply(project({"web": {**same, "state": "stopped"}}))
    assert not world.is_running("web")
    assert world.volumes() == volumes


# --- right after the start -----------------------------------------------------------------------


def test_one_that_fails_right_after_its_start_fails_the_run(world: World) -> None:
    world.settle = PATIENT
    bad = container(command=["sh", "-c", "sleep 0.2; exit 3"])
    report = world.fail(project({"web": bad, "other": container()}))
    assert report.changed
    assert "container web exited 3 right after its start" in told(report)
    assert "docker logs web" in told(report)
    assert "bug" not in told(report)
    assert report.problems[0].where == "containers.web"
    assert world.is_running("other")
    assert "start" in titles(world.check(project({"web": bad, "other": container()})))[0]
    assert "exited 3" in told(world.fail(project({"web": bad, "other": container()})))


def test_one_that_completes_is_fine(lean_world: World) -> None:
    lean_world.settle = PATIENT
    lean_world.apply(web(command=["sh", "-c", "sleep 0.1; exit 0"]))


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure:20"])
def test_one_that_keeps_restarting_fails_the_run(lean_world: World, policy: str) -> None:
    world = lean_world
    world.settle = PATIENT
    bad = web(command=["sh", "-c", "exit 4"], restart=policy)
    report = world.fail(bad)
    assert "container web keeps restarting: it exited 4" in told(report)
    deadline = time.monotonic() + 10
    while not world.inspect("web")["State"]["Restarting"] and time.monotonic() < deadline:
        time.sleep(0.02)
    for _ in range(50):  # in most moments it waits for its next start
        report = world.check(bad)
        assert report.plan.changes == ()
        if report.plan.warnings:
            break
    assert "web keeps restarting" in report.plan.warnings[0]
    assert "4" in report.plan.warnings[0]


def test_the_policy_of_one_that_keeps_restarting(world: World) -> None:
    def crashing(policy: str) -> dict[str, Any]:
        return web(command=["sh", "-c", "sleep 0.02; exit 1"], restart=policy)

    world.run(crashing("always"))
    for number in range(6):
        policy = ("unless-stopped", "always")[number % 2]
        report = world.run(crashing(policy))
        assert not report.failed, told(report)
        assert world.policy("web") == policy


# --- whose container it is -----------------------------------------------------------------------


def test_one_that_was_renamed_by_hand_is_not_removed(lean_world: World) -> None:
    world = lean_world
    world.apply(web())
    world.client.api.rename("web", "web-old")
    world.apply(web())
    assert world.names() == {"web", "web-old"}
    world.apply(project({"web": container(scale=2)}))
    assert world.names() == {"web-1", "web-2", "web-old"}


def test_one_that_was_renamed_by_hand_keeps_its_port(world26: World) -> None:
    """So nobody else can have it, which is told before anything is tried."""
    world = world26
    world.apply(web(ports=["18080:80"]))
    world.client.api.rename("web", "web-old")
    report = world.run(web(ports=["18080:80"]), check=True)
    assert "container web-old publishes it" in told(report)
    world.apply({**web(ports=["18080:80"]), "purge": True})


def test_a_replica_that_is_not_ours_is_refused(lean_world: World) -> None:
    world = lean_world
    make = {"name": "web-2", "detach": True, "stop_signal": "SIGKILL"}
    world.client.containers.run(TINY, SLEEP, **make)
    with world.untouched(but="lock"):
        report = world.fail(project({"web": container(scale=2)}))
    assert "web-2 exists and is not ours" in told(report)
    assert report.problems[0].where == "containers.web"
    with contextlib.closing(world.host.sdk()) as client:
        client.api.remove_container("web-2", force=True)
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    world.client.containers.run(TINY, SLEEP, labels=labels, **make)
    world.client.containers.run(TINY, SLEEP, labels=labels, **{**make, "name": "web-3"})
    report = world.apply(project({"web": container(scale=2)}))
    assert [text for text in report.plan.warnings if "left alone" in text] == [
        "container web-3, which Compose has made, is not in the spec and is left alone"
    ]


def test_a_pull_that_brings_an_image_without_its_volume(host26: TestHost, world26: World) -> None:
    """Only the pull can tell: the plan does not alarm, and nothing is lost."""
    from tests.hosts import push, start_registry

    world = world26
    start_registry(host26)
    host26.load_tiny("shop/db:1", **DATA)
    host26.load_tiny("shop/db:2", Labels={"v": "2"})
    world.apply(web(image="shop/db:1"))
    volumes = fill(world)
    pushed = push(host26, "shop/db:2", "db:2")
    document = {**web(image=pushed.reference), "max_disruption": "replace"}
    predicted = world.check(document)
    assert "known after pull" in next(c.reason for c in predicted.plan.changes if c.path == "image")
    report = world.apply(document)
    assert world.volumes() == volumes
    assert [text for text in report.warnings if "/data" in text and min(volumes) in text]


# --- what passes over, what was paused -----------------------------------------------------------


def test_two_that_swap_a_port_are_refused_before_anything(lean_world: World) -> None:
    world = lean_world

    def document(one: int, two: int) -> dict[str, Any]:
        ports = {"one": one, "two": two}
        return project({name: container(ports=[f"{port}:80"]) for name, port in ports.items()})

    world.apply(document(18080, 18081))
    with world.untouched(but="lock"):
        report = world.fail(document(18081, 18080))
    assert "Do it in two runs" in told(report)
    assert {problem.where for problem in report.problems} <= {"containers.one", "containers.two"}
    world.apply(document(18081, 18082))  # in a row there is an order
    world.apply(document(18081, 18080))


def test_a_paused_container_comes_back_paused(world: World) -> None:
    world.apply(web())
    old = world.id("web")
    world.client.api.pause("web")
    report = world.fail(web(command=["/no/such/program"]))
    assert "the old one is back in its place" in told(report)
    assert (world.id("web"), world.inspect("web")["State"]["Status"]) == (old, "paused")


def test_a_killed_replacement_of_a_paused_container(world26: World) -> None:
    world = world26
    world.apply(web())
    old = world.id("web")
    for step in (2, 3, 4):  # stopped, moved away, the new one named
        world.client.api.pause("web")
        assert world.killed(web(hostname="other"), step)
        left = web(ignore=["labels"])
        assert "recover container web" in titles(world.check(left))
        assert titles(world.apply(left)) == ["recover container web", "start container web state"]
        assert world.id("web") == old


@pytest.mark.parametrize("mode", ["ipc_mode", "pid_mode"])
def test_a_killed_replacement_and_who_shares_with_it(world26: World, mode: str) -> None:
    """The list of containers does not tell who shares these; the recovery looks."""
    world = world26
    world.apply(web(ipc="shareable"))
    make = {"name": "mate", "detach": True, "stop_signal": "SIGKILL", mode: "container:web"}
    world.client.containers.run(TINY, SLEEP, restart_policy={"Name": "always"}, **make)
    assert world.killed(web(ipc="shareable", hostname="other"), 3)
    path = mode.partition("_")[0]
    assert f"restart container mate {path}" in titles(world.check(web(ipc="shareable")))
    world.apply(web(ipc="shareable"))
    namespace = f"/proc/self/ns/{path}"
    seen = [
        world.client.containers.get(name).exec_run(["readlink", namespace]).output
        for name in ("web", "mate")
    ]
    assert seen[0] == seen[1]


def test_an_address_that_another_container_has_is_refused(lean_world: World) -> None:
    """One that the engine chose for a container which keeps it, unless that one is made anew."""
    world = lean_world
    networks = {"net": {"ipam": {"config": [{"subnet": "10.77.0.0/24"}]}}}
    spec = project({"aa": container(networks=["net"])}, networks=networks)
    world.apply(spec)
    spec["containers"]["bb"] = container(networks={"net": {"ipv4_address": "10.77.0.2"}})
    with world.untouched():
        words = told(world.fail(spec))
    assert "containers.bb.networks.net.ipv4_address: 10.77.0.2 is taken: container aa" in words
    spec["containers"]["bb"] = container(networks={"net": {"ipv4_address": "10.77.0.9"}})
    world.apply(spec)
