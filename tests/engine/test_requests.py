"""Law 7: each thing is asked once, and what is done takes as few requests as the engine allows."""

from __future__ import annotations

import time
from typing import Any

from tests.engine.world import READING, SLEEP, World, container, titles
from tests.hosts import TINY

MANY = 20
OTHER = "dockwright/other:1"
HEALTHY = {"test": "sleep 0.3", "interval": "400ms", "retries": 3}
# Version, info, three lists; after what is done the lists again.
LISTS = 5
AFTER = 3


def many(count: int) -> dict[str, Any]:
    """Containers of two images in three networks with volumes."""
    return {
        "project": "shop",
        "networks": {"front": {}, "back": {}},
        "volumes": {"shared": {}},
        "containers": {
            f"c{number}": container(
                image=OTHER if number % 2 else TINY,
                networks=["front", "back"] if number % 3 else ["back"],
                volumes=[f"data{number % 5}:/data", "shared:/shared"],
                environment={"NUMBER": number},
            )
            for number in range(count)
        },
    }


def test_nothing_to_do_and_create(world: World) -> None:
    world.host.load_tiny(OTHER, Labels={"other": "yes"})
    document = many(MANY)
    report = world.run(document)
    assert not report.failed
    below_144 = tuple(map(int, report.engine["api"].split("."))) < (1, 44)
    further = sum(len(c["networks"]) - 1 for c in document["containers"].values())
    writing = [line for line in world.log if not line.startswith(READING)]
    made = 2 + 6  # networks and volumes
    assert len(writing) == made + 2 * MANY + (further if below_144 else 0)
    # Created, started, and inspected to prove it: three a container; one subscription for all of
    # them, to see that they stay.
    reading = [line for line in world.log if line.startswith(READING)]
    assert len(reading) == LISTS + AFTER + MANY + 2 + 1, reading
    assert [line for line in reading if "/events" in line] == ["GET /events"]

    for check in (True, False):
        world.run(document, check=check)
        assert len(world.log) <= MANY + 2 + 6, world.log
        assert len(set(world.log)) == len(world.log)  # nothing is asked twice
        assert all(line.startswith(READING) for line in world.log)


def test_one_of_many_costs_what_one_costs(lean_world: World) -> None:
    """After the apply only what was changed is asked again, however many others there are."""
    lean_world.host.load_tiny(OTHER, Labels={"other": "yes"})
    lean_world.client.containers.run(TINY, SLEEP, name="foreign", detach=True, network="bridge")

    def change(count: int, **more: Any) -> int:
        """What a run costs that changes one of so many, beside the first look at each."""
        document = many(count)
        lean_world.apply(document)
        document["containers"]["c1"].update(more)
        first = lean_world.run(document, check=True)
        report = lean_world.run(document)
        assert not report.failed
        assert {c.name for c in report.done} == {c.name for c in first.plan.changes} == {"c1"}
        for name in ("c0", "c2", "foreign"):
            identity = lean_world.id(name)
            assert lean_world.log.count(f"GET /containers/{identity}/json") <= 1
        state = report.state["containers"]
        assert set(state) == set(document["containers"])
        assert {name: shown["id"] for name, shown in state.items()} == {
            name: lean_world.id(name) for name in state
        }
        assert state["c1"]["status"] == "running"
        return len(lean_world.log) - count

    few, many_more = (
        (change(count, mem_limit="80m"), change(count, environment={"A": count}))
        for count in (4, 12)
    )
    assert few == many_more
    assert few[0] <= LISTS + 2 + 1 + AFTER + 1  # two images, the update, and the one again


def test_what_depends_on_a_change_is_read_again(lean_world: World) -> None:
    """A network made anew gives its containers other addresses; the report has them."""

    def document(subnet: str) -> dict[str, Any]:
        names = ("in1", "in2", "out")
        ends = {name: ["net"] if name != "out" else ["bridge"] for name in names}
        return {
            "project": "shop",
            "networks": {"net": {"ipam": {"config": [{"subnet": subnet}]}}},
            "containers": {name: container(networks=ends[name]) for name in names},
        }

    lean_world.apply(document("10.91.0.0/24"))
    report = lean_world.run(document("10.92.0.0/24"))
    assert not report.failed
    state = report.state["containers"]
    for name in ("in1", "in2"):
        assert state[name]["addresses"]["net"].startswith("10.92.0.")
    identity = lean_world.id("out")
    assert lean_world.log.count(f"GET /containers/{identity}/json") == 1
    assert report.state["networks"]["net"]["subnets"] == ["10.92.0.0/24"]


def test_live_updates_are_one_request(lean_world: World) -> None:
    def document(**more: Any) -> dict[str, Any]:
        return {"containers": {"web": container(network_mode="bridge", **more)}}

    lean_world.apply(document(mem_limit="64m", cpus="0.5", pids_limit=50))
    changed = {"mem_limit": "96m", "cpus": "0.75", "pids_limit": 70, "restart": "always"}
    report = lean_world.run(document(**changed))
    assert len(report.done) >= 4
    writing = [line.split("/")[-1] for line in lean_world.log if not line.startswith(READING)]
    assert writing == ["update"]


def test_health_is_awaited_without_polling(world: World) -> None:
    """However long it takes: one subscription, one look."""
    db = container(network_mode="bridge", healthcheck=HEALTHY)
    web = container(network_mode="bridge", depends_on={"db": {"condition": "service_healthy"}})
    start = time.monotonic()
    report = world.run({"containers": {"db": db, "web": web}})
    assert not report.failed
    assert time.monotonic() - start > 0.6
    assert [line for line in world.log if "/events" in line] == ["GET /events"]
    assert len(world.log) <= LISTS + AFTER + 3 * 2 + 2 + 2
    assert world.is_running("web")
    # Fulfilled already: asked no more.
    web["environment"] = {"A": "1"}
    assert titles(world.run({"containers": {"db": db, "web": web}})) == [
        "replace container web environment.A"
    ]
    identity = world.id("db")
    assert [line for line in world.log if identity in line] == [f"GET /containers/{identity}/json"]


def test_a_replacement(world: World) -> None:
    """New one, policy, stop, two names, start, and the old one goes."""

    def document(version: int) -> dict[str, Any]:
        env = {"VERSION": version}
        web = container(network_mode="bridge", restart="always", environment=env)
        return {"containers": {"web": web}}

    world.apply(document(1))
    report = world.run(document(2))
    assert not report.failed
    writing = [line for line in world.log if not line.startswith(READING)]
    assert len(writing) == 7
