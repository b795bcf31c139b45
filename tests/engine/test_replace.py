"""Law 6: a container is replaced so that it is never worse off, wherever the run fails or dies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from dockwright.model import Action, Report
from tests.engine.world import PATIENT, SERVER, SLEEP, World, container, titles, told
from tests.hosts import TINY, TestHost

PORT = 18080
ADDRESS = "10.77.0.10"
NETWORKS = {"net": {"ipam": {"config": [{"subnet": "10.77.0.0/24"}]}}}
HEALTHY = {"test": "true", "interval": "200ms", "retries": 1}
UNHEALTHY = {"test": "false", "interval": "200ms", "timeout": "1s", "retries": 1}


def shop(version: int, **more: Any) -> dict[str, Any]:
    """A server with all that makes replacing hard, and one that lives in its network."""
    web = container(
        command=SERVER,
        ports=[f"{PORT}:80"],
        networks={"net": {"ipv4_address": ADDRESS, "aliases": ["shop"]}},
        volumes=["/data"],
        restart="always",
        environment={"VERSION": version},
    )
    mate = container(network_mode="service:web", restart="always")
    return {
        "project": "shop",
        "networks": NETWORKS,
        "containers": {"web": {**web, **more}, "mate": mate},
        "wait_timeout": "5s",
    }


class Shop:
    """The shop on an engine, and what must always be true of it."""

    others: tuple[str, ...] = ()

    def __init__(self, world: World) -> None:
        self.world = world
        world.apply(shop(1))
        assert world.does("web", "sh", "-c", "echo precious > /data/file")
        self.volumes = world.volumes()
        assert len(self.volumes) == 1

    def assert_well(self, version: int) -> None:
        world = self.world
        assert world.names() == {"web", "mate", *self.others}
        for name in ("web", "mate"):
            assert world.is_running(name)
            assert world.policy(name) == "always"
        web = world.inspect("web")
        assert f"VERSION={version}" in web["Config"]["Env"]
        assert web["NetworkSettings"]["Networks"]["net"]["IPAddress"] == ADDRESS
        assert "shop" in web["NetworkSettings"]["Networks"]["net"]["Aliases"]
        assert world.does("web", "grep", "precious", "/data/file")
        assert world.volumes() == self.volumes
        assert world.networks() == {"net"}
        attached = world.client.api.inspect_network("net")["Containers"]
        assert [end["Name"] for end in attached.values()] == ["web"]
        for name in ("mate", *self.others):  # in the network of the web that runs now
            assert world.does(name, "wget", "-qO-", "http://127.0.0.1/")
        fetch = ["curl", "-sf", "--max-time", "5", f"http://127.0.0.1:{PORT}/"]
        assert "hello" in world.host.exec(fetch).stdout


# --- the new one does not make it ----------------------------------------------------------------


def _start_refused(world: World) -> tuple[dict[str, Any], str]:
    return {"command": ["/no/such/program"]}, "no such file or directory"


def _device_missing(world: World) -> tuple[dict[str, Any], str]:
    return {"devices": ["/dev/no-such-device"]}, "no-such-device"


def _user_unknown(world: World) -> tuple[dict[str, Any], str]:
    return {"user": "nosuchuser"}, "nosuchuser"


def _ends_at_once(world: World) -> tuple[dict[str, Any], str]:
    return {"command": ["sh", "-c", "exit 3"]}, "exited 3"


def _unhealthy(world: World) -> tuple[dict[str, Any], str]:
    return {"healthcheck": UNHEALTHY}, "unhealthy"


def _never_healthy(world: World) -> tuple[dict[str, Any], str]:
    check = {**UNHEALTHY, "retries": 1000}
    return {"healthcheck": check, "_wait": "1s"}, "within 1 s"


STARTS: list[Callable[[World], tuple[dict[str, Any], str]]] = [
    _start_refused,
    _device_missing,
    _user_unknown,
    _ends_at_once,
    _unhealthy,
    _never_healthy,
]


def test_a_new_one_that_does_not_run(world: World) -> None:
    """The old container is back under its ID, with everything; the report says what happened."""
    here = Shop(world)
    world.settle = PATIENT
    old = world.id("web")
    for fault in STARTS:
        more, words = fault(world)
        document = shop(2)
        document["wait_timeout"] = more.pop("_wait", "5s")
        document["containers"]["web"].update(more)
        report = world.fail(document)
        assert words in told(report)
        assert "the old one is back in its place" in told(report)
        assert report.problems[0].where == "containers.web"
        assert report.problems[0].fix
        assert report.changed  # it was stopped and started
        assert "web" in {change.name for change in report.not_done}
        assert world.id("web") == old
        here.assert_well(1)
        assert not world.check(shop(1)).plan.changes
    world.apply(shop(2))
    here.assert_well(2)


def test_a_port_that_somebody_holds(world26: World) -> None:
    """Found only at the start: this machine cannot see the ports of that one."""
    here = Shop(world26)
    old = world26.id("web")
    unit = "--unit=port-holder"
    world26.host.exec(["systemd-run", "-q", unit, "python3", "-m", "http.server", "18999"])
    try:
        world26.host.exec(["sh", "-c", "until curl -s 127.0.0.1:18999 >/dev/null; do :; done"])
        report = world26.fail(shop(2, ports=[f"{PORT}:80", "18999:80"]))
    finally:
        world26.host.exec(["systemctl", "stop", "port-holder"])
    assert "18999" in told(report)
    assert world26.id("web") == old
    here.assert_well(1)
    assert not world26.check(shop(1)).plan.changes


def test_options_that_the_engine_refuses(world: World) -> None:
    """The old container is not touched at all: it was not even stopped."""
    here = Shop(world)
    started = world.inspect("web")["State"]["StartedAt"]
    # What only the engine can know: this kernel has no such limit, that driver no such option.
    for more in ({"storage_opt": {"size": "1g"}}, {"logging": {"options": {"no-such": "1"}}}):
        with world.events() as events:
            report = world.fail(shop(2, **more))
        # Some engines tell of taking back what they could not make.
        assert [event for event in events if not event.endswith(" web.dockwright-new")] == []
        assert not report.changed
        assert not report.done
        assert report.not_done == list(report.plan.changes)
        assert report.problems[0].where.startswith("containers.web")
        assert world.inspect("web")["State"]["StartedAt"] == started
        here.assert_well(1)


def test_a_crashing_container_can_be_repaired(world: World) -> None:
    def document(command: Iterable[str], **more: Any) -> dict[str, Any]:
        web = container(command=list(command), restart="always", **more)
        return {"project": "shop", "containers": {"web": web}}

    world.settle = PATIENT
    assert "keeps restarting" in told(world.fail(document(["sh", "-c", "sleep 0.05; exit 1"])))
    world.apply(document(SLEEP))
    assert world.is_running("web")
    assert world.names() == {"web"}


# --- our process dies ----------------------------------------------------------------------------


def _sweep(world: World, steps: Iterable[int], *, every: bool = False) -> int:
    """Kill a replacement after each of these steps; how many of them there were.

    The next run wants the old one or the new one in turn; with ``every`` both after each step.
    """
    here = Shop(world)
    version, killed = 1, 0
    for step in steps:
        old = world.id("web")
        if not world.killed(shop(version + 1), step):
            here.assert_well(version + 1)
            break
        killed += 1
        if every or step % 2:
            # The old one is back, unless the new one had won.
            undone = _recover(world, shop(version))
            here.assert_well(version)
            assert (world.id("web") == old) == undone
        if every:
            assert world.killed(shop(version + 1), step)
        if every or not step % 2:
            version += 1
            _recover(world, shop(version))
            here.assert_well(version)
    return killed


def _recover(world: World, document: dict[str, Any]) -> bool:
    """The run after a killed one; whether the old container was to come back and stay."""
    with world.untouched():
        plan = world.check(document).plan.changes
    report = world.apply(document)
    assert report.changed == bool(plan)
    new = [c.name for c in plan if c.action is Action.REPLACE]
    finished = [c for c in plan if c.action is Action.RECOVER and "removed" in c.reason]
    return "web" not in new and not any(c.name == "web" for c in finished)


def test_killed_after_any_step(host26: TestHost, world_of: Callable[[TestHost], World]) -> None:
    steps = _sweep(world_of(host26), range(1, 60))
    assert steps > 12  # two containers are replaced, with seven requests and more for each


@pytest.mark.parametrize("engine", ["host20", "host28"])
def test_killed_after_some_steps(
    engine: str, request: pytest.FixtureRequest, world_of: Callable[[TestHost], World]
) -> None:
    _sweep(world_of(request.getfixturevalue(engine)), (3, 4, 7))


@pytest.mark.full
def test_killed_after_any_step_everywhere(world: World) -> None:
    _sweep(world, range(1, 60), every=True)


def _adopted(world: World) -> None:
    """A container that removes itself when it stops, with an anonymous volume, made by hand."""
    world.client.containers.run(
        TINY,
        SLEEP,
        name="web",
        detach=True,
        auto_remove=True,
        environment={"VERSION": "1"},
        volumes=["/data"],
        stop_signal="SIGKILL",
    )
    assert world.does("web", "sh", "-c", "echo precious > /data/file")


def _plain(version: int, **more: Any) -> dict[str, Any]:
    web = {"image": TINY, "command": SLEEP, "environment": {"VERSION": version}}
    more = {"volumes": ["/data"], "network_mode": "bridge", "stop_signal": "SIGKILL", **more}
    return {"containers": {"web": {**web, **more}}}


def _assert_kept(world: World, version: int, volumes: set[str]) -> None:
    assert world.names() == {"web"}
    assert world.is_running("web")
    assert f"VERSION={version}" in world.inspect("web")["Config"]["Env"]
    assert world.does("web", "grep", "precious", "/data/file")
    assert world.volumes() == volumes


def test_a_container_that_removes_itself(world: World) -> None:
    """A copy of it takes its place when the new one fails, with its volume."""
    _adopted(world)
    volumes = world.volumes()
    assert not world.check(_plain(1)).plan.changes
    world.fail(_plain(2, command=["/no/such/program"]))
    _assert_kept(world, 1, volumes)
    assert world.inspect("web")["HostConfig"]["AutoRemove"]
    assert not world.check(_plain(1)).plan.changes
    world.apply(_plain(2))
    _assert_kept(world, 2, volumes)
    # The volume goes with the option, also after it was carried over.
    world.apply(_plain(3, volumes=[]))
    assert world.volumes() == set()


def test_killed_while_one_that_removes_itself_is_replaced(world26: World) -> None:
    world = world26
    for step in range(1, 20):
        wanted = 1 + step % 2  # the next run wants the old one, or the new one
        _adopted(world)
        volumes = world.volumes()
        died = world.killed(_plain(2), step)
        if died:
            _recover(world, _plain(wanted))
            _assert_kept(world, wanted, volumes)
        world.client.api.remove_container("web", force=True, v=True)
        for name in world.volumes():
            world.client.api.remove_volume(name)
        if not died:
            break
    assert step > 7


def test_killed_before_the_volumes_that_nobody_takes_over_are_removed(world26: World) -> None:
    """A volume that was carried over once is not removed with its container by the engine."""
    world = world26
    last = _plain(3, volumes=[])
    for step in (5, 6, 7):  # started, the old one removed, its volume removed
        world.apply(_plain(1))
        world.apply(_plain(2))
        assert len(world.volumes()) == 1
        assert world.killed(last, step)
        _recover(world, last)
        assert world.volumes() == set()
    assert not world.killed(_plain(4, volumes=[]), 7)


# --- those that live with it ---------------------------------------------------------------------


def _with_foreigner(world: World) -> Shop:
    here = Shop(world)
    here.others = ("foreign",)
    world.client.containers.run(
        TINY,
        SLEEP,
        name="foreign",
        detach=True,
        network_mode=f"container:{world.id('web')}",
        stop_signal="SIGKILL",
        labels={"owner": "somebody"},
        restart_policy={"Name": "always"},
    )
    return here


def test_a_foreign_container_in_its_network_follows(world: World) -> None:
    here = _with_foreigner(world)
    assert not world.check(shop(1)).plan.changes
    predicted = world.check(shop(2))
    assert "replace container foreign network_mode" in titles(predicted)
    followed = [c for c in predicted.plan.changes if c.name == "foreign"]
    assert followed[0].disruption.word == "replace"
    world.apply(shop(2))
    here.assert_well(2)
    foreign = world.inspect("foreign")
    assert foreign["Config"]["Labels"]["owner"] == "somebody"
    assert foreign["HostConfig"]["RestartPolicy"]["Name"] == "always"


def test_a_foreign_container_after_a_failure(world: World) -> None:
    """It is in the network of the old one again, which is another one since its new start."""
    here = _with_foreigner(world)
    world.fail(shop(2, command=["/no/such/program"]))
    here.assert_well(1)
    assert not world.check(shop(1)).plan.changes


def test_killed_before_a_foreign_container_followed(world26: World) -> None:
    here = _with_foreigner(world26)
    for version, step in enumerate((3, 7, 8, 9, 12), start=2):
        assert world26.killed(shop(version), step)
        _recover(world26, shop(version))
        here.assert_well(version)


def test_one_that_was_left_in_an_old_network_is_restarted(world26: World) -> None:
    """A restart of the owner by hand cuts the others off; the plan sees it."""
    here = Shop(world26)
    world26.client.containers.get("web").restart(timeout=0)
    assert not world26.does("mate", "wget", "-qO-", "http://127.0.0.1/")
    report: Report = world26.apply(shop(1))
    assert titles(report) == ["restart container mate network_mode"]
    here.assert_well(1)
    world26.client.containers.get("web").stop(timeout=0)
    assert titles(world26.apply(shop(1))) == [
        "start container web state",
        "restart container mate network_mode",
    ]
    here.assert_well(1)


def test_a_port_and_an_address_pass_over(world26: World) -> None:
    """Who gives up comes before who takes, whatever the order in the spec."""

    def document(first: str, second: str) -> dict[str, Any]:
        def one(name: str, holds: bool) -> dict[str, Any]:
            if not holds:
                return container(networks=["net"])
            ends = {"net": {"ipv4_address": ADDRESS}}
            return container(networks=ends, ports=[f"{PORT}:80"])

        return {
            "project": "shop",
            "networks": NETWORKS,
            "containers": {name: one(name, name == first) for name in (first, second)},
        }

    world26.apply(document("one", "two"))
    world26.apply(document("two", "one"))
    world26.apply(document("one", "two"))
