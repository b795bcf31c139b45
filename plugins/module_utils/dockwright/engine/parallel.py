"""Engine calls side by side, results in the order of the input."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Callable, Literal, TypeVar, overload

T = TypeVar("T")
R = TypeVar("R")


@overload
def each(function: Callable[[T], R], items: Iterable[T], workers: int = 8) -> list[R]: ...


@overload
def each(
    function: Callable[[T], R],
    items: Iterable[T],
    workers: int = 8,
    *,
    keep_errors: Literal[True],
) -> list[R | Exception]: ...


def each(
    function: Callable[[T], R],
    items: Iterable[T],
    workers: int = 8,
    *,
    keep_errors: bool = False,
) -> Any:
    """``[function(item) for item in items]`` with at most ``workers`` threads.

    All items are worked through even if some fail. Then the first exception (in input order) is
    raised, or with ``keep_errors`` each exception stands in the place of its result. What is no
    Exception (KeyboardInterrupt) ends the work at once and is always raised.
    """
    todo = list(items)
    run = _Run(function, todo)
    if workers <= 1 or len(todo) <= 1:
        run.work()
    else:
        threads = [
            threading.Thread(target=run.work, daemon=True) for _ in range(min(workers, len(todo)))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:
            run.stop()
            raise
    return run.outcome(keep_errors)


def gather(calls: Iterable[Callable[[], R]], workers: int = 8) -> list[R]:
    """The result of each call in order; raises as ``each`` does."""
    return each(lambda call: call(), calls, workers)


class _Run:
    """The shared state of the threads of one ``each``."""

    def __init__(self, function: Callable[[Any], Any], todo: list[Any]) -> None:
        self._function = function
        self._waiting = iter(list(enumerate(todo)))
        self._lock = threading.Lock()
        self._results: list[Any] = [None] * len(todo)
        self._errors: dict[int, Exception] = {}
        self._fatal: BaseException | None = None

    def stop(self) -> None:
        """Start no further item."""
        with self._lock:
            self._waiting = iter([])

    def work(self) -> None:
        """Take items until none is left."""
        while True:
            with self._lock:
                index, item = next(self._waiting, (-1, None))
            if index < 0:
                return
            try:
                self._results[index] = self._function(item)
            except BaseException as error:  # noqa: BLE001 - raised again by `outcome`
                if isinstance(error, Exception):
                    self._errors[index] = error
                else:
                    self._fatal = error
                    self.stop()

    def outcome(self, keep_errors: bool) -> list[Any]:
        """The results; raises what must be raised."""
        if self._fatal is not None:
            raise self._fatal
        if self._errors and not keep_errors:
            raise self._errors[min(self._errors)]
        for index, error in self._errors.items():
            self._results[index] = error
        return self._results
