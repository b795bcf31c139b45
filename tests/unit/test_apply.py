"""The record of what was done, while workers write it side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.apply import Applier
from dockwright.connection import Connection
from dockwright.engine.fake import FakeEngine
from dockwright.engine.parallel import each
from dockwright.errors import LockTimeout
from dockwright.host.machine import Host
from dockwright.kinds.image.have import BuildSite
from dockwright.model import Action, Change, Plan, Report
from dockwright.observe import Edges
from dockwright.spec import Document

WEB = {"containers": {"web": {"image": "web:1", "network_mode": "none"}}}
CHANGES = tuple(Change("container", f"web-{n}", Action.UPDATE, "mem_limit") for n in range(400))


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be looked at again for now is told."""

    def busy(*_: Any) -> Any:
        raise LockTimeout("container db is being replaced by another run, process 1")

    engine = FakeEngine()
    engine.add_image("web:1")
    monkeypatch.setattr(reconcile, "Engine", lambda *_, **__: engine)
    monkeypatch.setattr(reconcile, "refreshed", busy)
    where: dict[str, Any] = {"connection": Connection("unix:///fake"), "host": Host(str(tmp_path))}
    report = reconcile.converge({**WEB, "lock_timeout": "0s"}, **where)
    assert report.changed and not report.failed
    assert "not verified: container db is being replaced by another run" in report.warnings[0]
