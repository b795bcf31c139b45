"""One row per option: everything the tools need to know about it, declared once.

From the rows come the parsing of specs, the differ, the engine requests, Ansible argument specs
and option documentation, the JSON schema, Salt signatures and the reference pages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from .errors import Problem, SpecError, nearest
from .model import Disruption, EngineFacts
from .named_tuple import NamedTuple
from .values import Type, kind_of

Effect = Callable[[Any, Any, EngineFacts], Disruption]


class Inspect(NamedTuple):
    """What a row's read function sees: one object as the engine describes it."""

    raw: Mapping[str, Any]
    facts: EngineFacts
    names: Mapping[str, str]  # container ID -> name, network name -> ID
    carried: frozenset[str] = frozenset()  # targets of anonymous volumes kept over a replacement


class Option(NamedTuple):
    """One input option of a kind."""

    name: str
    type: Type
    doc: str
    read: Callable[[Inspect], Any] | None = None  # None: input only, nothing on the host to compare
    write: Callable[[dict[str, Any], Any], None] | None = None
    effect: Effect | None = None  # None: the object is replaced
    default: Any = None  # the engine's default, in normal form
    inherit: Callable[[Mapping[str, Any]], Any] | None = None  # from the image's Config
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    secret: bool = False
    baked: bool = False  # the engine's default is fixed at creation (design law 4)
    reset: Any = None  # what a live update writes to take the option away
    since: str = ""  # Engine API version
    unit: str = ""
    example: Any = None


def live(before: Any, after: Any, facts: EngineFacts) -> Disruption:
    """The engine changes it in place (`POST /containers/{id}/update`)."""
    return Disruption.NONE


def live_unless_removed(before: Any, after: Any, facts: EngineFacts) -> Disruption:
    """Changed in place, but an update with zero or nothing is ignored: removing it replaces."""
    return Disruption.NONE if after else Disruption.REPLACE


@functools.cache  # rows have few paths, and ask for them of each object
def _parts(path: str) -> list[str]:
    return path.split(".")


def get(raw: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of an inspect answer; None where a part is missing."""
    value: Any = raw
    for part in _parts(path):
        if not isinstance(value, dict):  # as JSON is read; asking for a Mapping takes much longer
            return None
        value = value.get(part)
    return value


def _reader(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """``get`` for one path; most have two parts, and are read of each object."""
    outer, _, inner = path.partition(".")
    if not inner or "." in inner:
        return lambda raw: get(raw, path)

    def read(raw: Mapping[str, Any]) -> Any:
        part = raw.get(outer)
        return part.get(inner) if isinstance(part, dict) else None

    return read


def put(payload: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path of a request body."""
    *parents, last = path.split(".")
    for part in parents:
        payload = payload.setdefault(part, {})
    payload[last] = value


def field(  # noqa: PLR0913 - one row in one call; all but the first four by keyword
    name: str,
    type: Type,
    path: str,
    doc: str,
    *,
    image: str = "",
    clean: Callable[[Any], Any] | None = None,
    **more: Any,
) -> Option:
    """A simple row: one path in the inspect answer that is also the path in the request.

    ``image`` names the key of the image's Config that is inherited, ``clean`` brings the engine's
    value to the normal form. Empty values count as absent.
    """

    default = more.get("default")

    def normal(value: Any) -> Any:
        if clean and value:
            value = clean(value)
        return value or default

    def inherit(config: Mapping[str, Any]) -> Any:
        return normal(config.get(image))

    found = _reader(path)
    return Option(
        name,
        type,
        doc,
        read=lambda seen: normal(found(seen.raw)),
        write=lambda payload, value: put(payload, path, value),
        inherit=inherit if image else None,
        **more,
    )


def parse(
    rows: Iterable[Option], spec: Any, where: str, known: Sequence[str] = ()
) -> dict[str, Any]:
    """A user's mapping in normal form: only what was given; null counts as not given.

    ``known`` are further keys that the caller reads itself (left out of the result).
    Raises SpecError with every problem of the mapping.
    """
    if spec is None:
        spec = {}
    if not isinstance(spec, Mapping):
        raise SpecError([Problem(where, f"must be a mapping, not {kind_of(spec)}")])
    by_name = _by_name(rows)
    problems: list[Problem] = []
    result: dict[str, Any] = {}
    for key, value in spec.items():
        row = by_name.get(key)
        path = f"{where}.{key}" if where else str(key)
        if row is None:
            if key not in known:
                problems.append(unknown_key(path, str(key), (*by_name, *known)))
        elif row.name in result:
            problems.append(Problem(path, f"is the same option as {row.name}", "keep one of them"))
        elif value is not None:
            try:
                result[row.name] = row.type.parse(value, path)
            except SpecError as error:
                problems.extend(error.problems())
    if problems:
        raise SpecError(problems)
    return result


_NAMED: dict[int, tuple[Iterable[Option], dict[str, Option]]] = {}  # by the identity of the rows


def _by_name(rows: Iterable[Option]) -> dict[str, Option]:
    """The rows by their names; those of a kind are one tuple, which is gone through once."""
    kept, found = _NAMED.get(id(rows), (None, {}))
    if kept is not rows:
        found = {name: row for row in rows for name in (row.name, *row.aliases)}
        if isinstance(rows, tuple):
            _NAMED[id(rows)] = rows, found
    return found


def unknown_key(path: str, key: str, known: Iterable[str]) -> Problem:
    """The problem of a key that nobody knows, with the nearest known one."""
    known = sorted(set(known))
    fix = nearest(key, known) or "known keys: " + ", ".join(known)
    return Problem(path, "unknown key", fix)


def collect(problems: list[Problem], function: Callable[..., Any], *args: Any) -> Any:
    """Call ``function``; a SpecError is added to ``problems`` and gives None."""
    try:
        return function(*args)
    except SpecError as error:
        problems.extend(error.problems())
        return None
