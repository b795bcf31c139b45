"""The core runs on the oldest Python that managed hosts may have: 3.9."""

from __future__ import annotations

import ast
import glob
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils" / "dockwright"
FLOOR = (3, 9)


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_syntax_of_the_floor(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=FLOOR)


def floor_interpreter() -> str | None:
    """A Python 3.9 of this machine, if it has one."""
    installed = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.9.*/bin/python")))
    return installed[-1] if installed else shutil.which("python3.9")


def test_the_floor_plans(tmp_path: Path) -> None:
    python = floor_interpreter()
    if python is None:
        pytest.skip("there is no Python 3.9 on this machine; the syntax is checked all the same")
    program = (
        "from dockwright import api\n"
        "from dockwright.host.machine import Host\n"
        "where = api.Connection(docker_host='unix:///nowhere/docker.sock')\n"
        f"host = Host(root={str(tmp_path)!r})\n"  # one without an engine, whatever this one has
        "spec = {'daemon': {'log-driver': 'local'}, 'project': 'shop', 'containers':"
        " {'web': {'image': 'nginx', 'ports': ['80:80'], 'healthcheck': {'test': 'true'}}}}\n"
        "report = api.converge(spec, connection=where, host=host, check=True)\n"
        "print(report.failed, [c.name for c in report.plan.changes if c.kind == 'container'])\n"
    )
    env = {"PYTHONPATH": str(CORE.parent), "HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [python, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "False ['web']\n", done.stderr
