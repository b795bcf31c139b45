"""The Puppet module and the Chef cookbook: thin, alike, and of the core's rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dockwright import api
from scripts import generate

ROOT = Path(__file__).resolve().parents[3]
PUPPET = ROOT / "adapters/puppet/dockwright"
CHEF = ROOT / "adapters/chef/cookbooks/dockwright"
SHIPPED = [
    path
    for folder in (PUPPET, CHEF)
    for path in sorted(folder.rglob("*.rb"))
    if "spec" not in path.relative_to(folder).parts and path != generate.PUPPET
]
MOST_LINES, MOST_LINES_OF_A_KIND = 200, 40
# What a comparison of a spec with a state would be written with.
COMPARISON = re.compile(r"[=!]=|<=>|=~|!~|\beql\?|\bdiff|[^<>=-]>=?[ ]|[^<]<=?[ ]")
# Which kind it is, whether a plan is of now, which action it is: no values of a spec or a state.
ALLOWED = ("kind.eql?('container')", "@applied.eql?(serve.applied)", "[:ensure].eql?(:running)")
CHEF_CONSTANT = re.compile(r"\bChef\b|\bOhai\b|\bMixlib\b|\bPuppet\b")


def code(path: Path) -> list[str]:
    """The lines of a file without comments, texts and what is allowed."""
    lines = []
    for line in path.read_text().splitlines():
        for words in ALLOWED:
            line = line.replace(words, "")
        line = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", line)
        lines.append(re.sub(r"#( |$).*", "", line))
    return lines


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT / "adapters")))
def test_nothing_is_compared(path: Path) -> None:
    found = [
        line
        for line in code(path)
        if COMPARISON.search(re.sub(r"class \w+ < \w+|class << self", "", line))
    ]
    assert found == []
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_a_comparison_would_be_seen(tmp_path: Path) -> None:
    for line in ("is == should", "a != b", "return if old.eql?(new)", "a <=> b", "x if a > b"):
        (tmp_path / "a.rb").write_text(line)
        assert COMPARISON.search(code(tmp_path / "a.rb")[0]), line


@pytest.mark.parametrize("kind", api.KINDS)
def test_every_kind_is_there_and_small(kind: str) -> None:
    for path in (
        PUPPET / f"lib/puppet/type/dockwright_{kind}.rb",
        CHEF / f"resources/{kind}.rb",
    ):
        assert f"dockwright_{kind}" in path.name + path.read_text()
        assert len(path.read_text().splitlines()) <= MOST_LINES_OF_A_KIND


def test_both_talk_to_the_command_by_the_same_file() -> None:
    one = PUPPET / "lib/puppet_x/dockwright/serve.rb"
    assert one.read_text() == (CHEF / "libraries/serve.rb").read_text()
    specs = [folder / "spec/serve_spec.rb" for folder in (PUPPET, CHEF)]
    assert specs[0].read_text() == specs[1].read_text()


@pytest.mark.parametrize(
    "path", [*CHEF.glob("libraries/*.rb"), PUPPET / "lib/puppet_x/dockwright/serve.rb"]
)
def test_the_library_knows_no_tool(path: Path) -> None:
    assert not [line for line in code(path) if CHEF_CONSTANT.search(line)]


def test_the_types_of_puppet_have_the_options_of_the_rows() -> None:
    words = "run: scripts/generate.py --puppet"
    assert generate.PUPPET.read_text() == generate.puppet_options(), words


def test_kinds_with_names_are_those_of_the_rows() -> None:
    named = [kind for kind, rows in api.KINDS.items() if any(row.name == "name" for row in rows)]
    found = re.search(r"NAMED = %w\[(.*?)\]", (CHEF / "libraries/wish.rb").read_text())
    assert found and found[1].split() == named


@pytest.mark.parametrize("kind", api.KINDS)
def test_the_states_of_a_resource_are_those_of_the_rows(kind: str) -> None:
    row = next((row for row in api.KINDS[kind] if row.name == "state"), None)
    words = set(row.type.schema["enum"]) if row else set()
    text = (CHEF / f"resources/{kind}.rb").read_text()
    assert set(re.findall(r"converge_kind\('(\w+)'\)", text)) == words
    assert "converge_kind" in text


def test_resources_of_chef_are_unified() -> None:
    for path in CHEF.glob("resources/*.rb"):
        assert "unified_mode true" in path.read_text(), path.name


def test_the_versions_are_that_of_the_package() -> None:
    metadata = json.loads((PUPPET / "metadata.json").read_text())
    assert metadata["version"] == api.VERSION
    assert f"version '{api.VERSION}'" in (CHEF / "metadata.rb").read_text()
