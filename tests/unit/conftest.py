"""The root of an image, and the file that its first boot is to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.host import image_root
from tests.unit.image import DOCKER_UNIT, ENABLED, Commands


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with systemd, Docker's unit and a daemon, and nothing else."""
    made = tmp_path / "root"
    for folder in ("etc/default", ENABLED, "usr/lib/systemd/system", "usr/sbin", "var/lib"):
        (made / folder).mkdir(parents=True)
    for program in ("usr/lib/systemd/systemd", "usr/sbin/dockerd"):
        (made / program).write_text("")
        (made / program).chmod(0o755)
    (made / "usr/lib/systemd/system/docker.service").write_text(DOCKER_UNIT)
    (made / "etc/default/docker").write_text('DOCKER_OPTS="--log-level=warn"\n')
    return made


@pytest.fixture
def commands(root: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What is run, and not really."""
    found = Commands(root)
    monkeypatch.setattr(image_root, "run_command", found)
    monkeypatch.setattr(image_root.os, "geteuid", lambda: 0)
    monkeypatch.setattr(image_root.shutil, "which", lambda name: f"/usr/bin/{name}")
    return found


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The file that the first boot is to run."""
    path = tmp_path / "dockwright.pyz"
    path.write_bytes(b"PK")
    return str(path)
