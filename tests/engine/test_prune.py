"""What nothing needs: found, told with its size, and removed; what is needed stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from dockwright import api
from dockwright.actions.prune import Seen, plan
from tests.engine.world import SLEEP, World
from tests.hosts import TINY

NAME = "dockwright/prune"


@pytest.fixture
def world(world: World) -> Iterator[World]:
    yield world
    for image in world.client.images.list(NAME):
        for tag in image.tags:
            world.client.images.remove(tag, force=True)


def act(world: World, *, check: bool = False, **params: Any) -> dict[str, Any]:
    answer = api.act("prune", params, api.Connection(world.host.docker_host), check=check)
    assert not answer["failed"], answer["message"]
    return answer


def prune(world: World, **params: Any) -> dict[str, Any]:
    """Check, then prune: what was named goes, and then there is nothing left."""
    with world.untouched():
        told = act(world, check=True, **params)
    done = act(world, **params)
    assert (done["removed"], done["changed"]) == (told["removed"], told["changed"])
    assert done["bytes"] >= told["bytes"]
    assert not done["warnings"]
    again = act(world, **params)
    assert (again["changed"], again["message"]) == (False, "nothing to remove")
    return done


def test_stopped_containers_go_and_free_what_they_had(world: World) -> None:
    api = world.client.api
    world.client.networks.create("held")
    world.client.networks.create("free")
    world.client.volumes.create("data")
    world.client.containers.create(TINY, SLEEP, name="job", network="held", volumes=["data:/data"])
    world.client.containers.run(TINY, SLEEP, name="web", detach=True)
    assert prune(world, networks=True)["removed"]["networks"] == ["free"]
    assert not act(world, volumes="unused")["changed"]
    done = prune(world, containers=True, networks=True, volumes="unused")
    found = {kind: names for kind, names in done["removed"].items() if names}
    assert found == {"containers": ["job"], "networks": ["held"], "volumes": ["data"]}
    assert [c["Names"] for c in api.containers(all=True)] == [["/web"]]


def test_anonymous_volumes_and_their_bytes(world: World) -> None:
    fill = ["sh", "-c", "head -c 3000000 /dev/zero > /data/zeros"]
    ended = world.client.containers.create(TINY, fill, name="job", volumes=["/data"])
    ended.start()
    ended.wait()
    ended.remove(v=False)
    world.client.volumes.create("data")
    (name,) = world.volumes() - {"data"}
    done = prune(world, volumes="anonymous")
    assert done["removed"]["volumes"] == [name]
    assert done["bytes"] >= 3_000_000
    assert world.volumes() == {"data"}


def test_images_but_the_newest(world: World) -> None:
    for version in (1, 2, 3):
        time.sleep(1.1 if version > 1 else 0)  # the engine notes whole seconds
        world.host.load_layer(f"{NAME}:{version}", size=version * 1_000_000)
    world.client.containers.create(f"{NAME}:1", SLEEP, name="job")
    named = {"labels": ["layer"], "images": "unused"}
    assert not act(world, check=True, **{**named, "images": "dangling"})["changed"]
    assert not act(world, check=True, **named, older_than="100h")["changed"]
    assert not act(world, check=True, **named, except_labels=["layer"])["changed"]
    done = prune(world, **named, keep=1)
    assert done["removed"]["images"] == [f"{NAME}:2"]
    assert 2_000_000 <= done["bytes"] < 2_100_000
    done = prune(world, **named)
    assert done["removed"]["images"] == [f"{NAME}:3"]
    assert f"{NAME}:1" in world.client.images.get(f"{NAME}:1").tags  # a stopped container has it
    world.client.images.get(f"{NAME}:1").tag(NAME, "also")
    world.client.containers.get("job").remove()
    assert prune(world, **named)["removed"]["images"] == [f"{NAME}:1, {NAME}:also"]


def test_images_without_a_name(world: World) -> None:
    world.host.load_layer(f"{NAME}:1", size=1_000_000)
    old = world.client.images.get(f"{NAME}:1").id
    world.host.load_layer(f"{NAME}:1", size=1_000_000)
    done = prune(world, images="dangling", labels=["layer"])
    assert done["removed"]["images"] == [old.replace("sha256:", "")[:12]]
    assert world.client.images.get(f"{NAME}:1")


def test_nothing_named_is_refused(world26: World) -> None:
    connection = api.Connection(world26.host.docker_host)
    for params in ({}, {"older_than": "1h"}):
        answer = api.act("prune", params, connection)
        assert answer["failed"]
        assert "Name at least one of containers, images" in answer["message"]
    assert api.act("prune", {"volumes": "all"}, connection)["failed"]


def test_caches_that_others_are_built_on_stay() -> None:
    """Pure: the engine keeps them, so the plan does not name them."""
    old, young = "1970-01-01T00:00:01Z", "1970-01-01T00:16:00Z"
    caches = [
        {"ID": "base", "LastUsedAt": old, "Size": 5},
        {"ID": "middle", "LastUsedAt": old, "Parents": ["base"], "Size": 5},
        {"ID": "top", "LastUsedAt": young, "Parent": "middle", "Size": 5},
        {"ID": "alone", "LastUsedAt": old, "Size": 5},
        {"ID": "never", "CreatedAt": young, "Size": 5},
        {"ID": "busy", "InUse": True, "Size": 5},
    ]
    seen = Seen([], [], [], [], caches, frozenset(), 0)
    names = [item.name for item in plan(seen, {"build_cache": True}, 1000.0)]
    assert names == ["base", "middle", "top", "alone", "never"]
    asked = {"build_cache": True, "older_than": 60 * 10**9}
    assert [item.name for item in plan(seen, asked, 1000.0)] == ["alone", "never"]


def test_what_a_run_put_aside_and_what_is_too_young_stays() -> None:
    """Pure: names and times that a real engine does not give at will."""
    asides = [
        {"Id": "a", "Names": ["/web.dockwright-old"], "State": "exited", "Created": 0},
        {"Id": "b", "Names": ["/job"], "State": "exited", "Created": 900},
    ]
    ours = {"Labels": {"io.dockwright.name": "once"}, "State": "exited", "Created": 900}
    asides.append({"Id": "c", "Names": ["/once"], **ours})
    asides.append({"Id": "d", "Names": ["/web"], "State": "created", "Created": 900})
    asides.append({"Id": "e", "Names": ["/vpn"], "State": "exited", "Created": 900})
    joins = {"State": "running", "HostConfig": {"NetworkMode": "container:e"}}
    asides.append({"Id": "f", "Names": ["/app"], **joins})
    journal = {"Name": "back.dockwright-network", "CreatedAt": "1970-01-01T00:00:00Z"}
    young = {"Name": "data", "CreatedAt": "1970-01-01T00:15:00.5+00:00"}
    unknown = {"Name": "odd", "CreatedAt": "long ago"}
    seen = Seen(asides, [], [], [journal, young, unknown], [], frozenset(), 0)
    asked = {"containers": True, "volumes": "unused"}
    assert [item.name for item in plan(seen, asked, 1000.0)] == ["job", "data", "odd"]
    limit = {**asked, "older_than": 60 * 10**9}
    assert [item.name for item in plan(seen, limit, 1000.0)] == ["job", "data"]
    limit = {**asked, "older_than": 110 * 10**9}
    assert [item.name for item in plan(seen, limit, 1000.0)] == []
