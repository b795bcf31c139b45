"""The page that maps others' options to ours has a row for each, and names only what there is."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from dockwright import surface
from dockwright.kinds.container import devices, endpoints
from dockwright.kinds.container.options import OPTIONS
from tests.hosts import TestHost, machine

_ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|-) \| (.*?) ?\|$", re.M)
_TEXT = (machine.CHECKOUT / "docs/coming-from.md").read_text()
_MODULES, _MODULE, _INSIDE, _FLAGS = (
    {theirs: (ours, words) for theirs, ours, words in _ROW.findall(part)}
    for part in re.split(r"^##+ (?:Options of|Inside of|Flags of).*$", _TEXT, flags=re.M)
)


def test_every_line_of_the_tables_is_a_row() -> None:
    lines = [line for line in _TEXT.splitlines() if line.startswith("| `")]
    assert len(lines) == len(_MODULES) + len(_MODULE) + len(_INSIDE) + len(_FLAGS)


@pytest.mark.parametrize("table", [_MODULE, _FLAGS], ids=["module", "flags"])
def test_it_names_options_that_there_are(table: dict[str, tuple[str, str]]) -> None:
    known = {row.name for row in surface.options_of("container")} | {row.name for row in OPTIONS}
    assert {ours for ours, _ in table.values()} - {""} <= known
    silent = [theirs for theirs, (ours, words) in table.items() if not (ours or words)]
    assert set(silent) <= {"--help", "--quiet"}


def _doc(*words: str) -> Any:
    command = ["ansible-doc", "-j", *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_options_of_the_module_are_all_there() -> None:
    name = "community.docker.docker_container"
    options = _doc(name)[name]["doc"]["options"]
    assert set(options) == set(_MODULE)
    inside = {f"{key}.{sub}" for key, row in options.items() for sub in row.get("suboptions") or ()}
    assert set(_INSIDE) <= inside
    for name in inside - set(_INSIDE):
        option, _, sub = name.partition(".")
        assert sub in _SAME[option], name


_LIMIT = ("path", "rate")
_SAME: dict[str, Collection[str]] = {
    "networks": endpoints._KEYS,
    "healthcheck": ("test", "interval", "timeout", "retries", "start_period", "start_interval"),
    "device_requests": devices._REQUEST,
    "mounts": ("source", "target", "read_only", "consistency"),
    **dict.fromkeys(("device_read_bps", "device_read_iops"), _LIMIT),
    **dict.fromkeys(("device_write_bps", "device_write_iops"), _LIMIT),
}


_SWARM = re.compile("_(config|node|secret|stack|swarm)")


def test_modules_are_all_there() -> None:
    ours = {Path(file).stem for file in (machine.CHECKOUT / "plugins/modules").glob("*.py")}
    assert {name for name, _ in _MODULES.values()} - {""} <= ours
    names = {name.rpartition(".")[2] for name in _doc("-l", "community.docker")}
    assert {name for name in names if not _SWARM.search(name)} == set(_MODULES)


def test_flags_of_the_newest_command_are_all_there(host28: TestHost) -> None:
    told = host28.exec(["docker", "run", "--help"]).stdout
    found = set(re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", told, re.M))
    assert "--network" in found
    assert found - set(_FLAGS) == set()


def test_our_options_are_reached_from_somewhere() -> None:
    """Options of ours that nothing leads to are those that neither of the two has."""
    named = {ours for table in (_MODULE, _FLAGS) for ours, _ in table.values()}
    ours_alone = {"command", "deploy", "service", "scale", "depends_on", "container_name"}
    ours_alone.add("external_links")  # the tables have it beside links
    assert {row.name for row in OPTIONS} - named <= ours_alone
