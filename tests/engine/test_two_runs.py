"""Two runs at once that share no lock: their folders differ, or they may not write one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.test_remote import shop
from tests.engine.world import World, container, titles, told
from tests.hosts import TestHost


@pytest.mark.parametrize(("step", "what"), [(5, "network net"), (9, "container web")])
def test_what_another_run_is_at_is_not_taken_for_a_killed_one(
    host26: TestHost,
    world_of: Callable[[TestHost], World],
    tmp_path: Path,
    step: int,
    what: str,
) -> None:
    """It is waited for; only what the document does not name goes on meanwhile."""
    first = world_of(host26)
    second = World(host26, tmp_path / "another")
    first.apply(shop(1))
    with ThreadPoolExecutor(1) as beside:
        with first.halted(shop(2), step) as process:
            before = first.snapshot()
            for check in (True, False):
                report = second.run(shop(2, lock_timeout="1s"), check=check)
                assert report.failed
                words = f"{what} is being replaced by another run, process {process}"
                assert words in told(report)
                assert not report.changed
            other = {"containers": {"other": container(network_mode="none", state="absent")}}
            assert titles(second.apply(other)) == []
            assert first.snapshot() == before
            # Between two of its objects a run is seen by nobody: its last one is waited for.
            waiting = beside.submit(second.run, shop(2)) if what == "container web" else None
        report = waiting.result(120) if waiting else second.run(shop(2))
    assert not report.failed, told(report)
    assert not report.changed
    assert titles(second.check(shop(2))) == []
    assert first.names() == {"web"}
    assert first.volumes() == set()
    assert first.inspect("web")["Config"]["Env"][0] == "VERSION=2"
