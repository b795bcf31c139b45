"""Law 3 on real engines: whatever is drawn, applied once, leaves nothing to do."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockwright.kinds.container.options import OPTIONS
from tests.conftest import FULL, HOSTS
from tests.drawn import FILES, RICH, RICH_CONFIG, Drawer
from tests.engine.test_rows import Bench
from tests.hosts import TestHost

# Containers in a document, and documents one after the other on the same names.
CONTAINERS, DOCUMENTS = (14, 6) if not FULL else (20, 20)
# Newer engines, real-time scheduling, project quotas: not on every engine of the tests.
# `recreate` is an action, no state that a document could leave behind.
_NOT_HERE = {"annotations", "cpu_rt_period", "cpu_rt_runtime", "recreate", "storage_opt"}
SEED = os.environ.get("DOCKWRIGHT_SEED", "" if not FULL else str(time.time_ns()))


@pytest.fixture
def bench(clean_host: TestHost, tmp_path: Path) -> Iterator[Bench]:
    with contextlib.closing(clean_host.sdk()) as client:
        bench = Bench(clean_host, client, tmp_path)
        clean_host.load_tiny(RICH, **RICH_CONFIG)
        for path, text in FILES.items():
            (tmp_path / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.lstrip("/")).write_text(text)
        yield bench


def test_drawn_documents_converge(bench: Bench, request: pytest.FixtureRequest) -> None:
    """Applied over what the document before left; then the plan is empty."""
    seed = f"{request.node.callspec.id}{SEED}"
    drawer = Drawer(seed)
    for number in range(DOCUMENTS):
        document = drawer.document(CONTAINERS)
        try:
            bench.apply(document)
        except AssertionError:
            print(f"seed {seed}, document {number}:\n{json.dumps(document, indent=1)}")
            raise


def test_every_row_is_drawn() -> None:
    """The documents above have every option, and there are enough of them."""
    drawers = [Drawer(f"{name}{SEED}") for name in HOSTS]
    containers = [
        container
        for drawer in drawers
        for _ in range(DOCUMENTS)
        for container in drawer.document(CONTAINERS)["containers"]
    ]
    assert len(containers) >= 200
    for drawer in drawers:
        assert set(drawer.names) - drawer.drawn == set()
        assert {row.name for row in OPTIONS} - set(drawer.names) == _NOT_HERE
