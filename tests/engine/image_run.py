"""Runs of the one-file command over the root of an image, and what a boot from it has made."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from pathlib import Path

from tests.hosts import TestHost, machine

PROGRAM = "/usr/local/lib/dockwright/dockwright.pyz"
SPEC = "/etc/dockwright/spec.yml"
UNIT = "dockwright-apply.service"
# What atimes, and so mere reading, would not change.
Tree = dict[str, tuple[int, int, int]]


def one_file(folder: Path) -> Path:
    """dockwright.pyz, built."""
    path = folder / "dockwright.pyz"
    machine.run([machine.CHECKOUT / "scripts/zipapp", "--output", path])
    return path


def run(program: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the one file on this machine, with nothing but Python's own library."""
    return machine.run(["python3", "-I", "-S", program, *words], check=False)


def tree(root: Path) -> Tree:
    """Each file and folder below: mode, size and time."""
    found = {}
    for folder, names, files in os.walk(root):
        for name in [*names, *files]:
            path = f"{folder}/{name}"
            if path.endswith("/var/lib/dockwright/lock"):  # who has it last is no content
                continue
            at = os.lstat(path)
            size = 0 if stat.S_ISDIR(at.st_mode) else at.st_size
            found[path] = (at.st_mode, size, at.st_mtime_ns)
    return found


def state(host: TestHost, name: str) -> str:
    """A property of the unit of the first boot."""
    return host.exec(["systemctl", "show", "-P", name, UNIT]).stdout.strip()


def wait_for(host: TestHost, name: str, wanted: str, limit: float = 120.0) -> None:
    """Wait until a property of the unit is as wanted."""
    deadline = time.monotonic() + limit
    while state(host, name) != wanted:
        if time.monotonic() > deadline:
            log = host.exec(["journalctl", "-u", UNIT, "-n", "30", "--no-pager"]).stdout
            raise AssertionError(f"{name} is {state(host, name)}, not {wanted}:\n{log}")
        time.sleep(0.2)


def planned(host: TestHost, spec: str = SPEC) -> tuple[int, str]:
    """What the plan of the host's spec says, by the program that its first boot has run."""
    words = ["plan", "--detailed-exitcodes", spec]
    done = host.exec(["python3", "-I", "-S", PROGRAM, *words], check=False)
    return done.returncode, done.stdout + done.stderr
