"""One request and its answer over pooled connections: limits, repetition, and what faults mean."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Callable, TypeVar

from ..errors import EngineError
from ..named_tuple import NamedTuple
from ..version import VERSION
from .answer import Answer
from .connection import Connection, Pool
from .endpoint import Endpoint
from .faults import FAULTS, lost, timed_out, unreachable
from .wire import Reply, encoded, json_lines, refused

T = TypeVar("T")

_BLOCK = 65536
_AHEAD = 32  # requests on their way at once: their few kilobytes never fill a socket
_REPEATABLE = ("GET", "HEAD")
Tell = Callable[[bytes], None]


class Call(NamedTuple):
    """One request, ready to be sent; ``limit`` in seconds. Its headers and body are never shown."""

    method: str
    path: str
    target: str
    limit: float
    headers: Mapping[str, str]
    body: bytes | Iterable[bytes] = b""

    def carrying(self, body: Any) -> Call:
        """The same with a body: None, a binary file, an iterator of bytes, bytes, else JSON."""
        headers = {"User-Agent": f"dockwright/{VERSION}"}
        content: bytes | Iterable[bytes] = b""
        if hasattr(body, "read"):
            content = iter(lambda: body.read(_BLOCK), b"")
        elif isinstance(body, Iterator):
            content = body
        elif body is not None:
            content, headers["Content-Type"] = encoded(body)
        if not isinstance(content, bytes):
            headers.update({"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"})
        elif content or self.method in ("POST", "PUT"):
            headers["Content-Length"] = str(len(content))
        return self._replace(headers={**headers, **self.headers}, body=content)


class Exchange:
    """Sends calls to one endpoint; ``log`` gets ``METHOD path`` of each request sent."""

    def __init__(self, endpoint: Endpoint, pool: Pool, log: list[str]) -> None:
        self._endpoint = endpoint
        self._pool = pool
        self._log = log

    def ask(self, call: Call, tell: Tell | None = None) -> Reply:
        """The whole answer, within the limit of the call; see `_kept` for ``tell``."""
        deadline = time.monotonic() + call.limit
        connection, answer = self.open(call)
        try:
            parts = blocks(connection, answer, _until(deadline))
            reply = Reply(answer.status, answer.headers, _kept(answer, parts, tell))
        except FAULTS as error:
            raise self._fault(call, error, connection.hang_up()) from error
        except BaseException:
            connection.hang_up()
            raise
        self._done_with(connection, answer)
        return reply

    def ask_each(self, calls: Sequence[Call]) -> Iterator[Reply]:
        """The whole answer of each of many GETs, in order.

        They are sent down one line without waiting for answers (RFC 9112, section 9.3.2). Where
        that breaks, what has no answer yet is asked one by one.
        """
        answered = 0
        for reply in self._down_one_line(calls) if len(calls) > 1 else ():
            answered += 1
            yield reply
        yield from map(self.ask, calls[answered:])

    def _down_one_line(self, calls: Sequence[Call]) -> Iterator[Reply]:
        try:
            connection, _ = self._pool.take(calls[0].limit)
        except FAULTS:
            return
        waiting, left, call = iter(calls), len(calls), calls[0]
        try:
            self._send(connection, islice(waiting, _AHEAD))
            for call in calls:
                deadline = time.monotonic() + call.limit
                connection.limit(call.limit)
                answer = connection.answer(call.method)
                parts = blocks(connection, answer, _until(deadline))
                reply = Reply(answer.status, answer.headers, b"".join(parts))
                left -= 1
                if not left:  # whoever has the last answer may not ask for more
                    self._done_with(connection, answer)
                yield reply
                if answer.is_last:
                    return
                self._send(connection, islice(waiting, 1))
        except socket.timeout as error:
            raise self._fault(call, error, "") from error
        except FAULTS:
            self._pool.lost += 1
            return
        finally:
            if left:
                connection.hang_up()

    def _send(self, connection: Connection, calls: Iterable[Call]) -> None:
        for call in calls:
            self._log.append(f"{call.method} {call.path}")
            connection.limit(call.limit)
            connection.send_head(call.method, call.target, call.headers)

    def stream(self, call: Call) -> Iterator[dict[str, Any]]:
        """The JSON lines of the answer; the limit of the call is for the silence between them."""
        return self._read(call, *self.open_stream(call), json_lines)

    def download(self, call: Call) -> Iterator[bytes]:
        """The answer's body block by block; the limit of the call is for the silence between."""
        yield from self._read(call, *self.open_stream(call), iter)

    def feed(self, call: Call, data: bytes, tell: Tell | None = None) -> Reply:
        """Send a request, then ``data`` while the answer is read; all within the call's limit."""
        deadline = time.monotonic() + call.limit
        connection, answer = self.open(call)
        sender = threading.Thread(target=connection.feed, args=(data,), daemon=True)
        if answer.status < 400:
            sender.start()
        try:
            parts = blocks(connection, answer, _until(deadline))
            body = _kept(answer, parts, tell)
        except FAULTS as error:
            raise self._fault(call, error, connection.hang_up()) from error
        finally:
            connection.hang_up()
        return Reply(answer.status, answer.headers, body)

    def open_stream(self, call: Call) -> tuple[Connection, Answer]:
        """Send a request; raises EngineRefused at once when the engine refuses it."""
        connection, answer = self.open(call)
        if answer.status < 400:
            return connection, answer
        try:
            text = b"".join(blocks(connection, answer, lambda: call.limit))
        except FAULTS as error:
            raise self._fault(call, error, "") from error
        finally:
            connection.hang_up()
        raise refused(Reply(answer.status, answer.headers, text))

    def open(self, call: Call) -> tuple[Connection, Answer]:
        """Send a request and read the head of its answer.

        When a kept-alive connection is found dead, GET and HEAD are sent once more, and others if
        the engine cannot have seen the whole request.
        """
        fresh = False
        while True:
            try:
                connection, used = self._pool.take(call.limit, fresh=fresh)
            except FAULTS as error:
                raise unreachable(self._endpoint, error, "", call.limit) from error
            seen = False  # whether the engine may have seen the whole request
            try:
                self._log.append(f"{call.method} {call.path}")
                connection.limit(call.limit)
                connection.send_head(call.method, call.target, call.headers)
                seen = True
                # The engine may refuse before it has read everything: then read its answer.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.send_body(call.body)
                return connection, connection.answer(call.method)
            except FAULTS as error:
                words = connection.hang_up()
                late = isinstance(error, socket.timeout)
                if used and not fresh and not late and (not seen or call.method in _REPEATABLE):
                    fresh = True
                    continue
                raise self._fault(call, error, words) from error
            except BaseException:
                connection.hang_up()
                raise

    def _read(
        self,
        call: Call,
        connection: Connection,
        answer: Answer,
        items: Callable[[Iterator[bytes]], Iterator[T]],
    ) -> Iterator[T]:
        """The items of an answer; its connection is used again only when all was read."""
        complete = False
        try:
            yield from items(blocks(connection, answer, lambda: call.limit))
            complete = True
        except FAULTS as error:
            raise self._fault(call, error, connection.hang_up()) from error
        finally:
            if complete:
                self._done_with(connection, answer)
            else:
                connection.hang_up()

    def _done_with(self, connection: Connection, answer: Answer) -> None:
        if answer.is_last:
            connection.hang_up()
        else:
            self._pool.give(connection)

    def _fault(self, call: Call, error: Exception, words: str) -> EngineError:
        if isinstance(error, socket.timeout):
            return timed_out(self._endpoint, call.method, call.path, call.limit)
        return lost(self._endpoint, call.method, call.path, error, words)


def _until(deadline: float) -> Callable[[], float]:
    """The seconds that are left, at each question; never none, which would mean for ever."""
    return lambda: max(0.001, deadline - time.monotonic())


def _kept(answer: Answer, parts: Iterator[bytes], tell: Tell | None) -> bytes:
    """The body; with ``tell`` that gets it block by block as it comes, unless it is a refusal.

    What ``tell`` raises must be no OSError: that would be taken for the connection's.
    """
    if tell is None or answer.status >= 400:
        return b"".join(parts)
    for block in parts:
        tell(block)
    return b""


def blocks(
    connection: Connection, answer: Answer, limit: Callable[[], float] | None
) -> Iterator[bytes]:
    """The body of an answer as it comes, each block within ``limit()`` seconds. Raises OSError."""
    parts = answer.blocks()
    while True:
        if limit is not None:
            connection.limit(limit())
        block = next(parts, None)
        if block is None:
            return
        yield block
