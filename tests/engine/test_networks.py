"""Law 6: a network is made anew so that nobody loses it, wherever the run fails or dies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from dockwright.engine.client import Engine, Reply
from dockwright.errors import EngineUnreachable
from tests.engine.world import READING, SLEEP, World, container, titles, told
from tests.hosts import TINY, TestHost

SUBNET = "10.78.0.0/24"
STATIC = "10.78.0.3"  # what the engine gives the second container that asks for any
FOREIGN = "10.78.0.5"


def shop(version: int, **more: Any) -> dict[str, Any]:
    """A network, one container in it with any address and one with the next."""
    net = {"ipam": {"config": [{"subnet": SUBNET}]}, "labels": {"version": version}, **more}
    web = {"net": {"ipv4_address": STATIC, "aliases": ["shop"]}}
    return {
        "project": "shop",
        "networks": {"net": net},
        "containers": {
            "any": container(networks=["net"], depends_on=["web"]),
            "web": container(networks=web),
            "zoo": container(networks=["net"], depends_on=["web"]),
        },
    }


class Shop:
    """The shop on an engine, two containers of somebody else, and what must always be true."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.apply(shop(1))
        api = world.client.api
        for name, address in (("foreign", FOREIGN), ("asleep", None)):
            end = api.create_endpoint_config(aliases=[f"a-{name}"], ipv4_address=address)
            made = api.create_container(
                TINY,
                SLEEP,
                name=name,
                networking_config=api.create_networking_config({"net": end}),
                host_config=api.create_host_config(network_mode="net"),
                stop_signal="SIGKILL",
            )
            if name == "foreign":
                api.start(made)

    def assert_well(self, version: int) -> None:
        world = self.world
        assert world.networks() == {"net"}
        assert world.volumes() == set()
        net = world.client.api.inspect_network("net")
        assert net["Labels"]["version"] == str(version)
        assert net["IPAM"]["Config"][0]["Subnet"] == SUBNET
        members = {end["Name"] for end in net["Containers"].values()}
        assert members == {"any", "web", "zoo", "foreign"}
        for name, alias in (("web", "shop"), ("foreign", "a-foreign"), ("asleep", "a-asleep")):
            end = world.inspect(name)["NetworkSettings"]["Networks"]["net"]
            assert alias in end["Aliases"]
        for name, address in (("web", STATIC), ("foreign", FOREIGN)):
            assert world.inspect(name)["NetworkSettings"]["Networks"]["net"]["IPAddress"] == address
        assert world.does("any", "ping", "-c1", "-w2", "a-foreign")


def _recover(world: World, document: dict[str, Any]) -> list[str]:
    """The run after a killed one: what it planned, which is what it did."""
    with world.untouched():
        world.check(document)
    return titles(world.apply(document))


def _sweep(here: Shop, steps: Iterable[int]) -> int:
    """Kill after each of these steps; the next run wants the old network or the new in turn."""
    world, version, killed = here.world, 1, 0
    for step in steps:
        if not world.killed(shop(version + 1), step):
            here.assert_well(version + 1)
            break
        killed += 1
        version += 1 - step % 2
        is_half_done = world.volumes() != set()
        planned = _recover(world, shop(version))
        assert ("recover network net" in planned) == is_half_done
        here.assert_well(version)
    return killed


def test_killed_after_any_step(host26: TestHost, world_of: Callable[[TestHost], World]) -> None:
    steps = _sweep(Shop(world_of(host26)), range(1, 60))
    assert steps == 14  # kept; five out and in; one goes, one comes; and dropped: five more


@pytest.mark.parametrize("engine", ["host20", "host28"])
def test_killed_after_some_steps(
    engine: str, request: pytest.FixtureRequest, world_of: Callable[[TestHost], World]
) -> None:
    _sweep(Shop(world_of(request.getfixturevalue(engine))), (3, 7, 8, 10))


