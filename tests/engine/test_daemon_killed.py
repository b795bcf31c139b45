"""SIGKILL in the middle of a change of the daemon: the next run puts the host right."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.test_daemon import file_of, host, info, process_of, start_container
from tests.hosts import TestHost, engine_clean, reset_daemon

__all__ = ["host"]
RUN = "/opt/dockwright/tests/engine/daemon_killed.py"
OLD = {"debug": True, "mtu": 1450}
RELOAD = {"mtu": 1450, "labels": ["rack=7"]}
OUTAGE = {"debug": True, "mtu": 1400}
LIVES = {**OUTAGE, "live-restore": True}


def run(host: TestHost, document: dict[str, Any], step: int = 0) -> dict[str, Any] | None:
    """What the run reports, None if it was killed."""
    request = json.dumps({"document": document, "step": step})
    done = host.core([RUN], input=request, check=False)
    if done.returncode:
        assert done.returncode == 137, done.stderr
        return None
    return dict(json.loads(done.stdout))


def check(host: TestHost, new: dict[str, Any], process: int | None) -> None:
    """Old or new, in the file and in the daemon, and what ran runs."""
    file = file_of(host)
    assert file in (OLD, new), file
    live = info(host)
    assert live["Debug"] is file.get("debug", False)
    assert live["LiveRestoreEnabled"] is file.get("live-restore", False)
    assert live["Labels"] == file.get("labels", [])
    assert (live["ContainersRunning"], live["ContainersStopped"]) == (1, 1)
    if process:
        assert process_of(host, "web") == process
    left = host.exec(["sh", "-c", "ls /var/lib/dockwright | grep journal"], check=False)
    assert left.stdout == ""


def kill_and_recover(host: TestHost, new: dict[str, Any], steps: Iterable[int]) -> int:
    """Kill a run after each of these steps, and let another one recover; how many it killed."""
    start_container(host, "web")
    start_container(host, "old", restart_policy={"Name": "always"})
    host.sdk().containers.get("old").stop(timeout=0)
    count = 0
    for step in steps:
        answer = run(host, {"daemon": OLD})
        assert answer and not answer["failed"], answer
        process = process_of(host, "web") if new != OUTAGE else None
        if run(host, {"daemon": new}, step) is not None:
            break
        # A document of something else recovers too, when the engine is what it needs.
        answer = run(host, {"networks": {"other": {}}})
        assert answer and not answer["failed"], (step, answer)
        check(host, new, process)
        answer = run(host, {"daemon": new})
        assert answer and not answer["failed"], (step, answer)
        assert file_of(host) == new
        check(host, new, process)
        answer = run(host, {"daemon": new})
        assert answer and not answer["changes"], (step, answer)
        count += 1
    return count


@pytest.mark.parametrize(
    ("new", "step"), [(RELOAD, 7), (LIVES, 10), (OUTAGE, 8)], ids=["reload", "lives", "outage"]
)
def test_the_run_after_a_killed_one_puts_the_daemon_right(
    host26: TestHost, new: dict[str, Any], step: int
) -> None:
    engine_clean(host26)
    reset_daemon(host26)
    try:
        assert kill_and_recover(host26, new, [step]) == 1
    finally:
        engine_clean(host26)
        reset_daemon(host26)


def test_looking_does_not_take_a_run_at_work_for_a_killed_one(host26: TestHost) -> None:
    """Its journal is there as that of a killed one would be; the lock tells them apart."""
    engine_clean(host26)
    reset_daemon(host26)
    halted = {"document": {"daemon": RELOAD}, "step": 7, "signal": int(signal.SIGSTOP)}
    document = {"daemon": RELOAD, "lock_timeout": "1s"}
    look = json.dumps({"document": document, "check": True, "step": 0})
    try:
        with ThreadPoolExecutor(1) as beside:
            working = beside.submit(host26.core, [RUN], input=json.dumps(halted))
            process = _halted(host26)
            looked = json.loads(host26.core([RUN], input=look).stdout)
            assert looked["failed"]
            assert f"process {process} works on this host" in str(looked["problems"])
            assert not looked["changes"]
            host26.exec(["kill", "-CONT", process])
            assert not json.loads(working.result(120).stdout)["failed"]
        looked = json.loads(host26.core([RUN], input=look).stdout)
        assert not looked["failed"] and not looked["changes"]
    finally:
        host26.exec(["pkill", "-KILL", "-f", RUN], check=False)
        reset_daemon(host26)


def _halted(host: TestHost) -> str:
    """Wait until the run has got its signal; its process in the host."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = host.exec(["ps", "-eo", "pid=,stat=,args="]).stdout.splitlines()
        for pid, state, *words in (line.split() for line in found):
            if state.startswith("T") and RUN in words:
                return pid
        time.sleep(0.05)
    raise AssertionError("it did not come so far")


@pytest.mark.full
@pytest.mark.parametrize("new", [RELOAD, OUTAGE, LIVES], ids=["reload", "outage", "lives"])
def test_killed_after_each_step(host: TestHost, new: dict[str, Any]) -> None:
    assert kill_and_recover(host, new, range(1, 40)) > 5
