"""YAML as Compose reads it. PyYAML is imported here only, and only when a file is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ...errors import SpecError
from ...values import wrong
from .tags import RESET, Override

# The plain words of YAML 1.2: yes and no are texts, and so are 22:22 and 2026-01-01.
_PLAIN = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
)

_DEEPEST = 100  # what reads it afterwards goes down level by level


def load_yaml(text: str, where: str) -> Any:
    """The one document in a text; ``!reset`` and ``!override`` become marks for `merge`."""
    value = _json(text)
    return _with_text_keys(_yaml(text, where) if value is None else value, where, ())


def _yaml(text: str, where: str) -> Any:
    try:
        import yaml
    except ImportError:
        fix = "install it (python3-yaml, or pip install PyYAML), or give the content as a mapping"
        raise wrong(where, "cannot be read, PyYAML is missing here", fix) from None
    try:
        return _read(yaml, text)
    except UnicodeEncodeError:  # libyaml; else PyYAML has an error of its own
        raise wrong(where, "is not valid YAML: half a character") from None
    except RecursionError:
        raise _too_deep(where) from None
    except yaml.YAMLError as error:
        # The error's own text would quote the file, and with it perhaps a password.
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        message = f"is not valid YAML: {getattr(error, 'problem', None) or 'unreadable'}{line}"
        raise wrong(where, message) from None


def _json(text: str) -> dict[str, Any] | None:
    """A mapping in JSON, which says the same in YAML; it needs no PyYAML. None of what is not."""
    # Compose refuses a character in two halves, as JSON may have it.
    if text.lstrip()[:1] != "{" or "\\ud" in text.lower():
        return None
    try:
        text.encode()
        found: dict[str, Any] = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None  # YAML says what is wrong
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _refused("a key that is there twice")


def _refused(what: str) -> Any:
    raise ValueError(what)


def _read(yaml: Any, text: str) -> Any:
    loader = _loader(yaml)(text)
    node = loader.get_single_node()
    if node is None:
        return None
    _refuse_twice(yaml, node, set())
    try:
        return loader.construct_document(node)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # `!!int x`: PyYAML lets through what Python says of it, the value with it.
        raise yaml.MarkedYAMLError(None, None, "a value does not fit its tag") from None


def _refuse_twice(yaml: Any, node: Any, seen: set[int]) -> None:
    """A key twice in one mapping: the first would be lost without a word."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    keys = set()
    for item in node.value:
        key, value = item if isinstance(item, tuple) else (None, item)
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in keys:
                problem = f"the key {key.value} is there twice"
                raise yaml.MarkedYAMLError(None, None, problem, key.start_mark)
            keys.add(key.value)
        _refuse_twice(yaml, value, seen)


def _loader(yaml: Any) -> Any:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is faster

    class Loader(base):  # type: ignore[misc]  # which one only the run knows
        """Safe, with YAML 1.2's plain words."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute

    for tag, pattern, first in _PLAIN:
        Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), first
        )
    Loader.add_constructor("!reset", lambda loader, node: RESET)
    Loader.add_constructor("!override", lambda loader, node: _override(yaml, loader, node))
    return Loader


def _override(yaml: Any, loader: Any, node: Any) -> Override:
    if isinstance(node, yaml.MappingNode):
        return Override(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Override(loader.construct_sequence(node, deep=True))
    tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))
    return Override(loader.construct_object(yaml.ScalarNode(tag, node.value), deep=True))


def _with_text_keys(value: Any, where: str, above: tuple[int, ...]) -> Any:
    if id(value) in above:
        raise wrong(where, "an anchor holds itself", "remove the alias inside its own anchor")
    if len(above) > _DEEPEST:
        raise _too_deep(where)
    trail = (*above, id(value))
    if isinstance(value, Override):
        return Override(_with_text_keys(value.value, where, trail))
    if isinstance(value, Mapping):
        return {_text(key): _with_text_keys(item, where, trail) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(item, where, trail) for item in value]
    return value


def _too_deep(where: str) -> SpecError:
    return wrong(where, "is nested too deeply", f"{_DEEPEST} levels are read")


def _text(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
