"""Calls side by side."""

from __future__ import annotations

import threading
import time

import pytest

from dockwright.engine.parallel import each, gather


@pytest.mark.parametrize("workers", [1, 3, 8, 100])
def test_order(workers: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.001 * (number % 5))
        return number * 2

    assert each(work, range(40), workers) == [number * 2 for number in range(40)]
    assert each(work, [], workers) == []


def test_side_by_side_up_to_the_limit() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1

    each(work, range(12), workers=4)
    assert most == 4


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise ValueError(str(number))
    return number


@pytest.mark.parametrize("workers", [1, 4])
def test_the_first_exception_after_all_have_finished(workers: int) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.005 * (4 - number))  # later items fail earlier
        done.append(number)
        fail_on_odd(number)

    with pytest.raises(ValueError, match="1"):
        each(work, range(4), workers)
    assert sorted(done) == [0, 1, 2, 3]


def test_keep_errors() -> None:
    results = each(fail_on_odd, range(4), keep_errors=True)
    assert [str(result) for result in results] == ["0", "1", "2", "3"]
    assert [isinstance(result, ValueError) for result in results] == [False, True, False, True]


def test_gather() -> None:
    def bad() -> int:
        raise ValueError

    assert gather([lambda: 1, lambda: 2]) == [1, 2]
    with pytest.raises(ValueError, match=r"^$"):
        gather([lambda: 1, bad])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("keep_errors", [False, True])
def test_what_is_no_exception_ends_the_work(workers: int, keep_errors: bool) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise KeyboardInterrupt
        time.sleep(0.01)
        done.append(number)

    with pytest.raises(KeyboardInterrupt):
        each(work, range(1000), workers, keep_errors=keep_errors)
    assert len(done) < 500
