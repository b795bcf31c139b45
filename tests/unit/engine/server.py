"""A small HTTP server that plays an engine over a unix socket, TCP or TLS, with faults to order."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable, NamedTuple
from urllib.parse import parse_qs, urlsplit

from dockwright.engine.endpoint import TLS, Endpoint

VERSION = {
    "Version": "28.5.2",
    "ApiVersion": "1.51",
    "MinAPIVersion": "1.24",
    "Os": "linux",
    "Arch": "amd64",
}


class Seen(NamedTuple):
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    connection: int


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server's ``routes`` say for ``METHOD /path`` (without API version)."""

    protocol_version = "HTTP/1.1"
    server: Any

    def setup(self) -> None:
        super().setup()
        self.server.owner.connections += 1
        self.number = self.server.owner.connections

    def finish(self) -> None:
        super().finish()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.server.owner.closed += 1

    def log_message(self, *_: Any) -> None:
        pass

    def version_string(self) -> str:
        return f"Docker/{VERSION['Version']} (linux)"

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        seen = Seen(
            self.command,
            parts.path,
            parse_qs(parts.query),
            {key.lower(): value for key, value in self.headers.items()},
            self._body(),
            self.number,
        )
        self.server.owner.seen.append(seen)
        head, _, rest = parts.path[1:].partition("/")
        path = f"/{rest}" if head.startswith("v1.") else parts.path
        self.server.owner.answer(self, f"{self.command} {path}")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def reply(self, status: int, body: bytes, kind: str = "application/json", **more: str) -> None:
        """A whole answer with its length."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self) -> None:
        """The head of a chunked answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data: bytes) -> None:
        """A piece of a chunked answer, empty for its end."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()


for verb in ("GET", "HEAD", "POST", "PUT", "DELETE"):
    setattr(Handler, f"do_{verb}", Handler.handle_any)

Route = Callable[[Handler], None]


class Server:
    """The server; ``url`` is its address, ``seen`` all requests, ``routes`` the answers."""

    def __init__(self, path: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.speaks()
        self.seen: list[Seen] = []
        self.connections = 0
        self.closed = 0
        kind = socketserver.UnixStreamServer if path else socketserver.TCPServer
        # Names of the threading mixin; daemon threads do not hold up the end of a test.
        threaded = type("Threaded", (socketserver.ThreadingMixIn, kind), {"daemon_threads": True})
        self._server: Any = threaded(path or ("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._server.handle_error = lambda *_: None
        self._server.block_on_close = False
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = 0 if path else self._server.server_address[1]
        self.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def speaks(self, **version: str) -> None:
        """Be an engine that says this of itself, beside what ``VERSION`` has."""
        says = {**VERSION, **version}
        heads = {"Api-Version": says["ApiVersion"], "Ostype": says["Os"]}
        self.routes["GET /_ping"] = lambda handler: handler.reply(200, b"OK", "text/plain", **heads)
        self.routes["GET /version"] = self.json(says)

    def answer(self, handler: Handler, key: str) -> None:
        route = self.routes.get(key)
        if route is None:
            handler.reply(404, json.dumps({"message": f"no route {key}"}).encode())
        else:
            route(handler)

    @staticmethod
    def json(value: Any, status: int = 200) -> Route:
        """A route that answers with this JSON."""
        return lambda handler: handler.reply(status, json.dumps(value).encode())

    def endpoint(self, tls: TLS | None = None, source: str = "docker_host option") -> Endpoint:
        return Endpoint(self.url, tls, source)

    def requests(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    def wait_closed(self) -> None:
        """Wait until all connections so far are closed on this side."""
        deadline = time.monotonic() + 10
        while self.closed < self.connections:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
