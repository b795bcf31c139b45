"""The machine that runs the tests: its engine, cache, commands, and what we tell the person."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

CHECKOUT = Path(__file__).resolve().parents[2]
SOCKET = "/var/run/docker.sock"
# Not of the names that the core keeps for itself: its own modules start hosts, too.
LABEL = "test.dockwright"

# pytest's configuration puts a stream here that its capturing does not reach.
_stream = sys.stderr
_started = time.monotonic()


def tell_to(stream: TextIO) -> None:
    """Print progress to this stream from now on."""
    global _stream
    _stream = stream


def tell(text: str) -> None:
    """Tell the person what is going on."""
    print(f"[{time.monotonic() - _started:5.1f} s] hosts: {text}", file=_stream, flush=True)


class MachineError(Exception):
    """Something on the machine that runs the tests did not work; the text says what and why."""


def run(
    argv: Sequence[str | Path],
    *,
    input: str | bytes | None = None,
    timeout: float = 300,
    check: bool = True,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal; text in, text out, bounded in time."""
    command = [str(part) for part in argv]
    # No input is an empty one, not the terminal.
    data = (input.encode() if isinstance(input, str) else input) or b""
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=timeout, env=env, check=False
        )
    except FileNotFoundError:
        raise MachineError(f"there is no command {command[0]!r} on this machine") from None
    except subprocess.TimeoutExpired:
        words = " ".join(command)[:300]
        raise MachineError(f"{words} did not end within {timeout:.0f} s") from None
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if check and done.returncode:
        words = (err.strip() or out.strip())[-3000:]
        raise MachineError(f"{' '.join(command)[:300]} ended with {done.returncode}:\n{words}")
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def docker(*argv: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """The docker command on the machine's engine, whatever the person's environment says."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    # BuildKit is a plugin that a distribution's engine need not have.
    env["DOCKER_BUILDKIT"] = "0"
    return run(["docker", "-H", f"unix://{SOCKET}", *argv], env=env, **options)


def install(*packages: str) -> None:
    """Install Debian packages on the machine if they are missing."""
    run([CHECKOUT / "scripts/apt-install", *packages], timeout=600)


def cache() -> Path:
    """The folder, outside the checkout, where things that take long to make are kept."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("DOCKWRIGHT_CACHE") or home / "dockwright")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def lock(name: str, timeout: float = 900) -> Iterator[None]:
    """One at a time over threads and processes, bounded."""
    with (cache() / f"{name}.lock").open("w") as file:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise MachineError(f"another run holds {file.name}") from None
                time.sleep(0.2)
        yield


_engine_known = threading.Lock()
_engine_answers = False


def ensure_engine() -> None:
    """An engine answers on this machine, or MachineError says why not."""
    global _engine_answers
    with _engine_known:
        if not _engine_answers:
            done = run([CHECKOUT / "scripts/engine", "ensure"], timeout=600, check=False)
            if done.returncode:
                raise MachineError(f"no Docker engine for the tests:\n{done.stderr.strip()}")
            for line in done.stderr.splitlines():
                tell(line)
            _engine_answers = True


def has_all_capabilities() -> bool:
    """Whether --privileged works: it asks for every capability the kernel knows."""
    bounding = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "CapBnd" in line
    )
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return int(bounding.split()[1], 16) == (1 << (last + 1)) - 1


def has_unified_cgroups() -> bool:
    """Whether the machine has cgroup v2 alone."""
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def cgroup_hierarchies() -> list[str]:
    """Where the machine has its cgroup hierarchies mounted (v1 and hybrid)."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [fields[1] for fields in mounts if fields[2] in ("cgroup", "cgroup2")]
