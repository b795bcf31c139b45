"""Applying a plan for daemon.json against a host whose daemon is a stub: order, proof, undo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from dockwright.errors import ApplyFailed, EngineUnreachable, HostError
from dockwright.host.machine import Host
from dockwright.kinds.daemon import undo
from dockwright.kinds.daemon.apply import apply
from dockwright.kinds.daemon.have import DaemonHave, read
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.proof import error_lines
from dockwright.kinds.daemon.remember import remember
from dockwright.kinds.daemon.want import parse


class Daemon:
    """A stub of engine and service: reads the file as dockerd would, notes what is done to it."""

    unit = "docker.service"
    user = ""

    def __init__(self, root: Path) -> None:
        self.file = root / "etc/docker/daemon.json"
        self.values: dict[str, Any] = {}
        self.up = True
        self.starts = 1  # that went well
        self.bad: str | None = None  # a key that it does not start or reload with
        self.done: list[str] = []
        self.containers: dict[str, dict[str, Any]] = {}
        self.events_waiting: list[dict[str, Any]] = []
        self.lines: list[str] = []

    # the service

    def is_managed(self) -> bool:
        return True

    def has_systemd(self) -> bool:
        return True

    def identity(self) -> str:
        return f"7@{sum(word.startswith('restart') for word in self.done)}"

    def state(self) -> str:
        return "active" if self.up else "failed"

    def flags(self) -> list[str]:
        return []

    def binary(self) -> None:
        return None

    def is_active(self) -> bool:
        return self.up

    def became_active(self) -> int:
        return self.starts

    def is_retried(self) -> bool:
        return False

    def main_pid(self) -> int:
        return 7

    def journal_tail(self, lines: int, since: float | None = None) -> list[str]:
        return self.lines[-lines:]

    def wait_settled(self, timeout: float) -> str:
        return "active" if self.up else "failed"

    def reset_failed(self) -> None:
        self.done.append("reset-failed")

    def reload(self) -> None:
        self.done.append("reload " + self.written())
        if self.bad in self.content():
            self.lines.append(
                f"{len(self.lines)} unable to configure the Docker daemon: {self.bad}"
            )
        else:
            self.values.update(self.content())
            self.events_waiting.append({"Actor": {"Attributes": {"name": "host"}}})

    def restart(self, timeout: float) -> None:
        self.done.append("restart " + self.written())
        self.up = self.bad not in self.content()
        if not self.up:
            self.lines.append('time="x" level=fatal msg="failed to start daemon: no such thing"')
            raise HostError("`systemctl restart docker.service` failed (exit 1): see journal")
        self.starts += 1
        if not self.values.get("live-restore"):
            for container in self.containers.values():
                container["State"] = "exited"
        self.values = dict(self.content())

    def start(self, timeout: float) -> None:
        self.restart(timeout)

    def ended_at(self) -> float:
        return 1893456000.0  # 2030-01-01

    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read_text())) if self.file.exists() else {}

    def written(self) -> str:
        return json.dumps(self.content(), sort_keys=True)

    # the engine

    def get(self, path: str, query: Any = None, *, timeout: float | None = None) -> Any:
        if not self.up:
            raise EngineUnreachable("no answer")
        if path == "/info":
            return {
                "ServerVersion": "26.1.5",
                "Debug": bool(self.values.get("debug")),
                "LiveRestoreEnabled": bool(self.values.get("live-restore")),
                "ContainersRunning": sum(c["State"] == "running" for c in self.containers.values()),
            }
        if path == "/containers/json":
            found = [{"Id": key, "Names": [f"/{key}"], **c} for key, c in self.containers.items()]
            return found if query else [c for c in found if c["State"] == "running"]
        if path == "/plugins":
            return []
        name = path.split("/")[2]
        policy = {"RestartPolicy": {"Name": self.containers[name].get("policy", "")}}
        finished = self.containers[name].get("finished")
        code = self.containers[name].get("exit", 137)
        return {"State": {"ExitCode": code, "FinishedAt": finished}, "HostConfig": policy}

    def post(self, path: str, body: Any = None) -> None:
        _, _, name, verb = path.split("/")
        self.done.append(f"{verb} {name}")
        self.containers[name]["State"] = "running" if verb == "start" else "exited"

    def events(self, filters: Mapping[str, list[str]]) -> Daemon:
        assert filters == {"type": ["daemon"], "event": ["reload"]}
        self.events_waiting.clear()
        return self

    def __enter__(self) -> Daemon:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def until(self, seconds: float) -> Iterator[dict[str, Any]]:
        while self.events_waiting:
            yield self.events_waiting.pop()


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path)


@pytest.fixture
def host(tmp_path: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(str(tmp_path))
    made.service = daemon
    monkeypatch.setattr(undo, "RELOAD_LIMIT", 1.0)
    return made


def run(
    host: Host, daemon: Daemon, spec: dict[str, Any], scope: str = "daemon", **more: Any
) -> DaemonHave:
    memory = host.memory("ID")
    want, have = parse(spec), read(host, daemon, memory, scope=scope)
    made = plan(want, have, **more)
    apply(want, have, made.changes, host, daemon, timeout=2)
    remember(want, have, made, host, memory)
    memory.save()
    return have


def left(
    host: Host, daemon: Daemon, spec: dict[str, Any], scope: str = "daemon", **more: Any
) -> Any:
    """What is still to be done, and what waits."""
    have = read(host, daemon, host.memory("ID"), scope=scope)
    made = plan(parse(spec), have, **more)
    return len(made.changes), [notice.path for notice in made.pending]


def test_a_reload(host: Host, daemon: Daemon) -> None:
    run(host, daemon, {"debug": True})
    assert daemon.done == ['reload {"debug": true}']
    assert left(host, daemon, {"debug": True}) == (0, [])


def test_a_removed_key_is_reset_by_its_default_and_leaves_the_file(
    host: Host, daemon: Daemon
) -> None:
    run(host, daemon, {"debug": True, "labels": ["a=b"]})
    daemon.done.clear()
    run(host, daemon, {"labels": ["a=b"]})
    assert daemon.done == ['reload {"debug": false, "labels": ["a=b"]}']
    assert daemon.content() == {"labels": ["a=b"]}
    assert left(host, daemon, {"labels": ["a=b"]}) == (0, [])


def test_live_restore_first_then_the_restart(host: Host, daemon: Daemon) -> None:
    daemon.containers["web"] = {"State": "running"}
    run(host, daemon, {"mtu": 1400, "live-restore": True})
    assert daemon.done == [
        'reload {"live-restore": true}',
        "reset-failed",
        'restart {"live-restore": true, "mtu": 1400}',
    ]
    assert daemon.containers["web"]["State"] == "running"


def test_an_outage_brings_back_what_ran_and_nothing_else(host: Host, daemon: Daemon) -> None:
    daemon.containers["web"] = {"State": "running"}
    daemon.containers["old"] = {"State": "exited", "policy": "always"}
    run(host, daemon, {"mtu": 1400})
    assert daemon.done == ["reset-failed", 'restart {"mtu": 1400}', "start web"]


def test_a_daemon_that_does_not_start_gets_its_old_file(host: Host, daemon: Daemon) -> None:
    run(host, daemon, {"debug": True})
    old = daemon.file.read_text()
    daemon.containers["web"] = {"State": "running"}
    daemon.done.clear()
    daemon.bad = "mtu"
    with pytest.raises(ApplyFailed) as error:
        run(host, daemon, {"debug": True, "mtu": 1400})
    assert error.value.message == "the daemon does not start: failed to start daemon: no such thing"
    assert error.value.where == "daemon"
    assert "old configuration is in force again" in error.value.fix
    assert daemon.file.read_text() == old
    assert daemon.up and daemon.containers["web"]["State"] == "running"
    assert daemon.done[-3:] == ["reset-failed", 'restart {"debug": true}', "start web"]
    assert left(host, daemon, {"debug": True}) == (0, [])


def test_undoing_keeps_containers_alive_too(host: Host, daemon: Daemon) -> None:
    daemon.containers["web"] = {"State": "running"}
    daemon.bad = "mtu"
    with pytest.raises(ApplyFailed):
        run(host, daemon, {"live-restore": True, "mtu": 1400})
    assert daemon.done == [
        'reload {"live-restore": true}',
        "reset-failed",
        'restart {"live-restore": true, "mtu": 1400}',
        "reset-failed",
        'restart {"live-restore": true}',
        'reload {"live-restore": false}',
    ]
    assert not daemon.file.exists()
    assert daemon.values["live-restore"] is False


def test_a_refused_reload_puts_the_old_file_back(host: Host, daemon: Daemon) -> None:
    daemon.bad = "labels"
    with pytest.raises(ApplyFailed, match="did not take the new file at a reload"):
        run(host, daemon, {"labels": ["a=b"]})
    assert not daemon.file.exists()
    assert daemon.values == {}


def test_a_value_that_does_not_arrive_is_undone(host: Host, daemon: Daemon) -> None:
    daemon.values = {"debug": False}
    original = daemon.reload

    def forgetful() -> None:
        original()
        daemon.values["debug"] = False

    daemon.reload = forgetful
    with pytest.raises(ApplyFailed, match="works with False instead of True") as error:
        run(host, daemon, {"debug": True})
    assert error.value.where == "daemon.debug"
    assert not daemon.file.exists()


def test_a_file_that_changed_meanwhile_is_not_overwritten(host: Host, daemon: Daemon) -> None:
    want, have = parse({"debug": True}), read(host, daemon, host.memory())
    changes = plan(want, have).changes
    host.files.make_directory("/etc/docker")
    daemon.file.write_text("{}")
    with pytest.raises(ApplyFailed, match="was changed by another hand"):
        apply(want, have, changes, host, daemon)
    assert daemon.file.read_text() == "{}"


def test_an_authorization_plugin_must_be_there(host: Host, daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(ApplyFailed, match="no authorization plugin 'authz'") as error:
        run(host, daemon, {"authorization-plugins": ["authz"]})
    assert error.value.where == "daemon.authorization-plugins"
    assert daemon.done == [] and not daemon.file.exists()
    (tmp_path / "etc/docker/plugins").mkdir()
    (tmp_path / "etc/docker/plugins/authz.spec").write_text("tcp://127.0.0.1:1")
    run(host, daemon, {"authorization-plugins": ["authz"]})
    assert daemon.content() == {"authorization-plugins": ["authz"]}


def test_a_deferred_restart_is_remembered_until_it_happens(host: Host, daemon: Daemon) -> None:
    run(host, daemon, {"mtu": 1400}, restart="defer")
    assert daemon.done == []
    assert left(host, daemon, {"mtu": 1400}, restart="defer") == (0, ["mtu"])
    assert left(host, daemon, {"mtu": 1400}) == (1, [])
    daemon.done.append("restart")  # by someone else
    assert left(host, daemon, {"mtu": 1400}) == (0, [])


def test_without_an_engine_the_file_is_written(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    memory = host.memory()
    want, have = parse({"debug": True, "hosts": "fd://"}), read(host, None, memory)
    made = plan(want, have)
    apply(want, have, made.changes, host, None)
    remember(want, have, made, host, memory)
    memory.save()
    file = tmp_path / "etc/docker/daemon.json"
    assert json.loads(file.read_text()) == {"debug": True, "hosts": ["fd://"]}
    assert file.stat().st_mode & 0o777 == 0o644
    assert plan(want, read(host, None, host.memory())).changes == ()
    gone = plan(parse({}), read(host, None, host.memory()))
    assert [change.path for change in gone.changes] == ["debug", "hosts"]


def test_two_scopes_own_their_keys(host: Host, daemon: Daemon) -> None:
    run(host, daemon, {"debug": True, "labels": ["a=b"]})
    run(host, daemon, {"max-concurrent-uploads": 6}, scope="pulls")
    both = {"debug": True, "labels": ["a=b"], "max-concurrent-uploads": 6}
    assert daemon.content() == both
    run(host, daemon, {"debug": True})
    assert daemon.content() == {"debug": True, "max-concurrent-uploads": 6}
    run(host, daemon, {}, scope="pulls", foreign="remove")
    assert daemon.content() == {"debug": True}
    assert left(host, daemon, {"debug": True}) == (0, [])
    assert left(host, daemon, {}, scope="pulls") == (0, [])


def test_the_words_of_the_daemon() -> None:
    lines = [
        'time="2026-01-01T00:00:00Z" level=info msg="Starting up"',
        'time="2026-01-01T00:00:00Z" level=fatal msg="Error \\"x\\" here" module=grpc',
        "failed to start daemon: bad thing",
        "docker.service: Failed with result 'exit-code'.",
    ]
    assert error_lines(lines) == ['Error "x" here', "failed to start daemon: bad thing"]
