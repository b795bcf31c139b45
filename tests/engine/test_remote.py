"""An engine of another machine, by ssh or TCP: no host edge, so no lock, no memory, no daemon."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.connection import Connection
from dockwright.host.lock import Lock
from dockwright.host.machine import Host
from dockwright.model import Report
from tests.engine.world import World, container, project, titles, told
from tests.hosts import TINY, TestHost


@contextlib.contextmanager
def forwarded(path: str) -> Iterator[str]:
    """An address of this machine at which an engine's socket answers."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(path)
                back = threading.Thread(target=pump, args=(engine, self.request), daemon=True)
                back.start()
                pump(self.request, engine)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Forward) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side has hung up
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Remote:
    """Runs on the engine of a world, as if it were far away."""

    def __init__(self, world: World, address: str, state: Path) -> None:
        self.world = world
        self.address = address
        self.state = state

    def run(self, document: Any, *, check: bool = False) -> Report:
        connection = Connection(self.address, timeout=30.0)
        return reconcile.converge(document, connection=connection, check=check)

    def apply(self, document: Any) -> Report:
        predicted = self.run(document, check=True)
        report = self.run(document)
        assert not report.failed, told(report)
        assert titles(report) == titles(predicted)
        assert not self.run(document, check=True).plan.changes
        return report


@pytest.fixture(params=["tcp", "ssh"])
def remote(
    request: pytest.FixtureRequest,
    host26: TestHost,
    world_of: Callable[[TestHost], World],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Remote]:
    world = world_of(host26)
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "state"))
    if request.param == "ssh":
        monkeypatch.setenv("PATH", f"{host26.ssh_path}:{os.environ['PATH']}")
        yield Remote(world, f"ssh://root@{host26.address}", tmp_path / "state")
        return
    with forwarded(host26.socket) as address:
        yield Remote(world, address, tmp_path / "state")


def shop(version: int, **more: Any) -> dict[str, Any]:
    web = container(environment={"VERSION": version}, networks=["net"])
    return project({"web": web}, networks={"net": {"labels": {"version": version}}}, **more)


def test_objects_without_memory_and_lock(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is converged; causes are not known, and nothing is kept or locked on this machine."""
    monkeypatch.setattr(Lock, "__enter__", lambda lock: pytest.fail("it took a lock"))
    remote.world.client.containers.run(TINY, ["sleep", "1000"], name="adopted", detach=True)
    remote.apply(shop(1))
    report = remote.apply(shop(2))
    assert {change.cause.value for change in report.plan.changes} == {"unknown"}
    assert not remote.state.exists()
    # Labels tell what is ours; what has none is not removed, though it was declared.
    adopting = shop(2)
    adopting["containers"]["adopted"] = {
        "image": TINY,
        "command": ["sleep", "1000"],
        "networks": ["bridge"],
    }
    assert titles(remote.apply(adopting)) == []
    report = remote.apply({"project": "shop", "purge": True})
    assert titles(report) == ["delete container web", "delete network net"]
    assert remote.world.names() == {"adopted"}


def test_the_daemon_is_refused(remote: Remote) -> None:
    with remote.world.untouched():
        report = remote.run(shop(1, daemon={"debug": True}))
    assert report.failed
    (problem,) = report.problems
    assert problem.where == "daemon"
    assert "the engine is reached over the network" in problem.message
    assert "run on that host" in problem.fix


def test_half_done_work_of_others_is_left_alone(remote: Remote) -> None:
    """Whether a run is still at it cannot be seen from here; what the spec names is put right."""
    world = remote.world
    world.apply(shop(1))
    other = {"containers": {"other": container(network_mode="none")}}
    # The network is gone, and its container in none; the container's new one is made.
    for step, left in ((5, "recover network net"), (9, "recover container web")):
        assert world.killed(shop(2), step)
        before = world.snapshot()
        assert titles(remote.apply(other)) == ["create container other"]
        remote.apply({"containers": {"other": container(state="absent", network_mode="none")}})
        assert world.snapshot()["containers"] == before["containers"]
        assert world.snapshot()["volumes"] == before["volumes"]
        assert left in titles(remote.run(shop(1), check=True))
        assert left in titles(remote.apply(shop(1)))
        assert world.names() == {"web"}
        assert world.volumes() == set()
        assert world.inspect("web")["NetworkSettings"]["Networks"]["net"]["IPAddress"]
    assert not Host(memory=str(world.memory)).lock().is_taken()


def test_two_that_set_out_at_once(remote: Remote) -> None:
    """Without a lock the fixed names decide; who comes second has changed nothing."""
    world = remote.world
    world.apply(shop(1))
    identity, started = world.id("web"), world.inspect("web")["State"]["StartedAt"]
    world.client.containers.create(TINY, name="web.dockwright-new")
    world.client.volumes.create("net.dockwright-network")
    document = shop(2)
    for name, words in (("net", "made anew by somebody else"), ("web", "is already in use")):
        report = remote.run(document)
        assert report.failed
        assert words in told(report)
        assert name in {change.name for change in report.not_done}
        assert not report.changed
        document["networks"] = shop(1)["networks"]  # then only the container
    assert world.id("web") == identity
    assert world.inspect("web")["State"]["StartedAt"] == started
    assert world.networks() == {"net"}
