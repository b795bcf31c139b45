"""The client against a server of our own: versions, keep-alive, limits, faults."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dockwright.engine.client import Engine, unless_gone
from dockwright.engine.connection import Connection
from dockwright.engine.endpoint import Endpoint
from dockwright.engine.faults import is_absent
from dockwright.engine.parallel import each
from dockwright.errors import EngineError, EngineRefused, EngineTimeout, EngineUnreachable
from tests.unit.engine.server import Handler, Route, Server

# Versions


def test_constructing_connects_nowhere(unix_server: Server) -> None:
    Engine(unix_server.endpoint())
    assert unix_server.connections == 0


def test_negotiation_is_one_request(unix_server: Server) -> None:
    engine = Engine(unix_server.endpoint())
    each(lambda _: engine.negotiate(), range(16), workers=16)
    assert engine.negotiate() == ("1.51", "28.5.2", "linux", "")
    assert (engine.api_version, engine.engine_version) == ("1.51", "28.5.2")
    assert unix_server.requests() == engine.log == ["GET /_ping"]
    assert engine.requests == 1


def test_by_ssh_fewer_containers_are_made_at_a_time() -> None:
    """Each is a session there, and sshd refuses some of more than ten that come at once."""
    local, remote = (Endpoint(url, None, "default") for url in ("unix:///x", "ssh://h"))
    assert Engine(local).makers >= 20
    assert Engine(remote).makers == Engine(remote).workers < 10


@pytest.mark.parametrize(("server", "ours"), [("1.41", "1.41"), ("1.51", "1.51"), ("1.55", "1.51")])
def test_the_newest_common_version(unix_server: Server, server: str, ours: str) -> None:
    unix_server.speaks(ApiVersion=server)
    unix_server.routes["GET /info"] = Server.json({})
    engine = Engine(unix_server.endpoint())
    engine.get("/info")
    asked = ["GET /_ping", *(["GET /version"] if server != ours else [])]
    assert unix_server.requests() == [*asked, f"GET /v{ours}/info"]
    assert engine.api_at_least("1.41")
    assert engine.api_at_least("1.44") == (ours != "1.41")
    assert engine.api_at_least("1.9")
    assert not engine.api_at_least("1.100")


@pytest.mark.parametrize(
    ("versions", "fix"),
    [
        ({"ApiVersion": "1.40"}, "Upgrade the engine to 20.10 or newer"),
        ({"ApiVersion": "1.70", "MinAPIVersion": "1.60"}, "Upgrade dockwright"),
    ],
)
def test_no_common_version(unix_server: Server, versions: dict[str, str], fix: str) -> None:
    unix_server.speaks(**versions)
    with pytest.raises(EngineError, match=fix) as caught:
        Engine(unix_server.endpoint()).negotiate()
    assert "28.5.2" in str(caught.value)


def test_a_failed_negotiation_is_tried_again(unix_server: Server) -> None:
    unix_server.routes["GET /_ping"] = Server.json({"message": "starting"}, 503)
    unix_server.routes["GET /version"] = Server.json({"message": "starting"}, 503)
    engine = Engine(unix_server.endpoint())
    with pytest.raises(EngineRefused, match="starting"):
        engine.negotiate()
    unix_server.speaks()
    assert engine.api_version == "1.51"


def test_what_says_not_enough_is_asked_for_its_version(unix_server: Server) -> None:
    """Podman, a proxy that has a name of its own, one that lets through only what it knows."""
    others: list[Route] = [
        lambda handler: handler.reply(200, b"OK", **{"Api-Version": "1.44", "Server": "Libpod/5"}),
        lambda handler: handler.reply(200, b"OK"),
        lambda handler: handler.reply(200, b"OK", **{"Api-Version": "latest"}),
        lambda handler: handler.reply(403, b"{}", **{"Api-Version": "1.44"}),
    ]
    for other in others:
        unix_server.routes["GET /_ping"] = other
        engine = Engine(unix_server.endpoint())
        assert engine.negotiate() == ("1.51", "28.5.2", "linux", "amd64")
        assert engine.log == ["GET /_ping", "GET /version"]


def test_something_that_is_no_engine(tcp_server: Server) -> None:
    tcp_server.routes["GET /_ping"] = Server.json({}, 404)
    tcp_server.routes["GET /version"] = lambda handler: handler.reply(200, b"<html>", "text/html")
    with pytest.raises(EngineUnreachable, match=r"is no Docker Engine.*docker_host"):
        Engine(tcp_server.endpoint()).get("/info")


# Requests


def test_verbs(engine: Engine, unix_server: Server) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        unix_server.routes[f"{method} /x"] = Server.json({"did": method})
    assert engine.get("/x", {"all": True}) == {"did": "GET"}
    assert engine.post("/x", {"a": 1}, {"name": "n"}, {"X-Registry-Auth": "s"}) == {"did": "POST"}
    assert engine.put("/x", b"tar") == {"did": "PUT"}
    assert engine.delete("/x", {"force": True}) == {"did": "DELETE"}
    get, post, put, delete = unix_server.seen[1:]
    assert (get.query, get.body) == ({"all": ["true"]}, b"")
    assert "content-length" not in get.headers
    assert get.headers["host"] == "docker"
    assert get.headers["user-agent"].startswith("dockwright/")
    assert (post.query, json.loads(post.body)) == ({"name": ["n"]}, {"a": 1})
    assert post.headers["content-type"] == "application/json"
    assert post.headers["x-registry-auth"] == "s"
    assert (put.body, put.headers["content-type"]) == (b"tar", "application/x-tar")
    assert delete.query == {"force": ["true"]}
    assert engine.log[1:] == ["GET /x", "POST /x", "PUT /x", "DELETE /x"]


def test_a_post_without_a_body_has_a_length(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /start"] = lambda handler: handler.reply(204, b"")
    assert engine.post("/start") is None
    assert unix_server.seen[-1].headers["content-length"] == "0"


def test_request_raises_for_no_status(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /_ping"] = lambda h: h.reply(500, b"no", "text/plain", **{"X-A": "b"})
    reply = engine.request("GET", "/_ping", versioned=False)
    assert (reply.status, reply.body, reply.headers["x-a"]) == (500, b"no", "b")
    assert unix_server.seen[-1].path == "/_ping"
    with pytest.raises(EngineRefused, match=r"^no$") as caught:
        engine.get("/_ping")
    assert caught.value.status == 500


def test_head(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["HEAD /x"] = lambda handler: handler.reply(200, b"body")
    unix_server.routes["GET /x"] = Server.json(1)
    assert engine.request("HEAD", "/x").body == b""
    assert engine.get("/x") == 1


# Many at once


@pytest.fixture
def many(unix_server: Server) -> list[str]:
    """The paths of more than are sent ahead; one of them is refused."""
    for number in range(100):
        unix_server.routes[f"GET /{number}"] = Server.json(number)
    unix_server.routes["GET /7"] = Server.json({"message": "no such container"}, 404)
    return [f"/{number}" for number in range(100)]


def numbers(engine: Engine, paths: list[str]) -> list[object]:
    return [None if unless_gone(one) is None else one for one in engine.get_each(paths)]


EXPECTED = [None if number == 7 else number for number in range(100)]


def test_many_answers_come_in_order(engine: Engine, unix_server: Server, many: list[str]) -> None:
    assert numbers(engine, many) == EXPECTED
    assert numbers(engine, many) == EXPECTED
    assert unix_server.connections == 1
    assert engine.log[1:] == [f"GET {path}" for path in many] * 2
    assert unix_server.seen[-1].headers["user-agent"].startswith("dockwright/")
    assert numbers(engine, []) == []
    assert numbers(engine, ["/3"]) == [3]


def test_the_next_is_asked_before_the_first_has_answered(
    engine: Engine, unix_server: Server, many: list[str]
) -> None:
    waited: list[bytes] = []

    def first(handler: Handler) -> None:
        waited.append(handler.rfile.peek()[:13])  # blocks until there is something
        handler.reply(200, b"0")

    unix_server.routes["GET /0"] = first
    assert numbers(engine, many) == EXPECTED
    assert waited == [b"GET /v1.51/1 "]


def test_a_refusal_other_than_gone_is_raised(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /0"] = Server.json({"message": "layer is damaged"}, 500)
    (found,) = engine.get_each(["/0"])
    with pytest.raises(EngineRefused, match="layer is damaged"):
        unless_gone(found)


def test_lines_that_end_early_lose_no_answer(
    engine: Engine, unix_server: Server, many: list[str]
) -> None:
    """A server that takes one request a connection, or says so; one that dies at the first try."""
    unix_server.routes["GET /2"] = lambda handler: closing(handler, b"2")
    assert numbers(engine, many) == EXPECTED
    unix_server.routes["GET /2"] = lambda h: h.reply(200, b"2", Connection="close")
    assert numbers(engine, many) == EXPECTED
    tries: list[int] = []

    def once(handler: Handler) -> None:
        tries.append(1)
        (dying if len(tries) == 1 else Server.json(2))(handler)

    unix_server.routes["GET /2"] = once
    lost = engine._pool.lost
    assert numbers(engine, many) == EXPECTED
    assert engine._pool.lost > lost, "a session hears that the engine may be another one now"
    unix_server.routes["GET /2"] = dying
    with pytest.raises(EngineUnreachable, match=r"GET /2: the connection .* lost"):
        numbers(engine, many)


def test_one_that_does_not_answer_is_waited_for_once(
    engine: Engine, unix_server: Server, many: list[str]
) -> None:
    unix_server.routes["GET /2"] = lambda handler: time.sleep(2)
    engine.timeout = 0.1
    began = time.monotonic()
    with pytest.raises(EngineTimeout, match="GET /2"):
        numbers(engine, many)
    assert time.monotonic() - began < 1
    assert numbers(engine, many[:2]) == EXPECTED[:2]


def test_who_stops_reading_gets_no_late_answer(
    engine: Engine, unix_server: Server, many: list[str]
) -> None:
    assert next(engine.get_each(many)) == 0
    assert engine.get("/50") == 50
    assert unix_server.connections == 2


def test_many_of_an_engine_that_is_not_there(socket_path: str) -> None:
    engine = Engine(Endpoint(f"unix://{socket_path}", None, "default"))
    with pytest.raises(EngineUnreachable):
        list(engine.get_each(["/1", "/2"]))


# Keep-alive


def test_connections_are_kept(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /x"] = Server.json(1)
    for _ in range(10):
        engine.get("/x")
    assert unix_server.connections == 1


def test_connection_close_is_obeyed(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /x"] = lambda h: h.reply(200, b"1", Connection="close")
    assert [engine.get("/x") for _ in range(3)] == [1, 1, 1]
    assert engine.requests == 4


def closing(handler: Handler, body: bytes = b"1") -> None:
    """Answer, then close without saying so."""
    handler.reply(200, body)
    handler.close_connection = True


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_closed_idle_connection_is_noticed(
    engine: Engine, unix_server: Server, method: str
) -> None:
    unix_server.routes[f"{method} /x"] = closing
    for _ in range(5):
        assert json.loads(engine.request(method, "/x").body) == 1
        unix_server.wait_closed()
    assert engine.requests == 6, "noticed before a request was wasted"


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection dies between the check and the request."""
    monkeypatch.setattr(Connection, "is_stale", lambda self: False)


