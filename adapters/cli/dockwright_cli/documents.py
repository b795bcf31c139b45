"""Documents: reading what the user hands in, and writing what is for its owner alone."""

from __future__ import annotations

import contextlib
import json
import os
from typing import IO, Any


class InputError(Exception):
    """The command cannot use what it was given; says what, and the way out."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(f"{message}. {fix[:1].upper()}{fix[1:]}" if fix else message)
        self.fix = fix


def read_document(path: str, stdin: IO[str]) -> Any:
    """The spec in a file, or on standard input for ``-``; an empty one is an empty mapping."""
    return parse_document(read_text(path, stdin), path)


def parse_document(text: str, path: str) -> Any:
    """The spec in the text of a file."""
    name = _called(path)
    document = _json(text, name) if looks_like_json(path, text) else _yaml(text, name)
    return {} if document is None else document


def yaml_node(text: str, path: str) -> Any:
    """The tree of a YAML text, with the places of its parts; None of an empty one."""
    # One parser everywhere: libyaml's has other places.
    return _composed(text, _called(path), "SafeLoader")[0]


def _called(path: str) -> str:
    return "standard input" if path == "-" else path


def read_request(stdin: IO[str]) -> Any:
    """The request on standard input."""
    if stdin.isatty():
        raise InputError(
            "no spec is named, and standard input is a terminal", "name a file, or pipe a request"
        )
    return _json(read_text("-", stdin), "standard input")


def parse_request(line: bytes) -> Any:
    """A request that is one line."""
    try:
        return _json(line.decode(), "the line")
    except UnicodeDecodeError:
        raise InputError("the line is not text in UTF-8") from None


def write_private(path: str, text: str) -> None:
    """Write a file for its owner alone; it is there whole or not at all."""
    _write(path, text, None)


def write_whole(path: str, text: str) -> None:
    """Write over a file; owner and mode stay, and it is there whole or as before."""
    try:
        _write(path, text, os.stat(path))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _write(path: str, text: str, like: os.stat_result | None) -> None:
    import tempfile  # plans do without it

    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(
            prefix=".dockwright.", dir=os.path.dirname(os.path.abspath(path))
        )
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if like is not None:
                os.fchown(descriptor, like.st_uid, like.st_gid)
                os.fchmod(descriptor, like.st_mode & 0o7777)
            file.write(text)
        os.replace(temporary, path)
    except (OSError, UnicodeEncodeError) as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be written: {reason}") from None


def read_text(path: str, stdin: IO[str]) -> str:
    """The text of a file, or of standard input for ``-``."""
    try:
        if path == "-":
            return stdin.read()
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "check its name") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8") from None


def looks_like_json(path: str, text: str) -> bool:
    """Whether a spec is JSON, by its name or its first characters."""
    if path.endswith((".yml", ".yaml")):
        return False
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
    node, loader = _composed(text, name)
    try:
        return None if node is None else loader.construct_document(node)
    except (ValueError, RecursionError) as error:  # a date in the 13th month, a number without end
        raise InputError(f"{name} cannot be read: {error}") from None
    except loader.error as error:
        raise _bad_yaml(error, name) from None


def _composed(text: str, name: str, kind: str = "CSafeLoader") -> tuple[Any, Any]:
    """The tree of a YAML text, and the loader that makes a document of it."""
    try:
        import yaml
    except ImportError:
        raise InputError(
            f"{name} is YAML, and PyYAML is not installed",
            "run: pip install 'dockwright[cli]', or write the spec as JSON",
        ) from None
    loader: Any = getattr(yaml, kind, yaml.SafeLoader)(text)
    loader.error = yaml.YAMLError
    try:
        node = loader.get_single_node()
        _refuse_twice(node, yaml, set())
        return node, loader
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise _bad_yaml(error, name) from None


def _bad_yaml(error: Any, name: str) -> InputError:
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    reason = getattr(error, "problem", None) or str(error)
    return InputError(f"{name} is not valid YAML{place}: {reason}")


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
