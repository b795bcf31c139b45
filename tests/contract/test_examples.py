"""The examples of every module's documentation, run on a host; a second time changes nothing."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import (
    TestHost,
    engine_clean,
    machine,
    offer_plugin,
    remove_plugins,
    reset_daemon,
    start_host,
    tiny_tar,
)

from .places import LIMIT, noted

MODULES = sorted((machine.CHECKOUT / "plugins/modules").glob("*.py"))
SERVER = {"Cmd": ["httpd", "-f", "-p", "80", "-h", "/www"], "StopSignal": "SIGKILL"}
# What the examples speak of: a registry (addresses in 127.0.0.0/8 need no certificate), a folder
# to build, and two containers with programs that do as their namesakes.
SITE = """
echo 127.0.0.2 registry.example.com >> /etc/hosts
mkdir -p /var/lib/images /srv/web /srv/site/img /srv/keys /srv/bin /srv/marks /home/ci
chmod 777 /srv/marks
cat > /srv/registry.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry.example.com}}
http: {addr: '127.0.0.2:80'}
END
systemd-run -q --unit registry-example --collect docker-registry serve /srv/registry.yml
printf 'FROM nginx:1.27\nARG VERSION\nLABEL version=$VERSION\n' > /srv/web/Dockerfile
echo a key > /srv/keys/web.key
echo a picture > /srv/site/img/one
printf '#!/bin/sh\ntest -e /marks/shop' > /srv/bin/psql
printf '#!/bin/sh\ntouch /marks/shop' > /srv/bin/createdb
printf '#!/bin/sh\n' > /srv/bin/nginx
chmod 755 /srv/bin/*
echo postgres:x:70:70::/:/bin/sh > /srv/passwd
docker run -d --name records -v /srv/bin/psql:/bin/psql -v /srv/bin/createdb:/bin/createdb \
    -v /srv/marks:/marks postgres:16
docker cp /srv/passwd records:/etc/passwd
docker run -d --name site -v /srv/bin/nginx:/bin/nginx -v /usr/share/nginx/html \
    -v /etc/ssl/private nginx:1.27
"""


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
    known = {"registry_password": "let-me-in"}
    return {"hosts": host, "gather_facts": False, "vars": known, "tasks": tasks}


def told(argv: list[Any], env: dict[str, str]) -> str:
    """What ansible-playbook says."""
    done = subprocess.run(
        [str(part) for part in argv],
        env={**os.environ, **env},
        cwd=machine.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=3 * LIMIT,  # every example of every module, twice
        check=False,
    )
    return noted(done)


@pytest.fixture(scope="module")
def results(host26: TestHost, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The results of every example by module; of each task the first and the second."""
    engine_clean(host26)
    host26.load_tiny("nginx:1.27", **SERVER)
    host26.load_tiny("postgres:16", Cmd=["sleep", "1000"], StopSignal="SIGKILL")
    host26.exec(["sh", "-ec", SITE])
    offer_plugin(host26, "registry.example.com/nfs:2")
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
        "ANSIBLE_PIPELINING": "true",
    }
    text = told(argv, env)
    found: dict[str, list[Any]] = {}
    for done in json.loads(text[text.index("{") :])["plays"]:
        for task in done["tasks"]:
            module, _, _ = task["task"]["name"].partition(": ")
            results = task["hosts"].values()  # none for what only steers the play
            found.setdefault(module, []).extend((task["task"]["name"], item) for item in results)
    moved.stop()
    host26.exec(["systemctl", "stop", "registry-example"])
    engine_clean(host26)
    remove_plugins(host26)
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
