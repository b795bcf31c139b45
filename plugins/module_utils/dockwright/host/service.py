"""The engine's service: a systemd unit, or a dockerd that someone started by hand (pidfile)."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from typing import Any, cast

from ..errors import HostError
from ..named_tuple import NamedTuple
from .commands import Completed, Runner
from .exec_start import exec_start_argv
from .files import Files
from .processes import Processes

_LOG = "/var/log/docker.log"  # of a daemon without systemd whose messages went nowhere
_BINARIES = ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd")


class _Started(NamedTuple):
    """What a daemon without systemd was started with, to start it again the same way."""

    argv: list[str]
    environment: dict[str, str]
    log: str


class Service:
    """Asks and steers the daemon. Questions never act."""

    def __init__(
        self,
        files: Files,
        runner: Runner,
        unit: str = "docker.service",
        pidfile: str = "/var/run/docker.pid",
        user: str = "",
    ) -> None:
        self.user = user  # whose systemd the unit is of; empty: the system's
        self.unit = unit
        self.socket_unit = unit.rpartition(".")[0] + ".socket"
        self.pidfile = pidfile
        self._files = files
        self._runner = _of_user(runner, user) if user else runner
        self._processes = Processes(files)
        self._last: _Started | None = None
        self._managed: bool | None = None

    def has_systemd(self) -> bool:
        """Whether systemd runs this host."""
        return self._files.exists("/run/systemd/system")

    def is_managed(self) -> bool:
        """Whether the daemon is a systemd unit; else it is found by its pidfile."""
        if self._managed is None:
            self._managed = self.has_systemd() and self._show("LoadState") == "loaded"
        return self._managed

    def is_active(self) -> bool:
        """Whether the daemon runs."""
        return self.state() == "active"

    def state(self) -> str:
        """``active``, ``inactive``, ``failed``, or ``activating`` while systemd still tries."""
        if self.is_managed():
            return self._show("ActiveState")
        return "active" if self._pid_of_file() else "inactive"

    def ended_at(self) -> float | None:
        """When the daemon last ended (UNIX time); None where nobody can tell."""
        if not self.is_managed():
            return None
        passed = int(self._show("ActiveExitTimestampMonotonic") or "0") / 10**6
        return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + passed if passed else None

    def became_active(self) -> int:
        """When the daemon last came up (in systemd's count of microseconds); 0 where it never did.

        A start that fails leaves it as it is.
        """
        return int(self._show("ActiveEnterTimestampMonotonic") or "0") if self.is_managed() else 0

    def is_retried(self) -> bool:
        """Whether systemd starts it again after starts that have failed, some units for ever."""
        return self.is_managed() and self._show("NRestarts") not in ("", "0")

    def main_pid(self) -> int | None:
        """The process id of the daemon, None when it does not run."""
        pid = self._pid_of_file()
        if pid is None and self.is_managed():  # a pidfile elsewhere
            return int(self._show("MainPID") or "0") or None
        return pid

    def identity(self) -> str:
        """Text that changes when the daemon is started again; empty when it does not run."""
        pid = self.main_pid()
        start = self._processes.start_time(pid) if pid is not None else ""
        return f"{pid}@{start}" if start else ""

    def listens_on(self, socket: str) -> bool | None:
        """Whether it is this daemon that answers at a UNIX socket; None where nobody can tell."""
        pid = self.main_pid()
        if pid is None:
            return False if self.is_managed() else None
        return self._processes.listens_on(pid, socket)

    def binary(self) -> str | None:
        """The path of the installed daemon, None when no engine is installed."""
        argv = self._argv()
        candidates = _BINARIES if self.user else (*argv[:1], *_BINARIES)  # his starts a script
        found = (c for c in candidates if c.startswith("/") and self._files.is_executable(c))
        return next(found, None)

    def flags(self) -> list[str]:
        """The flags that the daemon is really started with, without the program itself."""
        return self._argv()[1:]

    def reload(self) -> None:
        """Ask the daemon to read its file again. Success says only that it was asked."""
        pid = self.main_pid()
        if pid is None:
            raise HostError(f"{self.unit} does not run, so it cannot be reloaded")
        if self.is_managed():
            self._systemctl("reload", self.unit)
        else:
            self._processes.signal(pid, signal.SIGHUP)

    def reset_failed(self) -> None:
        """Forget earlier failures and start counts of unit and socket, which forbid a start."""
        if self.is_managed():
            for unit in (self.unit, self.socket_unit):  # either may be absent or fine: no error
                self._runner(["systemctl", "reset-failed", unit], timeout=30.0)

    def start(self, timeout: float = 120.0) -> None:
        """Start the daemon when it does not run."""
        if self.is_managed():
            self._systemctl("start", self.unit, timeout=timeout)
        elif self._pid_of_file() is None:
            again = self._last or _Started([self.binary() or "dockerd"], _environment(), _LOG)
            self._processes.start_detached(again.argv, again.environment, again.log)

    def stop(self, timeout: float = 120.0) -> None:
        """Stop the daemon and, with systemd, the socket that would wake it."""
        if self.is_managed():
            self._systemctl("stop", self.socket_unit, self.unit, timeout=timeout)
            return
        pid = self._pid_of_file()
        if pid is None:
            return
        self._remember(pid)
        self._processes.signal(pid, signal.SIGTERM)
        if not self._processes.wait_gone(pid, timeout):
            raise HostError(f"dockerd (process {pid}) did not stop within {timeout:g} s")

    def restart(self, timeout: float = 120.0) -> None:
        """Stop and start the daemon; without systemd with the very same flags and environment."""
        if self.is_managed():
            self._systemctl("restart", self.unit, timeout=timeout)
            return
        self.stop(timeout)
        self.start(timeout)

    def journal_tail(self, lines: int = 50, since: float | None = None) -> list[str]:
        """The daemon's last messages, oldest first; ``since`` is a UNIX time (systemd only)."""
        if self.is_managed():
            which = ["-u", self.unit]
            if self.user:
                which = [f"_UID={uid_of(self.user)}", f"_SYSTEMD_USER_UNIT={self.unit}"]
            argv = [*f"journalctl -q --no-pager -o cat -n {lines}".split(), *which]
            if since is not None:
                argv.append(f"--since=@{since:.6f}")
            try:
                return self._runner(argv, timeout=30.0).stdout.splitlines()
            except HostError:  # no journalctl here: there is only less to tell
                return []
        pid = self._pid_of_file()
        log = (self._processes.output_file(pid) if pid else None) or (
            self._last.log if self._last else _LOG
        )
        data = self._files.read_bytes(log) or b""
        return data[-65536:].decode("utf-8", "replace").splitlines()[-lines:]

    def wait_settled(self, timeout: float) -> str:
        """Wait until systemd neither starts nor stops the unit any more; the state then."""
        limit = time.monotonic() + timeout
        state = self.state()
        while state in ("activating", "deactivating", "reloading") and time.monotonic() < limit:
            time.sleep(0.2)
            state = self.state()
        return state

    def _argv(self) -> list[str]:
        pid = self.main_pid()
        argv = self._processes.argv(pid) if pid is not None else []
        if argv:
            return argv
        if self.is_managed():
            return exec_start_argv(self._files, self._runner, self.unit)
        return self._last.argv if self._last else []

    def _pid_of_file(self) -> int | None:
        text = (self._files.read_text(self.pidfile) or "").strip()
        if not text.isdigit() or not self._processes.is_alive(int(text)):
            return None
        argv = self._processes.argv(int(text))  # the number may be another program's by now
        return int(text) if argv and "dockerd" in argv[0] else None

    def _remember(self, pid: int) -> None:
        if pid == 1:
            raise HostError(
                "dockerd is the first process of this machine and cannot be restarted alone",
                fix="restart the machine, or use `restart: defer`",
            )
        processes = self._processes
        log = processes.output_file(pid) or _LOG
        self._last = _Started(processes.argv(pid), processes.environment(pid), log)

    def _show(self, name: str) -> str:
        done = self._runner(["systemctl", "show", "-p", name, self.unit], timeout=30.0)
        return done.stdout.strip().partition("=")[2]

    def _systemctl(self, verb: str, *units: str, timeout: float = 60.0) -> None:
        self._runner(["systemctl", verb, *units], timeout=timeout).checked()


def uid_of(user: str) -> int:
    """The number of a user of this machine. Raises HostError where there is none of that name."""
    import pwd  # for daemons of users alone

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError as error:
        text, fix = f"there is no user {user} on this machine", "name one that there is: USER@/NAME"
        raise HostError(text, where="unit", fix=fix) from error


def _of_user(runner: Runner, user: str) -> Runner:
    """The runner for which systemctl is that of the user, who we are; see DaemonPart."""

    def run(argv: Sequence[str], **more: Any) -> Completed:
        if argv[0] != "systemctl":
            return runner(argv, **more)
        place = {"XDG_RUNTIME_DIR": f"/run/user/{uid_of(user)}"}  # sudo and su do not set it
        return runner([argv[0], "--user", *argv[1:]], env=place, **more)

    return cast(Runner, run)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
