"""The same specs through Ansible, Salt and the command line, each on an engine of its own state."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import TestHost, engine_clean, machine

from .front_ends import FRONT_ENDS, OUTPUT, PHASES, Outcomes, load_specs

SPECS = load_specs()
REFERENCE = "command line"
OTHERS = [name for name in FRONT_ENDS if name != REFERENCE]
SECRETS = re.compile(r"contract-secret-\w+")
_ID = re.compile(r"[0-9a-f]{12,64}")


@pytest.fixture(scope="module")
def contract(
    host26: TestHost, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Outcomes, Any]]:
    """What every front end said, and what was on the engine after it."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", "salt"], check=True)
    found = {}
    for name, front_end in FRONT_ENDS.items():
        engine_clean(host26)
        _forget(host26)
        folder = tmp_path_factory.mktemp(name.replace(" ", "-"))
        outcomes = front_end(SPECS, {"DOCKER_HOST": host26.docker_host}, folder)
        found[name] = (outcomes, _end_state(host26))
    engine_clean(host26)
    _forget(host26)
    return found


def _forget(host: TestHost) -> None:
    """Without the memory of an earlier front end: causes shall be the same."""
    with contextlib.closing(host.sdk()) as client:
        engine = re.sub(r"[^A-Za-z0-9]+", "-", client.info()["ID"])
    for name in (engine, "none"):
        Path(f"/var/lib/dockwright/state-{name}.json").unlink(missing_ok=True)
    shutil.rmtree("/tmp/dockwright-contract", ignore_errors=True)


def _end_state(host: TestHost) -> dict[str, Any]:
    """What the engine holds, by the docker SDK; without what differs from run to run."""
    with contextlib.closing(host.sdk()) as client:
        containers = [
            client.api.inspect_container(c["Id"]) for c in client.api.containers(all=True)
        ]
        networks = [n for n in client.api.networks() if n["Name"] not in ("bridge", "host", "none")]
        volumes = client.api.volumes()["Volumes"] or []
    return {
        "containers": {raw["Name"]: _container(raw) for raw in containers},
        "networks": {raw["Name"]: (raw["Driver"], raw["Labels"]) for raw in networks},
        "volumes": {
            raw["Name"]: raw["Labels"] for raw in volumes if not _ID.fullmatch(raw["Name"])
        },
    }


def _container(raw: dict[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in raw["Config"].items() if key != "Hostname"}
    networks = {
        name: sorted(alias for alias in item["Aliases"] or () if not _ID.fullmatch(alias))
        for name, item in raw["NetworkSettings"]["Networks"].items()
    }
    mounts = sorted((mount["Destination"], mount["Type"], mount["RW"]) for mount in raw["Mounts"])
    host = {key: value for key, value in raw["HostConfig"].items() if key != "Binds"}
    return {
        "status": raw["State"]["Status"],
        "image": raw["Image"],
        "config": config,
        "host": host,
        "networks": networks,
        "mounts": mounts,
    }


def test_enough_specs() -> None:
    assert len(SPECS) >= 20
    assert sum("refused" in spec for spec in SPECS.values()) >= 8


@pytest.mark.parametrize("name", SPECS)
def test_spec_does_what_it_says(contract: dict[str, Any], name: str) -> None:
    outcomes = contract[REFERENCE][0]
    for phase in (phase for phase in PHASES if (phase, name) in outcomes):
        outcome = outcomes[phase, name]
        places = SPECS[name].get("refused-then" if phase.endswith("then") else "refused", ())
        assert outcome.failed == bool(places), outcome.message
        for place in places:
            assert place in outcome.message
        if not places and phase.startswith("again"):
            assert outcome.plan == []


@pytest.mark.parametrize("front_end", OTHERS)
@pytest.mark.parametrize("name", SPECS)
def test_same_plan(contract: dict[str, Any], name: str, front_end: str) -> None:
    reference, other = contract[REFERENCE][0], contract[front_end][0]
    for key in (key for key in reference if key[1] == name):
        assert other[key].failed == reference[key].failed, key
        assert other[key].changed == reference[key].changed, key
        if not reference[key].failed:
            assert _without_ids(other[key].fields) == _without_ids(reference[key].fields), key
        if other[key].plan is not None:
            assert other[key].plan == reference[key].plan, key


@pytest.mark.parametrize("front_end", OTHERS)
@pytest.mark.parametrize("name", SPECS)
def test_same_words(contract: dict[str, Any], name: str, front_end: str) -> None:
    reference, other = contract[REFERENCE][0], contract[front_end][0]
    for key in (key for key in reference if key[1] == name):
        assert _without_ids(other[key].message) == _without_ids(reference[key].message), key


@pytest.mark.parametrize("front_end", OTHERS)
def test_same_end_state(contract: dict[str, Any], front_end: str) -> None:
    assert _without_ids(contract[front_end][1]) == _without_ids(contract[REFERENCE][1])
    assert contract[REFERENCE][1]["containers"]


def test_secrets_are_shown_nowhere(contract: dict[str, Any]) -> None:
    assert not SECRETS.findall("".join(OUTPUT))
    # …but they got to where they belong.
    for _, state in contract.values():
        assert "PASSWORD=contract-secret-two" in state["containers"]["/ct-secrets"]["config"]["Env"]


def _without_ids(value: Any) -> str:
    return _ID.sub("ID", json.dumps(value, sort_keys=True))
