"""The controller's part of module project, as ansible-playbook runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import TestHost

ROOT = Path(__file__).parents[2]
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  environment: {DOCKER_HOST: "{{ docker_host }}"}
  tasks:
    - name: A path among the files of the playbook, its env files beside it
      dockwright.docker.project: {name: shop, compose: compose.yaml}
      check_mode: true
      register: path

    - name: A list of paths, and variables of the task
      dockwright.docker.project:
        name: shop
        compose: [compose.yaml, "{{ playbook_dir }}/over.yaml"]
        compose_environment: {TAG: "9"}
        compose_directory: /srv/shop
      check_mode: true
      register: paths

    - name: A file that is nowhere
      dockwright.docker.project: {name: shop, compose: gone.yaml}
      check_mode: true
      ignore_errors: true
      register: gone

    - name: A file with an error
      dockwright.docker.project: {name: shop, compose: bad.yaml}
      check_mode: true
      ignore_errors: true
      register: bad

    - name: Content, which is of the managed host
      dockwright.docker.project:
        name: shop
        compose:
          services: {web: {image: "a:${TAG:-1}", network_mode: none}}
      check_mode: true
      register: content

    - name: Show
      ansible.builtin.copy:
        dest: "{{ playbook_dir }}/results.json"
        mode: "0600"
        content: "{{ results | to_json }}"
      vars:
        results:
          {path: "{{ path }}", paths: "{{ paths }}", gone: "{{ gone }}", bad: "{{ bad }}",
          content: "{{ content }}"}
"""
COMPOSE = """
services:
  web:
    image: a:${TAG}
    command: [echo, "$UNSET"]
    env_file: web.env
    volumes: ["./data:/data"]
    network_mode: none
"""


class Played:
    """The results of the playbook's tasks, and all that was printed."""

    def __init__(self, folder: Path, docker_host: str) -> None:
        files = folder / "files"
        files.mkdir()
        (folder / "play.yml").write_text(PLAYBOOK)
        (folder / "over.yaml").write_text("services: {web: {command: [run], user: me}}")
        (files / "compose.yaml").write_text(COMPOSE)
        (files / ".env").write_text("TAG=1\nPASSWORD=topsecret-1")
        (files / "web.env").write_text("TOKEN=${PASSWORD}$$topsecret-2")
        (files / "bad.yaml").write_text("services: {web: {image: 'topsecret-3${'}}")
        playbook = os.path.relpath(folder / "play.yml", ROOT / "playbooks")
        run = subprocess.run(
            [ROOT / "scripts/playbook", playbook, "-vvv", "-e", f"docker_host={docker_host}"],
            capture_output=True,
            text=True,
            check=False,
        )
        self.output = run.stdout + run.stderr
        assert run.returncode == 0, self.output
        results: dict[str, Any] = json.loads((folder / "results.json").read_text())
        self.results = results

    def created(self, task: str) -> dict[str, Any]:
        """What the plan of a task makes of the service's container."""
        for change in self.results[task]["changes"]:
            if change["kind"] == "container":
                assert change["name"] == "shop-web-1"
                made: dict[str, Any] = change["after"]
                return made
        raise AssertionError(self.results[task])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, host28: TestHost) -> Played:
    return Played(tmp_path_factory.mktemp("play"), host28.docker_host)


def test_a_path(played: Played) -> None:
    made = played.created("path")
    assert made["image"] == "a:1"
    assert made["command"] == ["echo", ""]
    assert list(made["environment"]) == ["TOKEN"]
    assert made["volumes"]["/data"]["source"].endswith("/files/data")
    warnings = played.results["path"]["warnings"]
    assert warnings[0] == "the variable UNSET is not set, it counts as empty"


def test_several_paths(played: Played) -> None:
    made = played.created("paths")
    assert (made["image"], made["command"], made["user"]) == ("a:9", ["run"], "me")
    assert made["volumes"]["/data"]["source"] == "/srv/shop/data"


def test_what_is_shown_is_what_was_written(played: Played) -> None:
    assert '"compose": "compose.yaml"' in played.output
    assert "topsecret" not in played.output


def test_problems(played: Played) -> None:
    assert "Could not find or access 'gone.yaml'" in played.results["gone"]["msg"]
    bad = played.results["bad"]["msg"]
    assert bad.startswith("compose.services.web.image: a '${' is never closed")
    assert "Traceback" not in played.output


def test_content_is_left_to_the_module(played: Played) -> None:
    assert played.created("content")["image"] == "a:1"
