"""The modules of the collection that is built for Galaxy do and say what the checkout's do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import TINY, TestHost, engine_clean, machine
from tests.unit.test_collection import built
from tests.unit.test_floor import floor_interpreter

WEB = {"image": TINY, "command": ["sleep", "1000"], "stop_grace_period": "0s"}
SHOP = {
    "name": "built",
    "networks": {"back": {}},
    "containers": {"web": {**WEB, "networks": ["back"]}},
    "purge": True,
}
LOOK, DIFF, LATER = {"check_mode": True}, {"diff": True}, {"async": 60, "poll": 1}
TASKS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "plan": ("project", SHOP, {**LOOK, **DIFF}),
    "run": ("project", SHOP, DIFF),
    "nothing to do": ("project", SHOP, {}),
    "nothing to do, later": ("project", SHOP, LATER),
    "live": ("container", {"name": "alone", **WEB, "mem_limit": "32m"}, LATER),
    "more": ("container", {"name": "alone", **WEB, "mem_limit": "64m"}, DIFF),
    "by pipe": (
        "container",
        {"name": "alone", "state": "absent"},
        {"vars": {"ansible_pipelining": True}},
    ),
    "refused": ("container", {"name": "alone", "imagine": "x"}, {}),
    "of Compose": ("project", {"compose": "compose.yml"}, DIFF),
    "of a daemon": ("daemon", {"config": {"log-driver": "local"}}, LOOK),
    "facts": ("host_info", {}, {}),
}
_VARYING = re.compile(
    r"[0-9a-f]{12,64}|\d+\.\d+\.\d+\.\d+|\d{4}-\d\d-\d\dT[\d:.]+Z?|\d{10}|Up [\w ]+"
)


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collection, built and installed."""
    folder = tmp_path_factory.mktemp("galaxy")
    command = ["ansible-galaxy", "collection", "install", "--force", "--offline", "-p", folder]
    subprocess.run([*command, built(folder)], check=True, capture_output=True)
    return folder


def played(host: TestHost, folder: Path, env: dict[str, str], python: str) -> dict[str, Any]:
    """What each task said."""
    engine_clean(host)
    (folder / "compose.yml").write_text(yaml.safe_dump({"name": "of", "services": {"one": WEB}}))
    tasks = [
        {"name": name, f"dockwright.docker.{kind}": options, "ignore_errors": True, **more}
        for name, (kind, options, more) in TASKS.items()
    ]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": python},
        "tasks": tasks,
    }
    (folder / "site.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    more = {"DOCKER_HOST": host.docker_host, "DOCKWRIGHT_STATE_DIR": str(folder / "state")}
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "site.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", **more, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "{" in done.stdout, done.stderr
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    engine_clean(host)
    return {
        task["task"]["name"]: task["hosts"]["localhost"] for task in answer["plays"][0]["tasks"]
    }


def settled(result: dict[str, Any], folder: Path) -> str:
    """A result in one text, without what differs from run to run: IDs, times, Ansible's job."""
    own = {key: value for key, value in result.items() if not key.startswith("ansible_job")}
    own.pop("results_file", None)
    text = json.dumps(own, sort_keys=True, indent=1).replace(str(folder), "…")
    return _VARYING.sub("…", text)


def test_the_same_results(host26: TestHost, collections: Path, tmp_path: Path) -> None:
    # In the oldest Python, for a task of the collection may run there as well.
    floor = floor_interpreter() or sys.executable
    path = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    runs = []
    for name, env, python in (("source", {}, sys.executable), ("built", path, floor)):
        (tmp_path / name).mkdir()
        runs.append(played(host26, tmp_path / name, env, python))
    source, packed = runs
    assert list(source) == list(packed) == list(TASKS)
    assert source["run"]["changed"] and source["facts"]["containers"]
    assert "imagine" in source["refused"]["msg"]
    for task in TASKS:
        found = settled(packed[task], tmp_path / "built")
        assert found == settled(source[task], tmp_path / "source"), task


def test_the_same_documentation(collections: Path) -> None:
    command = ["ansible-doc", "--json", "dockwright.docker.project", "dockwright.docker.host_info"]
    texts = []
    for path in (os.environ["ANSIBLE_COLLECTIONS_PATH"], str(collections)):
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": path}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        for module in found.values():
            del module["doc"]["filename"]
        texts.append(found)
    assert texts[0] == texts[1]
    assert "containers" in texts[0]["dockwright.docker.project"]["doc"]["options"]


def test_it_is_the_packed_one_that_runs(collections: Path) -> None:
    """Else the comparison above would say nothing."""
    seam = collections / "ansible_collections/dockwright/docker/plugins/module_utils/core.py"
    assert "IMPORTER" in seam.read_text() and 'DIGEST = ""' not in seam.read_text()
    assert 'TEXT = "' in seam.with_name("packed.py").read_text()
    assert "IMPORTER" not in (machine.CHECKOUT / "plugins/module_utils/core.py").read_text()


def test_only_a_run_that_may_write_keeps_its_code(
    host26: TestHost, collections: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    task = {"dockwright.docker.container": {"name": "nobody", "state": "absent"}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    variables = {"ansible_python_interpreter": sys.executable}
    (tmp_path / "site.yml").write_text(json.dumps([{**play, "vars": variables, "tasks": [task]}]))
    more = {"DOCKER_HOST": host26.docker_host, "DOCKWRIGHT_STATE_DIR": str(state)}
    more["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    command = ["ansible-playbook", "-i", "localhost,", str(tmp_path / "site.yml")]

    def kept(*flags: str) -> list[str]:
        env = {**os.environ, **more}
        subprocess.run([*command, *flags], env=env, capture_output=True, check=True)
        return [path.name for path in state.iterdir() if path.name.startswith("code-")]

    assert kept("--check") == []
    assert list(state.iterdir()) == []
    assert kept() == [f"code-{sys.implementation.cache_tag}"]
