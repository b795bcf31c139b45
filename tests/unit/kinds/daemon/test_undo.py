"""A run that is killed at any step is put right by the next one, also when that is killed too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from dockwright.errors import ApplyFailed
from dockwright.host.files import Files
from dockwright.host.machine import Host
from dockwright.kinds.part import part_of
from dockwright.kinds.site import Site
from dockwright.model import Action, Disruption
from dockwright.run_options import RunOptions

from .test_apply import Daemon, daemon, host, left, run

__all__ = ["daemon", "host"]
OLD = {"debug": True, "mtu": 1450}
PLANS: dict[str, dict[str, Any]] = {
    "reload": {"mtu": 1450, "labels": ["a=b"]},
    "restart": {"debug": True, "mtu": 1400},
    "restart that containers live through": {"debug": True, "mtu": 1400, "live-restore": True},
}


class KilledError(BaseException):
    """What SIGKILL is to the code: nothing after it runs."""


@contextmanager
def killed_after(count: int, stub: Daemon) -> Iterator[list[str]]:
    """Kill at the end of the step with this number; the steps that were done."""
    steps: list[str] = []

    def stepping(name: str, original: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            result = original(*args, **more)
            steps.append(name)
            if len(steps) == count:
                raise KilledError
            return result

        return call

    with (
        patch.object(Files, "write_atomic", stepping("write", Files.write_atomic)),
        patch.object(Files, "remove", stepping("remove", Files.remove)),
        patch.object(stub, "reload", stepping("reload", stub.reload)),
        patch.object(stub, "restart", stepping("restart", stub.restart)),
        patch.object(stub, "post", stepping("post", stub.post)),
    ):
        yield steps


def fresh(stub: Daemon, tmp_path: Path) -> Host:
    """The host as a new run finds it."""
    made = Host(str(tmp_path))
    made.service = stub
    return made


def recovered(host: Host, stub: Any) -> Any:
    """What a run whose document has no daemon does first; the change that it announced."""
    part = part_of("daemon", None, Site(host, stub, lambda: host.memory("ID"), RunOptions()))
    change = part.interrupted()
    if change:
        assert part.recover()
    else:
        part.settle()
    return change


def check_state(stub: Daemon, new: dict[str, Any], tmp_path: Path) -> None:
    """Old or new, but one of them, in the file and in the daemon; and what ran runs."""
    assert stub.content() in (OLD, new)
    in_force = {key: value for key, value in stub.values.items() if value}
    assert in_force == {key: value for key, value in stub.content().items() if value}
    assert stub.containers["web"]["State"] == "running"
    assert stub.containers["old"]["State"] == "exited"
    assert not fresh(stub, tmp_path).journal("daemon").is_there()


@pytest.mark.parametrize("name", PLANS)
def test_killed_at_any_step(
    host: Host, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    new = PLANS[name]
    for count in range(1, 40):
        for second in (0, 1, 2, 3, 4):
            begin(host, daemon)
            with killed_after(count, daemon) as steps, suppress(KilledError):
                run(fresh(daemon, tmp_path), daemon, new)
            if len(steps) < count:
                assert count > 5
                return
            if second:
                with killed_after(second, daemon), suppress(KilledError):
                    recovered(fresh(daemon, tmp_path), daemon)
            recovered(fresh(daemon, tmp_path), daemon)
            check_state(daemon, new, tmp_path)
            run(fresh(daemon, tmp_path), daemon, new)
            assert daemon.content() == new
            check_state(daemon, new, tmp_path)
            assert left(fresh(daemon, tmp_path), daemon, new) == (0, [])
    pytest.fail("it never ended")


def begin(host: Host, stub: Daemon) -> None:
    """The old configuration in force, a container that runs and one that was stopped."""
    stub.containers = {
        "web": {"State": "running"},
        "old": {"State": "exited", "policy": "always"},
    }
    stub.values = dict(OLD)
    host.files.make_directory("/etc/docker")
    stub.file.write_text(json.dumps(OLD))
    memory = host.memory("ID")
    memory.own_keys(OLD)
    memory.save()


def test_a_finished_change_is_remembered_as_ours(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    with pytest.raises(KilledError), killed_after(5, daemon) as steps:
        run(host, daemon, PLANS["restart"])
    assert steps[-1] == "restart"
    change = recovered(fresh(daemon, tmp_path), daemon)
    assert (change.action, change.disruption) == (Action.RECOVER, Disruption.NONE)
    assert "works with the new file" in change.reason
    assert daemon.content() == PLANS["restart"]
    assert set(host.memory().owned_keys()) == {"debug", "mtu"}
    assert left(fresh(daemon, tmp_path), daemon, {}) == (3, [])


def test_only_the_file_goes_back_before_the_daemon_saw_it(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    with pytest.raises(KilledError), killed_after(4, daemon):
        run(host, daemon, PLANS["restart"])
    daemon.done.clear()
    assert daemon.content() == PLANS["restart"]
    change = recovered(fresh(daemon, tmp_path), daemon)
    assert (change.disruption, daemon.done) == (Disruption.NONE, [])
    assert daemon.content() == OLD


def test_a_change_that_could_not_be_undone_is_undone_by_the_next_run(
    host: Host, daemon: Daemon, tmp_path: Path
) -> None:
    begin(host, daemon)
    daemon.bad = "debug"  # neither file does
    with pytest.raises(ApplyFailed, match="does not start") as error:
        run(host, daemon, PLANS["restart"])
    assert "the next run tries it again" in error.value.fix
    daemon.bad = None
    change = recovered(fresh(daemon, tmp_path), daemon)
    assert "the daemon started with it" in change.reason
    check_state(daemon, OLD, tmp_path)
    assert recovered(fresh(daemon, tmp_path), daemon) is None


def test_an_undone_reload_resets_what_it_had_set(host: Host, daemon: Daemon) -> None:
    original = daemon.get

    def forgetful(path: str, *args: Any, **more: Any) -> Any:
        found = original(path, *args, **more)
        return {**found, "LiveRestoreEnabled": False} if path == "/info" else found

    with patch.object(daemon, "get", forgetful), pytest.raises(ApplyFailed):
        run(host, daemon, {"debug": True, "live-restore": True})
    assert not daemon.file.exists()
    assert not daemon.values["debug"] and not daemon.values["live-restore"]
