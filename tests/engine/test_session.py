"""A session: runs of one process share what the engine told, which is true whoever acts."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from dockwright import api
from dockwright.engine import keeping
from dockwright.host.machine import Host
from dockwright.kinds.container import replace
from tests.engine.world import READING, SLEEP, World, changes, container, titles, told
from tests.hosts import TINY

MANY = 20
OTHER = "dockwright/other:1"
BUDGET = MANY + 1 + 7  # each once, the image; version, info, three lists, and two to check


class Shared:
    """Runs on a world's engine that share a session, and what they asked."""

    def __init__(self, world: World, **options: Any) -> None:
        self.world = world
        self.session = api.Session(**options)
        self._seen = 0

    def run(self, document: Any, *, check: bool = False, alone: bool = False) -> api.Report:
        """One run; ``alone`` without the session."""
        with mock.patch.multiple(replace, STAY=self.world.settle, SETTLE=self.world.settle):
            return api.converge(
                document,
                connection=api.Connection(self.world.host.docker_host),
                check=check,
                host=Host(memory=str(self.world.memory)),
                session=None if alone else self.session,
            )

    @property
    def asked(self) -> list[str]:
        """The requests since this was asked for last."""
        log = [line for engine in self.session._engines.values() for line in engine.log]
        self._seen, before = len(log), self._seen
        return log[before:]


@pytest.fixture
def shared(lean_world: World) -> Iterator[Shared]:
    made = Shared(lean_world)
    yield made
    made.session.close()


def one(number: int, **more: Any) -> dict[str, Any]:
    """The document of one container of many."""
    return {"containers": {f"c{number}": container(network_mode="bridge", **more)}}


def test_twenty_runs_ask_what_one_would(shared: Shared) -> None:
    """Those of a Salt run without a change; made one by one they cost little more than alone."""
    for number in range(MANY):
        report = shared.run(one(number))
        assert not report.failed, told(report)
        assert titles(report) == [f"create container c{number}"]
    made = shared.asked
    alone = Shared(shared.world)
    report = alone.run(one(MANY))
    writing = [line for line in made if not line.startswith(READING)]
    assert len(writing) == 2 * MANY
    # Of each: what has happened, the subscription, the lists and itself after it was made.
    assert len(made) - len(writing) <= MANY * (1 + 1 + 3 + 1) + 7, made
    for check in (True, False):
        fresh = Shared(shared.world)
        for number in range(MANY):
            report = fresh.run(one(number), check=check)
            assert not report.failed and not report.plan.changes
            fresh.session.undisturbed()
        asked = [line for line in fresh.asked if not line.endswith("/events")]
        assert len(asked) <= MANY + 2 + 6
        assert len(set(asked)) == len(asked)  # nothing is asked twice
        fresh.session.close()


def test_what_is_asked_when_others_may_have_acted(shared: Shared) -> None:
    shared.run(one(1))
    shared.run(one(1), check=True)
    assert shared.asked
    shared.run(one(1), check=True)
    assert shared.asked == ["GET /events"]
    shared.session.undisturbed()
    shared.run(one(1), check=True)
    assert shared.asked == []
    shared.run(one(1), check=True)  # that was said once
    assert shared.asked == ["GET /events"]


def stop(world: World) -> None:
    world.client.containers.get("c1").stop(timeout=0)


def remove(world: World) -> None:
    world.client.containers.get("c1").remove(force=True)


def rename(world: World) -> None:
    world.client.containers.get("c1").rename("elsewhere")


def pause(world: World) -> None:
    world.client.containers.get("c1").pause()


def update(world: World) -> None:
    world.client.containers.get("c1").update(mem_limit="77m", memswap_limit="77m")


def take_its_name(world: World) -> None:
    rename(world)
    world.client.containers.run(TINY, SLEEP, name="c1", detach=True, environment={"A": "1"})


def connect(world: World) -> None:
    world.client.networks.create("further").connect("c1")


def leave(world: World) -> None:
    world.client.networks.get("net").disconnect("c1")


def remake_network(world: World) -> None:
    leave(world)
    world.client.networks.get("net").disconnect("c2")
    world.client.networks.get("net").remove()
    world.client.networks.create("net", internal=True).connect("c1")


def remove_volume(world: World) -> None:
    world.client.volumes.get("loose").remove()


def another_image(world: World) -> None:
    world.host.load_tiny(OTHER, Labels={"other": "another"})


def end_by_itself(world: World) -> None:
    """Nobody asks the engine for it."""
    pid = world.inspect("c1")["State"]["Pid"]
    world.host.exec(["kill", "-9", str(pid)])
    deadline = time.monotonic() + 30
    while world.is_running("c1") and time.monotonic() < deadline:
        time.sleep(0.02)


