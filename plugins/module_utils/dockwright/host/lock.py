"""One run at a time: a file lock with a bounded wait that names who holds it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from types import TracebackType

from ..errors import HostError, LockTimeout

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class Lock:
    """``with Lock(path, limit)``: waits at most ``limit`` seconds, then LockTimeout.

    The kernel frees the lock when its holder dies, so there is nothing stale to clean up. Where
    its file cannot be made (a user who is only in the docker group, a disk that is full or
    read-only) the run goes on without it: ``warning`` says so.
    """

    def __init__(self, path: str, limit: float = 60.0) -> None:
        self.path = path
        self.limit = limit
        self.warning = ""
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether we hold the lock now."""
        return self._descriptor is not None

    def is_taken(self) -> bool:
        """Whether somebody holds the lock now; leaves no file behind."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def refuse_taken(self) -> None:
        """Raise LockTimeout, which names who it is, if somebody holds the lock now."""
        if self.is_taken():
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                raise self._timeout(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Lock:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise HostError(f"cannot open the lock {self.path}: {error.strerror}") from error
            why = error.strerror
            self.warning = f"no lock against parallel runs: cannot write {self.path}: {why}"
            return self
        try:
            self._wait(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self.limit
        pause = 0.01
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._timeout(descriptor) from None
                time.sleep(min(pause, left))
                pause = min(pause * 2, 0.5)
        with contextlib.suppress(OSError):  # a full disk: it is held all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def _timeout(self, descriptor: int) -> LockTimeout:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder else "another run"
        return LockTimeout(
            f"{who} works on this host and did not finish within {self.limit:g} s ({self.path})",
            fix="wait for it, or give a longer lock wait",
        )
