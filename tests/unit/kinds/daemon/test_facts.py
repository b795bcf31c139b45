"""What a plan for the daemon means for the containers that are planned with it."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.daemon.facts import facts_after
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse
from dockwright.model import EngineFacts

FACTS = EngineFacts(log_driver="journald", runtime="runc", runtimes=("runc", "old"))


def have(**file: Any) -> DaemonHave:
    return DaemonHave(
        path="/etc/docker/daemon.json",
        text="{}",
        raw=file,
        engine="26.1.5",
        is_running=True,
        live={"log-driver": "journald", "default-runtime": "runc", "live-restore": False},
    )


@pytest.mark.parametrize(
    ("spec", "file", "run", "log_driver", "runtime"),
    [
        ({}, {}, {}, "journald", "runc"),
        ({"log-driver": "local"}, {}, {}, "local", "runc"),
        ({"log-driver": "local"}, {}, {"restart": "defer"}, "journald", "runc"),
        ({"default-runtime": "new"}, {}, {"restart": "defer"}, "journald", "new"),
        ({"mtu": 1400}, {"log-driver": "syslog"}, {}, "syslog", "runc"),
        ({"debug": True}, {"log-driver": "syslog"}, {}, "journald", "runc"),
    ],
    ids=["none", "restart", "deferred", "reload", "another hand's too", "not by a reload"],
)
def test_defaults(
    spec: dict[str, Any], file: dict[str, Any], run: Any, log_driver: str, runtime: str
) -> None:
    want, there = parse({**spec, "runtimes": {"new": {"path": "/usr/bin/runc"}}}), have(**file)
    if not spec:
        want = parse({})
    after = facts_after(FACTS, want, there, plan(want, there, **run))
    assert (after.log_driver, after.runtime) == (log_driver, runtime)
    assert ("new" in after.runtimes) == bool(spec)


def test_runtimes_that_go() -> None:
    want, there = parse({}), have(runtimes={"old": {"path": "/usr/bin/runc"}})
    made = plan(want, there, foreign="remove")
    assert facts_after(FACTS, want, there, made).runtimes == ("runc",)
