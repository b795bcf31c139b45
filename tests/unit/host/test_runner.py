"""Who is at work is seen by others while it lasts, and by nobody afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dockwright.host.runner import at_work, living

HALTED = """
import sys; sys.path.insert(0, sys.argv[1])
from dockwright.host.runner import at_work
with at_work() as text:
    print(text, flush=True)
    sys.stdin.read()
"""


def test_our_own_process_is_at_what_it_has_not_ended() -> None:
    with at_work() as first, at_work() as second:
        assert first != second
        assert living(first) == living(second) is not None
    assert living(first) is None


def test_another_process_is_at_it_while_it_runs() -> None:
    core = next(path for path in sys.path if path.endswith("plugins/module_utils"))
    argv = [sys.executable, "-c", HALTED, core]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        text = process.stdout.readline().strip()
        found = living(text)
        process.kill()
    assert found and found.pid == process.pid
    assert living(text) is None


@pytest.mark.parametrize("text", ["", "x", "pid:[1] 1 boot+1 1", "pid:[1] one boot+1 1"])
def test_what_tells_of_nobody_here(text: str) -> None:
    assert living(text) is None
