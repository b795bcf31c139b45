"""What a run without a change leaves alone: commands of the host, and the code that changes it.

Ansible pays for each again with every task. Counted, not timed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.world import READING, container
from tests.hosts import TINY, TestHost, engine_clean, reset_daemon

OTHER_NAME = "dockwright/noop:1"
SPEC = {
    "project": "shop",
    "daemon": {
        "log-driver": "local",
        "default-address-pools": [{"base": "10.210.0.0/16", "size": 24}],
    },
    "images": {TINY: {"tags": [OTHER_NAME]}},
    "networks": {"back": {}},
    "volumes": {"data": {}},
    "containers": {
        "db": container(networks=["back"], volumes=["data:/data"], restart="unless-stopped"),
        "web": container(networks=["back"], depends_on=["db"]),
    },
    "purge": True,
}
# A real run by a tool that keeps specs for `rollback`, watched by Python itself.
RUN = """
import json, sys

commands = []

def watch(event, args):
    if event == "subprocess.Popen":
        commands.append(list(args[1]))

sys.addaudithook(watch)
from dockwright import api
from dockwright.engine.client import Engine

engines = []
start = Engine.__init__
Engine.__init__ = lambda self, *a, **k: (engines.append(self), start(self, *a, **k))[1]
report = api.converge(
    json.load(sys.stdin), connection=api.Connection(), origin=api.Origin("Ansible", "host")
)
print(json.dumps({
    "message": str(report.problems),
    "failed": report.failed,
    "done": len(report.done),
    "requests": [line for engine in engines for line in engine.log],
    "commands": commands,
    "loaded": sorted(sys.modules),
}))
"""
# What changes a host, and what it asks to be sure of that.
CHANGING = {
    "dockwright.apply",
    "dockwright.engine.events",
    "dockwright.kinds.container.apply",
    "dockwright.kinds.container.watch",
    "dockwright.kinds.daemon.apply",
    "dockwright.kinds.daemon.deferred",
    "dockwright.kinds.daemon.proof",
    "dockwright.kinds.daemon.undo",
    "dockwright.kinds.daemon.what_ran",
    "dockwright.kinds.image.apply",
    "dockwright.kinds.network.apply",
    "dockwright.kinds.volume.apply",
}


@pytest.fixture
def host(host26: TestHost) -> Iterator[TestHost]:
    """Its packaged daemon, nothing of ours, no containers."""
    engine_clean(host26)
    reset_daemon(host26)
    yield host26
    engine_clean(host26)
    reset_daemon(host26)
    with contextlib.closing(host26.sdk()) as client:
        client.api.remove_image(OTHER_NAME)


def run(host: TestHost) -> dict[str, Any]:
    """What a run did, asked, started and loaded."""
    found: dict[str, Any] = json.loads(host.core(["-c", RUN], input=json.dumps(SPEC)).stdout)
    assert not found["failed"], found["message"]
    return found


def test_a_run_without_a_change_starts_no_process_and_loads_nothing_that_changes(
    host: TestHost,
) -> None:
    first = run(host)
    assert first["done"] and first["commands"]
    assert sorted(CHANGING - set(first["loaded"])) == []

    second = run(host)
    assert second["done"] == 0
    assert second["commands"] == []
    assert sorted(CHANGING & set(second["loaded"])) == []
    assert all(line.startswith(READING) for line in second["requests"])
    # The ping, info and three lists; two containers, their image and its other name.
    assert len(second["requests"]) == 5 + 2 + 2, second["requests"]
    assert "GET /version" not in second["requests"]
