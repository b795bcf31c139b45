"""What a restart that was put off brings is given up where the daemon does not start with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from dockwright.errors import ApplyFailed, HostError
from dockwright.host.files import Files
from dockwright.host.machine import Host
from dockwright.kinds.daemon import deferred, unit
from dockwright.kinds.daemon.apply import apply
from dockwright.kinds.daemon.have import read
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.remember import remember
from dockwright.kinds.daemon.unit import UnitHave
from dockwright.kinds.daemon.want import parse
from dockwright.kinds.part import part_of
from dockwright.kinds.site import Site
from dockwright.model import Action
from dockwright.run_options import RunOptions

from .test_apply import Daemon, daemon, host, run
from .test_undo import OLD, KilledError, begin, fresh, killed_after, recovered

__all__ = ["daemon", "host"]
NEW = {**OLD, "seccomp-profile": "/no/such.json"}


def put_off(host: Host, stub: Daemon, spec: dict[str, Any], scope: str = "daemon") -> None:
    """Apply with restart: defer."""
    memory, want = host.memory("ID"), parse(spec)
    have = read(host, stub, memory, scope=scope)
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
    stub.containers["done"] = {"State": "exited", "finished": "2029-12-31T23:59:59.5Z"}


def test_nothing_is_to_be_done_while_it_waits_and_once_it_has_started(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert deferred.of(host)
    daemon.restart(1)
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert deferred.of(host) is None


def test_a_failure_after_it_has_worked_is_another_matter(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    daemon.restart(1)
    restart_by_hand(daemon)  # weeks later, and no run in between
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert daemon.content() == NEW


@pytest.mark.parametrize("starts", [True, False])
def test_the_keys_of_all_writers_are_theirs_as_before(
    host: Host, daemon: Daemon, tmp_path: Path, starts: bool
) -> None:
    begin(host, daemon)
    memory = host.memory("ID")
    memory.own_keys({"mtu": 1450}, writer="net")
    memory.own_keys({"debug": True})
    memory.save()
    before = {name: host.memory().owned_keys(name) for name in ("daemon", "net", "pulls")}
    put_off(host, daemon, {"debug": True, "seccomp-profile": "/no/such.json"})
    put_off(host, daemon, {"mtu": 1300, "max-concurrent-uploads": 6}, "net")
    put_off(host, daemon, {"icc": False}, "pulls")
    restart_by_hand(daemon)
    if starts:
        assert recovered(fresh(daemon, tmp_path), daemon)
    else:
        daemon.bad = "debug"
        with pytest.raises(ApplyFailed):
            recovered(fresh(daemon, tmp_path), daemon)
    assert daemon.content() == OLD
    assert {name: host.memory().owned_keys(name) for name in before} == before


def test_a_daemon_that_is_just_starting_is_waited_for(
    host: Host, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    monkeypatch.setattr(daemon, "state", lambda: "activating")
    assert recovered(host, daemon) is None
    assert daemon.content() == NEW
    monkeypatch.setattr(daemon, "wait_settled", lambda timeout: "activating")
    with pytest.raises(HostError, match="is still starting"):
        recovered(host, daemon)
    assert daemon.content() == NEW
    monkeypatch.setattr(daemon, "is_retried", lambda: True)  # on and on
    assert recovered(host, daemon)
    assert daemon.content() == OLD


@pytest.mark.parametrize("spec", [NEW, {**NEW, "icc": False, "live-restore": True}])
def test_it_waits_on_where_our_restart_is_killed_before_it_begins(
    host: Host, daemon: Daemon, tmp_path: Path, spec: dict[str, Any]
) -> None:
    for count in range(1, 20):
        begin(host, daemon)
        put_off(host, daemon, NEW)
        with killed_after(count, daemon) as steps, suppress(KilledError):
            run(fresh(daemon, tmp_path), daemon, spec)
        if "restart" in steps:
            assert count > 2
            return
        recovered(fresh(daemon, tmp_path), daemon)
        assert daemon.content() == NEW
        assert deferred.waiting(host)
        deferred.clear(host)
    pytest.fail("it was never restarted")


def test_it_waits_on_after_a_reload_that_failed(host: Host, daemon: Daemon) -> None:
    begin(host, daemon)
    put_off(host, daemon, NEW)
    daemon.bad = "labels"
    with pytest.raises(ApplyFailed):
        put_off(host, daemon, {**NEW, "labels": ["a=b"]})
    assert daemon.content() == NEW
    assert deferred.waiting(host)


def test_it_waits_on_where_our_restart_cannot_begin(
    host: Host, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise HostError("no")

    begin(host, daemon)
    put_off(host, daemon, NEW)
    monkeypatch.setattr(daemon, "reset_failed", refuse)
    with pytest.raises(ApplyFailed) as error:
        run(host, daemon, NEW)
    assert error.value.fix == "nothing was changed"
    assert deferred.waiting(host)


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


@pytest.mark.parametrize("lives", [True, False])
def test_what_ended_while_the_daemon_was_down_is_not_run_again(
    host: Host, daemon: Daemon, tmp_path: Path, lives: bool
) -> None:
    begin(host, daemon)
    put_off(host, daemon, {**NEW, "live-restore": lives})
    restart_by_hand(daemon)
    job = {"State": "exited", "finished": "2030-01-01T00:00:05Z", "exit": 0}
    daemon.containers["job"] = job  # without live-restore it was the daemon that stopped it
    assert recovered(fresh(daemon, tmp_path), daemon)
    assert daemon.containers["web"]["State"] == "running"
    assert daemon.containers["job"]["State"] == ("exited" if lives else "running")


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
    site = Site(host, daemon, lambda: host.memory("ID"), RunOptions(), is_local=False)
    part = part_of("daemon", parse(NEW), site)
    part.look()
    with pytest.raises(ApplyFailed) as error:
        part.apply(part.plan().changes, lambda changes: None)
    assert "the old configuration is in force again" in error.value.fix
    assert daemon.content() == OLD
    assert daemon.up
    assert set(host.memory().owned_keys()) == set(OLD)
    assert deferred.of(host) is None


def refusing(folder: Path, numbers: Container[int], *, fills: bool = False) -> Callable[..., None]:
    """`Files.write_atomic` on a disk where these writes below a folder fail, or all from then."""
    original, count = Files.write_atomic, iter(range(1000))
    full: list[str] = []

    def write(files: Files, path: str, text: str, **more: Any) -> None:
        is_here = files.path(path).startswith(str(folder))
        if full or (is_here and next(count) in numbers):
            full.extend([path] if fills else [])
            raise HostError(f"cannot write {path}: no space left on device")
        original(files, path, text, **more)

    return write


FAILING = {
    "the file": ("etc/docker", [0]),
    "the file, after the one that lends live-restore": ("etc/docker", [1]),
    "the drop-in": ("etc/systemd", range(9)),
    "the drop-in, on a full disk": ("etc/systemd", [0]),
    "the file behind the drop-in, on a full disk": ("etc/docker", [0]),
}


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("place", FAILING)
def test_a_write_that_fails_before_the_restart_restarts_nothing(
    host: Host, daemon: Daemon, tmp_path: Path, place: str, waits: bool
) -> None:
    begin(host, daemon)
    if waits:
        put_off(host, daemon, NEW)
    before, keys = daemon.content(), host.memory().owned_keys()
    folder, numbers = FAILING[place]
    want = parse({**before, "mtu": 1300, "live-restore": "lends" in place})
    have = read(host, daemon, host.memory("ID"))
    if "drop-in" in place:
        have = have._replace(unit=UnitHave(may_manage=True, proxies={"no-proxy": "a"}))
    changes = plan(want, have).changes
    assert changes[-1].action is Action.RESTART
    daemon.done.clear()
    with (
        patch.object(
            Files, "write_atomic", refusing(tmp_path / folder, numbers, fills="full" in place)
        ),
        pytest.raises(ApplyFailed, match="no space left") as error,
    ):
        apply(want, have, changes, host, daemon, timeout=2)
    assert not (tmp_path / unit.drop_in_path("docker.service")[1:]).exists()
    first = place == "the file"
    assert ("nothing was changed" if first else "was not restarted") in error.value.fix
    assert not [word for word in daemon.done if word.startswith(("restart", "reset-failed"))]
    assert daemon.content() == before
    assert daemon.values["mtu"] == 1450
    assert not daemon.values.get("live-restore")
    assert bool(deferred.waiting(host)) == waits
    assert bool(host.memory().waiting_keys(daemon.identity())) == waits
    assert host.memory().owned_keys() == keys
    assert not host.journal("daemon").is_there()
    assert recovered(fresh(daemon, tmp_path), daemon) is None
    assert daemon.content() == before


@pytest.mark.parametrize("number", [0, 1])
def test_a_write_that_fails_when_the_file_is_there_is_undone(
    host: Host, daemon: Daemon, tmp_path: Path, number: int
) -> None:
    """Also the first of two, which only lends live-restore to the restart."""
    begin(host, daemon)
    original, count = Files.write_atomic, iter(range(1000))

    def write(files: Files, path: str, text: str, **more: Any) -> None:
        original(files, path, text, **more)
        if path.endswith("/daemon.json") and next(count) == number:
            raise HostError(f"cannot sync {path}: it is broken")

    want, have = (
        parse({**OLD, "mtu": 1300, "live-restore": True}),
        read(host, daemon, host.memory("ID")),
    )
    changes = plan(want, have).changes
    assert [change.action for change in changes][-2:] == [Action.RELOAD, Action.RESTART]
    with (
        patch.object(Files, "write_atomic", write),
        pytest.raises(ApplyFailed, match="it is broken") as error,
    ):
        apply(want, have, changes, host, daemon, timeout=2)
    assert "nothing was changed" not in error.value.fix
    assert daemon.content() == OLD
    assert not daemon.values.get("live-restore")
    assert not host.journal("daemon").is_there()
