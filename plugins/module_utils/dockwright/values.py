"""The types of option values: what a person may write, and the one normal form it is turned into.

Every parser takes ``(value, where)`` and returns the normal form, or raises SpecError that names
``where``. Normal forms are JSON values: text, numbers, booleans, lists (sets are sorted lists)
and dicts. Sizes are bytes, durations nanoseconds (the Engine API's units). Spellings follow the
Compose specification.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Mapping
from typing import Any, Callable

from .errors import Problem, SpecError
from .named_tuple import NamedTuple

Parser = Callable[[Any, str], Any]


class Type(NamedTuple):
    """A type of option: its name in the docs, its parser, and how other languages call it."""

    name: str
    parse: Parser
    ansible: str  # the `type` in an Ansible argument spec
    schema: Mapping[str, Any]  # JSON schema of what may be written
    show: Callable[[Any], Any] = lambda value: value  # normal form -> what people write
    keyed: bool = False  # the normal form is a dict that is compared key by key
    elements: str = ""  # `elements` of an Ansible list


def wrong(where: str, message: str, fix: str = "") -> SpecError:
    """A SpecError with one problem."""
    return SpecError([Problem(where, message, fix)])


def kind_of(value: Any) -> str:
    """The name that people use for the type of a value."""
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text"}
    names[type(None)] = "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return names.get(type(value), type(value).__name__)


# --- scalars -------------------------------------------------------------------------------------


def parse_text(value: Any, where: str) -> str:
    """Text; numbers and booleans are taken as a person means them (8080 is '8080')."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if "\0" in value:
            raise wrong(where, "holds a NUL character", "remove it")
        return str(value)
    raise wrong(where, f"must be text, not {kind_of(value)}")


