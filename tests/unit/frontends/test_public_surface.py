"""Front ends import the core's public surface and nothing else of it, and carry no logic."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dockwright.api

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted((ROOT / "plugins/modules").glob("*.py"))
FRONT_ENDS = [
    *MODULES,
    *sorted((ROOT / "plugins/doc_fragments").glob("*.py")),
    *sorted((ROOT / "plugins/action").glob("*.py")),
    ROOT / "plugins/module_utils/glue.py",
    *sorted((ROOT / "adapters").rglob("*.py")),
]
CORE = sorted((ROOT / "plugins/module_utils/dockwright").rglob("*.py"))
FOREIGN = {"ansible", "ansible_collections", "salt", "saltext", "rich", "dockwright_cli"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> list[str]:
    """Every module that a file imports, relative ones with their dots; names after a colon."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [f"{alias.name}:" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [f"{module}:{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", FRONT_ENDS, ids=name_of)
def test_only_the_public_surface_is_imported(path: Path) -> None:
    for item in imports(path):
        module, _, name = item.partition(":")
        parts = module.lstrip(".").split(".")
        if "dockwright" not in parts or module.startswith("saltext."):
            continue
        after = parts[parts.index("dockwright") + 1 :]
        if after == ["api"]:
            assert name in dockwright.api.__all__, item
        else:
            assert (after, name) == ([], "api"), item


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_knows_no_front_end(path: Path) -> None:
    roots = {item.partition(":")[0].split(".")[0] for item in imports(path)}
    assert not roots & FOREIGN
    assert "glue" not in "".join(imports(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_documentation_and_a_little_glue(path: Path) -> None:
    text = path.read_text()
    body = [
        node
        for node in ast.parse(text).body
        if not isinstance(node, ast.Assign)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert sum((node.end_lineno or 0) - node.lineno + 1 for node in body) <= 20
    assert text.count("\n") <= 150


def test_the_public_surface_is_what_it_says() -> None:
    assert sorted(dockwright.api.__all__) == sorted(set(dockwright.api.__all__))
    public = {
        name
        for name, value in vars(dockwright.api).items()
        if not name.startswith("_") and name != "annotations" and not _is_module(value)
    }
    assert public == set(dockwright.api.__all__)


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"