def test_killed_while_bringing_back(world26: World) -> None:
    """What the recovery makes is no new network: its containers get what they had."""
    here = Shop(world26)
    other = {"ipam": {"config": [{"subnet": "10.79.0.0/24"}]}}
    for step in (1, 3):
        assert world26.killed(shop(2, **other), 7)  # the old one is gone
        assert world26.killed(shop(1), step)
        _recover(world26, shop(1))
        here.assert_well(1)


def test_a_spec_that_does_not_name_it(world26: World) -> None:
    here = Shop(world26)
    assert world26.killed(shop(2), 8)
    assert _recover(world26, {"containers": {"other": container(network_mode="none")}}) == [
        "recover network net",
        "create container other",
    ]
    here.assert_well(2)


def test_a_member_that_was_removed_meanwhile(world26: World) -> None:
    here = Shop(world26)
    assert world26.killed(shop(2), 7)
    world26.client.api.remove_container("zoo", force=True)
    _recover(world26, shop(2))
    here.assert_well(2)


def test_members_that_are_replaced_too(world: World) -> None:
    """Their old addresses are not in the new subnet: they need not come back to them."""
    world.apply(shop(1))
    after = shop(2, ipam={"config": [{"subnet": "10.79.0.0/24"}]})
    after["containers"]["web"] = container(
        networks={"net": {"ipv4_address": "10.79.0.9"}}, tty=True
    )
    world.apply(after)
    ends = world.inspect("web")["NetworkSettings"]["Networks"]
    assert ends["net"]["IPAddress"] == "10.79.0.9"
    after = shop(3)
    after["containers"]["web"] = container(networks=["default"])
    world.apply(after)
    assert list(world.inspect("web")["NetworkSettings"]["Networks"]) == ["shop_default"]


# --- failures ------------------------------------------------------------------------------------


def test_refused_and_undone(world: World) -> None:
    """Another network has the subnet; somebody's address is not in the new one."""
    here = Shop(world)
    world.client.api.create_network("taken", ipam={"Config": [{"Subnet": "10.80.0.0/24"}]})
    for subnet, words in (("10.80.0.0/24", "verlap"), ("10.81.0.0/24", "container foreign")):
        document = shop(2, ipam={"config": [{"subnet": subnet}]})
        document["containers"]["web"] = container(networks=["net"])
        report = world.fail(document)
        assert words in told(report)
        assert "the old network is back, with its containers" in told(report)
        assert report.problems[0].where == "networks.net"
        assert report.problems[0].fix
        assert report.changed
        assert "net" in {change.name for change in report.not_done}
    world.client.api.remove_network("taken")
    here.assert_well(1)
    assert not world.check(shop(1)).plan.changes


def test_the_engine_goes_away_in_the_middle(
    world26: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be neither finished nor undone now: the report says so, the next run does it."""
    here = Shop(world26)
    left = [7]
    request = Engine.request

    def failing(engine: Engine, method: str, path: str, **options: Any) -> Reply:
        if left[0] <= 0:
            raise EngineUnreachable("the engine went away")
        left[0] -= method not in READING
        return request(engine, method, path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "request", failing)
        report = world26.fail(shop(2))
    assert "bringing the old network back failed too" in told(report)
    assert "the next run" in told(report)
    assert report.changed
    assert _recover(world26, shop(2))[0] == "recover network net"
    here.assert_well(2)


def test_another_run_is_at_it(world26: World) -> None:
    """Without a common lock: the volume that keeps the old network is the mutex."""
    here = Shop(world26)
    world26.client.volumes.create("net.dockwright-network", labels={"a": "b"})
    with world26.events() as events:
        report = world26.fail(shop(2))
    assert events == ["volume create net.dockwright-network"] or events == []
    assert "by somebody else" in told(report)
    world26.client.api.remove_volume("net.dockwright-network")
    world26.apply(shop(2))
    here.assert_well(2)
