"""What there is of one kind, chosen by name, label, project and state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockwright import api
from tests.engine.world import World, container, project
from tests.hosts import TINY

DOCUMENT = project(
    {
        "web": container(environment={"TOKEN": "hidden-word-7"}, labels={"tier": "front"}),
        "db": container(state="stopped", networks=["back"], volumes=["data:/data"]),
    },
    networks={"back": {"internal": True}},
    volumes={"data": {"labels": {"tier": "back"}}},
)


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.apply(DOCUMENT)
    return lean_world


def look(world: World, kind: str, **params: Any) -> dict[str, Any]:
    with world.untouched():
        answer = api.act(f"{kind}_info", params, api.Connection(world.host.docker_host))
    assert not answer["failed"], answer["message"]
    assert not answer["changed"]
    return answer


def names(world: World, kind: str, **params: Any) -> list[str]:
    return [item["name"] for item in look(world, kind, **params)[f"{kind}s"]]


def test_containers_by_name_state_label_and_project(world: World) -> None:
    assert names(world, "container") == ["db", "web"]
    assert names(world, "container", state="running") == ["web"]
    assert names(world, "container", state="created") == ["db"]
    assert names(world, "container", labels=["tier"]) == ["web"]
    assert names(world, "container", labels=["tier=back"]) == []
    (name,) = {c["project"] for c in look(world, "container")["containers"]}
    assert names(world, "container", project=name) == ["db", "web"]
    assert names(world, "container", project="other") == []
    found = look(world, "container", name=["web", world.id("db")[:6]])
    assert [c["name"] for c in found["containers"]] == ["web"]
    assert found["missing"] == [world.id("db")[:6]]  # the beginning of an ID is no name


def test_inspect_comes_without_secrets(world: World) -> None:
    found = look(world, "container", name="web", inspect=True)
    (web,) = found["containers"]
    assert web["inspect"]["State"]["Running"] is True
    assert "TOKEN=********" in web["inspect"]["Config"]["Env"]
    assert "hidden-word-7" not in json.dumps(found)


def test_images_by_any_of_their_names(world: World) -> None:
    identity = world.client.images.get(TINY).id
    for name in (TINY, f"docker.io/{TINY}", identity, identity.replace("sha256:", "")):
        found = look(world, "image", name=[name], inspect=True)
        assert [image["id"] for image in found["images"]] == [identity]
        assert found["images"][0]["inspect"]["Id"] == identity
    assert look(world, "image", name=["dockwright/none:1"])["missing"] == ["dockwright/none:1"]


def test_networks_and_volumes(world: World) -> None:
    assert {"back", "bridge"} <= set(names(world, "network"))
    (back,) = look(world, "network", name="back", inspect=True)["networks"]
    assert (back["internal"], back["inspect"]["Internal"]) == (True, True)
    assert names(world, "volume", labels=["tier=back"]) == ["data"]
    (data,) = look(world, "volume", name="data", inspect=True)["volumes"]
    assert data["inspect"]["Mountpoint"] == data["mountpoint"]


def test_wrong_words_are_refused(world26: World) -> None:
    connection = api.Connection(world26.host.docker_host)
    answer = api.act("container_info", {"state": "up", "names": ["web"]}, connection)
    assert answer["failed"]
    assert [problem["where"] for problem in answer["problems"]] == ["state"]
    answer = api.act("image_info", {"name": ["no image"]}, connection)
    assert [problem["where"] for problem in answer["problems"]] == ["name"]
