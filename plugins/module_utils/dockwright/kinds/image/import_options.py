"""How an image is made of a root file system: its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...options import Option, parse
from ...values import TEXTS, Type, kind_of
from .paths import PATH

_INSTRUCTIONS = (
    *("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL"),
    *("USER", "VOLUME", "WORKDIR"),
)
ROWS: tuple[Option, ...] = (
    Option("path", PATH, "The tar, on the managed host."),
    Option("changes", TEXTS, "Instructions of a Dockerfile that say how the image is run."),
)


def parse_import(value: Any, where: str) -> dict[str, Any]:
    """The import in normal form; a text alone is the path. Raises SpecError."""
    given = {"path": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        fix = "write the path of the tar, or a mapping with `path`"
        raise SpecError([Problem(where, f"must be text or a mapping, not {kind_of(value)}", fix)])
    parsed = {"changes": [], **parse(ROWS, given, where)}
    problems = [
        problem
        for index, text in enumerate(parsed["changes"])
        for problem in _not_said(text, f"{where}.changes[{index}]")
    ]
    if not parsed.get("path"):
        problems.append(Problem(f"{where}.path", "is missing", "name the tar"))
    if problems:
        raise SpecError(problems)
    return parsed


def instruction_of(text: str) -> str:
    """What a line of a Dockerfile says: CMD, ENV."""
    return next(iter(text.split()), "").upper()


def _not_said(text: str, where: str) -> Iterator[Problem]:
    if "\n" in text or instruction_of(text) not in _INSTRUCTIONS:
        fix = "begin it with one of " + ", ".join(_INSTRUCTIONS)
        yield Problem(where, f"'{text}' is not among what an import can say", fix)
    elif text.rstrip().endswith("\\"):  # our label, which is the next line, would be part of it
        fix = "write it without the \\ at its end"
        yield Problem(where, f"'{text}' goes on in another line, and there is none", fix)


IMPORT = Type(
    "tar on the managed host, or mapping",
    parse_import,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "object"}]},
)
