"""Trying again what may pass: bounded, with growing pauses, never when it cannot help."""

from __future__ import annotations

import itertools
import time
from typing import Callable, TypeVar

from ...errors import EngineError
from ...named_tuple import NamedTuple
from .faults import Fault

T = TypeVar("T")


def _chance() -> float:
    import random  # few runs need it

    return random.random()


class Retry(NamedTuple):
    """How often and with what pauses (in seconds) something is tried."""

    attempts: int = 5
    first: float = 1.0
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = _chance  # so that many hosts do not come back at once

    def pause(self, failed: int, wanted: float = 0.0) -> float:
        """Seconds before the next try, after so many failed; at least what the registry wants."""
        doubled: float = min(self.longest, self.first * 2.0 ** (failed - 1))
        return max(wanted, doubled * (0.5 + self.chance()))


def persist(
    call: Callable[[], T],
    judge: Callable[[EngineError], Fault],
    retry: Retry,
    tell: Callable[[str], None] = lambda text: None,
) -> T | Fault:
    """The result of ``call``, or the fault that it ended with."""
    for tried in itertools.count(1):
        try:
            return call()
        except EngineError as error:
            fault = judge(error)
        if fault.is_final or tried >= retry.attempts:
            times = f" (tried {tried} times)" if tried > 1 else ""
            return fault._replace(message=fault.message + times)
        pause = retry.pause(tried, fault.wait)
        tell(f"{fault.message}; trying again in {pause:.0f} s")
        retry.sleep(pause)
    raise AssertionError("itertools.count does not end")
