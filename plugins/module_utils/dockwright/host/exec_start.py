"""The command line that a systemd unit would start: ExecStart with its variables filled in."""

from __future__ import annotations

import re
import shlex

from .commands import Runner
from .files import Files

_ARGV = re.compile(r"argv\[\]=(.*?) ; ignore_errors=")
_FILE = re.compile(r"^(.*) \(ignore_errors=(?:yes|no)\)$")
_WORD = re.compile(r"^\$(?:\{(\w+)\}|(\w+))$")
_INSIDE = re.compile(r"\$\{(\w+)\}")


def exec_start_argv(files: Files, runner: Runner, unit: str) -> list[str]:
    """The argument list of the unit's (last) ExecStart; empty when it has none."""
    properties = ["-p", "ExecStart", "-p", "Environment", "-p", "EnvironmentFiles"]
    shown = runner(["systemctl", "show", *properties, unit], timeout=30.0).stdout
    command: list[str] = []
    variables: dict[str, str] = {}
    for line in shown.splitlines():
        name, _, value = line.partition("=")
        if name == "ExecStart":
            found = _ARGV.search(value)
            command = split(found.group(1)) if found else []
        elif name == "Environment":
            variables.update(assignments(split(value)))
        elif name == "EnvironmentFiles":
            found = _FILE.match(value)
            text = files.read_text(found.group(1) if found else value) or ""
            variables.update(environment_of(text))
    return [word for part in command for word in filled(part, variables)]


def filled(word: str, variables: dict[str, str]) -> list[str]:
    """``$NAME`` alone becomes its words, ``${NAME}`` its text, as systemd does it."""
    whole = _WORD.match(word)
    if whole and whole.group(2):
        return split(variables.get(whole.group(2), ""))
    return [_INSIDE.sub(lambda found: variables.get(found.group(1), ""), word)]


def environment_of(text: str) -> dict[str, str]:
    lines = text.replace("\\\n", "").splitlines()
    wanted = (line.strip() for line in lines)
    return assignments(
        [
            "".join((name.strip(), "=", " ".join(split(value))))
            for name, _, value in (
                line.partition("=") for line in wanted if line and line[0] not in "#;"
            )
        ]
    )


def assignments(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote: systemd would refuse it too
        return text.split()
