"""Variables in Compose values: ``$V``, ``${V}``, their defaults and demands, and ``$$``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable

from ...errors import SpecError
from ...values import wrong
from .tags import Override

Warn = Callable[[str], None]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


def interpolate(value: Any, environment: Mapping[str, str], where: str, warn: Warn) -> Any:
    """A copy of ``value`` with the variables in its texts filled in; keys stay as they are.

    A variable that is not set and has no default is empty, and ``warn`` is told once for each.
    """
    told: set[str] = set()

    def once(message: str) -> None:
        if message not in told:
            told.add(message)
            warn(message)

    return _walk(value, environment, where, once)


def _walk(value: Any, environment: Mapping[str, str], where: str, warn: Warn) -> Any:
    if isinstance(value, str):
        return substitute(value, environment, where, warn)
    if isinstance(value, Override):
        return Override(_walk(value.value, environment, where, warn))
    if isinstance(value, Mapping):
        return {
            key: _walk(item, environment, f"{where}.{key}" if where else str(key), warn)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_walk(item, environment, f"{where}[{i}]", warn) for i, item in enumerate(value)]
    return value


def escape(value: Any) -> Any:
    """The copy that interpolation turns back into ``value``: every ``$`` in a text doubled."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape(item) for item in value]
    return value


def substitute(text: str, environment: Mapping[str, str], where: str, warn: Warn) -> str:
    """One text with its variables filled in; a ``$`` that begins no variable stays a ``$``."""
    parts: list[str] = []
    position = 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0:
            return "".join(parts) + text[position:]
        parts.append(text[position:dollar])
        if text.startswith("$$", dollar):
            parts.append("$")
            position = dollar + 2
        elif text.startswith("${", dollar):
            end = _closing_brace(text, dollar, where)
            parts.append(_braced(text[dollar + 2 : end], environment, where, warn))
            position = end + 1
        elif name := _NAME.match(text, dollar + 1):
            parts.append(_look_up(name.group(), environment, warn))
            position = name.end()
        else:
            parts.append("$")
            position = dollar + 1


def _closing_brace(text: str, opening: int, where: str) -> int:
    # As in Compose only `${` nests: a lone `{` in a default is plain text.
    depth = 0
    position = opening
    while position < len(text):
        if text.startswith("${", position):
            depth += 1
            position += 2
            continue
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise _malformed(where, "a '${' is never closed")


def _braced(inside: str, environment: Mapping[str, str], where: str, warn: Warn) -> str:
    name = _NAME.match(inside)
    if not name:
        raise _malformed(where, "a '${' is not followed by the name of a variable")
    if name.end() == len(inside):
        return _look_up(inside, environment, warn)
    operator = _OPERATOR.match(inside, name.end())
    if not operator:
        raise _malformed(where, f"unknown text after the name in '${{{name.group()}…}}'")
    value = environment.get(name.group())
    is_set = value is not None and (value != "" or not operator.group().startswith(":"))
    sign = operator.group()[-1]
    rest = inside[operator.end() :]
    if sign != "+" and is_set:
        return value or ""
    if sign == "?":  # variables in the reason stay names: their values may be secret
        reason = f": {rest}" if rest else ""
        raise wrong(where, f"the variable {name.group()} has no value{reason}", "set it")
    wanted = is_set or sign != "+"
    return substitute(rest, environment, where, warn) if wanted else ""


def _look_up(name: str, environment: Mapping[str, str], warn: Warn) -> str:
    if name not in environment:
        warn(f"the variable {name} is not set, it counts as empty")
    return environment.get(name, "")


def _malformed(where: str, message: str) -> SpecError:
    return wrong(where, message, "write ${NAME}, or $$ for a dollar sign")
