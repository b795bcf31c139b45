"""What a restart that was put off brings is given up where the daemon does not start with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import ApplyFailed, HostError
from dockwright.host.machine import Host
from dockwright.kinds.daemon import deferred
from dockwright.kinds.daemon.apply import apply, remember
from dockwright.kinds.daemon.have import read
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse

from .test_apply import Daemon, daemon, host
from .test_undo import OLD, begin, fresh, recovered

__all__ = ["daemon", "host"]
NEW = {**OLD, "seccomp-profile": "/no/such.json"}


def put_off(host: Host, stub: Daemon, spec: dict[str, Any]) -> None:
    """Apply with restart: defer."""
    memory, want = host.memory("ID"), parse(spec)
    have = read(host, stub, memory)
    made = plan(want, have, restart="defer")
    assert made.pending
    apply(want, have, made.changes, host, stub, defers=True)
    remember(want, have, made, host, memory)
    memory.save()


def restart_by_hand(stub: Daemon) -> None:
    stub.bad = "seccomp-profile"
    with pytest.raises(HostError):
        stub.restart(1)
    stub.containers["web"] = {"State": "exited", "finished": "2030-01-01T00:00:03.1Z"}
    stub.containers["done"] = {"State": "exited", "finished": "2029-12-31T23:59:00Z"}


def test_nothing_is_to_be_done_while_it_waits_and_once_it_has_started(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert deferred.of(host)
    daemon.restart(1)
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    memory, want = host.memory("ID"), parse(NEW)
    have = read(host, daemon, memory)
    remember(want, have, plan(want, have), host, memory)
    assert deferred.of(host) is None


@pytest.mark.parametrize("second", [{}, {"labels": ["a=b"]}])
def test_it_is_gone_back_to_what_was_before_the_first(
    host: Host, daemon: Daemon, tmp_path: Path, second: dict[str, Any]
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    put_off(host, daemon, {**NEW, **second, "mtu": 1300})
    restart_by_hand(daemon)
    change = recovered(fresh(daemon, tmp_path), daemon)
    assert "waited for its restart" in change.reason
    assert daemon.content() == OLD
    assert daemon.up
    assert daemon.containers["web"]["State"] == "running"
    assert daemon.containers["old"]["State"] == "exited"
    assert daemon.containers["done"]["State"] == "exited"
    assert set(host.memory().owned_keys()) == set(OLD)
    assert recovered(fresh(daemon, tmp_path), daemon) is None


def test_it_goes_on_where_it_was_killed(host: Host, daemon: Daemon, tmp_path: Path) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    restart_by_hand(daemon)
    found = deferred.of(host)
    assert found
    noted = {**vars(found), "undoing": True}
    host.journal(deferred.JOURNAL).write(noted)
    daemon.file.write_text(json.dumps(OLD))  # and killed here
    assert recovered(fresh(daemon, tmp_path), daemon)
    assert daemon.up
    assert deferred.of(host) is None


def test_a_file_of_another_hand_stays(host: Host, daemon: Daemon, tmp_path: Path) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    daemon.file.write_text(json.dumps({**NEW, "mtu": 1300}))
    restart_by_hand(daemon)
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert daemon.content() == {**NEW, "mtu": 1300}


def test_where_the_old_file_does_not_start_either_a_spec_can_repair_it(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    restart_by_hand(daemon)
    daemon.bad = "debug"
    with pytest.raises(ApplyFailed, match="the file before a deferred restart either"):
        recovered(fresh(daemon, tmp_path), daemon)
    assert recovered(fresh(daemon, tmp_path), daemon) is None


def test_our_own_restart_goes_back_to_what_was_before(host: Host, daemon: Daemon) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    daemon.bad = "seccomp-profile"
    memory, want = host.memory("ID"), parse(NEW)
    have = read(host, daemon, memory)
    made = plan(want, have)
    with pytest.raises(ApplyFailed) as error:
        apply(want, have, made.changes, host, daemon)
    assert "the old configuration is in force again" in error.value.fix
    assert daemon.content() == OLD
    assert daemon.up
