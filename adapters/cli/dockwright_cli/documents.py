"""Documents: reading what the user hands in, and writing what is for its owner alone."""

from __future__ import annotations

import json
import os
import tempfile
from typing import IO, Any


class InputError(Exception):
    """The command cannot use what it was given; says what, and the way out."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(f"{message}. {fix[:1].upper()}{fix[1:]}" if fix else message)
        self.fix = fix


def read_document(path: str, stdin: IO[str]) -> Any:
    """The spec in a file, or on standard input for ``-``; an empty one is an empty mapping."""
    name = "standard input" if path == "-" else path
    text = _text(path, stdin)
    document = _json(text, name) if _looks_like_json(path, text) else _yaml(text, name)
    return {} if document is None else document


def read_request(stdin: IO[str]) -> Any:
    """The request on standard input."""
    if stdin.isatty():
        raise InputError(
            "no spec is named, and standard input is a terminal", "name a file, or pipe a request"
        )
    return _json(_text("-", stdin), "standard input")


def parse_request(line: bytes) -> Any:
    """A request that is one line."""
    try:
        return _json(line.decode(), "the line")
    except UnicodeDecodeError:
        raise InputError("the line is not text in UTF-8") from None


def write_private(path: str, text: str) -> None:
    """Write a file for its owner alone; it is there whole or not at all."""
    try:
        descriptor, temporary = tempfile.mkstemp(
            prefix=".dockwright.", dir=os.path.dirname(os.path.abspath(path))
        )
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _text(path: str, stdin: IO[str]) -> str:
    try:
        if path == "-":
            return stdin.read()
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "check its name") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8") from None


def _looks_like_json(path: str, text: str) -> bool:
    return path.endswith(".json") or text.lstrip().startswith('{"')


def _json(text: str, name: str) -> Any:
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
        _refuse_same(document, name, "")
        return document
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not valid JSON: {error}") from None


class _Pairs(dict[str, Any]):
    """An object of JSON that knows which of its keys was there twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        is_exact = len(names) == len(self)
        self.twice = [] if is_exact else [name for name in self if names.count(name) > 1]


def _refuse_same(value: Any, name: str, path: str) -> None:
    """A key twice in one object: the first would be lost without a word."""
    if isinstance(value, _Pairs):
        for key in value.twice:
            where = f"{path}.{key}" if path else key
            raise InputError(f"{name}: {where} is there twice", "keep one of them")
        for key, item in value.items():
            _refuse_same(item, name, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_same(item, name, f"{path}[{index}]")


def _yaml(text: str, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise InputError(
            f"{name} is YAML, and PyYAML is not installed",
            "run: pip install 'dockwright[cli]', or write the spec as JSON",
        ) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        _refuse_twice(node, yaml, set())
        return None if node is None else loader.construct_document(node)
    except (ValueError, RecursionError) as error:  # a date in the 13th month, a number without end
        raise InputError(f"{name} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error)
        raise InputError(f"{name} is not valid YAML{place}: {reason}") from None


def _refuse_twice(node: Any, yaml: Any, seen: set[int]) -> None:
    """A key twice in one mapping: the first would be lost without a word."""
    if id(node) in seen or not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
        return
    seen.add(id(node))
    keys = set()
    for item in node.value:
        key, value = item if isinstance(item, tuple) else (None, item)
        if key is not None and isinstance(key.value, str):
            if key.value in keys and key.value != "<<":
                problem = f"the key {key.value} is there twice"
                raise yaml.MarkedYAMLError(None, None, problem, key.start_mark)
            keys.add(key.value)
        _refuse_twice(value, yaml, seen)
