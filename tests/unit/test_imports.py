"""Start-up: what is imported costs each task and each command, so most of the core stays out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "plugins/module_utils"

# What the public surface may not load before a run asks for it, and who asks.
ON_DEMAND = {
    "dockwright.apply": "a run that changes something",
    "dockwright.earlier": "requests of other tools",
    "dockwright.engine.events": "a run that waits for something",
    "dockwright.engine.fake": "tests",
    "dockwright.engine.ssh": "an engine behind ssh",
    "dockwright.facts": "who only looks",
    "dockwright.host.processes": "a daemon that is to be changed",
    "dockwright.host.service": "a daemon that is to be changed",
    "dockwright.kinds.container.apply": "a run that changes something",
    "dockwright.kinds.container.replace": "a run that changes something",
    "dockwright.kinds.daemon": "a document with a daemon",
    "dockwright.kinds.firewall.have": "a document with a firewall",
    "dockwright.kinds.firewall.part": "a document with a firewall",
    "dockwright.kinds.firewall.rules": "a document with a firewall",
    "dockwright.kinds.image.apply": "a run that changes something",
    "dockwright.kinds.image.archive": "an image from a tar",
    "dockwright.kinds.image.faults": "an image from a registry",
    "dockwright.kinds.plugin.apply": "a run that changes something",
    "dockwright.kinds.plugin.have": "a document with plugins",
    "dockwright.kinds.plugin.plan": "a document with plugins",
    "dockwright.kinds.project.compose": "a document with a Compose file",
    "dockwright.kinds.project.compose_files": "a document with a Compose file",
    "dockwright.kinds.project.env_file": "a container with an env file",
    "dockwright.kinds.project.interpolation": "a document with a Compose file",
    "dockwright.kinds.site": "a document about the host itself",
}
# dataclasses loads inspect, ast and tokenize, and hashlib OpenSSL.
SLOW = {"ast", "base64", "dataclasses", "datetime", "hashlib", "hmac", "inspect", "signal"}
SLOW |= {"asyncio", "concurrent", "ctypes", "decimal", "logging", "multiprocessing"}
SLOW |= {"sqlite3", "unittest", "xml", "yaml", "zipfile"}
SLOW |= {"difflib", "email", "http", "ssl", "tarfile"}
OPTIONAL = {"ansible", "docker", "requests", "rich", "salt"}


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules that the public surface adds to those that Python starts with."""
    code = "import sys; before = set(sys.modules); import dockwright.api; "
    code += "print(*set(sys.modules) - before)"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(CORE)!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("name", ON_DEMAND)
def test_what_few_runs_need_is_not_loaded_by_all(name: str, loaded: frozenset[str]) -> None:
    parts = CORE.joinpath(*name.split("."))
    assert parts.is_dir() or parts.with_suffix(".py").is_file(), "does not exist"
    assert name not in loaded, f"is for {ON_DEMAND[name]}: import it in the function that needs it"


def test_nothing_slow_or_optional_is_loaded(loaded: frozenset[str]) -> None:
    roots = {name.partition(".")[0] for name in loaded}
    assert sorted(roots & (SLOW | OPTIONAL)) == []
