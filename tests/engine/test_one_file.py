"""The command line as one file, on hosts: Python's own library and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import TINY, TestHost, machine

from .world import World

SPEC = f"""
networks: {{back: {{}}}}
volumes: {{data: {{}}}}
containers:
  web:
    image: {TINY}
    command: sleep 1000
    stop_grace_period: 0s
    mem_limit: 32m
    networks: [back]
    volumes: ["data:/data"]
"""


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file, built."""
    path = tmp_path_factory.mktemp("built") / "dockwright.pyz"
    machine.run([machine.CHECKOUT / "scripts/zipapp", "--output", path])
    return path


@pytest.mark.parametrize("fixture", ["host20", "host26"])  # Python 3.11 and 3.13
def test_it_plans_and_applies(
    fixture: str,
    one_file: Path,
    world_of: Callable[[TestHost], World],
    request: pytest.FixtureRequest,
) -> None:
    world = world_of(request.getfixturevalue(fixture))
    host = world.host
    host.write("/root/site.yml", SPEC)
    host.copy_in(one_file, "/root/dockwright.pyz")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return host.exec(["python3", "-I", "-S", "/root/dockwright.pyz", *words], check=False)

    planned = run("plan", "--detailed-exitcodes", "/root/site.yml")
    assert planned.returncode == 2, planned.stderr
    assert not world.client.containers.list(all=True)
    applied = run("apply", "--quiet", "/root/site.yml")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    web = world.client.containers.get("web")
    assert web.status == "running"
    assert web.attrs["HostConfig"]["Memory"] == 32 * 1024**2
    again = run("plan", "--detailed-exitcodes", "/root/site.yml")
    assert (again.returncode, again.stdout) == (0, "no changes\n")
