"""The record of what was done, while workers write it side by side."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dockwright import reconcile
from dockwright.apply import Applier
from dockwright.connection import Connection
from dockwright.engine.fake import FakeEngine
from dockwright.engine.parallel import each
from dockwright.errors import ApplyFailed, LockTimeout
from dockwright.host.machine import Host
from dockwright.kinds.container import apply as container
from dockwright.kinds.container import replace
from dockwright.kinds.image.have import BuildSite
from dockwright.model import Action, Change, Plan, Report
from dockwright.observe import Edges
from dockwright.spec import Document

SERVICE = {"image": "web:1", "network_mode": "none"}
WEB = {"containers": {"web": SERVICE}}
BODY = {"Image": "web:1", "HostConfig": {"NetworkMode": "none"}}
CHANGES = tuple(Change("container", f"web-{n}", Action.UPDATE, "mem_limit") for n in range(400))


class Shop(NamedTuple):
    """An engine in memory, and its host."""

    engine: FakeEngine
    host: Host

    def converge(self, document: dict[str, Any]) -> Report:
        return reconcile.converge(document, connection=Connection("unix:///fake"), host=self.host)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """One that has an image."""
    engine = FakeEngine()
    engine.add_image("web:1")
    monkeypatch.setattr(reconcile, "Engine", lambda *_, **__: engine)
    return Shop(engine, Host(str(tmp_path)))


@pytest.fixture
def old(shop: Shop) -> Shop:
    """One that has a stopped container, too, which is nobody's."""
    shop.engine.post("/containers/create", BODY, {"name": "old"})
    return shop


@pytest.fixture
def _impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_impatient")
def test_workers_that_end_together_are_all_recorded(tmp_path: Path) -> None:
    report = Report(Plan(CHANGES))
    host = Host(memory=str(tmp_path))
    site = BuildSite(host.files.path, host.memory(""), host.run)
    edges = Edges(host, lambda _: None, {}, open, site)
    applier = Applier(Document(), None, report.plan, FakeEngine(), report, print, edges=edges)
    each(lambda change: applier._did([change]), CHANGES, 8)
    assert (set(report.done), len(report.done)) == (set(CHANGES), len(CHANGES))
    assert report.not_done == []


def test_a_run_that_has_done_all_does_not_fail_for_another_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be looked at again for now is told."""

    def busy(*_: Any) -> Any:
        raise LockTimeout("container db is being replaced by another run, process 1")

    monkeypatch.setattr(reconcile, "refreshed", busy)
    report = shop.converge({**WEB, "lock_timeout": "0s"})
    assert report.changed and not report.failed
    assert "not verified: container db is being replaced by another run" in report.warnings[0]


@pytest.mark.parametrize(("there", "most"), [(False, 20), (True, 8)])
def test_what_is_there_is_not_taken_down_all_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, there: bool, most: int
) -> None:
    """What is made stops nobody's work."""
    names = [f"web-{number}" for number in range(20)]
    if there:
        first = shop.converge({"containers": dict.fromkeys(names, SERVICE)})
        assert not first.failed, first.problems
    at_work, seen, lock = [0], [0], threading.Lock()

    def slow(*_: Any) -> None:
        with lock:
            at_work[0] += 1
            seen[0] = max(seen[0], at_work[0])
        time.sleep(0.1)
        with lock:
            at_work[0] -= 1

    monkeypatch.setattr(container, "apply", slow)
    shop.converge({"containers": {n: {**SERVICE, "hostname": "x"} for n in names}})
    assert seen == [most]


@pytest.mark.parametrize("of_engine", [False, True])
def test_what_has_just_been_started_is_looked_at_late(
    old: Shop, monkeypatch: pytest.MonkeyPatch, of_engine: bool
) -> None:
    """Once, unless the engine itself was changed and all is looked at anew.

    Also one that was there, without a label of ours: it is taken over all the same.
    """
    if of_engine:
        monkeypatch.setattr(reconcile, "OF_ENGINE", ("container",))
    inspected: list[tuple[float, str]] = []
    get_each = FakeEngine.get_each

    def noting(self: FakeEngine, paths: Iterable[str]) -> Iterator[Any]:
        paths = list(paths)
        inspected.extend((time.monotonic(), path) for path in paths)
        return get_each(self, paths)

    monkeypatch.setattr(FakeEngine, "get_each", noting)
    monkeypatch.setattr(replace, "SETTLE", 0.2)
    begun = time.monotonic()
    report = old.converge({"project": "shop", "containers": {"old": SERVICE, "new": SERVICE}})
    assert not report.failed, report.problems
    assert [change.name for change in report.done if change.action is Action.START] == ["old"]
    late = [path for moment, path in inspected if moment > begun + 0.2]
    assert len(late) == 2
    assert len(inspected) == (5 if of_engine else 3)  # and the old one before
    assert old.host.memory("").adopted("shop") == {("container", "old")}
    assert report.state["containers"]["new"]["status"] == "running"


def test_what_did_not_stay_is_not_taken_over(old: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next run, whose spec does not name it any more, would purge it."""

    def ended(*_: Any) -> Iterator[ApplyFailed]:
        yield ApplyFailed("container old exited 3 right after its start")

    with monkeypatch.context() as patch:
        patch.setattr(replace, "settle", ended)
        report = old.converge({"project": "shop", "containers": {"old": SERVICE}})
    assert report.failed
    assert old.host.memory("").adopted("shop") == frozenset()
    report = old.converge({"project": "shop", "purge": True, "containers": {}})
    assert not report.failed and not report.done


def test_what_somebody_makes_anew_meanwhile_is_found(
    old: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_hand(*_: Any) -> None:
        old.engine.delete("/containers/old", {"force": True})
        made = old.engine.post("/containers/create", BODY, {"name": "old"})
        old.engine.post(f"/containers/{made['Id']}/start")

    monkeypatch.setattr(replace, "rest", other_hand)
    report = old.converge({"containers": {"old": SERVICE}})
    assert not report.failed, report.problems
    now = old.engine.get("/containers/old/json")["Id"]
    assert report.state["containers"]["old"]["id"] == now
