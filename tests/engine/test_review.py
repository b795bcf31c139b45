"""What an operator runs into: hands between plan and apply, what others use, other daemons."""

from __future__ import annotations

import json
from typing import Any, Callable
from unittest import mock

import pytest

from dockwright.apply import Applier
from dockwright.model import Report
from tests.hosts import TINY, TestHost, engine_clean, push, reset_daemon, start_registry

from .world import SLEEP, World, container, project, told


def disturbed(world: World, document: Any, hand: Callable[[], object]) -> Report:
    """A run with another hand at work between its plan and its first change."""
    run = Applier.run

    def late(applier: Applier) -> None:
        hand()
        run(applier)

    with mock.patch.object(Applier, "run", late):
        return world.run(document)


def labelled(value: str) -> dict[str, Any]:
    return {"containers": {"web": container(restart="always", labels={"v": value})}}


def test_a_container_that_goes_before_it_is_replaced(lean_world: World) -> None:
    world = lean_world
    world.apply(labelled("1"))
    report = disturbed(
        world, labelled("2"), lambda: world.client.api.remove_container("web", force=True)
    )
    assert report.failed and "the old one is gone" in told(report)
    assert world.names() == set()
    world.apply(labelled("2"))


def test_a_stranger_of_the_same_name_is_left_alone(lean_world: World) -> None:
    world = lean_world
    world.apply(labelled("1"))

    def swap() -> None:
        world.client.api.remove_container("web", force=True)
        world.client.containers.run(TINY, SLEEP, name="web", detach=True)

    report = disturbed(world, labelled("2"), swap)
    assert report.failed and "the old one is gone" in told(report)
    assert world.names() == {"web"}
    assert world.policy("web") == "no" and world.is_running("web")


def test_a_stranger_of_a_spare_name_is_left_alone(lean_world: World) -> None:
    """Neither taken for what a killed run left, nor removed when a replacement is undone."""
    world = lean_world
    run, spare = world.client.containers.run, "web.dockwright-old"
    run(TINY, SLEEP, name=spare, detach=True)
    stranger = world.id(spare)
    assert world.check({"containers": {"other": container()}}).plan.changes[0].name == "other"
    world.apply(labelled("1"))
    assert world.names() == {"web", spare}
    report = world.fail(labelled("2"))
    assert spare in told(report)
    assert (world.id(spare), world.is_running("web")) == (stranger, True)


def test_what_strangers_use_is_not_removed_nor_anything_beside_it(world: World) -> None:
    ours = {"networks": {"back": {}}, "volumes": {"data": {}}}
    web = container(networks=["back"], volumes=["data:/data"])
    world.apply({"project": "shop", **ours, "containers": {"web": web}})
    mount = {"data": {"bind": "/data"}}
    world.client.containers.run(
        TINY, SLEEP, name="stranger", detach=True, network="back", volumes=mount
    )
    for document in (
        {"project": "shop", "purge": True, "max_disruption": "destroy"},
        {
            "project": "shop",
            **{kind: {name: {"state": "absent"} for name in ours[kind]} for kind in ours},
        },
    ):
        with world.untouched():
            words = told(world.fail(document))
        assert "network back cannot be removed: stranger" in words
        assert "volume data cannot be removed: stranger" in words
    world.client.api.remove_container("stranger", force=True)
    world.apply({"project": "shop", "purge": True, "max_disruption": "destroy"})
    assert (world.names(), world.networks(), world.volumes()) == (set(), set(), set())


def test_a_network_that_a_container_keeps_is_not_purged(lean_world: World) -> None:
    world = lean_world
    spec = {"project": "shop", "containers": {"web": container(networks=["back"])}}
    world.apply({**spec, "networks": {"back": {}}})
    assert "network back cannot be removed: web" in told(world.fail({**spec, "purge": True}))


def test_the_own_networks_of_the_engine_are_not_ours(lean_world: World) -> None:
    for options in ({}, {"internal": True}, {"state": "absent"}):
        words = told(lean_world.fail({"networks": {"bridge": options}}))
        assert "networks.bridge: bridge is the engine's own network" in words


