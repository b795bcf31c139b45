"""The record of what was done, while workers write it side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockwright.apply import Applier
from dockwright.engine.fake import FakeEngine
from dockwright.engine.parallel import each
from dockwright.host.machine import Host
from dockwright.kinds.image.have import BuildSite
from dockwright.model import Action, Change, Plan, Report
from dockwright.observe import WORKERS, Edges
from dockwright.spec import Document

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
    each(lambda change: applier._did([change]), CHANGES, WORKERS)
    assert (set(report.done), len(report.done)) == (set(CHANGES), len(CHANGES))
    assert report.not_done == []
