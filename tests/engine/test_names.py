"""Law 8: a name finds the object of that very name, never one whose ID begins like it."""

from __future__ import annotations

from typing import Any

from tests.engine.world import SLEEP, World, container, titles
from tests.hosts import TINY


def test_containers(world: World) -> None:
    """A name that is the beginning of another container's ID."""
    first = world.client.containers.run(TINY, SLEEP, name="first", detach=True)
    for length in (2, 4, 12, 64):
        name = first.id[:length]
        document: dict[str, Any] = {
            "containers": {name: container(network_mode="bridge", environment={"A": "1"})}
        }
        # Not there, though the engine's own lookup finds one.
        absent = {"containers": {name: {"state": "absent"}}}
        assert world.client.api.inspect_container(name)["Id"] == first.id
        assert titles(world.apply(absent)) == []
        assert titles(world.check(document)) == [f"create container {name}"]
        if length == 64:
            break  # the engine itself would never find one with such a name
        world.apply(document)
        made = world.id(name)
        assert made != first.id
        document["containers"][name]["environment"] = {"A": "2"}
        world.apply(document)
        document["containers"][name]["mem_limit"] = "64m"
        world.apply(document)
        assert titles(world.apply(absent)) == [f"delete container {name}"]
        assert world.names() == {"first"}
        assert world.is_running("first")


def test_a_dependency_and_a_shared_network(lean_world: World) -> None:
    """Named like the beginning of an ID, and not there: refused, not taken for the other."""
    first = lean_world.client.containers.run(TINY, SLEEP, name="first", detach=True)
    name = first.id[:4]
    report = lean_world.fail({"containers": {"web": container(network_mode=f"container:{name}")}})
    assert report.problems[0].where == "containers.web.network_mode"
    lean_world.apply(
        {
            "containers": {
                name: container(network_mode="bridge"),
                "web": container(network_mode=f"container:{name}"),
            }
        }
    )
    joined = lean_world.inspect("web")["HostConfig"]["NetworkMode"]
    assert joined == f"container:{lean_world.id(name)}"


def test_networks(lean_world: World) -> None:
    first = lean_world.client.networks.create("first")
    for length in (2, 4, 12):
        name = first.id[:length]
        absent = {"networks": {name: {"state": "absent"}}}
        assert titles(lean_world.apply(absent)) == []
        report = lean_world.fail({"containers": {"web": container(networks=[name])}})
        assert report.problems[0].where == f"containers.web.networks.{name}"
        document: dict[str, Any] = {
            "networks": {name: {}},
            "containers": {"web": container(networks=[name])},
        }
        lean_world.apply(document)
        (network,) = lean_world.inspect("web")["NetworkSettings"]["Networks"].values()
        assert network["NetworkID"] != first.id
        document["networks"][name] = {"internal": True}
        lean_world.apply(document)
        lean_world.apply({"containers": {"web": {"state": "absent"}}, **absent})
        assert lean_world.networks() == {"first"}


def test_volumes(lean_world: World) -> None:
    """An anonymous volume's name is a hexadecimal number; its beginning is another name."""
    lean_world.client.containers.run(TINY, SLEEP, name="first", detach=True, volumes=["/data"])
    (first,) = lean_world.volumes()
    name = first[:4]
    assert titles(lean_world.apply({"volumes": {name: {"state": "absent"}}})) == []
    document = {
        "volumes": {name: {}},
        "containers": {"web": container(network_mode="bridge", volumes=[f"{name}:/data"])},
    }
    lean_world.apply(document)
    assert lean_world.volumes() == {first, name}
    gone: dict[str, Any] = {
        "volumes": {name: {"state": "absent"}},
        "containers": {"web": {"state": "absent"}},
    }
    lean_world.apply(gone)
    assert lean_world.volumes() == {first}
