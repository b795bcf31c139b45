"""Commands of the host: argument lists only, never a shell, always with a time limit."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ..errors import HostError
from ..named_tuple import NamedTuple

if TYPE_CHECKING:
    import subprocess


class Completed(NamedTuple):
    """How a command ended."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    def checked(self) -> Completed:
        """Itself when it succeeded; else a HostError that names the command and its words."""
        if self.returncode != 0:
            words = self.stderr.strip() or self.stdout.strip() or "no output"
            raise HostError(f"`{_show(self.argv)}` failed (exit {self.returncode}): {words}")
        return self


class Runner(Protocol):
    """What runs commands: the real host, or a fake in tests."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed: ...


def run_command(
    argv: Sequence[str],
    *,
    input: str | None = None,
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run a command to its end in the C locale; what it left running is killed at the limit.

    ``env`` are variables beside our own: the place for what may not stand in the arguments.
    """
    import subprocess  # few plans need it

    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {}), "LC_ALL": "C", "LANGUAGE": "C"},
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(f"cannot run `{_show(argv)}`: {error.strerror or error}") from error
    try:
        stdout, stderr = process.communicate(input, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        _kill_group(process)
        raise HostError(f"`{_show(argv)}` did not end within {timeout:g} s") from error
    except BaseException:
        _kill_group(process)
        raise
    return Completed(tuple(argv), process.returncode, stdout, stderr)


def _kill_group(process: subprocess.Popen[str]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _show(argv: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in argv)
