"""Copying a whole data-root while the engine is stopped, and comparing the copy with it."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from ...errors import ApplyFailed, DockwrightError, HostError
from ...host.disks import free_space, is_below
from ...host.machine import Host
from ...host.processes import Processes
from .sizes import shown

_TELL_EACH = 10.0
_SLOWEST = 1024**2  # bytes a second
_LEAST = 3600.0
_COPY = ("cp", "-a", "--sparse=always", "-T")
_END_LIMIT = 60.0


def limit_of(size: int) -> float:
    """The longest that copying so many bytes may take, in seconds."""
    return _LEAST + size / _SLOWEST


def copy_root(host: Host, source: str, target: str, size: int, tell: Callable[[str], None]) -> None:
    """Copy all in a folder: owners, times, hard links, attributes and holes as they are.

    Raises HostError or ApplyFailed; the copy is then for the caller to remove.
    """
    files = host.files
    files.make_directory(target, mode=0o710)
    before = free_space(files, target)
    argv = [*_COPY, "-x", files.path(source), files.path(target)]
    errors: list[DockwrightError] = []

    def work() -> None:
        try:
            host.run(argv, timeout=limit_of(size)).checked()
            host.run(["sync", "-f", files.path(target)], timeout=_LEAST)
        except DockwrightError as error:
            errors.append(error)

    tell(f"copy {shown(size)} from {source} to {target}")
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_TELL_EACH)
    while thread.is_alive():
        done = max(0, before - free_space(files, target))
        tell(f"copied about {shown(done)} of {shown(size)}")
        thread.join(_TELL_EACH)
    if errors:
        raise errors[0]
    compare(files.path(source), files.path(target), source, target)


def copy_tree(host: Host, source: str, target: str, limit: float) -> None:
    """Copy one folder or file of a data-root. Raises HostError."""
    host.run([*_COPY, source, target], timeout=limit).checked()


def end_copies(host: Host, folder: str) -> None:
    """End what a killed run has left copying into a folder: it would write on for hours.

    Raises HostError where that does not end.
    """
    processes, real = Processes(host.files), host.files.path(folder)
    deadline = time.monotonic() + _END_LIMIT
    while True:
        left = [pid for pid in processes.all() if _is_copy(processes.argv(pid), real)]
        if not left:
            return
        if time.monotonic() > deadline:
            text = f"process {left[0]} copies into {folder} and does not end"
            raise HostError(text, fix="see what holds it, and run again")
        for pid in left:
            processes.signal(pid, signal.SIGKILL)
        time.sleep(0.05)


def _is_copy(argv: Sequence[str], folder: str) -> bool:
    return set(_COPY) <= {os.path.basename(word) for word in argv} and is_below(argv[-1], folder)


def compare(old: str, new: str, source: str, target: str) -> None:
    """Raise ApplyFailed where the copy has other entries, or an entry is another."""
    was, now = dict(_entries(old)), dict(_entries(new))
    if was == now:
        return
    names = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
    raise ApplyFailed(
        f"the copy in {target} is not like {source}: {', '.join(names[:3])} of {len(names)} differ",
        fix="see what else writes into the data-root, and run again",
    )


def _entries(folder: str) -> Iterator[tuple[str, Any]]:
    device = os.lstat(folder).st_dev
    for parent, folders, names in os.walk(folder):
        inner = [(name, os.lstat(os.path.join(parent, name))) for name in (*folders, *names)]
        folders[:] = [n for n, state in inner if n in folders and state.st_dev == device]
        for name, state in inner:
            yield os.path.relpath(os.path.join(parent, name), folder), _shape(state)


def _shape(state: os.stat_result) -> tuple[Any, ...]:
    is_file = stat.S_ISREG(state.st_mode)
    size, links = (state.st_size, state.st_nlink) if is_file else (0, 0)
    return state.st_mode, state.st_uid, state.st_gid, state.st_rdev, size, links
