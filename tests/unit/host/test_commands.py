"""Commands: argument lists, C locale, a time limit that also ends grandchildren."""

from __future__ import annotations

import time

import pytest

from dockwright.errors import HostError
from dockwright.host.commands import run_command


def test_output_exit_code_and_input() -> None:
    done = run_command(["sh", "-c", "cat; echo oops >&2; exit 3"], input="hello")
    assert done[1:] == (3, "hello", "oops\n")
    with pytest.raises(HostError) as error:
        done.checked()
    assert "`sh -c 'cat; echo oops >&2; exit 3'` failed (exit 3): oops" in str(error.value)


def test_success_checks_to_itself_in_the_c_locale() -> None:
    done = run_command(["sh", "-c", "echo $LC_ALL"])
    assert done.checked().stdout == "C\n"


def test_nothing_goes_through_a_shell() -> None:
    assert run_command(["echo", "$HOME; ls"]).stdout == "$HOME; ls\n"


def test_a_missing_command_is_named() -> None:
    with pytest.raises(HostError, match="cannot run `no-such-command -x`: No such file"):
        run_command(["no-such-command", "-x"])


def test_the_limit_ends_it_with_its_children() -> None:
    start = time.monotonic()
    with pytest.raises(HostError, match=r"did not end within 0.2 s"):
        run_command(["sh", "-c", "sleep 30 & sleep 30"], timeout=0.2)
    assert time.monotonic() - start < 25
