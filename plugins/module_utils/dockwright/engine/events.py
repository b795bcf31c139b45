"""The engine's event stream: subscribe first, then act, then wait with a deadline."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Callable

from ..errors import EngineError
from .connection import Connection
from .faults import FAULTS

Connect = Callable[[], "tuple[Connection, Iterator[dict[str, Any]]]"]


class EventStream:
    """A context manager: entered, it is subscribed and misses nothing; left, it is closed.

    Example::

        with engine.events({"container": [identity], "event": ["die"]}) as events:
            engine.post(f"/containers/{identity}/start")
            for event in events.until(30):
                ...
    """

    def __init__(self, connect: Connect, lost: Callable[[Exception], EngineError]) -> None:
        self._connect = connect
        self._lost = lost
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._arrived: queue.SimpleQueue[dict[str, Any] | EngineError] = queue.SimpleQueue()

    def __enter__(self) -> EventStream:
        """Subscribe. Raises what ``Engine.get`` raises."""
        self._connection, lines = self._connect()
        # A thread reads, because a timeout in the middle of an HTTP chunk could not be resumed.
        self._thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None and self._thread is not None:
            self._connection.interrupt()
            self._thread.join(1.0)
            self._connection.hang_up()

    def until(self, seconds: float) -> Iterator[dict[str, Any]]:
        """The events that come within so many seconds from now, also those that already came.

        May be called again to wait for more. Raises EngineUnreachable when the engine ends.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                item = self._arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if isinstance(item, EngineError):
                self._arrived.put(item)  # for who asks again
                raise item
            yield item

    def _read(self, lines: Iterator[dict[str, Any]]) -> None:
        try:
            for event in lines:
                self._arrived.put(event)
            fault: EngineError = self._lost(ConnectionResetError("the engine ended the stream"))
        except FAULTS as error:
            fault = self._lost(error)
        except EngineError as error:
            fault = error
        self._arrived.put(fault)
