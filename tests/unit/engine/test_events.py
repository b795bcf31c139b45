"""The event stream: subscribed before anything is done, bounded, closed promptly."""

from __future__ import annotations

import queue
import socket
import threading
import time

import pytest

from dockwright.engine.client import Engine
from dockwright.errors import EngineRefused, EngineUnreachable
from tests.unit.engine.server import Handler, Server


class Source:
    """The server's side of an event stream: what is put in here is sent."""

    def __init__(self, server: Server) -> None:
        self.items: queue.Queue[bytes | None] = queue.Queue()
        self.closed = threading.Event()
        server.routes["GET /events"] = self.route

    def route(self, handler: Handler) -> None:
        handler.begin()
        threading.Thread(target=self._watch, args=(handler,), daemon=True).start()
        while True:
            item = self.items.get()
            if item is None:
                break
            handler.chunk(item)
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    def _watch(self, handler: Handler) -> None:
        handler.rfile.read(1)
        self.closed.set()


@pytest.fixture
def source(unix_server: Server) -> Source:
    return Source(unix_server)


def test_events_and_deadline(engine: Engine, source: Source) -> None:
    with engine.events({"type": ["container"]}) as events:
        source.items.put(b'{"n":1}\n{"n":')
        source.items.put(b"2}\n")
        start = time.monotonic()
        assert [event["n"] for event in events.until(0.2)] == [1, 2]
        assert 0.15 < time.monotonic() - start < 60
        source.items.put(b'{"n":3}\n')
        assert next(events.until(5)) == {"n": 3}, "a deadline that passed does no harm"
        assert list(events.until(0)) == []
    assert source.closed.wait(2), "closed when left"


def test_connected_before_it_is_entered(
    engine: Engine, source: Source, unix_server: Server
) -> None:
    filters = {"event": ["die"], "container": ["abc"]}
    before = time.time()
    with engine.events(filters):
        seen = unix_server.seen[-1]
        assert seen.path == "/v1.51/events"
        assert seen.query["filters"] == ['{"event":["die"],"container":["abc"]}']
        assert before <= float(seen.query["since"][0]) <= time.time()


def test_since(engine: Engine, source: Source, unix_server: Server) -> None:
    with engine.events({}, since=12.5):
        assert unix_server.seen[-1].query["since"] == ["12.500000000"]


def test_no_clock_is_assumed_to_be_shared_over_tcp(tcp_server: Server) -> None:
    Source(tcp_server)
    with Engine(tcp_server.endpoint(), timeout=5).events({}):
        assert "since" not in tcp_server.seen[-1].query


def test_other_requests_go_on_meanwhile(
    engine: Engine, source: Source, unix_server: Server
) -> None:
    unix_server.routes["POST /x"] = Server.json(1)
    with engine.events({}) as events:
        assert engine.post("/x") == 1
        source.items.put(b'{"n":1}\n')
        assert next(events.until(5)) == {"n": 1}


def test_the_engine_ends(engine: Engine, source: Source) -> None:
    with engine.events({}) as events:
        source.items.put(b'{"n":1}\n')
        source.items.put(None)
        got = events.until(5)
        assert next(got) == {"n": 1}
        for _ in range(2):
            with pytest.raises(EngineUnreachable, match=r"GET /events.*lost"):
                next(events.until(5))


def test_refused(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /events"] = Server.json({"message": "invalid filter 'foo'"}, 400)
    with pytest.raises(EngineRefused, match="invalid filter"), engine.events({"foo": ["x"]}):
        pass


def test_left_by_an_exception(engine: Engine, source: Source) -> None:
    with pytest.raises(KeyboardInterrupt), engine.events({}):
        raise KeyboardInterrupt
    assert source.closed.wait(2)
