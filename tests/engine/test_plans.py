"""Plans that are kept, and drift, on a real engine and by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright_cli.main import main
from tests.engine.world import World
from tests.hosts import TINY


@pytest.fixture
def spec(lean_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that is applied, on the engine that the command finds."""
    monkeypatch.setenv("DOCKER_HOST", lean_world.host.docker_host)
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "state"))
    file = tmp_path / "site.json"
    write(file, hostname="one")
    assert main(["apply", str(file), "--quiet"]) == 0
    return file


def write(file: Path, **options: Any) -> None:
    common = {"image": TINY, "command": ["sleep", "1000"], "stop_grace_period": 0}
    environment = {"TOKEN": "dont-show-it"}
    web = {**common, "environment": environment, **options}
    file.write_text(json.dumps({"project": "kept", "containers": {"web": web}}))


def test_the_kept_plan_is_carried_out(lean_world: World, spec: Path, tmp_path: Path) -> None:
    kept = tmp_path / "plan"
    write(spec, hostname="two", environment={"TOKEN": "dont-show-either"})
    before = lean_world.id("web")
    assert main(["plan", str(spec), "-o", str(kept), "--quiet"]) == 0
    assert lean_world.id("web") == before
    assert "dont-show" not in kept.read_text()
    assert main(["apply", str(kept), "--quiet"]) == 0
    assert lean_world.inspect("web")["Config"]["Hostname"] == "two"
    assert main(["plan", str(spec), "--detailed-exitcodes"]) == 0


@pytest.mark.parametrize("what", ["the spec", "a secret in it", "the host"])
def test_another_plan_is_refused(
    lean_world: World, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture, what: str
) -> None:
    kept = tmp_path / "plan"
    write(spec, hostname="two")
    assert main(["plan", str(spec), "-o", str(kept), "--quiet"]) == 0
    if what == "the spec":
        write(spec, hostname="three")
    elif what == "a secret in it":
        write(spec, hostname="two", environment={"TOKEN": "another"})
    else:
        lean_world.client.containers.get("web").kill()
    before = lean_world.inspect("web")
    capsys.readouterr()
    assert main(["apply", str(kept), "--quiet"]) == 1
    assert "is not what was saved" in capsys.readouterr().out
    assert lean_world.inspect("web") == before


def test_drift_is_told_from_what_the_spec_changed(
    lean_world: World, spec: Path, capsys: pytest.CaptureFixture
) -> None:
    ask = ["drift", str(spec), "--detailed-exitcodes"]
    assert main(ask) == 0
    lean_world.client.containers.get("web").update(cpu_shares=300)
    write(spec, hostname="two")
    capsys.readouterr()
    assert main(ask) == 2
    told = capsys.readouterr().out
    assert "cpu_shares: 300 -> (none)" in told
    assert "hostname" not in told
