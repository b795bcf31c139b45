"""The examples of every module's documentation, run on a host; a second time changes nothing."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import TestHost, engine_clean, machine, reset_daemon, start_host, tiny_tar

from .front_ends import run

MODULES = sorted((machine.CHECKOUT / "plugins/modules").glob("*.py"))
SERVER = {"Cmd": ["httpd", "-f", "-p", "80", "-h", "/www"]}


def examples(path: Path) -> list[dict[str, Any]]:
    """The tasks in a module's EXAMPLES."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            return list(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{path} has no examples")


def play(modules: list[Path], host: str) -> dict[str, Any]:
    """A play with every example of these modules, each twice."""
    tasks = [
        {**task, "name": f"{path.stem}: {task['name']}", "ignore_errors": True}
        for path in modules
        for task in examples(path)
        for _ in range(2)
    ]
    return {"hosts": host, "gather_facts": False, "tasks": tasks}


@pytest.fixture(scope="module")
def results(host26: TestHost, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The results of every example by module; of each task the first and the second."""
    engine_clean(host26)
    host26.load_tiny("nginx:1.27", **SERVER)
    host26.load_tiny("postgres:16", Cmd=["sleep", "1000"])
    host26.exec(["mkdir", "-p", "/var/lib/images"])
    host26.copy_in(tiny_tar("shop/web:1.4", **SERVER), "/var/lib/images/web.tar")
    moved = start_host("debian-13")  # its data-root goes elsewhere: it is nobody else's
    # Where a data-root can be: not on the overlay that this host has for a root.
    moved.exec(
        ["sh", "-ec", "mkdir /var/lib/containerd/srv; mount -B /var/lib/containerd/srv /srv"]
    )
    others = [path for path in MODULES if path.stem != "storage"]
    storage = [path for path in MODULES if path.stem == "storage"]
    plays = [play(others, "shared"), play(storage, "moved")]
    folder = tmp_path_factory.mktemp("examples")
    (folder / "examples.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    inventory = {
        name: {
            "ansible_connection": "community.docker.docker",
            "ansible_host": host.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        for name, host in (("shared", host26), ("moved", moved))
    }
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": inventory}}))
    argv = ["ansible-playbook", "-i", folder / "hosts.yml", folder / "examples.yml"]
    path = f"{machine.CHECKOUT}/.venv/bin:{os.environ['PATH']}"
    collections = str(machine.CHECKOUT / ".ansible/collections")
    env = {
        "PATH": path,
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
    }
    text = run(argv, env)
    found: dict[str, list[Any]] = {}
    for done in json.loads(text[text.index("{") :])["plays"]:
        for task in done["tasks"]:
            module, _, _ = task["task"]["name"].partition(": ")
            results = task["hosts"].values()  # none for what only steers the play
            found.setdefault(module, []).extend((task["task"]["name"], item) for item in results)
    moved.stop()
    engine_clean(host26)
    reset_daemon(host26)
    return found


@pytest.mark.parametrize("module", [path.stem for path in MODULES])
def test_examples_run(results: dict[str, list[Any]], module: str) -> None:
    assert len(results[module]) >= 2
    for name, result in results[module]:
        assert not result.get("failed"), f"{name}: {result.get('msg')}"


@pytest.mark.parametrize("module", [path.stem for path in MODULES])
def test_a_second_time_changes_nothing(results: dict[str, list[Any]], module: str) -> None:
    for name, result in results[module][1::2]:
        assert not result["changed"], f"{name}: {result.get('changes')}"
