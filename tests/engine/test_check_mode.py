"""Law 2: check mode looks and never touches, and a real run does what it predicted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dockwright import api, reconcile
from dockwright.connection import Connection
from dockwright.host.machine import Host
from tests.engine.world import SLEEP, World, container, titles, told
from tests.hosts import TINY, TestHost, push, start_registry, tiny_tar

LOADED, PULLED = "dockwright/loaded:1", "localhost:5000/checked:1"


def before() -> dict[str, Any]:
    """What is there: of each kind of change something that it can happen to."""
    return {
        "project": "shop",
        "networks": {"moved": {}, "kept": {}, "gone": {}},
        "volumes": {"kept": {}, "gone": {}},
        "containers": {
            "live": container(mem_limit="64m", networks=["kept"]),
            "joins": container(networks=["kept"]),
            "anew": container(networks=["moved"], environment={"A": "1"}),
            "mate": container(network_mode="service:anew"),
            "absent": container(networks=["kept"]),
            "purged": container(networks=["gone"], volumes=["gone:/data"]),
            "stopped": container(networks=["kept"]),
        },
    }


def after() -> dict[str, Any]:
    """The same with every kind of change."""
    containers = before()["containers"]
    del containers["purged"]
    containers["live"].update(mem_limit="128m", restart="on-failure:3")
    containers["joins"]["networks"] = {"kept": {"aliases": ["other"]}, "moved": {}}
    containers["anew"]["environment"] = {"A": "2"}
    containers["absent"] = {"state": "absent"}
    containers["stopped"]["state"] = "stopped"
    containers["loaded"] = container(image=LOADED, networks=["fresh"])
    containers["pulled"] = container(image=PULLED, networks=["fresh"], volumes=["fresh:/data"])
    return {
        "project": "shop",
        "networks": {"moved": {"internal": True}, "kept": {}, "fresh": {}},
        "volumes": {"kept": {}, "fresh": {}},
        "images": {LOADED: {"load": str(tiny_tar(LOADED, Labels={"loaded": "yes"}))}},
        "containers": containers,
        "purge": True,
        "max_disruption": "destroy",
    }


def _offer_images(world: World) -> None:
    with contextlib.suppress(Exception):
        world.client.images.remove(LOADED, force=True)
    with contextlib.suppress(Exception):
        world.client.images.remove(PULLED, force=True)
    start_registry(world.host)
    world.host.load_tiny("dockwright/offered:1", Labels={"pulled": "yes"})
    push(world.host, "dockwright/offered:1", "checked:1")


def test_every_kind_of_change(world: World) -> None:
    _offer_images(world)
    world.apply(before())
    with world.untouched():
        predicted = world.check(after())
    assert predicted.changed
    assert not predicted.done
    assert {change.action.value for change in predicted.plan.changes} == {
        *("create", "update", "reconnect", "replace", "delete", "start", "stop", "pull", "load")
    } - {"start"}
    files = set(world.files())
    report = world.apply(after())
    assert titles(report) == titles(predicted)
    assert world.names() == {"live", "joins", "anew", "mate", "stopped", "loaded", "pulled"}
    assert world.volumes() == {"kept", "fresh"}
    assert world.networks() == {"moved", "kept", "fresh"}
    assert set(world.files()) >= files


def test_recovery_and_first_run(world26: World) -> None:
    """Check mode makes neither memory nor lock, not even where nothing was ever applied."""
    with world26.untouched():
        world26.check(before())
    assert not world26.memory.exists()
    document = before()
    world26.apply(document)
    document["containers"]["anew"]["environment"] = {"A": "2"}
    assert world26.killed(document, 5)
    with world26.untouched():
        predicted = world26.check(document)
    assert "recover container anew" in titles(predicted)
    assert titles(world26.apply(document)) == titles(predicted)


def test_live_changes_keep_the_container(world: World) -> None:
    """Memory or restart policy alone: changed in check mode, and the same container after."""

    def document(**more: Any) -> dict[str, Any]:
        return {"containers": {"web": container(network_mode="bridge", **more)}}

    world.apply(document(mem_limit="64m"))
    web = world.inspect("web")
    for more in (
        {"mem_limit": "128m"},
        {"mem_limit": "32m"},
        {"mem_limit": "32m", "restart": "unless-stopped"},
    ):
        predicted = world.check(document(**more))
        assert predicted.changed
        assert predicted.plan.disruption.word == "none"
        report = world.apply(document(**more))
        assert report.changed
        now = world.inspect("web")
        assert (now["Id"], now["State"]["StartedAt"]) == (web["Id"], web["State"]["StartedAt"])
    assert now["HostConfig"]["Memory"] == 32 * 1024**2
    assert world.policy("web") == "unless-stopped"


def test_no_engine(tmp_path: Path) -> None:
    """Without an engine check mode plans, and says for which one; a real run cannot go on."""
    address = f"unix://{tmp_path}/docker.sock"
    document = {"project": "shop", "containers": {"web": container(ports=["8080:80"])}}

    def run(*, check: bool) -> Any:
        absent = {"unit": "dockwright-none.service", "pidfile": str(tmp_path / "docker.pid")}
        host = Host(memory=str(tmp_path / "memory"), **absent)
        return reconcile.converge(document, connection=Connection(address), check=check, host=host)

    planned = run(check=True)
    assert not planned.failed, told(planned)
    assert planned.changed
    assert titles(planned) == [
        f"pull image {TINY}",
        "create network shop_default",
        "create container web",
    ]
    assert planned.engine["assumed"]
    assert any(planned.engine["version"] in text for text in planned.plan.warnings)
    assert list(tmp_path.iterdir()) == []
    real = run(check=False)
    assert real.failed
    assert not real.changed
    (problem,) = real.problems
    assert address in problem.message
    assert problem.fix
    assert api.exit_code(real) == 1


def test_the_network_of_the_same_spec(
    host28: TestHost, world_of: Callable[[TestHost], World]
) -> None:
    """What the spec makes need not be there yet, also in the document of a second run."""
    world = world_of(host28)
    document = {
        "networks": {"back": {}},
        "volumes": {"data": {}},
        "containers": {
            "db": container(networks=["back"], volumes=["data:/data"]),
            "web": container(network_mode="container:db"),
        },
    }
    predicted = world.check(document)
    assert titles(predicted) == [
        "create volume data",
        "create network back",
        "create container db",
        "create container web",
    ]
    world.apply(document)
    document["containers"]["job"] = container(command=SLEEP, networks=["back"])
    assert titles(world.apply(document)) == ["create container job"]
