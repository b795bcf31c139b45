"""The lock: two runs never work at once, the wait is bounded, the holder is named."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dockwright.errors import LockTimeout
from dockwright.host.lock import Lock


def test_the_second_waits_its_limit_and_names_the_holder(tmp_path: Path) -> None:
    path = str(tmp_path / "state/lock")
    with Lock(path) as first:
        assert first.is_held
        start = time.monotonic()
        with pytest.raises(LockTimeout, match=f"process {os.getpid()} works on this host"):
            Lock(path, limit=0.2).__enter__()
        assert 0.1 < time.monotonic() - start < 60
    with Lock(path, limit=0):
        pass


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    code = (
        "import fcntl, os, sys, time; f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT);"
        "fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(LockTimeout):
        Lock(path, limit=0.05).__enter__()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with Lock(path, limit=2) as lock:
        assert lock.is_held
    assert not lock.is_held


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_where_nothing_can_be_written_it_warns_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with Lock(str(tmp_path / "lock")) as lock:
        assert not lock.is_held
        assert "no lock against parallel runs" in lock.warning


def test_a_full_disk_does_not_keep_it_from_being_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with Lock(str(tmp_path / "lock")) as lock:
        assert lock.is_held


def test_whether_it_is_taken_can_be_asked_without_a_trace(tmp_path):
    path = tmp_path / "state" / "lock"
    assert not Lock(str(path)).is_taken()
    assert not path.exists()
    with Lock(str(path)):
        assert Lock(str(path)).is_taken()
    assert not Lock(str(path)).is_taken()