def test_images_that_containers_use_are_not_removed(world: World) -> None:
    """Each removal that is planned is done, and each that the engine would refuse is refused."""
    one, two, other = "dwuse/web:1", "dwuse/web:2", "dwuse/other:1"
    for tag, label in ((one, "a"), (two, "a"), (other, "b")):
        world.host.load_tiny(tag, Labels={"image": label})
    identity = world.client.images.get(one).id

    def images(*names: str, **more: Any) -> dict[str, Any]:
        return {"images": {name: {"state": "absent", **more} for name in names}}

    def refused(document: dict[str, Any], *words: str) -> None:
        with world.untouched(but="lock"):
            for report in (world.run(document, check=True), world.run(document)):
                assert report.failed
                assert all(text in told(report) for text in words)

    world.client.containers.run(one, SLEEP, name="stranger", detach=True)
    refused(images(one, two), f"images.{two}: image {two} cannot be removed: stranger uses it")
    refused(images(identity, force=True), "cannot be removed: stranger uses it")
    world.apply(images(one))  # the other name stays
    refused(images(two), "stranger uses it", "force: true")
    world.apply(images(two, force=True))
    world.client.api.remove_container("stranger", force=True)
    world.apply({"containers": {"web": container(image=other)}})
    refused(images(other), "web uses it")
    moved = {"containers": {"web": container(image=TINY)}}
    world.apply({**moved, **images(other)})
    world.host.load_tiny(other, Labels={"image": "b"})
    world.apply({"containers": {"web": container(image=other)}})
    world.apply({"containers": {"web": {"state": "absent"}}, **images(other)})


def test_an_image_by_digest_that_a_container_uses_is_not_removed(world: World) -> None:
    start_registry(world.host)
    world.host.load_tiny("dwuse/pinned:1", Labels={"image": "pinned"})
    pushed = push(world.host, "dwuse/pinned:1", "dwuse/pinned:1")
    world.client.images.remove("dwuse/pinned:1")
    exact = f"{pushed.reference.rpartition(':')[0]}@{pushed.digest}"
    gone = {"images": {exact: {"state": "absent"}}}
    world.apply({"containers": {"web": container(image=exact)}})
    for report in (world.run(gone, check=True), world.run(gone)):
        assert report.failed and not report.done
        assert "web uses it" in told(report)
    world.apply({"containers": {"web": {"state": "absent"}}, **gone})


def test_an_image_of_a_container_of_ours_brings_no_ownership(lean_world: World) -> None:
    world = lean_world
    first: dict[str, Any] = {"project": "shop", "containers": {"web": container()}}
    world.apply(first)
    first["containers"]["web"]["labels"] = {"v": "2"}
    world.apply(first)  # the journal of a replacement is on it
    world.client.containers.get("web").commit("kept", "1")
    world.apply({"containers": {"other": container(image="kept:1")}})
    assert world.apply({"project": "shop", "purge": True}).changed
    assert world.names() == {"other"}
    world.client.api.remove_container("other", force=True)
    world.client.images.remove("kept:1")


def test_the_name_of_a_variable_reveals_its_value_alone(lean_world: World) -> None:
    environment = {"OPENED": "in-the-open", "CLOSED": "opensesame"}
    spec = container(environment=environment, working_dir="in-the-open/opensesame")
    report = lean_world.fail({"containers": {"web": spec}, "reveal": ["OPENED", "opensesame"]})
    assert "in-the-open/********" in told(report)


# --- causes --------------------------------------------------------------------------------------


def test_causes(lean_world: World) -> None:
    """What the user changed, what another hand changed, and what moved by itself."""
    world = lean_world
    image = "dwcause/web:1"

    def causes(**more: Any) -> dict[str, str]:
        web = container(image=image, networks=["back"], volumes=["data:/data"], **more)
        spec = project({"web": web}, networks={"back": {}}, volumes={"data": {}})
        changes = world.apply(spec).plan.changes
        return {change.path or change.kind: change.cause.value for change in changes}

    world.host.load_tiny(image, StopSignal="SIGUSR1")
    assert set(causes(stop_signal="SIGINT").values()) == {"spec"}
    assert causes() == {"stop_signal": "spec"}  # the line is gone, the image has a value of its own
    world.host.load_tiny(image, StopSignal="SIGUSR2")
    assert causes()["stop_signal"] == "default"
    world.client.api.remove_container("web", force=True)
    world.client.api.remove_network("back")
    world.client.api.remove_volume("data")
    assert causes() == {"container": "drift", "network": "drift", "volume": "drift"}
    world.client.api.remove_container("web", force=True)
    world.apply({"project": "shop", "containers": {"web": {"state": "absent"}}})
    assert causes() == {"container": "spec"}  # it was to be gone


