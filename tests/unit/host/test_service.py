"""The service: systemd by its commands, and a dockerd without systemd as a real process."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dockwright.errors import HostError
from dockwright.host.commands import Completed
from dockwright.host.machine import Host

EXEC = (
    "ExecStart={ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// "
    "--containerd=/run/containerd/containerd.sock $DOCKER_OPTS --label=${NAME}x ; "
    "ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n"
    'Environment="NAME=one two" OTHER=1\n'
    "EnvironmentFiles=/etc/default/docker (ignore_errors=yes)\n"
)


class Systemctl:
    """A runner that answers like systemctl and notes what it was asked."""

    def __init__(self, shown: dict[str, str]) -> None:
        self.shown = shown
        self.calls: list[list[str]] = []

    def __call__(
        self, argv: Sequence[str], *, input: str | None = None, timeout: float = 60.0
    ) -> Completed:
        self.calls.append(list(argv))
        if argv[1] == "show":
            names = [argv[i + 1] for i, word in enumerate(argv) if word == "-p"]
            return Completed(tuple(argv), 0, "".join(self.shown.get(n, "") for n in names), "")
        if argv[0] == "journalctl":
            return Completed(tuple(argv), 0, "one\ntwo\n", "")
        failed = argv[1] == "start" and "fail" in self.shown
        return Completed(tuple(argv), int(failed), "", "start-limit-hit\n" if failed else "")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/default/docker").write_text("# no\nDOCKER_OPTS='--debug --mtu 1400'\n")
    return tmp_path


def shown(state: str = "active") -> dict[str, str]:
    return {
        "LoadState": "LoadState=loaded\n",
        "ActiveState": f"ActiveState={state}\n",
        "MainPID": "MainPID=0\n",
        "ExecStart": EXEC,
    }


def test_flags_of_a_stopped_unit_with_its_variables(root: Path) -> None:
    service = Host(str(root), Systemctl(shown())).service
    assert service.flags() == [
        "-H",
        "fd://",
        "--containerd=/run/containerd/containerd.sock",
        "--debug",
        "--mtu",
        "1400",
        "--label=one twox",
    ]


def test_flags_of_a_running_daemon_come_from_its_process(root: Path) -> None:
    (root / "proc/77").mkdir(parents=True)
    (root / "proc/77/cmdline").write_bytes(b"/usr/sbin/dockerd\0-H\0fd://\0")
    (root / "proc/77/stat").write_text("77 (dockerd) S 1")
    (root / "var/run").mkdir(parents=True)
    (root / "var/run/docker.pid").write_text("77")
    service = Host(str(root), Systemctl(shown())).service
    assert service.main_pid() == 77
    assert service.flags() == ["-H", "fd://"]


def test_a_recycled_pid_is_not_the_daemon(root: Path) -> None:
    (root / "proc/77").mkdir(parents=True)
    (root / "proc/77/cmdline").write_bytes(b"/usr/bin/vim\0")
    (root / "proc/77/stat").write_text("77 (vim) S 1")
    (root / "var/run").mkdir(parents=True)
    (root / "var/run/docker.pid").write_text("77")
    assert Host(str(root), Systemctl(shown())).service.main_pid() is None


def test_restart_reset_and_failure(root: Path) -> None:
    runner = Systemctl(shown())
    service = Host(str(root), runner).service
    service.reset_failed()
    service.restart()
    assert [call for call in runner.calls if call[1] != "show"] == [
        ["systemctl", "reset-failed", "docker.service"],
        ["systemctl", "reset-failed", "docker.socket"],
        ["systemctl", "restart", "docker.service"],
    ]
    runner.shown["fail"] = ""
    with pytest.raises(
        HostError, match=r"`systemctl start docker.service` failed.*start-limit-hit"
    ):
        service.start()
    assert service.journal_tail(5) == ["one", "two"]


def test_states(root: Path) -> None:
    assert Host(str(root), Systemctl(shown())).service.is_active()
    assert not Host(str(root), Systemctl(shown("failed"))).service.is_active()
    assert Host(str(root), Systemctl(shown("failed"))).service.wait_settled(1) == "failed"


def test_nothing_is_installed(tmp_path: Path) -> None:
    service = Host(str(tmp_path)).service
    assert service.binary() is None
    assert service.flags() == []
    assert not service.is_active()
    with pytest.raises(HostError, match="does not run"):
        service.reload()


DAEMON = """#!{python}
import os, signal, sys, time
base = sys.argv[sys.argv.index("--base") + 1]
open(base + "/docker.pid", "w").write(str(os.getpid()))
print("started", os.environ.get("MARK"), file=sys.stderr, flush=True)
signal.signal(signal.SIGHUP, lambda *_: print("reloaded", file=sys.stderr, flush=True))
while True: time.sleep(0.1)
"""


@pytest.fixture
def hand_started(tmp_path: Path) -> Iterator[Host]:
    """A host of which only the pidfile is ours: /proc, the daemon and its log are real."""
    daemon = tmp_path / "dockerd"
    daemon.write_text(DAEMON.format(python=sys.executable))
    daemon.chmod(daemon.stat().st_mode | stat.S_IXUSR)
    host = Host(unit="none-of-ours.service", pidfile=str(tmp_path / "docker.pid"))
    argv = [sys.executable, str(daemon), "--base", str(tmp_path)]
    # The interpreter's name comes first in cmdline, so name it dockerd too.
    named = tmp_path / "dockerd-python"
    named.symlink_to(sys.executable)
    log = tmp_path / "docker.log"
    log.touch()
    host.service._processes.start_detached(
        [str(named), *argv[1:]], {**os.environ, "MARK": "42"}, str(log)
    )
    _wait(lambda: host.service.main_pid() is not None)
    yield host
    pid = host.service.main_pid()
    if pid:
        os.kill(pid, signal.SIGKILL)


def test_without_systemd_reload_and_restart_with_the_same_flags(
    hand_started: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = hand_started.service
    monkeypatch.setattr(service, "has_systemd", lambda: False)
    before, flags = service.main_pid(), service.flags()
    service.reload()
    _wait(lambda: "reloaded" in service.journal_tail())
    service.restart(timeout=10)
    _wait(lambda: service.main_pid() not in (None, before))
    assert service.flags() == flags
    _wait(lambda: service.journal_tail().count("started 42") == 2)
    assert service.is_active()


def test_the_first_process_is_not_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Host(str(tmp_path)).service
    monkeypatch.setattr(service, "_pid_of_file", lambda: 1)
    with pytest.raises(HostError, match="first process of this machine"):
        service.stop()


def _wait(condition: object, limit: float = 5.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_the_unit_of_a_user_is_asked_of_his_systemd(root: Path) -> None:
    me = pwd.getpwuid(os.geteuid())
    calls: list[tuple[list[str], object]] = []

    def runner(argv: Sequence[str], **more: object) -> Completed:
        calls.append((list(argv), more.get("env")))
        return Completed(tuple(argv), 0, "LoadState=loaded\n" if "LoadState" in argv else "", "")

    host = Host(str(root), runner).with_daemon(unit=f"{me.pw_name}@/docker.service")
    service = host.service
    assert (service.user, service.unit) == (me.pw_name, "docker.service")
    assert service.pidfile == f"/run/user/{me.pw_uid}/docker.pid"
    assert service.is_managed()
    service.restart()
    assert calls[-1] == (
        ["systemctl", "--user", "restart", "docker.service"],
        {"XDG_RUNTIME_DIR": f"/run/user/{me.pw_uid}"},
    )
    service.journal_tail(5)
    words, env = calls[-1]
    assert words[-2:] == [f"_UID={me.pw_uid}", "_SYSTEMD_USER_UNIT=docker.service"]
    assert words[0] == "journalctl" and env is None
    # What his unit starts is a script, not the daemon.
    assert service.binary() is None
    with pytest.raises(HostError, match="no user nobody-of-that-name"):
        Host(str(root), runner).with_daemon(unit="nobody-of-that-name@/docker.service")


def test_the_pidfile_of_a_second_daemon_is_named_like_its_unit(root: Path) -> None:
    second = Host(str(root)).with_daemon(unit="docker2.service").service
    assert (second.user, second.pidfile) == ("", "/var/run/docker2.pid")