@pytest.mark.usefixtures("blind")
def test_get_is_repeated_on_a_dead_connection(tcp_server: Server) -> None:
    tcp_server.routes["GET /x"] = closing
    engine = Engine(tcp_server.endpoint())
    for _ in range(4):
        assert engine.get("/x") == 1
        tcp_server.wait_closed()


@pytest.mark.usefixtures("blind")
def test_post_is_repeated_only_if_nothing_was_sent(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /x"] = closing
    for _ in range(4):  # writing to a closed unix socket fails at once: the engine saw nothing
        assert engine.post("/x") == 1
        unix_server.wait_closed()
    assert unix_server.requests().count("POST /v1.51/x") == 4


def dying(handler: Handler) -> None:
    """Take the request and die."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def test_post_is_not_repeated_once_it_was_sent(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /containers/create"] = dying
    with pytest.raises(EngineUnreachable, match=r"POST /containers/create: the connection .* lost"):
        engine.post("/containers/create", {})
    assert unix_server.requests().count("POST /v1.51/containers/create") == 1


def test_get_is_repeated_once_only(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /x"] = dying
    with pytest.raises(EngineUnreachable, match="lost"):
        engine.get("/x")
    assert unix_server.requests().count("GET /v1.51/x") == 2


def test_a_broken_off_answer(engine: Engine, unix_server: Server) -> None:
    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    unix_server.routes["GET /x"] = cut
    with pytest.raises(EngineUnreachable, match=r"GET /x: .*broke off"):
        engine.get("/x")


def test_after_a_fault_the_next_request_works(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /x"] = dying
    unix_server.routes["GET /y"] = Server.json(1)
    with pytest.raises(EngineUnreachable):
        engine.post("/x")
    assert engine.get("/y") == 1


def test_an_interrupted_request_gives_its_connection_up(
    engine: Engine, unix_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    unix_server.routes["GET /x"] = Server.json("x")
    unix_server.routes["GET /y"] = Server.json("y")

    def interrupted(self: Connection, method: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "answer", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.get("/x")
    assert engine.get("/y") == "y", "and not the late answer to the first request"


def test_many_threads(engine: Engine, unix_server: Server) -> None:
    def echo(handler: Handler) -> None:
        handler.reply(200, json.dumps(handler.path).encode())

    for number in range(50):
        unix_server.routes[f"GET /{number}"] = echo
    answers = each(lambda n: engine.get(f"/{n % 50}"), range(600), workers=16)
    assert answers == [f"/v1.51/{n % 50}" for n in range(600)]
    assert engine.requests == 601
    assert unix_server.connections <= 17


# Limits


def slow(handler: Handler) -> None:
    time.sleep(1)
    handler.reply(200, b"1")


def test_timeout(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /containers/x/stop"] = slow
    with pytest.raises(EngineTimeout) as caught:
        engine.post("/containers/x/stop", timeout=0.1)
    text = str(caught.value)
    assert "POST /containers/x/stop: no answer" in text
    assert "0.1 seconds" in text
    assert "`timeout`" in text
    assert engine.post("/containers/x/stop", timeout=3) == 1


def test_the_limit_is_for_the_whole_answer(engine: Engine, unix_server: Server) -> None:
    def trickle(handler: Handler) -> None:
        handler.begin()
        for _ in range(1200):
            handler.chunk(b" ")
            time.sleep(0.05)

    unix_server.routes["GET /x"] = trickle
    start = time.monotonic()
    with pytest.raises(EngineTimeout):
        engine.get("/x", timeout=0.3)
    assert time.monotonic() - start < 30


def test_a_request_that_timed_out_is_not_repeated(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["GET /x"] = slow
    with pytest.raises(EngineTimeout):
        engine.get("/x", timeout=0.1)
    assert engine.log == ["GET /_ping", "GET /x"]


# Streams


def lines(*items: object, pause: float = 0.0) -> object:
    def route(handler: Handler) -> None:
        handler.begin()
        for item in items:
            time.sleep(pause)
            handler.chunk(json.dumps(item).encode() + b"\r\n")
        handler.chunk(b"")

    return route


def test_stream(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /images/create"] = lines({"status": "a"}, {"status": "b"})
    stream = engine.stream("POST", "/images/create", query={"fromImage": "x"})
    assert unix_server.seen[-1].query == {"fromImage": ["x"]}, "sent before it is iterated"
    assert list(stream) == [{"status": "a"}, {"status": "b"}]
    engine.request("GET", "/x")
    assert unix_server.connections == 1, "a stream read to its end keeps the connection"


def test_an_error_inside_a_stream(engine: Engine, unix_server: Server) -> None:
    failure = {"errorDetail": {"message": "toomanyrequests"}, "error": "toomanyrequests"}
    unix_server.routes["POST /images/create"] = lines({"status": "a"}, failure)
    stream = engine.stream("POST", "/images/create")
    assert next(stream) == {"status": "a"}
    with pytest.raises(EngineRefused, match="toomanyrequests"):
        next(stream)
    assert engine.request("GET", "/x").status == 404


def test_a_stream_refused_at_once(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /images/create"] = Server.json({"message": "manifest unknown"}, 404)
    with pytest.raises(EngineRefused, match="manifest unknown") as caught:
        engine.stream("POST", "/images/create")
    assert caught.value.status == 404


def test_a_stream_that_breaks_off(engine: Engine, unix_server: Server) -> None:
    def cut(handler: Handler) -> None:
        handler.begin()
        handler.chunk(b'{"status":"a"}\n')
        handler.close_connection = True

    unix_server.routes["POST /images/create"] = cut
    with pytest.raises(EngineUnreachable, match="broke off"):
        list(engine.stream("POST", "/images/create"))


def test_a_silent_stream(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /build"] = lines({}, {}, {}, pause=0.4)
    assert len(list(engine.stream("POST", "/build", timeout=1))) == 3, "each line in time"
    with pytest.raises(EngineTimeout, match="POST /build"):
        list(engine.stream("POST", "/build", timeout=0.1))


@pytest.mark.parametrize("sort", ["file", "bytes", "list", "generator"])
def test_bodies_of_streams(engine: Engine, unix_server: Server, sort: str) -> None:
    data = bytes(range(256)) * 1000
    parts = [data[:100], b"", data[100:]]
    bodies = {"file": io.BytesIO(data), "bytes": data, "list": parts, "generator": iter(parts)}
    unix_server.routes["POST /images/load"] = lines({"stream": "ok"})
    assert list(engine.stream("POST", "/images/load", body=bodies[sort])) == [{"stream": "ok"}]
    assert unix_server.seen[-1].body == data
    assert unix_server.seen[-1].headers["content-type"] == "application/x-tar"
    assert ("transfer-encoding" in unix_server.seen[-1].headers) == (sort != "bytes")


def test_a_refusal_before_the_whole_body_was_read(socket_path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(socket_path)
    listener.listen()

    def refuse() -> None:
        refusal = json.dumps({"message": "no space left on device"})
        for status, answer in (("200 OK", "OK"), ("500 X", refusal)):
            connection = listener.accept()[0]
            connection.recv(100)
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close"
            head += "\r\nApi-Version: 1.51\r\nServer: Docker/28.5.2 (linux)"
            connection.sendall(f"{head}\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())
            connection.shutdown(socket.SHUT_RD)
            time.sleep(0.2)
            connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    engine = Engine(Endpoint(f"unix://{socket_path}", None, "default"), timeout=5)
    with pytest.raises(EngineRefused, match="no space left"):
        engine.stream("POST", "/images/load", body=iter([b"x" * 100_000] * 100))
    listener.close()


# No connection


def test_no_socket(tmp_path: Path) -> None:
    engine = Engine(Endpoint(f"unix://{tmp_path}/no.sock", None, "default"))
    with pytest.raises(EngineUnreachable) as caught:
        engine.get("/info")
    assert caught.value.message == (
        f"cannot reach the Docker Engine at unix://{tmp_path}/no.sock (from the default): "
        "there is no such socket"
    )
    assert "systemctl start docker" in caught.value.fix
    assert is_absent(caught.value)


def test_nobody_listens(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
    endpoint = Endpoint(f"unix://{socket_path}", None, "context work")
    words = r"from the context work\): nobody listens"
    with pytest.raises(EngineUnreachable, match=words) as caught:
        Engine(endpoint).get("/info")
    assert "journalctl -u docker" in caught.value.fix
    assert is_absent(caught.value)


def test_permission_denied(monkeypatch: pytest.MonkeyPatch, socket_path: str) -> None:
    def denied(self: object, limit: float) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Connection, "dial", denied)  # root is never denied
    with pytest.raises(EngineUnreachable, match=r"from DOCKER_HOST.: permission denied") as caught:
        Engine(Endpoint(f"unix://{socket_path}", None, "DOCKER_HOST")).get("/info")
    assert "group `docker`" in caught.value.fix
    assert "run as root (sudo)" in caught.value.fix
    assert not is_absent(caught.value)


def test_a_full_queue_of_connections_is_waited_for(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
        listener.listen(0)
        endpoint = Endpoint(f"unix://{socket_path}", None, "default")
        waiting = socket.socket(socket.AF_UNIX)
        waiting.connect(socket_path)
        start = time.monotonic()
        with pytest.raises(EngineUnreachable, match=r"no connection within 0\.2 seconds"):
            Engine(endpoint, timeout=0.2).get("/info")
        assert 0.15 < time.monotonic() - start < 60
        waiting.close()


def test_connection_refused(tcp_server: Server) -> None:
    tcp_server.close()
    with pytest.raises(EngineUnreachable, match=r"docker_host option.*refused") as caught:
        Engine(tcp_server.endpoint()).get("/info")
    assert tcp_server.url in str(caught.value)


def test_unknown_host() -> None:
    endpoint = Endpoint("tcp://no-such-host.invalid:2375", None, "DOCKER_HOST")
    with pytest.raises(EngineUnreachable, match=r"no-such-host\.invalid.*cannot be resolved"):
        Engine(endpoint, timeout=5).get("/info")


def test_no_answer_to_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(address: object, limit: float) -> None:
        raise socket.timeout("timed out")

    monkeypatch.setattr(socket, "create_connection", late)
    with pytest.raises(EngineUnreachable, match=r"within 7 seconds.*`timeout` \(now 7\)"):
        Engine(Endpoint("tcp://192.0.2.1:2375", None, "DOCKER_HOST"), timeout=7).get("/info")


def test_no_http(socket_path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(socket_path)
    listener.listen()

    def mail() -> None:
        connection = listener.accept()[0]
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.recv(1000)

    threading.Thread(target=mail, daemon=True).start()
    with pytest.raises(EngineUnreachable, match="does not speak HTTP"):
        Engine(Endpoint(f"unix://{socket_path}", None, "default"), timeout=5).get("/info")
    listener.close()


def test_no_secret_in_log_and_errors(engine: Engine, unix_server: Server) -> None:
    unix_server.routes["POST /x"] = dying
    with pytest.raises(EngineUnreachable) as caught:
        engine.post("/x", {"p": "hunter2"}, {"buildargs": {"p": "hunter2"}}, {"X-Auth": "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(engine.log)


# Start-up time


def test_the_import_is_light() -> None:
    heavy = ["asyncio", "concurrent", "email.mime", "hashlib", "logging", "shlex", "subprocess"]
    heavy += ["requests", "docker", "ansible", "tempfile", "dockwright.engine.fake"]
    script = (
        "import json, queue, socket, sys; before = set(sys.modules);"
        "import dockwright.engine.client, dockwright.engine.parallel;"
        f"print([name for name in {heavy} if name in set(sys.modules) - before])"
    )
    path = str(Path(sys.modules["dockwright"].__file__ or "").parent.parent)
    result = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
