"""The plugins that are wanted, as a document has them by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ... import options
from ...errors import Problem, SpecError
from ...model import Want
from ..image.reference import Reference
from ..image.reference import parse as parse_reference
from .options import ABSENT, ENABLED, ROWS


def parse(key: str, spec: Any, where: str) -> Want:
    """One entry of ``plugins``: the plugin's name is its key. Raises SpecError with all problems.

    ``inputs["source"]`` is the normal form of where it comes from; ``fields`` has its settings,
    and ``source`` where the spec says it.
    """
    problems: list[Problem] = []
    name = options.collect(problems, _reference, key, where)
    entry = options.collect(problems, options.parse, ROWS, spec, where)
    given = (entry or {}).get("source")
    source = options.collect(problems, _reference, given, f"{where}.source") if given else name
    if name is not None and name.digest:
        fix = "name it, and write the digest as its `source`"
        problems.append(Problem(where, "a plugin's name has no digest", fix))
    problems += _contradictions(entry or {}, where)
    if problems:
        raise SpecError(problems)
    state = entry.pop("state", ENABLED)
    fields = {"settings": entry.pop("settings", {})}
    if entry.pop("source", None):
        fields["source"] = source.normal
    inputs = {**entry, "source": source.normal}
    return Want("plugin", name.familiar, where, fields, inputs, state, service=key)


def ignoring(want: Want, paths: Iterable[str], problems: list[Problem]) -> Want:
    """The plugin with the settings that another hand owns, as ``inputs["ignore"]``."""
    names = []
    for path in paths:
        head, _, name = path.partition(".")
        if head == "settings" and name:
            names.append(name)
        else:
            fix = f"of a plugin it is a setting: {want.where}.settings.NAME"
            problems.append(Problem(f"{want.where}.ignore", f"'{path}' cannot be ignored", fix))
    return want._replace(inputs={**want.inputs, "ignore": tuple(names)}) if names else want


def name_of(key: str) -> str:
    """The engine's name of a plugin, which has a tag; a text that is no name as it is."""
    try:
        return parse_reference(key, "").familiar
    except SpecError:
        return key


def _reference(text: str, where: str) -> Reference:
    try:
        reference = parse_reference(text, where)
    except SpecError as error:
        fix = error.problems()[0].fix
        message = f"'{text}' is not the reference of a plugin"
        raise SpecError([Problem(where, message, fix)]) from error
    if reference.id:
        raise SpecError([Problem(where, f"'{text}' is an ID", "write it as NAME or NAME:TAG")])
    return reference


def _contradictions(entry: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if entry.get("state") == ABSENT:
        for key in ("settings", "grant", "grant_all"):
            if entry.get(key):
                yield Problem(f"{where}.{key}", "means nothing for a plugin that is to be absent")
    if entry.get("grant_all") and entry.get("grant"):
        yield Problem(f"{where}.grant", "says less than grant_all", "keep one of them")
    for name in entry.get("settings", {}):
        if not name or "=" in name:
            yield Problem(f"{where}.settings", f"'{name}' is not a name", "write NAME: value")
