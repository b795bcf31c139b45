"""Links on real engines: a name that one container alone has for another."""

from __future__ import annotations

from typing import Any

from .world import World, container, project, titles


def _does(world: World, alias: str) -> bool:
    """Whether web knows somebody of that name."""
    return world.does("web", "ping", "-c", "1", "-W", "2", alias)


def test_on_a_network(world: World) -> None:
    def spec(*links: str, **db: Any) -> dict[str, Any]:
        both = {"networks": ["net"]}
        web = container(**both, links=list(links))
        named = {"web": web, "db": container(**both, **db), "other": container(**both)}
        return project(named, networks={"net": {}})

    world.apply(spec("db:store", "db"))
    id = world.id("web")
    assert _does(world, "store")
    assert not world.does("other", "ping", "-c", "1", "-W", "2", "store")
    # Another link is a new endpoint, and no new container.
    report = world.apply(spec("db:elsewhere"))
    assert titles(report) == ["reconnect container web networks.net"]
    assert (world.id("web"), _does(world, "elsewhere"), _does(world, "store")) == (id, True, False)
    # Who is linked to can be made anew: a name is looked up when it is used.
    assert titles(world.apply(spec("db:elsewhere", hostname="new"))) == [
        "replace container db hostname"
    ]
    assert (world.id("web"), _does(world, "elsewhere")) == (id, True)
    world.client.api.disconnect_container_from_network("web", "net")
    world.client.api.connect_container_to_network("web", "net", aliases=["w"])
    report = world.apply(spec("db:elsewhere"))
    causes = {str(change.cause.value) for change in report.plan.changes if change.name == "web"}
    assert causes == {"drift"}
    assert _does(world, "elsewhere")


def test_on_the_default_bridge(world: World) -> None:
    """There a link is to a container, not to a name: with the one the other is made anew."""

    def spec(*links: str, **db: Any) -> dict[str, Any]:
        web = container(network_mode="bridge", links=list(links))
        return project({"web": web, "db": container(network_mode="bridge", **db)})

    world.apply(spec("db:store"))
    assert _does(world, "store")
    report = world.apply(spec("db:store", hostname="new"))
    assert titles(report) == ["replace container db hostname", "replace container web links"]
    assert world.inspect("web")["HostConfig"]["Links"] == ["/db:/web/store"]
    assert _does(world, "store")
    assert world.names() == {"web", "db"}
    world.apply(spec())
    assert world.inspect("web")["HostConfig"]["Links"] is None


def test_who_is_linked_by_hand_comes_along(world26: World) -> None:
    """A container that nobody has declared, and its links."""
    world = world26
    named = {"db": container(network_mode="bridge")}
    world.apply(project(named))
    world.client.containers.run(
        "dockwright/busybox:1",
        ["sleep", "1000"],
        name="web",
        detach=True,
        links={"db": "store"},
        stop_signal="SIGKILL",
    )
    world.apply(project({"db": container(network_mode="bridge", hostname="new")}))
    assert world.inspect("web")["HostConfig"]["Links"] == ["/db:/web/store"]
    assert _does(world, "store")


def test_refused(world26: World) -> None:
    with world26.untouched(but="lock"):
        report = world26.fail(project({"web": container(links=["nobody"])}))
    assert report.problems[0].where == "containers.web.links.nobody"
