"""What the modules say of themselves is what the rows say, and every module is listed."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockwright import api

ROOT = Path(__file__).resolve().parents[3]
MODULES = {path.stem: path for path in sorted((ROOT / "plugins/modules").glob("*.py"))}


def literal(name: str, text: str) -> Any:
    """The YAML in one of a module's string constants."""
    for node in ast.parse(MODULES[name].read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == text:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{name} has no {text}")


def test_every_kind_has_a_module() -> None:
    assert set(MODULES) == {*api.KINDS, *api.ACTIONS, "host_info"}


def test_the_action_group_is_complete() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    assert runtime["action_groups"]["docker"] == sorted(MODULES)
    assert runtime["requires_ansible"] == ">=2.17.0"


def test_one_version() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == api.VERSION


@pytest.mark.parametrize("name", MODULES)
def test_documentation_is_complete(name: str) -> None:
    documentation = literal(name, "DOCUMENTATION")
    assert documentation["module"] == name
    assert documentation["extends_documentation_fragment"] == [
        f"dockwright.docker.{name}",
        "dockwright.docker.attributes",
    ]
    assert "options" not in documentation
    assert (ROOT / f"plugins/doc_fragments/{name}.py").exists()


@pytest.mark.parametrize("name", MODULES)
def test_options_are_documented_as_they_are_taken(name: str) -> None:
    spec = api.argument_spec(name)
    options = api.ansible_documentation(name)["options"]
    assert set(spec) == set(options) == {row.name for row in api.options_of(name)}
    for option, argument in spec.items():
        told = options[option]
        assert told["type"] == argument["type"]
        assert told.get("required") == argument.get("required")
        assert told.get("aliases") == argument.get("aliases")
        assert all(line.endswith(".") for line in told["description"])


@pytest.mark.parametrize("name", MODULES)
def test_no_option_twice(name: str) -> None:
    names = [word for row in api.options_of(name) for word in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_known_options(name: str) -> None:
    for task in literal(name, "EXAMPLES"):
        for module, options in task.items():
            if module.startswith("dockwright.docker."):
                kind = module.rpartition(".")[2]
                assert set(options or {}) <= set(api.argument_spec(kind))


@pytest.mark.parametrize("name", set(MODULES) - {"host_info"} - set(api.ACTIONS))
def test_returned_keys_are_documented(name: str) -> None:
    returned = {*api.to_dict(api.Report()), "msg"} - {"changed", "failed", "check", "diff"}
    returned -= {"message", "warnings"}  # msg, and Ansible's own
    assert set(literal(name, "RETURN")) == returned


def test_ansible_doc_renders_every_module() -> None:
    names = " ".join(f"dockwright.docker.{name}" for name in MODULES)
    script = f". scripts/env && ansible-doc --json --type module {names}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    for name in MODULES:
        doc = shown[f"dockwright.docker.{name}"]["doc"]
        assert set(doc["options"]) == set(api.argument_spec(name))
        assert doc["attributes"]["check_mode"]["support"] == "full"


def test_names_that_choose_are_not_required() -> None:
    for name in MODULES:
        argument = api.argument_spec(name).get("name", {})
        is_choice = name.endswith("_info") or name in ("host", "prune")
        assert bool(argument.get("required")) != is_choice or not argument, name
