"""One engine as a user's document meets it: runs, the witness's view of it, events, killed runs."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from unittest import mock

import docker.errors

from dockwright import reconcile
from dockwright.connection import Connection
from dockwright.engine.client import Engine, Reply
from dockwright.host.machine import Host
from dockwright.kinds.container import replace
from dockwright.model import Report
from dockwright.report import change_dict
from tests.hosts import TINY, TestHost

READING = ("GET", "HEAD")
SERVER = ["httpd", "-f", "-p", "80", "-h", "/www"]
SLEEP = ["sleep", "1000"]
BASE: dict[str, Any] = {"image": TINY, "command": SLEEP, "stop_grace_period": 0}
# Seconds in which a new container that is to end does so, on a machine with much else to do.
PATIENT = 3.0
_LOOKING = ("exec_create", "exec_start", "exec_die", "health_status")


def container(**more: Any) -> dict[str, Any]:
    """The spec of a container that sleeps, stops at once, and what else it is to have."""
    return {**BASE, **more}


class World:
    """One test host's engine; ``client`` is the witness, ``memory`` the folder of our memory."""

    def __init__(self, host: TestHost, memory: Path) -> None:
        self.host = host
        self.memory = memory
        self.client = host.sdk()
        self.settle = 0.1  # seconds in which a new container must not end; less than at work
        self.engines: list[Engine] = []
        self.told: list[str] = []  # the progress of all runs, line by line

    # --- runs ------------------------------------------------------------------------------------

    @property
    def log(self) -> list[str]:
        """The requests of the last run."""
        return self.engines[-1].log

    def run(self, document: Any, *, check: bool = False, timeout: float = 60.0) -> Report:
        """One run of the core over a document."""

        def engine(*args: Any, **options: Any) -> Engine:
            self.engines.append(Engine(*args, **options))
            return self.engines[-1]

        with mock.patch.object(reconcile, "Engine", engine), self._hasty():
            return reconcile.converge(
                document,
                connection=Connection(self.host.docker_host, timeout=timeout),
                progress=self.told.append,
                check=check,
                host=Host(memory=str(self.memory)),
            )

    def _hasty(self) -> Any:
        return mock.patch.multiple(replace, STAY=self.settle, SETTLE=self.settle)

    def check(self, document: Any) -> Report:
        """A check-mode run that must succeed."""
        report = self.run(document, check=True)
        assert not report.failed, told(report)
        return report

    def apply(self, document: Any) -> Report:
        """Check, apply, check again: what was predicted is done, and nothing is left to do."""
        predicted = self.check(document)
        report = self.run(document)
        assert not report.failed, told(report)
        assert changes(report) == changes(predicted)
        assert report.changed == predicted.changed
        assert sorted(map(str, report.done)) == sorted(map(str, report.plan.changes))
        assert not report.not_done
        assert changes(self.check(document)) == []
        return report

    def fail(self, document: Any) -> Report:
        """A run that must fail."""
        report = self.run(document)
        assert report.failed, "it was expected to fail"
        assert report.problems
        return report

    def killed(self, document: Any, after: int) -> bool:
        """Run in a process that kills itself after so many changing requests; whether it did."""
        process = self._process(document, after, signal.SIGKILL)
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        self._settle()
        return process.exitcode != 0

    @contextlib.contextmanager
    def halted(self, document: Any, after: int) -> Iterator[int]:
        """A run in a process that halts after so many changing requests, and goes on at the end.

        Gives the process's ID.
        """
        process = self._process(document, after, signal.SIGSTOP)
        assert process.pid
        status = Path(f"/proc/{process.pid}/stat")
        try:
            deadline = time.monotonic() + 60
            while status.read_text().rpartition(")")[2].split()[0] != "T":
                assert time.monotonic() < deadline, "it did not come so far"
                time.sleep(0.05)
            yield process.pid
        finally:
            os.kill(process.pid, signal.SIGCONT)
            process.join(120)
        assert process.exitcode == 0

    def _process(self, document: Any, after: int, number: int) -> ForkServerProcess:
        """A run in a process of its own that gets a signal after so many changing requests."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.engine.world"])
        arguments = (document, self.host.docker_host, str(self.memory), after, number)
        process = context.Process(target=run_and_get, args=arguments)
        process.start()
        return process

    def _settle(self) -> None:
        """Wait until the engine has ended what the last request began."""
        before, now = None, {}
        while before != now or not now:
            before = now
            with contextlib.suppress(docker.errors.NotFound):
                now = self.snapshot()
            time.sleep(0.03)

    # --- the witness -----------------------------------------------------------------------------

    def names(self) -> set[str]:
        """The names of all containers."""
        return {c["Names"][0].lstrip("/") for c in self.client.api.containers(all=True)}

    def inspect(self, name: str) -> dict[str, Any]:
        """The inspect answer of a container."""
        return dict(self.client.api.inspect_container(name))

    def id(self, name: str) -> str:
        """The ID of a container."""
        return str(self.inspect(name)["Id"])

    def is_running(self, name: str) -> bool:
        """Whether a container runs."""
        return bool(self.inspect(name)["State"]["Running"])

    def policy(self, name: str) -> str:
        """The restart policy of a container."""
        return str(self.inspect(name)["HostConfig"]["RestartPolicy"]["Name"])

    def volumes(self) -> set[str]:
        """The names of all volumes."""
        return {volume["Name"] for volume in self.client.api.volumes()["Volumes"] or ()}

    def networks(self) -> set[str]:
        """The names of the networks that somebody made."""
        return {n["Name"] for n in self.client.api.networks()} - {"bridge", "host", "none"}

    def does(self, name: str, *command: str) -> bool:
        """Whether a command in a container succeeds (what it says may get lost on the way)."""
        return self.client.containers.get(name).exec_run(list(command)).exit_code == 0

    def snapshot(self) -> dict[str, Any]:
        """Everything the engine says of its objects, but for what changes by itself."""
        api = self.client.api
        containers = {c["Id"]: api.inspect_container(c["Id"]) for c in api.containers(all=True)}
        for raw in containers.values():
            raw["State"].pop("Health", None)
            raw.pop("ExecIDs", None)
        return {
            "containers": containers,
            "networks": {n["Id"]: n for n in api.networks()},
            "volumes": {v["Name"]: v for v in api.volumes()["Volumes"] or ()},
            "images": {i["Id"]: sorted(i["RepoTags"] or ()) for i in api.images()},
        }

    @contextlib.contextmanager
    def events(self) -> Iterator[list[str]]:
        """The events while the body ran, as ``type action name``; filled when it has ended."""
        found: list[str] = []
        start = time.time()
        yield found
        stream = self.client.events(since=f"{start:.6f}", until=f"{time.time():.6f}", decode=True)
        for event in stream:
            action = event["Action"].partition(":")[0]
            if action not in _LOOKING:
                name = event["Actor"].get("Attributes", {}).get("name") or event["Actor"]["ID"]
                found.append(f"{event['Type']} {action} {name}")

    @contextlib.contextmanager
    def untouched(self, *, but: str = "") -> Iterator[None]:
        """The body may neither change the engine nor a file of our memory (``but`` this one)."""
        before, files = self.snapshot(), self.files()
        with self.events() as events:
            yield
        assert events == []
        assert differences(before, self.snapshot()) == []
        now = self.files()
        now.pop(str(self.memory / but), None)
        files.pop(str(self.memory / but), None)
        assert now == files

    def files(self) -> dict[str, bytes]:
        """The files of our memory."""
        return {str(p): p.read_bytes() for p in self.memory.rglob("*") if p.is_file()}


def run_and_get(document: Any, docker_host: str, memory: str, after: int, number: int) -> None:
    """A run that gets a signal right after its ``after``-th changing request."""
    left = [after]

    class Deadly(Engine):
        def request(self, method: str, path: str, **options: Any) -> Reply:
            reply = super().request(method, path, **options)
            if method not in READING:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), number)
            return reply

    hasty = mock.patch.multiple(replace, STAY=0.1, SETTLE=0.1)
    with mock.patch.object(reconcile, "Engine", Deadly), hasty:
        report = reconcile.converge(
            document, connection=Connection(docker_host), host=Host(memory=memory)
        )
    assert not report.failed, told(report)


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two answers of the engine differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after})
        return [
            text
            for key in keys
            for text in differences(before.get(key), after.get(key), f"{path}/{key}")
        ]
    return [] if before == after else [f"{path}: {before!r} -> {after!r}"]


def told(report: Report) -> str:
    """The problems of a report as text."""
    return "\n".join(problem.text() for problem in report.problems)


def changes(report: Report) -> list[dict[str, Any]]:
    """The planned changes as plain values."""
    return [change_dict(change) for change in report.plan.changes]


def titles(report: Report) -> list[str]:
    """The planned changes in short: ``action kind name path``."""
    return [
        " ".join(filter(None, (c.action.value, c.kind, c.name, c.path)))
        for c in report.plan.changes
    ]


def project(containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document of the project `shop`."""
    return {"project": "shop", "containers": containers, "wait_timeout": "20s", **more}
