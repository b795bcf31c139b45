"""Who works on something, as it is written beside the work for other runs to see."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..named_tuple import NamedTuple
from .files import Files
from .processes import Processes


class Runner(NamedTuple):
    """A process of one machine: those of another one, or of another container, look like no one."""

    namespace: str  # of its ID
    pid: int
    start: str  # the boot of the machine, and when in it


_numbers = itertools.count(1)
_under_way: set[str] = set()  # in this process


@contextmanager
def at_work() -> Iterator[str]:
    """While something is half done: the text that tells who is at it.

    It is empty where the machine does not tell enough (no /proc).
    """
    runner = _runner(os.getpid())
    known = runner.namespace and runner.start
    text = " ".join(map(str, (*runner, next(_numbers)))) if known else ""
    _under_way.add(text)
    try:
        yield text
    finally:
        _under_way.discard(text)


def living(text: str) -> Runner | None:
    """Who wrote this and is still at it, as far as can be told; None if nobody is.

    Of another process it can be told that it runs, of our own what it is at.
    """
    namespace, pid, start, _ = [*text.split(" "), "", "", "", ""][:4]
    if not pid.isdigit():
        return None
    found = Runner(namespace, int(pid), start)
    if found != _runner(found.pid):
        return None
    lives = Processes(Files()).is_alive(found.pid)
    is_at_it = text in _under_way if found.pid == os.getpid() else lives
    return found if is_at_it else None


def _runner(pid: int) -> Runner:
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return Runner(namespace, pid, Processes(Files()).start_time(pid))
