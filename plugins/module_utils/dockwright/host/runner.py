"""Which process works on something, as it is written beside its work for other runs to see."""

from __future__ import annotations

import os
from typing import NamedTuple

from .files import Files
from .processes import Processes


class Runner(NamedTuple):
    """A process of one machine: those of another one, or of another container, look like no one."""

    namespace: str  # of its ID
    pid: int
    start: str  # the boot of the machine, and when in it

    def text(self) -> str:
        """As it is kept; empty where the machine does not tell enough (no /proc)."""
        return f"{self.namespace} {self.pid} {self.start}" if self.namespace and self.start else ""


def this_runner() -> Runner:
    """Our own process."""
    return _runner(os.getpid())


def living(text: str) -> Runner | None:
    """Another process that wrote this and still runs; None if it ended, or nobody can tell."""
    namespace, _, rest = text.partition(" ")
    pid, _, start = rest.partition(" ")
    if not pid.isdigit() or int(pid) == os.getpid():
        return None
    found = Runner(namespace, int(pid), start)
    lives = found == _runner(found.pid) and Processes(Files()).is_alive(found.pid)
    return found if lives else None


def _runner(pid: int) -> Runner:
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return Runner(namespace, pid, Processes(Files()).start_time(pid))
