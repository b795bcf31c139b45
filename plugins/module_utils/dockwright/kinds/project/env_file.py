"""Files of variables as Compose reads them: quotes, escapes, comments, interpolation. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...values import wrong
from .interpolation import Warn, substitute

_KEY = re.compile(r"(?:export[ \t]+)?(?P<key>[\w.\-\[\]]*)[ \t]*(?P<sign>[=:]|(?=\r?\n|$|#))")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "$": "$$"}


def parse_env_file(
    text: str,
    where: str,
    environment: Mapping[str, str],
    warn: Warn = lambda message: None,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables of a file, in its order.

    Values may use variables of ``environment``, else those set further up in the file, else those
    of ``earlier`` files; a bare name takes its value from ``environment``, else from ``earlier``
    files, and is left out where they have none.
    ``where`` is the file's path, for errors: ``app.env:3``.
    """
    before = earlier or {}
    found: dict[str, str] = {}
    rest = text[1:] if text.startswith("\ufeff") else text
    while True:
        rest = _next_statement(rest)
        if not rest:
            return found
        line = f"{where}:{text.count(chr(10), 0, len(text) - len(rest)) + 1}"
        key = _KEY.match(rest)
        if not key or not key["key"]:
            raise wrong(line, "is not NAME=value", "write one NAME=value a line, # for a comment")
        rest = rest[key.end() :]
        if not key["sign"]:
            bare = environment.get(key["key"], before.get(key["key"]))
            if bare is not None:
                found[key["key"]] = bare
            continue
        value, rest, plain = _value(rest.lstrip(" \t"), line)
        known = {**before, **found, **environment}
        found[key["key"]] = value if plain else substitute(value, known, line, warn)


def _next_statement(text: str) -> str:
    text = text.lstrip()
    while text.startswith("#"):
        text = text.partition("\n")[2].lstrip()
    return text


def _value(text: str, where: str) -> tuple[str, str, bool]:
    """The value, what follows its line, and whether it is to be taken without interpolation."""
    quote = text[:1]
    if quote in ('"', "'"):
        end = _closing_quote(text, quote, where)
        inside, rest = text[1:end], text[end + 1 :].partition("\n")[2]
        if quote == "'":
            return inside.replace("\\'", "'"), rest, True
        return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[0]), inside), rest, False
    line, _, rest = text.partition("\n")
    return re.split(r"\s#", line, maxsplit=1)[0].rstrip(), rest, False


def _closing_quote(text: str, quote: str, where: str) -> int:
    position = 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == quote:
            return position
        position += 1
    raise wrong(where, f"the quote {quote} is never closed", "close it, or put the value in others")


def parse_raw(text: str, where: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a file in Compose's ``format: raw``: ``NAME=value`` lines, as they are."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, equals, value = line.lstrip().partition("=")
        if not key or key.startswith("#"):
            continue
        if re.search(r"\s", key):
            raise wrong(f"{where}:{number}", "the variable's name has a space in it", "remove it")
        if equals:
            found[key] = value
        elif key in environment:
            found[key] = environment[key]
    return found
