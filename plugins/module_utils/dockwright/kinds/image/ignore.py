"""Which files of a build context .dockerignore leaves out. Pure.

The rules are Docker's: patterns of path names with ``*``, ``?``, ``[…]`` and ``**``, relative to
the context; ``!`` takes back in; the last pattern that fits decides; what fits a folder fits all
in it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from ...named_tuple import NamedTuple


class Pattern(NamedTuple):
    """One line: what it fits, and whether that is taken back in."""

    fits: re.Pattern[str]
    is_exception: bool


class Ignore:
    """The rules of one file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.patterns = [found for found in map(_pattern, lines) if found]
        self.has_exceptions = any(pattern.is_exception for pattern in self.patterns)

    def leaves_out(self, path: str) -> bool:
        """Whether a file or folder, by its path in the context, is left out."""
        parents = path.split("/")
        prefixes = ["/".join(parents[: count + 1]) for count in range(len(parents))]
        is_out = False
        for pattern in self.patterns:
            if pattern.is_exception == is_out and any(map(pattern.fits.fullmatch, prefixes)):
                is_out = not is_out
        return is_out


def parse(text: str) -> Ignore:
    """The rules in a file's text."""
    return Ignore(text.lstrip("\ufeff").splitlines())


def _pattern(line: str) -> Pattern | None:
    text = line.strip()
    if not text or line.startswith("#"):
        return None
    is_exception = text.startswith("!")
    text = posixpath.normpath(text[is_exception:].strip() or ".").lstrip("/")
    if text in ("", "."):
        return None
    return Pattern(re.compile(_expression(text), re.DOTALL), is_exception)


def _expression(pattern: str) -> str:
    """A pattern as a regular expression."""
    result, rest = "", pattern
    while rest:
        if rest.startswith("**"):
            rest = rest[2:]
            if rest.startswith("/"):
                result, rest = result + "(?:.*/)?", rest[1:]
            else:
                result += ".*"
            continue
        character, rest = rest[0], rest[1:]
        if character == "[":
            group = re.match(r"(\^?)((?:\\.|[^\]\\])+)\]", rest)
            if group:
                result += f"[{group[1]}{_class(group[2])}]"
                rest = rest[group.end() :]
                continue
        if character == "\\" and rest:
            character, rest = rest[0], rest[1:]
            result += re.escape(character)
        else:
            result += {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)
    return result


def _class(text: str) -> str:
    """What stands in brackets; only ``-`` and what is escaped mean something there."""
    return re.sub(r"([\[&~|])", r"\\\1", text)
