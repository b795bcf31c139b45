"""The narrow interface to one Docker Engine: all that dockwright asks or does goes through here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Callable
from urllib.parse import urlencode

from ..errors import EngineError, EngineRefused, EngineUnreachable
from .connection import Connection, Pool, connector
from .endpoint import Endpoint
from .exchange import Call, Exchange, Tell, blocks
from .faults import lost
from .versions import MAX_API, MIN_API, Versions, agreed, number, told
from .wire import Reply, decoded, json_lines, target

if TYPE_CHECKING:
    from .events import EventStream

__all__ = ["MAX_API", "MIN_API", "Engine", "Reply", "Versions", "unless_gone"]

WORKERS = 8
MAKERS = 24
SILENCE = 300.0  # seconds that streams may be silent by default: pull and load have long pauses


class Engine:
    """A Docker Engine. Threads may share it; constructing it connects nowhere.

    ``timeout`` is the time limit of a request in seconds, the answer included; each method takes
    another one. ``transport`` makes connections in place of the endpoint's own (for tests).

    All methods raise EngineUnreachable when there is no connection, or it breaks, and EngineTimeout
    when the answer does not come in time. ``get``, ``post``, ``put``, ``delete`` and ``stream``
    raise EngineRefused, with the engine's own words, for a status of 400 and above.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = 60.0,
        transport: Callable[[], Connection] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.log: list[str] = []  # "METHOD path" of every request sent
        self._pool = Pool(transport or connector(endpoint))
        self._exchange = Exchange(endpoint, self._pool, self.log)
        self._versions: Versions | None = None
        self._lock = threading.Lock()

    @property
    def workers(self) -> int:
        """How many questions are best asked at a time."""
        return WORKERS

    @property
    def makers(self) -> int:
        """How many containers are best made and started at a time, which keeps an engine busy.

        By SSH each is a process here and a session there, which takes ten at once (MaxStartups).
        """
        return WORKERS if self.endpoint.url.startswith("ssh:") else MAKERS

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return len(self.log)

    def negotiate(self) -> Versions:
        """The API version to speak, and what the engine is: asked once.

        Raises EngineError when the two sides have no API version in common.
        """
        with self._lock:
            if self._versions is None:
                # For GET /version the engine runs containerd and runc, which takes it a while.
                ping = self.request("GET", "/_ping", versioned=False)
                versions = told(ping.headers) if ping.status == 200 else None
                self._versions = versions or agreed(self.endpoint.url, self._ask_version())
            return self._versions

    def _ask_version(self) -> Mapping[str, Any]:
        reply = self.request("GET", "/version", versioned=False)
        if reply.status == 400 and b"HTTPS server" in reply.body:
            raise EngineUnreachable(
                f"the Docker Engine at {self.endpoint.url} (from {self.endpoint.source}) wants TLS",
                fix="set `tls_verify` and `cert_path`",
            )
        is_json = "json" in reply.headers.get("content-type", "")
        answer = decoded("GET", "/version", reply) if is_json else None
        if not isinstance(answer, dict) or "ApiVersion" not in answer:
            raise EngineUnreachable(
                f"what answers at {self.endpoint.url} (from {self.endpoint.source}) is no Docker "
                f"Engine: GET /version gives HTTP status {reply.status}",
                fix="check `docker_host`",
            )
        return answer

    @property
    def api_version(self) -> str:
        """The negotiated API version, such as ``1.41``."""
        return self.negotiate().api

    @property
    def engine_version(self) -> str:
        """The version of the engine, such as ``28.5.2``."""
        return self.negotiate().engine

    def api_at_least(self, version: str) -> bool:
        """Whether the negotiated API version is this one or newer."""
        return number(self.api_version) >= number(version)

    def get(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """The parsed JSON of a GET. ``timeout`` in seconds, here and below."""
        return decoded("GET", path, self.request("GET", path, query=query, timeout=timeout))

    def get_each(self, paths: Iterable[str]) -> Iterator[Any]:
        """The parsed JSON of many GETs, in order and as they come, without a wait between them.

        In the place of an answer that refuses stands its EngineRefused.
        """
        paths, head, api = list(paths), Call("GET", "", "", self.timeout, {}), self.api_version
        head = head.carrying(None)
        calls = [head._replace(path=path, target=target(path, None, api)) for path in paths]
        return map(_parsed, paths, self._exchange.ask_each(calls))

    def post(
        self,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """The parsed JSON of a POST, None when the answer is empty (also 304, nothing to do)."""
        reply = self.request("POST", path, query=query, body=body, headers=headers, timeout=timeout)
        return decoded("POST", path, reply)

    def put(
        self,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """The parsed JSON of a PUT, None when the answer is empty."""
        reply = self.request("PUT", path, query=query, body=body, headers=headers, timeout=timeout)
        return decoded("PUT", path, reply)

    def delete(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """The parsed JSON of a DELETE, None when the answer is empty."""
        reply = self.request("DELETE", path, query=query, timeout=timeout)
        return decoded("DELETE", path, reply)

    def request(  # noqa: PLR0913 - the whole interface in one place, all by keyword
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        versioned: bool = True,
        tell: Tell | None = None,
    ) -> Reply:
        """Send one request and read its answer, whatever its status.

        ``body``: None, bytes (sent as they are) or what JSON can express. A path is given without
        the API version; names in it need no quoting unless they hold a ``%``. GET and HEAD are
        sent once more when a kept-alive connection turns out to be dead; other methods only when
        the engine cannot have seen the request. ``tell`` gets the body as it comes, in place of
        the answer, unless the engine refuses. It raises no OSError.
        """
        whole = target(path, query, self.api_version if versioned else "")
        limit = self.timeout if timeout is None else timeout
        call = Call(method, path, whole, limit, headers or {})
        return self._exchange.ask(call.carrying(body), tell)

    def feed(
        self,
        path: str,
        body: Any,
        data: bytes,
        *,
        timeout: float | None = None,
        tell: Tell | None = None,
    ) -> Reply:
        """POST, and give ``data`` to what the engine has started for it; the whole answer.

        Not over TLS: there nothing tells the other side that this was all. ``tell`` is as with
        ``request``.
        """
        if self.endpoint.tls is not None:
            fix = "run on the engine's own machine, or reach it by ssh://"
            raise EngineError("standard input cannot be sent over TLS", fix=fix)
        limit = self.timeout if timeout is None else timeout
        whole = target(path, None, self.api_version)
        return self._exchange.feed(Call("POST", path, whole, limit, {}).carrying(body), data, tell)

    def stream(  # noqa: PLR0913 - as above
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | IO[bytes] | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Send one request at once, and iterate over the JSON lines of its answer as they come.

        ``body`` may be a binary file, sent while it is read. ``timeout`` is how many seconds the
        engine may be silent (at least 300 unless given). An error line raises EngineRefused.
        """
        whole = target(path, query, self.api_version)
        limit = max(self.timeout, SILENCE) if timeout is None else timeout
        call = Call(method, path, whole, limit, headers or {})
        if not (body is None or isinstance(body, bytes) or hasattr(body, "read")):
            body = iter(body)
        return self._exchange.stream(call.carrying(body))

    def download(
        self, path: str, query: Iterable[tuple[str, str]] = (), *, timeout: float | None = None
    ) -> Iterator[bytes]:
        """The body of a GET as it comes, of any length; keys of ``query`` may repeat.

        ``timeout`` is how many seconds the engine may be silent (at least 300 unless given). An
        engine that fails in the middle may just end: whether all is there, the content must tell.
        """
        tail = urlencode(list(query))
        whole = target(path, None, self.api_version) + (f"?{tail}" if tail else "")
        limit = max(self.timeout, SILENCE) if timeout is None else timeout
        return self._exchange.download(Call("GET", path, whole, limit, {}).carrying(None))

    def events(
        self, filters: Mapping[str, list[str]], *, since: float | None = None
    ) -> EventStream:
        """The engine's events from now on, or from the time ``since`` (seconds since the epoch).

        ``filters`` are those of ``GET /events``: ``{"type": ["container"], "event": ["die"]}``.
        The connection is made when the stream is entered.
        """
        from .events import EventStream

        # The engine answers a moment before it subscribes us. On one machine (one clock) `since`
        # closes that gap: what happened in it is replayed.
        replay = since is None and self.endpoint.url.startswith("unix:")

        def connect() -> tuple[Connection, Iterator[dict[str, Any]]]:
            api = self.api_version
            start = time.time() if replay else since
            stamp = None if start is None else f"{start:.9f}"
            whole = target("/events", {"filters": dict(filters), "since": stamp}, api)
            call = Call("GET", "/events", whole, self.timeout, {}).carrying(None)
            connection, answer = self._exchange.open_stream(call)
            connection.limit(None)
            return connection, json_lines(blocks(connection, answer, None))

        return EventStream(connect, lambda error: lost(self.endpoint, "GET", "/events", error, ""))

    def close(self) -> None:
        """Close the idle connections; the engine can be used again afterwards."""
        self._pool.close()


def _parsed(path: str, reply: Reply) -> Any:
    try:
        return decoded("GET", path, reply)
    except EngineRefused as error:
        return error


def unless_gone(answer: Any) -> Any:
    """What ``get_each`` gave; None for what is not there. Raises any other EngineRefused."""
    if not isinstance(answer, EngineRefused):
        return answer
    if answer.status != 404:
        raise answer
    return None
