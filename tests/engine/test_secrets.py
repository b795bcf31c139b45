"""Secrets of a run of Ansible: in no output, however loud, and in no list of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import TINY, TestHost, engine_clean, machine, start_registry

REGISTRY = "localhost:5000"
SECRETS = {
    "password": "of-registry-4711",
    "variable": "of-variable-4712",
    "file": "of-env-file-4713",
    "compose": "of-compose-4714",
    "label": "of-variable-4712",  # again, where nobody thinks of it
}
LOUD = {"ignore_errors": True, "diff": True}


class Processes(threading.Thread):
    """Reads what every process of this machine was started with, again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.01):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    self.seen.add((folder / "cmdline").read_bytes())
                except OSError:  # it has ended
                    continue

    def __enter__(self) -> Processes:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()


def tasks(variables: Path) -> list[dict[str, Any]]:
    """Runs that fail in the middle and runs that do not."""
    registries = {REGISTRY: {"username": "ci", "password": SECRETS["password"]}}
    secret = {
        "image": TINY,
        "environment": {"A": SECRETS["variable"]},
        "labels": {"again": SECRETS["label"]},
        "stop_grace_period": 0,
    }
    missing = f"{REGISTRY}/no/such:1"
    bad = {"command": [f"/no/{SECRETS['variable']}"]}
    modules: list[tuple[str, dict[str, Any]]] = [
        ("image", {"name": missing, "registries": registries}),
        ("container", {"name": "pulled", **secret, "image": missing, "registries": registries}),
        ("container", {"name": "failing", **secret, **bad}),
        ("container", {"name": "wrong", **secret, "mem_limit": SECRETS["variable"]}),
        ("container", {"name": "unknown", **secret, "oops": SECRETS["variable"]}),
        ("container", {"name": "nameless", **secret, "environment": [SECRETS["variable"]]}),
        ("container", {"name": "good", **secret, "command": ["sleep", "1000"]}),
        ("container", {"name": "good", **secret, "command": ["sleep", "1001"]}),
        ("project", {"name": "shop", "compose": str(variables / "compose.yml")}),
        ("project", {"name": "shop", "compose": str(variables / "bad.yml")}),
    ]
    return [{f"dockwright.docker.{name}": args, **LOUD} for name, args in modules]


@pytest.fixture(scope="module")
def told(host26: TestHost, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, set[bytes]]:
    """All that ``ansible-playbook -vvv`` printed, and the processes that there were meanwhile."""
    engine_clean(host26)
    start_registry(host26)
    folder = tmp_path_factory.mktemp("secrets")
    service = {"image": TINY, "command": "echo ${TOKEN}", "network_mode": "none"}
    web = {**service, "env_file": "web.env", "environment": ["TOKEN"]}
    (folder / "compose.yml").write_text(json.dumps({"services": {"web": web}}))
    bad = {**service, "mem_limit": "${TOKEN}"}
    (folder / "bad.yml").write_text(json.dumps({"services": {"web": bad}}))
    (folder / ".env").write_text(f"TOKEN={SECRETS['compose']}\n")
    (folder / "web.env").write_text(f"FILE={SECRETS['file']}\n")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks(folder),
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    path = os.path.relpath(folder / "play.yml", machine.CHECKOUT / "playbooks")
    with Processes() as processes:
        done = subprocess.run(
            [machine.CHECKOUT / "scripts/playbook", path, "-vvv"],
            env={**os.environ, "DOCKER_HOST": host26.docker_host},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    engine_clean(host26)
    return done.stdout + done.stderr, processes.seen


def test_the_loudest_output_shows_no_secret(told: tuple[str, set[bytes]]) -> None:
    output, _ = told
    for words in (
        f"{REGISTRY}/no/such:1",
        "/no/********",
        "is not a size: '********'",
        "is not a size: '${TOKEN}'",
        "environment[0]: has no value",
        "create container shop-web-1",
    ):
        assert words in output
    assert [name for name, text in SECRETS.items() if text in output] == []


def test_no_list_of_processes_shows_a_secret(told: tuple[str, set[bytes]]) -> None:
    _, processes = told
    assert any(b"AnsiballZ_container" in argv for argv in processes)
    # The container's own process has what its file gives it as an argument.
    shown = b"\n".join(argv for argv in processes if not argv.startswith(b"echo\0"))
    assert [name for name, text in SECRETS.items() if text.encode() in shown] == []
