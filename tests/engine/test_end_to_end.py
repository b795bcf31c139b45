"""Whole ways from what a user writes to an engine: files here, a host elsewhere, a later start."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import TINY, TestHost, engine_clean, machine, reset_daemon

from .world import World, titles, told

COMPOSE = f"""
x-base: &base
  image: {TINY}
  command: sleep 1000
  stop_grace_period: 0s
  labels: {{team: shop, tier: base}}
services:
  web:
    <<: *base
    labels: {{<<: {{team: shop}}, tier: front}}
    environment: {{TOKEN: "${{TOKEN:?is missing}}"}}
    depends_on: [db]
  db:
    extends: {{file: common/base.yml, service: store}}
    volumes: ["data:/data"]
  debug:
    <<: *base
    profiles: [tools]
volumes: {{data: {{}}}}
"""
COMMON = f"""
services:
  store:
    image: {TINY}
    command: sleep 1001
    stop_grace_period: 0s
    env_file: store.env
    labels: {{from: common}}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A Compose file that uses what Compose files have, beside the files that it names."""
    folder = tmp_path / "files"
    (folder / "common").mkdir(parents=True)
    (folder / "compose.yml").write_text(COMPOSE)
    (folder / ".env").write_text("TOKEN=t-1\n")
    (folder / "common/base.yml").write_text(COMMON)
    (folder / "common/store.env").write_text("STORE=s-1\n")
    return folder


def environment(world: World, name: str) -> list[str]:
    found: list[str] = world.inspect(name)["Config"]["Env"]
    return found


def labels(world: World, name: str) -> dict[str, str]:
    found = world.inspect(name)["Config"]["Labels"]
    return {key: value for key, value in found.items() if "." not in key}


def test_what_compose_files_have(lean_world: World, files: Path) -> None:
    """Anchors, merge keys, extends, profiles, variables and env files, as an engine gets them."""
    world = lean_world
    document = {"project": "shop", "compose": str(files / "compose.yml")}
    world.apply(document)
    assert world.names() == {"shop-web-1", "shop-db-1"}
    assert (world.networks(), world.volumes()) == ({"shop_default"}, {"shop_data"})
    assert labels(world, "shop-web-1") == {"team": "shop", "tier": "front"}
    assert labels(world, "shop-db-1") == {"from": "common"}
    assert "TOKEN=t-1" in environment(world, "shop-web-1")
    assert "STORE=s-1" in environment(world, "shop-db-1")
    tools = {**document, "compose_environment": {"COMPOSE_PROFILES": "tools", "TOKEN": "t-1"}}
    assert titles(world.apply(tools)) == ["create container shop-debug-1"]
    assert labels(world, "shop-debug-1") == {"team": "shop", "tier": "base"}
    (files / ".env").unlink()
    assert "the variable TOKEN has no value: is missing" in told(world.fail(document))


def test_ansible_reads_here_and_acts_elsewhere(host26: TestHost, files: Path) -> None:
    """Compose files of the controller, and a managed host that is reached by ssh."""
    engine_clean(host26)
    mounted = "services: {web: {volumes: ['./site:/site:ro']}}"
    (files / "mounted.yml").write_text(mounted)
    host26.write("/srv/shop/site/index.html", "hello")
    module = "dockwright.docker.project"
    both = [str(files / "compose.yml"), str(files / "mounted.yml")]
    tasks: list[dict[str, Any]] = [
        {module: {"name": "shop", "compose": both}, "ignore_errors": True, "register": "refused"},
        {module: {"name": "shop", "compose": both, "compose_directory": "/srv/shop"}},
        {
            module: {"name": "shop", "compose": both, "compose_directory": "/srv/shop"},
            "register": "again",
        },
        {
            "ansible.builtin.copy": {
                "dest": str(files / "told.json"),
                "content": "{{ {'refused': refused, 'again': again} | to_json }}",
                "mode": "0600",
            },
            "delegate_to": "localhost",
            "connection": "local",
        },
    ]
    variables = {"ansible_python_interpreter": "/usr/bin/python3"}
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}
    (files / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", f"{host26.address},", "-u", "root", files / "play.yml"],
        env={**os.environ, "PATH": f"{host26.ssh_path}:{os.environ['PATH']}"},
        cwd=machine.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((files / "told.json").read_text())
    assert "compose_directory" in results["refused"]["msg"]
    assert not results["again"]["changed"]
    shown = host26.exec(["docker", "exec", "shop-web-1", "cat", "/site/index.html"])
    assert shown.stdout == "hello"
    inspected = json.loads(host26.exec(["docker", "inspect", "shop-db-1"]).stdout)
    assert "STORE=s-1" in inspected[0]["Config"]["Env"]
    engine_clean(host26)


@pytest.fixture
def packaged(host26: TestHost) -> Iterator[TestHost]:
    """A host with its daemon as packaged, before and after."""
    engine_clean(host26)
    reset_daemon(host26)
    yield host26
    reset_daemon(host26)


def command(host: TestHost, verb: str, spec: dict[str, Any]) -> dict[str, Any]:
    """What the command line says of a daemon's keys, inside the host."""
    request = json.dumps({"api": 1, "resources": [{"kind": "daemon", **spec}]})
    argv = ["-m", "dockwright_cli", verb, "--json"]
    (answer,) = json.loads(host.core(argv, input=request, check=False).stdout)["resources"]
    assert not answer["failed"], answer["message"]
    return dict(answer)


def test_a_restart_that_is_put_off(packaged: TestHost) -> None:
    """Written and told as pending, by every run, until somebody restarts the daemon."""
    show = ["systemctl", "show", "-p", "MainPID", "--value", "docker"]
    process = packaged.exec(show).stdout
    spec = {"config": {"icc": False, "debug": True}, "restart": "defer"}
    for verb, changed in (("plan", True), ("apply", True), ("plan", False), ("apply", False)):
        answer = command(packaged, verb, spec)
        assert answer["changed"] is changed
        assert [notice["path"] for notice in answer["pending"]] == ["icc"]
        assert "restart" in answer["needs"]
    assert packaged.exec(show).stdout == process
    assert json.loads(packaged.read("/etc/docker/daemon.json")) == spec["config"]
    now = command(packaged, "plan", {**spec, "restart": "now"})
    assert "restart" in [change["action"] for change in now["changes"]]
    packaged.restart_engine()
    answer = command(packaged, "apply", spec)
    assert (answer["changed"], answer["pending"], answer["needs"]) == (False, [], [])
    assert command(packaged, "plan", {**spec, "restart": "now"})["changes"] == []
