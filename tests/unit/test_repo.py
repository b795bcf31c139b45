"""The repository itself: what is shipped, what the core may import, sizes, suppressions, words."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {  # package -> its folder's parent
    "dockwright": "plugins/module_utils",
    "dockwright_cli": "adapters/cli",
    "saltext": "adapters/salt",
}
CORE = ROOT / "plugins/module_utils/dockwright"
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
PYTHON = [path for path in FILES if path.suffix == ".py"]
SHIPPED = [path for path in PYTHON if path.parts[len(ROOT.parts)] in ("plugins", "adapters")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def listed(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=name_of(path)) for path in paths]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


# --- what is shipped -----------------------------------------------------------------------------


def test_the_wheel_is_the_tree(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        tmp_path,
    ]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        listed = [name for name in wheel.namelist() if ".dist-info/" not in name]
        found = {name for name in listed if ".data/data/share/" not in name}
        scripts = next(n for n in wheel.namelist() if n.endswith("entry_points.txt"))
        entries = wheel.read(scripts).decode()
    wanted = {
        path.relative_to(ROOT / parent).as_posix()
        for package, parent in PACKAGES.items()
        for path in (ROOT / parent / package).rglob("*.py")
    }
    assert found == wanted
    assert "dockwright = dockwright_cli.__main__:main" in entries
    assert "[salt.loader]" in entries


def test_the_collection_has_what_ansible_needs_and_no_more(tmp_path: Path) -> None:
    argv = ["ansible-galaxy", "collection", "build", "--output-path", tmp_path]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    subprocess.run(argv, cwd=ROOT, env=env, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as tar:
        files = {member.name for member in tar.getmembers() if member.isfile()}
    shipped = {name_of(path) for path in (ROOT / "plugins").rglob("*.py")}
    assert {name for name in files if name.startswith("plugins/")} == shipped
    assert {"LICENSE", "README.md", "meta/runtime.yml", "changelogs/changelog.yaml"} <= files
    tops = {name.partition("/")[0] for name in files}
    assert not tops & {"tests", "adapters", "scripts", "benchmarks", "pyproject.toml"}
    assert not [name for name in tops if name.startswith(".")]
    assert not [name for name in files if "docs/reference" in name]


def test_changelog_fragments_have_known_sections() -> None:
    config = yaml.safe_load((ROOT / "changelogs/config.yaml").read_text())
    known = {section for section, _ in config["sections"]}
    known |= {config["trivial_section_name"], config["prelude_section_name"]}
    for path in (ROOT / "changelogs/fragments").glob("*"):
        assert set(yaml.safe_load(path.read_text())) <= known, path.name


# --- code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", listed(sorted(CORE.rglob("*.py"))))
def test_the_core_imports_the_standard_library_and_itself(path: Path) -> None:
    depth = len(path.relative_to(CORE).parts)
    top = {id(node) for node in tree(path).body}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= depth, f"line {node.lineno} leaves the package"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            is_of_typing = isinstance(node, ast.ImportFrom) and node.module == "typing"
            if is_of_typing and path.name != "named_tuple.py":
                assert "NamedTuple" not in [a.name for a in node.names], "ours takes less time"
            for name in names:
                root = str(name).partition(".")[0]
                assert root != "importlib", f"line {node.lineno}: not seen by Ansible"
                # A Compose file cannot be read without it; where none is given it is not needed.
                is_lazy_yaml = root == "yaml" and id(node) not in top
                assert root in sys.stdlib_module_names or is_lazy_yaml, (
                    f"line {node.lineno}: {name}"
                )
        elif isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") != "__import__", f"line {node.lineno}"


@pytest.mark.parametrize("path", listed(SHIPPED))
def test_shipped_code_is_of_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("path", listed([path for path in SHIPPED if path.name == "__init__.py"]))
def test_packages_hold_a_docstring_only(path: Path) -> None:
    assert [type(node) for node in tree(path).body] == [ast.Expr]


@pytest.mark.parametrize("path", listed([path for path in PYTHON if path.read_text()]))
def test_every_file_says_what_belongs_there(path: Path) -> None:
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("kind", ["modules", "action", "doc_fragments"])
def test_plugins_have_the_licence_in_their_head(kind: str) -> None:
    for path in (ROOT / "plugins" / kind).glob("*.py"):
        head = path.read_text()[:400]
        assert "GNU General Public License v3.0+" in head, path.name
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in head, path.name


MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 50
TABLES = ("options.py", "forms.py")  # a row, or a form with its reader and writer, after another
LONGER = {  # what is longer, and why
    "tests/unit/engine/test_client.py": "one test for each thing that the client promises",
    "tests/engine/test_engine_edge.py:_scenario": "one story, told to the fake and the real engine",
}


@pytest.mark.parametrize("path", listed(PYTHON))
def test_nothing_is_too_long(path: Path) -> None:
    name = name_of(path)
    if path.name not in TABLES and name not in LONGER:
        assert len(path.read_text().splitlines()) <= MOST_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION or f"{name}:{node.name}" in LONGER, node.name


# A linter is silenced rarely: make it less, never more.
MOST_SUPPRESSIONS = 23
_SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma|mypy:|ruff:)(?P<rest>.*)")
_REASON = re.compile(r"(?::\s*[A-Z0-9, ]+|\[[\w, -]+\])\s*(?:- |# |\()\S{2}.*")


def suppressions() -> Iterator[tuple[str, str]]:
    """Place and text of every comment that silences a linter."""
    for path in PYTHON:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = _SUPPRESSION.search(line)
            if found and path != Path(__file__):
                yield f"{name_of(path)}:{number}", found["rest"]


def test_every_suppression_has_its_reason() -> None:
    assert [place for place, rest in suppressions() if not _REASON.fullmatch(rest)] == []


def test_suppressions_are_few() -> None:
    assert len(list(suppressions())) <= MOST_SUPPRESSIONS


# --- words ---------------------------------------------------------------------------------------

TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", listed(TEXTS))
def test_tests_that_pages_name_are_there(path: Path) -> None:
    for file, _, test in re.findall(r"`(tests/[\w/]+\.py)(::(\w+))?", path.read_text()):
        assert (ROOT / file).exists(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"


def test_nothing_tells_on_which_machine_it_was_made() -> None:
    names = {str(ROOT)} if len(ROOT.parts) > 2 else set()
    if "." in socket.getfqdn():
        names.add(socket.getfqdn())
    names |= set(_mirrors())
    for path in FILES:
        text = path.read_text(errors="replace")
        assert [word for word in names if word in text] == [], name_of(path)


def _mirrors() -> Iterator[str]:
    """The places that packages come from here, where they are no public ones."""
    texts = [
        value for key, value in os.environ.items() if re.search(r"INDEX|PROXY|REGISTRY|MIRROR", key)
    ]
    for file in ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf"):
        path = Path(file).expanduser()
        texts.append(path.read_text() if path.exists() else "")
    for url in map(urlsplit, re.findall(r"(?:https?|file)://\S+", "\n".join(texts))):
        place = url.hostname or url.path.rstrip("/")
        if place and not place.endswith(("pypi.org", "pythonhosted.org", "localhost", "127.0.0.1")):
            yield place


def test_a_failed_install_leaves_the_old_environment(tmp_path: Path) -> None:
    for name in ("scripts/env", "scripts/venv", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    mark = tmp_path / ".venv/mark"
    mark.parent.mkdir()
    mark.touch()
    nowhere = {**os.environ, "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [tmp_path / "scripts/venv"], env=nowhere, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "No matching distribution" in done.stderr
    assert mark.exists()
    assert sorted(path.name for path in tmp_path.glob(".venv*")) == [".venv", ".venv.lock"]
