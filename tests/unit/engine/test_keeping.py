"""What is kept of an engine's answers, and which events touch which of them."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from dockwright.engine import keeping, moment
from dockwright.engine.client import Reply
from dockwright.engine.endpoint import Endpoint
from dockwright.engine.keeping import KeepingEngine, touched_by

A, B = "a" * 64, "b" * 64
ONE, TWO = f"/containers/{A}/json", f"/containers/{B}/json"
IMAGE = "/images/nginx:1.27/json"
LISTS = set(keeping.LISTS)
ALL = {*LISTS, "/info", ONE, TWO, IMAGE}


class Told(KeepingEngine):
    """Answers without a connection; `events` are those that it will tell."""

    def __init__(self) -> None:
        super().__init__(Endpoint("unix:///none", None, "test"))
        self._exchange.ask_each = lambda calls: (self.request("GET", call.path) for call in calls)
        self.events_to_tell: list[dict[str, Any]] = []
        self._pool.has_idle = lambda: True

    def request(self, method: str, path: str, **options: Any) -> Reply:
        self.log.append(f"{method} {path}")
        lines: list[Any] = [{"path": path}]
        if path == "/events":
            lines = self.events_to_tell
        elif path == "/info":
            now = datetime.fromtimestamp(time.time(), timezone.utc)
            lines = [{"SystemTime": now.strftime("%Y-%m-%dT%H:%M:%S.%f999Z")}]
        return Reply(200, {}, "\n".join(map(json.dumps, lines)).encode())

    def ask_all(self) -> set[str]:
        """Read everything in a new run that is checked first; what had to be asked."""
        del self.log[:]
        self._versions = self._versions or object()
        self.begin()
        for path in sorted(ALL):
            self.get(path, {"all": True} if path == "/containers/json" else None)
        self.end()
        return {line[4:] for line in self.log if line != "GET /events"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(Told, "api_version", "1.45")
    made = Told()
    assert made.ask_all() == ALL
    assert made.ask_all() == set()
    return made


@pytest.mark.parametrize(
    ("event", "touched"),
    [
        ({"Type": "container", "Action": "start", "Actor": {"ID": A}}, {*LISTS, ONE}),
        ({"Type": "container", "Action": "health_status: healthy", "Actor": {"ID": A}}, {ONE}),
        ({"Type": "container", "Action": "exec_start: ls", "Actor": {"ID": A}}, set()),
        ({"Type": "container", "Action": "top", "Actor": {"ID": A}}, set()),
        (
            {
                "Type": "network",
                "Action": "connect",
                "Actor": {"ID": "n", "Attributes": {"container": B}},
            },
            {*LISTS, TWO},
        ),
        ({"Type": "network", "Action": "create", "Actor": {"ID": "n"}}, LISTS),
        ({"Type": "volume", "Action": "destroy", "Actor": {"ID": "data"}}, LISTS),
        ({"Type": "volume", "Action": "mount", "Actor": {"ID": "data"}}, set()),
        ({"Type": "image", "Action": "tag", "Actor": {"ID": "sha256:1"}}, {*LISTS, IMAGE}),
        ({"Type": "daemon", "Action": "reload", "Actor": {"ID": "x"}}, ALL),
        ({"Type": "of later engines", "Action": "x"}, ALL),
    ],
)
def test_events_touch_what_they_may_change(
    engine: Told, event: dict[str, Any], touched: set[str]
) -> None:
    touches = touched_by(event)
    assert {path for path in ALL if touches(path)} == touched
    engine.events_to_tell = [{**event, "timeNano": time.time_ns()}]
    assert engine.ask_all() == touched
    assert engine.ask_all() == set()  # what has been asked after the event holds


def test_what_cannot_be_told_is_asked(engine: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.events_to_tell = [{"Type": "container", "Action": "top", "timeNano": 1}] * 256
    assert engine.ask_all() == ALL
    engine.events_to_tell = [{"error": "no events today"}]
    assert engine.ask_all() == ALL
    engine.events_to_tell = []
    engine._pool.lost += 1  # the engine was restarted
    assert engine.ask_all() == ALL
    monkeypatch.setattr(engine._pool, "has_idle", lambda: False)
    assert engine.ask_all() == ALL


def test_of_many_only_what_is_not_kept_is_asked(engine: Told) -> None:
    other = f"/containers/{'c' * 64}/json"
    for asked in ([other, "/plugins"], ["/plugins"]):
        engine.begin(60)
        del engine.log[:]
        answers = engine.get_each([ONE, other, "/plugins", TWO])
        assert [one["path"] for one in answers] == [ONE, other, "/plugins", TWO]
        assert engine.log == [f"GET {path}" for path in asked]
        engine.end()


def test_what_is_kept_needs_no_threads(engine: Told) -> None:
    assert engine.workers > 1
    engine.begin(60)
    assert engine.workers == 1
    engine.pass_through()
    assert engine.workers > 1


def test_writing_passes_through(engine: Told) -> None:
    engine.begin(60)
    assert engine.get(ONE) == {"path": ONE}
    engine.pass_through()
    del engine.log[:]
    engine.get(ONE)
    assert engine.log == [f"GET {ONE}"]
    engine.end()
    del engine.log[:]
    engine.begin(60)  # whatever the patience: it has acted itself
    assert engine.log == ["GET /events"]


def test_only_what_events_tell_of_is_kept(engine: Told) -> None:
    for path in ("/distribution/nginx/json", "/containers/web/json", "/plugins"):
        engine.begin(60)
        engine.get(path)
        del engine.log[:]
        engine.get(path)
        assert engine.log == [f"GET {path}"]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T02:00:00.000000005+02:00", 5),
        ("1969-12-31T23:30:00.5-00:30", 500_000_000),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_times_of_engines(text: str, nanoseconds: int) -> None:
    assert moment.nanoseconds(text) == nanoseconds