def parse_boolean(value: Any, where: str) -> bool:
    """true or false, also spelled yes, no, on, off."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "yes", "on"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "no", "off"):
        return False
    raise wrong(where, f"must be true or false, not {kind_of(value)} {_quoted(value)}")


def integer(minimum: int | None = None, maximum: int | None = None) -> Parser:
    """A parser of whole numbers within bounds."""

    def parse(value: Any, where: str) -> int:
        number = value
        if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,20}\s*", value):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise wrong(where, f"must be a whole number, not {kind_of(value)} {_quoted(value)}")
        _bounded(number, value, where)
        if minimum is not None and number < minimum:
            raise wrong(where, f"must be at least {minimum}, not {number}")
        if maximum is not None and number > maximum:
            raise wrong(where, f"must be at most {maximum}, not {number}")
        return number

    return parse


def address_text(text: str) -> str:
    """An address or a subnet in its one spelling; other text as it is."""
    try:
        return str(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        return text


_SIZES = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2}
_SIZES.update({"g": 1024**3, "gb": 1024**3, "t": 1024**4, "tb": 1024**4})


def size(minimum: int = 0, *, unlimited: bool = False) -> Parser:
    """A parser of sizes such as ``64m`` or ``1.5gb`` into bytes; ``-1`` if it may be unlimited."""

    def parse(value: Any, where: str) -> int:
        text = str(value).strip().lower()
        if unlimited and text == "-1":
            return -1
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?b?)", text)
        if isinstance(value, bool) or not match:
            raise wrong(where, f"is not a size: {_quoted(value)}", "write it as 512k, 64m or 2g")
        count = _bounded(float(match.group(1)) * _SIZES[match.group(2)], value, where)
        if count < minimum:
            raise wrong(where, f"must be at least {show_size(minimum)}, not {_quoted(value)}")
        return count

    return parse


_DURATIONS = {"us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def parse_duration(value: Any, where: str) -> int:
    """A duration such as ``1m30s`` (a bare number is seconds) into nanoseconds."""
    text = str(value).strip().lower()
    if not isinstance(value, bool) and re.fullmatch(r"\d+(\.\d+)?", text):
        return _bounded(float(text) * 10**9, value, where)
    if isinstance(value, bool) or not re.fullmatch(r"(\d+(\.\d+)?(us|ms|s|m|h))+", text):
        raise wrong(
            where, f"is not a duration: {_quoted(value)}", "write it as 90s, 1m30s or 500ms"
        )
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)", text)
    total = sum(float(number) * _DURATIONS[unit] for number, unit in parts)
    return _bounded(total, value, where)


def parse_cpus(value: Any, where: str) -> int:
    """A number of processors such as 0.5 into billionths (the engine's NanoCpus)."""
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d+(\.\d+)?|\.\d+", text):
        raise wrong(where, f"is not a number of processors: {_quoted(value)}", "write 0.5 or 2")
    return _bounded(float(text) * 10**9 + 0.5, value, where)


_MOST = 2**63 - 1  # the engine's numbers have 64 bits


def _bounded(number: float, value: Any, where: str) -> int:
    """A number without its fraction; refused where the engine could not hold it."""
    if not -_MOST <= number <= _MOST:
        raise wrong(where, f"is too large a number: {_quoted(value)}")
    return int(number)


def choice(*words: str) -> Parser:
    """A parser of one word out of a few."""

    def parse(value: Any, where: str) -> str:
        text = parse_text(value, where)
        if text not in words:
            raise wrong(where, f"is {_quoted(value)}", "must be one of " + ", ".join(words))
        return text

    return parse


# --- lists and maps ------------------------------------------------------------------------------


def parse_list(value: Any, where: str) -> list[Any]:
    """A list; a single scalar is a list of one."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        raise wrong(where, "must be a list, not a mapping")
    return [value]


def parse_texts(value: Any, where: str) -> list[str]:
    """A list of texts, the order kept."""
    return [parse_text(item, f"{where}[{i}]") for i, item in enumerate(parse_list(value, where))]


def parse_text_set(value: Any, where: str) -> list[str]:
    """A list of texts whose order does not matter: sorted, each once."""
    return sorted(set(parse_texts(value, where)))


def parse_mapping(value: Any, where: str) -> dict[str, Any]:
    """A mapping with text keys."""
    if not isinstance(value, Mapping):
        raise wrong(where, f"must be a mapping, not {kind_of(value)}")
    return {parse_text(key, where): item for key, item in value.items()}


def pairs(value: Any, where: str, separator: str = "=") -> dict[str, Any]:
    """A mapping, or a list of ``key=value`` texts, as a dict; None where there is no value."""
    if isinstance(value, Mapping):
        return parse_mapping(value, where)
    if not isinstance(value, (list, tuple)):
        fix = f"write a mapping, or a list of NAME{separator}value"
        raise wrong(where, f"must be a mapping or a list, not {kind_of(value)}", fix)
    result: dict[str, Any] = {}
    for text in parse_texts(value, where):
        key, found, item = text.partition(separator)
        result[key] = item if found else None
    return result


def parse_text_map(value: Any, where: str) -> dict[str, str]:
    """A mapping of texts, or a list of ``key=value``; a key without a value has an empty one."""
    return {
        key: "" if item is None else parse_text(item, f"{where}.{key}")
        for key, item in pairs(value, where).items()
    }


def parse_command(value: Any, where: str) -> list[str]:
    """A command: a list, or text split as a shell would split it."""
    if isinstance(value, str):
        try:
            return shlex.split(value)
        except ValueError as error:
            raise wrong(
                where, f"cannot be split into words: {error}", "write it as a list"
            ) from None
    if not isinstance(value, (list, tuple)):
        raise wrong(where, f"must be text or a list, not {kind_of(value)}")
    return parse_texts(value, where)


# --- back to what people write -------------------------------------------------------------------


def show_size(value: Any) -> Any:
    """Bytes as ``64m`` when it is a whole number of a unit."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return value
    for unit, factor in (("g", 1024**3), ("m", 1024**2), ("k", 1024)):
        if value % factor == 0:
            return f"{value // factor}{unit}"
    return f"{value}b"


def show_duration(value: Any) -> Any:
    """Nanoseconds as ``1m30s``."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    text, rest = "", value
    for unit in ("h", "m", "s", "ms", "us"):
        count, rest = divmod(rest, _DURATIONS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def show_cpus(value: Any) -> Any:
    """Billionths of a processor as ``0.5``."""
    return f"{value / 10**9:g}" if isinstance(value, int) else value


def _quoted(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


# --- the types -----------------------------------------------------------------------------------

_ANY_SCALAR = {"type": ["string", "number", "boolean"]}
_TEXTS = {"type": "array", "items": _ANY_SCALAR}

TEXT = Type("text", parse_text, "str", _ANY_SCALAR)
BOOLEAN = Type("boolean", parse_boolean, "bool", {"type": "boolean"})
INTEGER = Type("integer", integer(), "int", {"type": ["integer", "string"]})
COUNT = Type("integer", integer(0), "int", {"type": ["integer", "string"], "minimum": 0})
SIZE = Type("size", size(), "str", {"type": ["string", "integer"]}, show_size)
DURATION = Type("duration", parse_duration, "str", {"type": ["string", "number"]}, show_duration)
CPUS = Type("processors", parse_cpus, "str", {"type": ["string", "number"]}, show_cpus)
TEXTS = Type("list of texts", parse_texts, "raw", {"anyOf": [_ANY_SCALAR, _TEXTS]})
TEXT_SET = Type("set of texts", parse_text_set, "raw", {"anyOf": [_ANY_SCALAR, _TEXTS]})
COMMAND = Type("command", parse_command, "raw", {"anyOf": [{"type": "string"}, _TEXTS]})
MAPPING = Type("mapping", parse_mapping, "dict", {"type": "object"})
TEXT_MAP = Type(
    "mapping of texts",
    parse_text_map,
    "raw",
    {"anyOf": [{"type": "object", "additionalProperties": _ANY_SCALAR}, _TEXTS]},
    keyed=True,
)


def one_of(*words: str) -> Type:
    """The type of a text that is one of a few words."""
    return Type("text", choice(*words), "str", {"enum": list(words)})