def restart_engine(world: World) -> None:
    """It forgets its events, and what happened while it was away."""
    world.host.restart_engine()


def many_events(world: World) -> None:
    """More than an engine remembers, and the one that counts is before them."""
    remove_volume(world)
    for number in range(keeping.REMEMBERED // 2 + 2):
        volume = world.client.volumes.create(f"passing{number}")
        volume.remove()


ACTS = [
    stop,
    remove,
    rename,
    pause,
    update,
    take_its_name,
    connect,
    leave,
    remake_network,
    remove_volume,
    another_image,
    end_by_itself,
    restart_engine,
    many_events,
]


@pytest.fixture
def everything() -> dict[str, Any]:
    first = container(image=OTHER, networks=["net"], restart="no", mem_limit="64m")
    return {
        "networks": {"net": {}},
        "volumes": {"loose": {}},
        "containers": {"c1": first, "c2": container(networks=["net"])},
    }


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_what_others_do_is_seen(
    shared: Shared, everything: dict[str, Any], act: Callable[[World], None]
) -> None:
    """The plan is that of a run which asks for all; so is the state afterwards."""
    shared.world.host.load_tiny(OTHER, Labels={"other": "yes"})
    report = shared.run(everything)
    assert not report.failed, told(report)
    assert not shared.run(everything, check=True).plan.changes
    act(shared.world)
    wanted = changes(shared.run(everything, check=True, alone=True))
    assert wanted, "the test does nothing"
    assert changes(shared.run(everything, check=True)) == wanted
    assert not (report := shared.run(everything)).failed, told(report)
    assert not shared.run(everything, check=True).plan.changes
    assert not shared.run(everything, check=True, alone=True).plan.changes


def test_nothing_is_changed_on_a_plan_that_does_not_hold(shared: Shared) -> None:
    """Whoever says that nobody has acted may be wrong: before anything is done it is looked at."""
    shared.run(one(1))
    shared.run(one(1, stop_signal="SIGUSR1"), check=True)
    shared.world.client.containers.get("c1").remove(force=True)
    shared.session.undisturbed()
    report = shared.run(one(1, stop_signal="SIGUSR1"))
    assert not report.failed, told(report)
    assert titles(report) == ["create container c1"]
    assert shared.world.is_running("c1")


def test_patience_is_limited(shared: Shared) -> None:
    impatient = Shared(shared.world, patience=0.05)
    impatient.run(one(1))
    impatient.run(one(1), check=True)
    stop(shared.world)
    time.sleep(0.06)
    impatient.session.undisturbed()
    assert titles(impatient.run(one(1), check=True)) == ["start container c1 state"]


def test_a_run_that_fails_leaves_no_wrong_answers(shared: Shared) -> None:
    assert not shared.run(one(1)).failed
    bad = shared.run(one(1, stop_signal="SIGTERM", devices=["/dev/nothing:/dev/nothing"]))
    assert bad.failed
    for document in (one(1), one(2)):
        alone = shared.run(document, check=True, alone=True)
        assert changes(shared.run(document, check=True)) == changes(alone)


def test_another_clock_is_not_believed(shared: Shared) -> None:
    """The times of an engine on another machine say nothing here."""
    with mock.patch.object(keeping, "nanoseconds", lambda text: time.time_ns() - 10**9):
        shared.run(one(1))
        shared.run(one(1), check=True)
        assert shared.asked
        shared.session.undisturbed()
        shared.run(one(1), check=True)
        assert "GET /info" in shared.asked


def test_forked_and_busy(shared: Shared) -> None:
    """A forked process, and a thread beside another one, ask for themselves."""
    shared.run(one(1))
    assert shared.asked
    with os.fdopen(_answer_of_child(lambda: _forked(shared))) as answer:
        assert answer.read() == "clean, shared nothing"
    shared.run(one(1), check=True)
    assert shared.asked == ["GET /events"]  # the connections have not been touched
    with shared.session._busy:
        thread = threading.Thread(target=lambda: shared.run(one(1), check=True))
        thread.start()
        thread.join(60)
    assert shared.asked == []


def _forked(shared: Shared) -> str:
    report = shared.run(one(1), check=True)
    shared.session.close()
    clean = "clean" if not (report.failed or report.plan.changes) else told(report)
    return f"{clean}, shared {'nothing' if not shared.asked else 'something'}"


def _answer_of_child(work: Callable[[], str]) -> int:
    """Where to read what a forked process says."""
    reading, writing = os.pipe()
    if not os.fork():
        with contextlib.suppress(BaseException):
            os.write(writing, work().encode())
        os._exit(0)
    os.close(writing)
    os.wait()
    return reading