# --- the daemon ----------------------------------------------------------------------------------


def plan_inside(host: TestHost, *argv: str, user: str = "root") -> list[dict[str, Any]]:
    """What the command line says of a daemon and a container, in the host."""
    resources = [
        {"kind": "daemon", "config": {"mtu": 1400}},
        {"kind": "container", "name": "web", "image": TINY},
    ]
    request = json.dumps({"api": 1, "resources": resources})
    script = 'exec setpriv --reuid "$0" --clear-groups python3 -m dockwright_cli "$@"'
    argv = ("sh", "-c", script, user, "plan", "--json", *argv)
    words = (
        "env HOME=/ PYTHONPATH=/opt/dockwright/plugins/module_utils:/opt/dockwright/adapters/cli"
    )
    done = host.exec([*words.split(), *argv], input=request, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)["resources"]
    return found


@pytest.mark.parametrize(
    ("argv", "user", "words"),
    [
        ((), "nobody", "permission denied"),
        (("--docker-host", "unix:///run/other.sock"), "root", "no such socket"),
    ],
)
def test_a_daemon_that_runs_and_is_not_reached_is_no_stopped_one(
    host26: TestHost, argv: tuple[str, ...], user: str, words: str
) -> None:
    engine_clean(host26)
    reset_daemon(host26)
    for found in plan_inside(host26, *argv, user=user):
        assert found["failed"] and words in found["message"]
        assert not found["changed"]


SECOND = "unix:///run/second.sock"


@pytest.fixture
def second_daemon(new_host: Callable[..., TestHost]) -> TestHost:
    """A host where a second dockerd runs, with a file of its own."""
    host = new_host("debian-13")
    host.write("/etc/docker/second.json", "{}")
    options = {
        "host": SECOND,
        "config-file": "/etc/docker/second.json",
        "data-root": "/var/lib/second",
        "exec-root": "/run/second",
        "pidfile": "/run/second.pid",
        "bridge": "none",
        "iptables": "false",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    host.exec(["systemd-run", "-q", "--unit", "second", "--collect", "dockerd", *words])
    probe = "for i in $(seq 100); do docker -H $0 version && exit; sleep 0.1; done; exit 1"
    host.exec(["sh", "-c", probe, SECOND])
    return host


def test_the_file_is_not_written_for_a_second_daemon(second_daemon: TestHost) -> None:
    host = second_daemon
    refused = plan_inside(host, "--docker-host", SECOND)[0]
    assert "/run/second.sock is not that of docker.service" in refused["message"]
    for own in ("unix:///run/docker.sock", "unix:///var/run/docker.sock"):
        found = plan_inside(host, "--docker-host", own)[0]
        assert not found["failed"] and found["changed"]
    host.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    assert plan_inside(host, "--docker-host", SECOND)[0]["failed"]


def test_a_moved_default_of_the_cgroup_namespace(world: World) -> None:
    host, web = world.host, container()
    reset_daemon(host)
    strong = container(privileged=True, state="stopped")  # has a default of its own
    spec = {"containers": {"web": web, "strong": strong}}
    world.apply(spec)
    assert world.check(spec).plan.stale == ()
    host.write("/etc/docker/daemon.json", '{"default-cgroupns-mode": "private"}')
    host.restart_engine()
    try:
        world.run(spec)
        (notice,) = world.check(spec).plan.stale
        assert (notice.name, notice.path, notice.after) == ("web", "cgroup", "private")
        anew = world.apply({**spec, "recreate_stale": True})
        assert [change.path for change in anew.plan.changes] == ["cgroup"]
        assert world.inspect("web")["HostConfig"]["CgroupnsMode"] == "private"
    finally:
        reset_daemon(host)
