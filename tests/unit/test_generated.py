"""Reference pages and schema: made from the rows, every row in them, and stale ones are noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dockwright import api
from dockwright.kinds.daemon.options import KEYS
from scripts import generate


def test_every_option_has_its_line() -> None:
    files = generate.files()
    for kind, rows in api.KINDS.items():
        page = files["daemon.md" if kind == "daemon" else f"{kind}.md"] + files["run.md"]
        missing = [row.name for row in rows if f"| `{row.name}`" not in page]
        assert missing in ([], ["config", "ignore"]), kind  # two of module daemon are no keys
    assert [key.name for key in KEYS if f"| `{key.name}` |" not in files["daemon.md"]] == []


def test_no_markup_of_ansible_is_left() -> None:
    assert [name for name, text in generate.files().items() if "C(" in text and ".md" in name] == []


def test_costs_are_those_of_the_rows() -> None:
    page = generate.files()["container.md"]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    costs = {row[0].strip("| "): row[-1].strip("| ") for row in rows}
    assert costs["`environment`"] == "replace"
    assert costs["`networks`"] == "reconnect"
    assert costs["`restart`"] == "none"
    assert costs["`mem_limit`"] == "none; replace when taken away"


def test_the_schema_is_that_of_the_command() -> None:
    assert json.loads(generate.files()["dockwright.schema.json"]) == api.schema()


def test_check_notices_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--output", str(tmp_path)]
    assert generate.main([*argv, "--check"]) == 1
    assert generate.main(argv) == 0
    assert generate.main([*argv, "--check"]) == 0
    (tmp_path / "run.md").write_text("by hand")
    assert generate.main([*argv, "--check"]) == 1
    assert "stale: run.md" in capsys.readouterr().err
