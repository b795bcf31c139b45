"""The command line as one file: the same bytes each time, and nothing but Python to run it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.test_floor import floor_interpreter

ROOT = Path(__file__).resolve().parents[2]


def built(output: Path) -> Path:
    command = [ROOT / "scripts/zipapp", "--output", output]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return output


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file, built."""
    return built(tmp_path_factory.mktemp("built") / "dockwright.pyz")


def run(python: str | Path, one_file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it where Python finds nothing but its own library."""
    argv = [python, "-I", "-S", one_file, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")


def test_the_same_files_make_the_same_bytes(one_file: Path, tmp_path: Path) -> None:
    again = built(tmp_path / "elsewhere" / "other.pyz")
    assert again.read_bytes() == one_file.read_bytes()
    assert os.access(again, os.X_OK)


def test_what_is_in_it(one_file: Path) -> None:
    with zipfile.ZipFile(one_file) as archive:
        names = set(archive.namelist())
        licence = archive.read("yaml/LICENSE").decode()
    assert {name.partition("/")[0] for name in names} == {
        "__main__.py",
        "LICENSE",
        "dockwright",
        "dockwright_cli",
        "yaml",
    }
    assert "Permission is hereby granted" in licence
    assert not [name for name in names if name.endswith((".pyc", ".so")) or "/fake" in name]


def test_it_reads_yaml_with_nothing_installed(one_file: Path, tmp_path: Path) -> None:
    spec = tmp_path / "site.yml"
    spec.write_text("containers:\n  web: {image: 'nginx:1.27', mem_limitt: 64m}\n")
    for python in {sys.executable, str(floor_interpreter() or sys.executable)}:
        done = run(python, one_file, "plan", str(spec))
        assert "containers.web.mem_limitt: unknown key. Did you mean 'mem_limit'?" in done.stdout
        assert (done.returncode, done.stderr) == (1, "")
    spec.write_text("containers: [\n")
    assert "is not valid YAML, line 2" in run(sys.executable, one_file, "plan", str(spec)).stderr
