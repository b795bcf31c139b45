"""The Molecule scenarios: check, converge, idempotence, verify on real hosts, two at a time."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts import build, machine
from tests.hosts.host import owner_label, remove_leftovers

SCENARIOS = sorted(
    path.parent.name
    for path in (machine.CHECKOUT / "molecule").glob("*/*.yml")
    if path.name == "molecule.yml"
)
PLATFORMS = ("debian-12", "debian-13")
# In the normal run each scenario has one platform, and both platforms are there. What `engine` does
# beside what the whole host does (pins, holds, removal) is for the exhaustive run.
USUAL = {name: PLATFORMS[number % 2] for number, name in enumerate(SCENARIOS) if name != "engine"}
RUNS = [
    pytest.param(
        scenario, platform, marks=[] if USUAL.get(scenario) == platform else [pytest.mark.full]
    )
    for scenario in SCENARIOS
    for platform in PLATFORMS
]
LIMIT = 1500.0
_WORDS = 6000  # of the log's end, in a failure's message


class Done(NamedTuple):
    """How a scenario ended."""

    status: int | None  # None: it did not end in time
    log: str


class Runs:
    """Scenarios of this session; they are started together and awaited one by one."""

    def __init__(self, wanted: list[tuple[str, str]], folder: Path) -> None:
        self.folder = folder
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="molecule")
        self._runs: dict[tuple[str, str], Future[Done]] = {
            run: self._threads.submit(self._run, *run) for run in wanted
        }

    def result(self, scenario: str, platform: str) -> Done:
        """The end of a run. Raises what kept it from starting."""
        return self._runs[scenario, platform].result()

    def close(self) -> None:
        """Start nothing more, and wait for what runs."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, scenario: str, platform: str) -> Done:
        build(platform)
        folder = Path(tempfile.mkdtemp(prefix=f"{scenario}-", dir=self.folder))
        done = _molecule("test", scenario, platform, folder, LIMIT)
        if done.status is None:  # it had no time for that
            _molecule("destroy", scenario, platform, folder, 60)
        return done


def _molecule(command: str, scenario: str, platform: str, folder: Path, limit: float) -> Done:
    # Beside the folder: Molecule empties it at the end.
    log = folder.with_name(f"{folder.name}.{command}.log")
    argv = ["molecule", command, "--scenario-name", scenario, "--platform-name", platform]
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    environment.update(
        MOLECULE_EPHEMERAL_DIRECTORY=str(folder),
        MOLECULE_COMMAND_BORDERS="false",
        DOCKWRIGHT_TEST_OWNER=owner_label(),
        NO_COLOR="1",
    )
    script = ['. scripts/env && exec timeout --kill-after 10 "$0" "$@"', f"{limit:.0f}", *argv]
    with log.open("w") as file:
        status = subprocess.run(
            ["bash", "-c", *script],
            cwd=machine.CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    text = log.read_text(errors="replace")
    return Done(None if status in (124, 137) else status, text)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """The runs of this session's tests."""
    remove_leftovers()
    params = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = [
        (call.params["scenario"], call.params["platform"])
        for call in params
        if call and "scenario" in call.params
    ]
    found = Runs(wanted, tmp_path_factory.mktemp("molecule"))
    yield found
    found.close()


@pytest.mark.engine
@pytest.mark.parametrize(("scenario", "platform"), RUNS)
def test_scenario(runs: Runs, scenario: str, platform: str) -> None:
    done = runs.result(scenario, platform)
    ended = f"did not end within {LIMIT:.0f} s" if done.status is None else f"gave {done.status}"
    if done.status != 0:
        pytest.fail(f"molecule {scenario} on {platform} {ended}:\n{done.log[-_WORDS:]}", False)
    # Each of the four has really been run.
    for action in ("check", "converge", "idempotence", "verify"):
        assert re.search(rf"{scenario} [➜>] {action}: Executed: Successful", done.log), action


def test_every_scenario_is_run() -> None:
    assert SCENARIOS == ["daemon", "default", "dns", "engine", "firewall", "storage"]
