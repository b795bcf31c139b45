"""A restart that was put off, and a daemon that does not start when it happens."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.storage_world import run
from tests.engine.test_daemon import file_of, info, start_container
from tests.hosts import TINY, TestHost, engine_clean, reset_daemon

OLD = {"debug": True}
# No validator sees it, and the daemon does not start with it.
BAD = {**OLD, "labels": ["rack=7"], "seccomp-profile": "/no/such.json"}
RAN = {"web": "running", "idle": "exited", "done": "exited"}


@pytest.fixture
def deferred(host26: TestHost) -> Iterator[TestHost]:
    """One container runs, an `always` one was stopped by hand, one has ended; BAD waits."""
    engine_clean(host26)
    reset_daemon(host26)
    applied(host26, OLD)
    start_container(host26, "web")
    start_container(host26, "idle", restart_policy={"Name": "always"})
    with contextlib.closing(host26.sdk()) as client:
        client.containers.get("idle").stop(timeout=0)
        client.containers.run(TINY, ["true"], name="done", detach=True).wait()
    report = applied(host26, BAD, restart="defer")
    assert [item["path"] for item in report["pending"]] == ["seccomp-profile"]
    assert states(host26) == RAN
    yield host26
    engine_clean(host26)
    reset_daemon(host26)


def applied(host: TestHost, keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    report = run(host, "apply", {"daemon": keys, **more})
    assert not report["failed"], report["message"]
    return report


def states(host: TestHost) -> dict[str, str]:
    with contextlib.closing(host.sdk()) as client:
        return {item.name: item.status for item in client.containers.list(all=True)}


def check_old(host: TestHost) -> None:
    assert file_of(host) == OLD
    assert states(host) == RAN
    assert info(host)["Labels"] == []
    assert "journal" not in host.exec(["ls", "/var/lib/dockwright"]).stdout
    assert run(host, "plan", {"daemon": OLD})["changes"] == []


def test_somebody_restarts_it_later(deferred: TestHost) -> None:
    assert not deferred.restart_engine(check=False)
    document = {"networks": {"other": {}}}  # whatever it is about
    planned = run(deferred, "plan", document)
    assert planned["changes"][0]["action"] == "recover"
    assert "keys that waited for its restart" in planned["changes"][0]["reason"]
    assert file_of(deferred) == BAD
    report = run(deferred, "apply", document)
    assert not report["failed"], report["message"]
    assert report["changes"][0] == planned["changes"][0]
    check_old(deferred)


def test_our_own_restart_fails(deferred: TestHost) -> None:
    more = {**BAD, "max-concurrent-uploads": 7}  # taken at a reload, and does not start either
    assert applied(deferred, more, restart="defer")["pending"]
    report = run(deferred, "apply", {"daemon": more})
    assert report["failed"]
    assert "opening seccomp profile (/no/such.json) failed" in report["message"]
    assert "he old configuration is in force again" in json.dumps(report)
    check_old(deferred)


def test_a_spec_that_mends_it_before(deferred: TestHost) -> None:
    """Nothing is left of the bad value, and what was put off is not gone back to."""
    new = {**OLD, "icc": False}
    assert applied(deferred, new, restart="defer")["pending"]
    assert deferred.restart_engine()
    assert applied(deferred, new)["changes"] == []
    assert file_of(deferred) == new
    assert "journal" not in deferred.exec(["ls", "/var/lib/dockwright"]).stdout
