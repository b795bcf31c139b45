"""The same specs through every front end, each on an engine of its own state."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dockwright import api
from tests.conftest import FULL
from tests.engine.ruby_host import ruby_host
from tests.hosts import TestHost, machine, offer_plugin, start_registry
from tests.unit.test_collection import built

from .front_ends import FRONT_ENDS, OUTPUT, PHASES, Outcome, Outcomes, load_specs
from .places import Beside, Inside, Place

SPECS = load_specs()
REFERENCE = "command line"
# In parts, so that each spec goes through every front end in the full run, and through three of
# them at least in the normal one: playbooks are slow, and so is whatever starts containers.
ALL = tuple(FRONT_ENDS)
GOOD = [name for name, spec in SPECS.items() if "refused" not in spec and not spec.get("on_host")]
REFUSED = [name for name, spec in SPECS.items() if "refused" in spec and not spec.get("on_host")]
PARTS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "refused": (REFUSED[::3], ALL),
    "refused, too": (
        [name for name in REFUSED if name not in REFUSED[::3]],
        ALL if FULL else (REFERENCE, "salt", "chef", "puppet"),
    ),
    "first": (GOOD[::3], ALL if FULL else (REFERENCE, "ansible", "chef")),
    "second": (GOOD[1::3], ALL if FULL else (REFERENCE, "salt", "puppet")),
    "third": (GOOD[2::3], ALL if FULL else (REFERENCE, "chef", "puppet")),
    # What is about the engine's own host is applied on it, the rest from beside.
    "host": (
        [name for name, spec in SPECS.items() if spec.get("on_host")],
        ALL if FULL else (REFERENCE, "chef", "puppet"),
    ),
}
CASES = [(part, name) for part, (names, _) in PARTS.items() for name in names]
PAIRS = [(part, front_end) for part, (_, ends) in PARTS.items() for front_end in ends[1:]]
SECRETS = re.compile(r"contract-secret-\w+")
_ID = re.compile(r"[0-9a-f]{12,64}")
_RUNNER = re.compile(r"pid:\[\d+\] [^\\]+")  # the process that has replaced a container


class Found(NamedTuple):
    """What came of a front end in a place."""

    outcomes: Outcomes
    state: dict[str, Any]  # of the engine, and of the host


Contract = dict[str, Found]  # by front end


def through_all(place: Place, part: str, folder: Any) -> Contract:
    """What every front end of a part said, and what there was after it."""
    names, front_ends = PARTS[part]
    specs = {name: SPECS[name] for name in names}
    found = {}
    for name in front_ends:
        if name == "salt" and not place.has_python_of_salt():
            machine.tell("NOT RUN: Salt in the contract of the host, which has another Python")
            continue
        place.clean()
        began = time.monotonic()
        outcomes = FRONT_ENDS[name](specs, place, folder(name.replace(" ", "-")))
        machine.tell(f"{part}: {len(outcomes)} runs by {name}: {time.monotonic() - began:.0f} s")
        found[name] = Found(outcomes, {**_end_state(place.host), **place.state()})
    place.clean()
    return found


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our collection, built and installed."""
    folder = tmp_path_factory.mktemp("galaxy")
    command = ["ansible-galaxy", "collection", "install", "--force", "--offline", "-p", folder]
    subprocess.run([*command, built(folder)], check=True, capture_output=True)
    return folder


# Salt runs on the host whose Python is that of its environment here.
@pytest.fixture(
    scope="module",
    params=["debian-13-ruby", pytest.param("debian-12-ruby", marks=pytest.mark.full)],
)
def by_host(
    request: pytest.FixtureRequest, collections: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Contract]:
    """The part of the host itself."""
    with ruby_host(request.param) as host:
        yield through_all(Inside(host, collections), "host", tmp_path_factory.mktemp)


