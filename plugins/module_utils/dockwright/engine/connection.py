"""Connections to an engine: how a socket is made for each sort of endpoint, and a pool of them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ..named_tuple import NamedTuple
from .answer import Answer, Reader
from .endpoint import TLS, Endpoint


def _nothing() -> str:
    return ""


class Line(NamedTuple):
    """A connected socket; ``end`` ends what is behind it (ssh) and returns its last words."""

    sock: socket.socket
    end: Callable[[], str] = _nothing


_PAUSE = 0.01  # seconds between two attempts to be accepted

Dial = Callable[[float], Line]  # the argument is the time limit in seconds


class Connection:
    """An HTTP/1.1 connection over any line, one request at a time; made, it is not dialled yet."""

    def __init__(self, dial: Dial, host: str = "docker") -> None:
        self._dial = dial
        self._host = host
        self._end: Callable[[], str] = _nothing
        self.line: socket.socket | None = None
        self._reader: Reader | None = None

    def dial(self, limit: float) -> None:
        """Connect within ``limit`` seconds. Raises OSError."""
        self.line, self._end = self._dial(limit)
        self._reader = Reader(self.line)

    def limit(self, seconds: float | None) -> None:
        """Let each read or write take at most so many seconds (None: for ever)."""
        if self.line is not None and self.line.fileno() >= 0:
            self.line.settimeout(seconds)

    def send_head(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Send request line and headers; when this fails the engine saw no whole request."""
        assert self.line is not None
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line of the request has an end in its middle")
        self.line.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1"))

    def send_body(self, body: bytes | Iterable[bytes]) -> None:
        """Send bytes as they are, other iterables of bytes in HTTP chunks."""
        assert self.line is not None
        if isinstance(body, bytes):
            if body:
                self.line.sendall(body)
            return
        for part in body:
            if part:
                self.line.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        self.line.sendall(b"0\r\n\r\n")

    def feed(self, data: bytes) -> None:
        """Send what the other side reads after its answer has begun, and that this was all.

        Whoever does not want to read it all may hang up: that is no error.
        """
        assert self.line is not None
        with contextlib.suppress(OSError):
            self.line.sendall(data)
            self.line.shutdown(socket.SHUT_WR)

    def answer(self, method: str) -> Answer:
        """Read the head of the answer to what was sent. Raises OSError, Garbled."""
        assert self._reader is not None
        return Answer(self._reader, method)

    def is_stale(self) -> bool:
        """Whether the other side closed (or wrote unasked): an idle line has nothing to read."""
        if self.line is None or self._reader is None or self.line.fileno() < 0:
            return True
        if self._reader.rest:
            return True
        poll = select.poll()
        poll.register(self.line, select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def interrupt(self) -> None:
        """Wake up a thread that reads from this connection; it sees the end of the stream."""
        if self.line is not None:
            with contextlib.suppress(OSError):  # already closed
                # Not SSLSocket.shutdown, which takes the TLS state from under the reader.
                socket.socket.shutdown(self.line, socket.SHUT_RDWR)

    def hang_up(self) -> str:
        """Close, end what is behind the line, and return its last words (ssh's stderr)."""
        self.interrupt()
        if self.line is not None:
            self.line.close()
        end, self._end = self._end, _nothing
        return end()


class Pool:
    """Kept-alive connections of one endpoint: a thread takes one and gives it back."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self.lost = 0  # how many kept connections were found dead

    def take(self, limit: float, *, fresh: bool = False) -> tuple[Connection, bool]:
        """A connection, and whether it has been used before. Raises OSError when dialling fails."""
        self.lost += fresh
        while not fresh:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                break
            if not connection.is_stale():
                return connection, True
            self.lost += 1
            connection.hang_up()
        connection = self._connect()
        connection.dial(limit)
        return connection, False

    def give(self, connection: Connection) -> None:
        """Keep a connection, whose answer has been read to its end, for the next request."""
        with self._lock:
            self._idle.append(connection)

    def has_idle(self) -> bool:
        """Whether a kept connection waits for its next request."""
        with self._lock:
            return bool(self._idle)

    def close(self) -> None:
        """Hang up all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.hang_up()


def connector(endpoint: Endpoint) -> Callable[[], Connection]:
    """What makes connections (not yet dialled) to an endpoint."""
    scheme, _, rest = endpoint.url.partition("://")
    if scheme == "unix":
        return lambda: Connection(lambda limit: _dial_unix(rest, limit))
    if scheme == "ssh":
        from .ssh import dial_ssh

        return lambda: Connection(lambda limit: dial_ssh(endpoint.url, limit))
    parts = urlsplit(endpoint.url)
    host, port = parts.hostname or "localhost", parts.port or 2375
    if endpoint.tls is None:
        return lambda: Connection(lambda limit: _dial_tcp(host, port, limit), parts.netloc)
    dial = _tls_dialler(host, port, endpoint.tls)
    return lambda: Connection(dial, parts.netloc)


def _dial_unix(path: str, limit: float) -> Line:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deadline = time.monotonic() + limit
    try:
        sock.settimeout(limit)
        while True:
            try:
                sock.connect(path)
                return Line(sock)
            except BlockingIOError:  # too many wait to be accepted: Linux does not queue us
                if time.monotonic() > deadline:
                    raise socket.timeout("timed out") from None
                time.sleep(_PAUSE)
    except BaseException:
        sock.close()
        raise


def _dial_tcp(host: str, port: int, limit: float) -> Line:
    sock = socket.create_connection((host, port), limit)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return Line(sock)


def _tls_dialler(host: str, port: int, tls: TLS) -> Dial:
    made: list[Any] = []  # the context is made at the first dial: files may be missing or wrong

    def dial(limit: float) -> Line:
        if not made:
            made.append(_tls_context(tls))
        sock = _dial_tcp(host, port, limit).sock
        try:
            return Line(made[0].wrap_socket(sock, server_hostname=host))
        except BaseException:
            sock.close()
            raise

    return dial


def _tls_context(tls: TLS) -> Any:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca:
        context.load_verify_locations(tls.ca)
    else:
        context.load_default_certs()
    if tls.cert and tls.key:
        # An encrypted key must not make us wait for a passphrase on the terminal.
        context.load_cert_chain(tls.cert, tls.key, password=lambda: "")
    return context
