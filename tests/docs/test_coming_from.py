"""The page that maps others' options to ours has a row for each, and names only what there is."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from dockwright import surface
from dockwright.kinds.container.options import OPTIONS
from tests.hosts import TestHost, machine

_ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|-) \| (.*?) ?\|$", re.M)
_TEXT = (machine.CHECKOUT / "docs/coming-from.md").read_text()
_MODULE, _FLAGS = (
    {theirs: (ours, words) for theirs, ours, words in _ROW.findall(part)}
    for part in _TEXT.split("## Flags of docker run")
)


def test_every_line_of_the_tables_is_a_row() -> None:
    lines = [line for line in _TEXT.splitlines() if line.startswith("| `")]
    assert len(lines) == len(_MODULE) + len(_FLAGS)


@pytest.mark.parametrize("table", [_MODULE, _FLAGS], ids=["module", "flags"])
def test_it_names_options_that_there_are(table: dict[str, tuple[str, str]]) -> None:
    known = {row.name for row in surface.options_of("container")} | {row.name for row in OPTIONS}
    assert {ours for ours, _ in table.values()} - {""} <= known
    silent = [theirs for theirs, (ours, words) in table.items() if not (ours or words)]
    assert set(silent) <= {"--help", "--quiet"}


def test_options_of_the_module_are_all_there() -> None:
    command = ["ansible-doc", "-j", "community.docker.docker_container"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert set(told["community.docker.docker_container"]["doc"]["options"]) == set(_MODULE)


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
