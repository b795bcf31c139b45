"""The benchmarks run, say what they promise, and leave nothing behind."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts import TestHost, engine_clean, reset_daemon

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"noop_ratio", "first_ratio", "noop_over_trivial", "first_over_floor"}


def test_the_benchmark_writes_its_ratios(host26: TestHost, tmp_path: Path) -> None:
    with contextlib.closing(host26.sdk()) as client:
        before = {image.id for image in client.images.list()}
        running = {container.id for container in client.containers.list(all=True)}
    file = tmp_path / "noop.json"
    size = ["--containers", "3", "--repeats", "1", "--json", str(file)]
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks/noop.py",
            *size,
            "--docker-host",
            host26.docker_host,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert all(found[key] > 0 for key in KEYS)
    sides = {"trivial", "engine", "first", "noop", "peer_first", "peer_noop"}
    assert set(found["medians"]) == sides
    assert found["machine"]["engine"] == host26.engine_version
    assert "peer / ours, no-op" in done.stdout
    with contextlib.closing(host26.sdk()) as client:
        assert {image.id for image in client.images.list()} == before
        assert {container.id for container in client.containers.list(all=True)} == running


def test_the_whole_host_is_measured_against_a_trivial_module(
    host26: TestHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    bench = importlib.import_module("host")
    engine_clean(host26)
    host26.load_tiny()
    try:
        found = bench.measure(host26, tmp_path, bench.SPEC, 2)
    finally:
        engine_clean(host26)
        reset_daemon(host26)
    assert {name: len(times) for name, times in found["times_ms"].items()} == {
        "trivial": 2,
        "whole": 2,
    }
    assert {"daemon", "containers"} <= set(found["kinds"])
    assert "above the trivial one" in bench.table(found)


def test_the_command_is_measured_against_a_python_that_does_nothing(
    host26: TestHost, tmp_path: Path
) -> None:
    engine_clean(host26)
    file = tmp_path / "command.json"
    size = ["--containers", "2", "--repeats", "1", "--json", str(file)]
    where = ["--docker-host", host26.docker_host]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/command.py", *size, *where],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert set(found["medians"]) == {"nothing", "help", "plan"}
    assert found["ratio"] > 1
    with contextlib.closing(host26.sdk()) as client:
        assert not client.containers.list(all=True)


def test_the_first_run_is_measured_against_compose(
    host28: TestHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    bench = importlib.import_module("compose")
    engine_clean(host28)
    found = bench.measure(host28, 2, 2)
    assert {side: len(times) for side, times in found.items()} == {"compose": 2, "dockwright": 2}
    rounds = sorted(ours / theirs for ours, theirs in zip(found["dockwright"], found["compose"]))
    ratio, error = bench.compared(found)
    assert rounds[0] <= ratio <= rounds[1]
    assert error == pytest.approx((rounds[1] - rounds[0]) / 2, rel=0.2)
    with contextlib.closing(host28.sdk()) as client:
        assert not client.containers.list(all=True)
