"""Processes of the host by /proc: how they were started, whether they live, signals, starting."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence

from .. import words
from ..errors import HostError
from .files import Files


class Processes:
    """Reads /proc below the injected root; signals and starts real processes."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def all(self) -> list[int]:
        """The processes that there are now."""
        return [int(name) for name in self._files.list("/proc") if name.isdigit()]

    def argv(self, pid: int) -> list[str]:
        """The argument list that the process was started with; empty when it is gone."""
        return _strings(self._files.read_bytes(f"/proc/{pid}/cmdline"))

    def environment(self, pid: int) -> dict[str, str]:
        """The environment that the process was started with."""
        pairs = _strings(self._files.read_bytes(f"/proc/{pid}/environ"))
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def is_alive(self, pid: int) -> bool:
        """Whether the process runs; a zombie does not."""
        text = self._files.read_text(f"/proc/{pid}/stat")
        return text is not None and text.rpartition(")")[2].split()[:1] != ["Z"]

    def start_time(self, pid: int) -> str:
        """When the process was started: the boot of the machine and clock ticks after it."""
        text = self._files.read_text(f"/proc/{pid}/stat") or ""
        boot = (self._files.read_text("/proc/sys/kernel/random/boot_id") or "").strip()
        fields = text.rpartition(")")[2].split()
        return f"{boot}+{fields[19]}" if len(fields) > 19 else ""

    def output_file(self, pid: int) -> str | None:
        """The regular file that the process writes its messages to, if it is one."""
        try:
            target = os.readlink(f"{self._files.root}/proc/{pid}/fd/2")
        except OSError:
            return None
        return target if os.path.isfile(self._files.path(target)) else None

    def listens_on(self, pid: int, socket: str) -> bool | None:
        """Whether the process listens on a UNIX socket, itself or handed over by systemd.

        None where that cannot be told: nobody of this machine listens there by that path (another
        root or network namespace), or the process is not ours to look into.
        """
        place = self._files.path(socket)
        inodes = set()
        for line in (self._files.read_text("/proc/net/unix") or "").splitlines()[1:]:
            fields = line.split(None, 7)
            named = len(fields) > 7 and fields[3] == _LISTENING and fields[7].startswith("/")
            if named and self._files.path(fields[7]) == place:
                inodes.add(f"socket:[{fields[6]}]")
        folder = f"/proc/{pid}/fd"
        try:
            names = [f"{self._files.root}{folder}/{name}" for name in self._files.list(folder)]
        except HostError:
            return None
        if not inodes or not names:
            return None
        return any(_target(name) in inodes for name in names)

    def signal(self, pid: int, number: int) -> None:
        """Send a signal; a process that is gone already is no error."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        except PermissionError as error:
            raise HostError(f"may not signal process {pid}", fix=words.as_root()) from error

    def wait_gone(self, pid: int, timeout: float) -> bool:
        """Wait until the process has ended; False when it still lives at the limit."""
        limit = time.monotonic() + timeout
        while self.is_alive(pid):
            if time.monotonic() >= limit:
                return False
            time.sleep(0.05)
        return True

    def start_detached(
        self, argv: Sequence[str], environment: Mapping[str, str], output: str
    ) -> int:
        """Start a process of its own session that outlives us; its messages go to ``output``."""
        import subprocess  # few plans need it

        try:
            with open(self._files.path(output), "ab") as log:
                process = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(environment),
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise HostError(f"cannot start {argv[0]}: {error.strerror or error}") from error
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.3)  # reap one that refuses at once
        process.returncode = process.returncode or 0  # ours no longer: no warning when forgotten
        return process.pid


_LISTENING = "00010000"  # the flag of a socket that accepts connections, in /proc/net/unix


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""


def _strings(data: bytes | None) -> list[str]:
    words = (data or b"").split(b"\0")
    return [word.decode("utf-8", "surrogateescape") for word in words[:-1]]