@pytest.fixture(scope="module")
def by_engine(
    host26: TestHost, collections: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Contract]:
    """The other parts."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", "salt"], check=True)
    start_registry(host26)
    offer_plugin(host26, "localhost:5000/contract-volumes:1")
    place = Beside(host26, collections)
    return _Parts(lambda part: through_all(place, part, tmp_path_factory.mktemp))


class _Parts(dict[str, Contract]):
    """What came of a part, looked for when it is asked for."""

    def __init__(self, look: Callable[[str], Contract]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, part: str) -> Contract:
        self[part] = self._look(part)
        return self[part]


def _end_state(host: TestHost) -> dict[str, Any]:
    """What the engine holds, by the docker SDK; without what differs from run to run."""
    with contextlib.closing(host.sdk()) as client:
        containers = [
            client.api.inspect_container(c["Id"]) for c in client.api.containers(all=True)
        ]
        networks = [n for n in client.api.networks() if n["Name"] not in ("bridge", "host", "none")]
        volumes = client.api.volumes()["Volumes"] or []
        images = client.api.images()
        plugins = client.api.plugins()
    return {
        "containers": {raw["Name"]: _container(raw) for raw in containers},
        "networks": {raw["Name"]: _network(raw) for raw in networks},
        "images": sorted(tag for image in images for tag in image["RepoTags"] or ()),
        "volumes": {
            raw["Name"]: (raw["Labels"], raw["Options"])
            for raw in volumes
            if not _ID.fullmatch(raw["Name"])
        },
        "plugins": {raw["Name"]: (raw["Enabled"], raw["Settings"]) for raw in plugins},
    }


def _network(raw: dict[str, Any]) -> dict[str, Any]:
    # The engine chooses the addresses of those that name none.
    ipam = raw["IPAM"]["Config"] if "named-addresses" in (raw["Labels"] or {}) else None
    names = ("Driver", "Internal", "Attachable", "EnableIPv6", "Options", "Labels")
    return {"ipam": ipam, **{name: raw[name] for name in names}}


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
    assert len(SPECS) >= 60
    assert sum("refused" in spec for spec in SPECS.values()) >= 20
    assert {spec["kind"] for spec in SPECS.values()} == set(api.KINDS)


OF_ENGINE = [case for case in CASES if case[0] != "host"]
OF_HOST = PARTS["host"][0]


@pytest.mark.parametrize("name", OF_HOST)
def test_spec_of_the_host_does_what_it_says(by_host: Contract, name: str) -> None:
    does_what_it_says(by_host, name)


@pytest.mark.parametrize("front_end", PARTS["host"][1][1:])
@pytest.mark.parametrize("name", OF_HOST)
def test_same_of_the_host(by_host: Contract, name: str, front_end: str) -> None:
    if front_end not in by_host:
        pytest.skip("NOT RUN: the host has another Python than Salt's environment")
    says_the_same(by_host, name, front_end)


@pytest.mark.parametrize("front_end", PARTS["host"][1][1:])
def test_same_end_state_of_the_host(by_host: Contract, front_end: str) -> None:
    if front_end not in by_host:
        pytest.skip("NOT RUN: the host has another Python than Salt's environment")
    reference = by_host[REFERENCE].state
    assert "labels" in reference["host"]
    assert _without_ids(by_host[front_end].state) == _without_ids(reference)


@pytest.mark.parametrize(("part", "name"), OF_ENGINE)
def test_spec_does_what_it_says(by_engine: dict[str, Contract], part: str, name: str) -> None:
    does_what_it_says(by_engine[part], name)


def does_what_it_says(contract: Contract, name: str) -> None:
    """By the command line: refused where the spec says so, changed where it is not said to be."""
    outcomes, spec = contract[REFERENCE].outcomes, SPECS[name]
    for phase in (phase for phase in PHASES if (phase, name) in outcomes):
        outcome = outcomes[phase, name]
        which = "-then" if phase.endswith("then") else ""
        places = spec.get(f"refused{which}", ())
        assert outcome.failed == bool(places), (phase, outcome.message)
        for place in places:
            assert place in (outcome.message or ""), phase
        for words in spec.get(f"told{which}", ()):
            assert words in "\n".join(outcome.warnings), phase
        if not places:
            is_changed = spec.get(f"changed{which}", True) and not phase.startswith("again")
            assert outcome.changed is is_changed, (phase, outcome.plan)


@pytest.mark.parametrize(("part", "front_end"), [pair for pair in PAIRS if pair[0] != "host"])
def test_same(by_engine: dict[str, Contract], part: str, front_end: str) -> None:
    contract = by_engine[part]
    for name in PARTS[part][0]:
        says_the_same(contract, name, front_end)
    reference = contract[REFERENCE].state
    assert bool(reference["containers"]) is not part.startswith("refused")
    assert _without_ids(contract[front_end].state) == _without_ids(reference)


def says_the_same(contract: Contract, name: str, front_end: str) -> None:
    """The same plan, the same words, in every phase."""
    reference, other = contract[REFERENCE].outcomes, contract[front_end].outcomes
    for key in (key for key in reference if key[1] == name):
        assert key in other
        compare(reference[key], other[key], key)


def compare(reference: Outcome, other: Outcome, key: Any) -> None:
    """Two outcomes, as far as the other tool tells."""
    assert (other.failed, other.changed) == (reference.failed, reference.changed), (key, other)
    assert _without_ids(other.warnings) == _without_ids(reference.warnings), key
    if other.message is not None:
        # Ansible gives the options of a task in an order of its own, and so come the problems.
        found, expected = (sorted(str(item.message).split("\n")) for item in (other, reference))
        assert _without_ids(found) == _without_ids(expected), key
    if reference.failed:
        return
    for found, expected in (
        (other.fields, reference.fields),
        (other.plan, reference.plan),
        (other.lines, reference.lines),
    ):
        if found is not None:
            assert _without_ids(found) == _without_ids(expected), key


def test_secrets_are_shown_nowhere(by_engine: dict[str, Contract]) -> None:
    for part in PARTS:
        assert part == "host" or by_engine[part]
    assert {name for contract in by_engine.values() for name in contract} == set(FRONT_ENDS)
    assert not SECRETS.findall("".join(OUTPUT))
    # …but they got to where they belong.
    for found in by_engine[_part_of("plugin")].values():
        is_enabled, settings = found.state["plugins"]["contract-volumes:latest"]
        assert "TOKEN=contract-secret-other-token" in settings["Env"]
        assert not is_enabled
    for found in by_engine[_part_of("container-secrets")].values():
        env = found.state["containers"]["/ct-secrets"]["config"]["Env"]
        assert "PASSWORD=contract-secret-two" in env


# What installs an engine, as the users of each call it.
INSTALLS = {
    "command line": "docker.io of Debian and Ubuntu, docker-ce of Docker",
    "ansible": "the role dockwright.docker.engine",
    "salt": "`engine` in the pillar of the formula",
    "chef": "the recipe dockwright::engine",
    "puppet": "`packages` of the class dockwright",
}


def test_a_missing_engine_is_explained(host26: TestHost, collections: Path, tmp_path: Path) -> None:
    """The same address, reason and way out by every front end, in the words of its users."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", "salt"], check=True)
    place = Beside(host26, collections)
    place.clean()
    place.docker_host = f"unix://{host26.folder}/none.sock"
    specs = {"lost": {"kind": "volume", "spec": {"name": "ct-lost"}}}
    found = {}
    for name, front_end in FRONT_ENDS.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        found[name] = front_end(specs, place, folder)
    applied = found[REFERENCE]["apply", "lost"]
    assert (applied.failed, applied.changed) == (True, False)
    for words in ("none.sock (from DOCKER_HOST)", "no such socket", "systemctl start docker"):
        assert words in str(applied.message)
    for name, outcomes in found.items():
        # Some plan first, in a container where there may be no engine yet, and say so.
        said = outcomes["apply", "lost"]._replace(warnings=[])
        assert f"({INSTALLS[name]})" in str(said.message), name
        same = str(said.message).replace(INSTALLS[name], INSTALLS[REFERENCE])
        same = same.replace("with `docker_host`", "with `--docker-host`")
        compare(applied, said._replace(message=same), name)


def _part_of(spec: str) -> str:
    return next(part for part, name in CASES if name == spec)


def _without_ids(value: Any) -> str:
    return _ID.sub("ID", _RUNNER.sub("RUNNER", json.dumps(value, sort_keys=True)))
