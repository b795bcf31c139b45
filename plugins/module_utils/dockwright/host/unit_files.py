"""The files of a systemd unit: what they set, where, and the command that they start."""

from __future__ import annotations

from collections.abc import Sequence

from ..named_tuple import NamedTuple
from .commands import Runner
from .exec_start import assignments, environment_of, filled, split
from .files import Files


class Setting(NamedTuple):
    """One line of a unit (or of an environment file), as it is written."""

    file: str
    line: int
    value: str


class UnitFiles(NamedTuple):
    """What a unit sets, without the drop-in that is left out."""

    command: tuple[str, ...] = ()  # the words of ExecStart, variables as they are written
    start: Setting = Setting("", 0, "")  # the ExecStart in force
    environment: tuple[Setting, ...] = ()  # NAME=value, of Environment= and of the files
    is_outdated: bool = False  # systemd has not read the files as they are now

    def words(self, command: Sequence[str] | None = None) -> list[str]:
        """A command with the unit's variables filled in."""
        variables = dict(item.value.split("=", 1) for item in self.environment)
        given = self.command if command is None else command
        return [word for part in given for word in filled(part, variables)]

    def place_of(self, word: str) -> str:
        """Where a word of the command is written, for messages."""
        if word in self.start.value.split():
            return f"{self.start.file}, line {self.start.line}"
        first = word.split()[0]
        for item in (self.start, *self.environment):
            if first in item.value.replace('"', " ").replace("=", " ", 1).split():
                return f"{item.file}, line {item.line}"
        return self.start.file


def read_unit(files: Files, runner: Runner, unit: str, leave_out: str = "") -> UnitFiles:
    """The files that systemd would start a unit by; ``leave_out`` is a drop-in to look behind."""
    names = ("FragmentPath", "DropInPaths", "NeedDaemonReload")
    asked = [part for name in names for part in ("-p", name)]
    shown = runner(["systemctl", "show", *asked, unit], timeout=30.0).stdout
    told = dict(line.partition("=")[::2] for line in shown.splitlines())
    paths = [told.get("FragmentPath", ""), *split(told.get("DropInPaths", ""))]
    unit_files = collected(files, [path for path in paths if path and path != leave_out])
    return unit_files._replace(is_outdated=told.get("NeedDaemonReload") == "yes")


def collected(files: Files, paths: Sequence[str]) -> UnitFiles:
    """What these files of a unit set together; the last ones win."""
    starts: list[Setting] = []
    environment: list[Setting] = []
    for path in paths:
        _collect(files, path, starts, environment)
    start = starts[-1] if starts else Setting("", 0, "")
    command = tuple(split(start.value.lstrip("-@:+!")))
    return UnitFiles(command, start, tuple(environment))


def _collect(files: Files, path: str, starts: list[Setting], environment: list[Setting]) -> None:
    section = ""
    for number, text in _lines(files.read_text(path) or ""):
        if text.startswith("["):
            section = text
        name, _, value = (part.strip() for part in text.partition("="))
        if section != "[Service]":
            continue
        if name == "ExecStart":
            if value:
                starts.append(Setting(path, number, value))
            else:
                starts.clear()
        elif name == "Environment":
            found = assignments(split(value))
            environment += [Setting(path, number, f"{k}={v}") for k, v in found.items()]
        elif name == "EnvironmentFile":
            other = value.lstrip("-")
            for line, pair in _lines(files.read_text(other) or ""):
                found = environment_of(pair)
                environment += [Setting(other, line, f"{k}={v}") for k, v in found.items()]


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines with their numbers, continued ones as one, without comments."""
    found: list[tuple[int, str]] = []
    begun, whole = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if not whole and line.strip()[:1] in ("", "#", ";"):
            continue
        begun = begun or number
        whole += line.rstrip("\\") if line.endswith("\\") else line
        if not line.endswith("\\"):
            found.append((begun, whole.strip()))
            begun, whole = 0, ""
    return found
