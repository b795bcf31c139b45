"""Law 6: a container is replaced so that it is never worse off, wherever the run fails or dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dockwright.model import Action
from tests.engine.world import SERVER, SLEEP, World, changes, container, titles, told
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

    def __init__(self, world: World) -> None:
        self.world = world
        world.apply(shop(1))
        assert world.does("web", "sh", "-c", "echo precious > /data/file")
        self.volumes = world.volumes()
        assert len(self.volumes) == 1

    def assert_well(self, version: int) -> None:
        world = self.world
        assert world.names() == {"web", "mate"}
        for name in ("web", "mate"):
            assert world.is_running(name)
            assert world.policy(name) == "always"
        web = world.inspect("web")
        assert f"VERSION={version}" in web["Config"]["Env"]
        assert web["NetworkSettings"]["Networks"]["net"]["IPAddress"] == ADDRESS
        assert world.does("web", "grep", "precious", "/data/file")
        assert world.volumes() == self.volumes
        assert world.networks() == {"net"}
        attached = world.client.api.inspect_network("net")["Containers"]
        assert [end["Name"] for end in attached.values()] == ["web"]
        assert world.does("mate", "wget", "-qO-", "http://127.0.0.1/")
        fetch = ["curl", "-sf", "--max-time", "5", f"http://127.0.0.1:{PORT}/"]
        assert "hello" in world.host.exec(fetch).stdout


def _sweep(world: World, steps: Any) -> int:
    """Kill a replacement after each of these steps; how many of them there were."""
    here = Shop(world)
    version, killed = 1, 0
    for step in steps:
        old = world.id("web")
        if not world.killed(shop(version + 1), step):
            here.assert_well(version + 1)
            break
        killed += 1
        # The next run wants the old one: it is back, unless the new one had won.
        undone = _recover(world, shop(version))
        here.assert_well(version)
        assert (world.id("web") == old) == undone
        # And the same where the next run wants the new one.
        world.killed(shop(version + 1), step)
        _recover(world, shop(version + 1))
        version += 1
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
