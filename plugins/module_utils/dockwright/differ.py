"""The generic differ: want and have of a field-like object, row by row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from .model import Action, Cause, Change, Disruption, EngineFacts, Notice, Want
from .named_tuple import NamedTuple
from .options import Option

# (kind, name, path, wanted value, whether the spec says it) -> why have differs from it
CauseOf = Callable[[str, str, str, Any, bool], Cause]


class Difference(NamedTuple):
    """One value that differs: the row, the path (``labels.team``), the normal forms."""

    row: Option
    path: str
    before: Any
    after: Any


def complete(
    rows: Sequence[Option], fields: Mapping[str, Any], image: Mapping[str, Any]
) -> dict[str, Any]:
    """What the spec says, filled up with what the image (its Config) and the engine give."""
    full = dict(_given_by(rows, image))
    for row in rows:
        given = fields.get(row.name)
        if given is None:
            continue
        inherited = row.inherit(image) if row.inherit else None
        if row.type.keyed:
            full[row.name] = {**(inherited or {}), **given}
        elif given in ("", [], 0) and not isinstance(given, bool) and not _is_zero(row, given):
            full[row.name] = inherited if inherited is not None else row.default
        else:
            full[row.name] = given
    return full


_last: tuple[Sequence[Option], Mapping[str, Any], dict[str, Any]] = ((), {}, {})


def _given_by(rows: Sequence[Option], image: Mapping[str, Any]) -> dict[str, Any]:
    """What there is where the spec says nothing; many objects in a row have the same."""
    global _last  # whoever replaces it replaces it whole
    known_rows, known_image, full = _last
    if known_rows is not rows or known_image is not image:
        full = {}
        for row in rows:
            inherited = row.inherit(image) if row.inherit else None
            if row.type.keyed:
                full[row.name] = inherited or {}
            else:
                full[row.name] = row.default if inherited is None else inherited
        _last = rows, image, full
    return full


def _is_zero(row: Option, given: Any) -> bool:
    """Whether zero is a value of its own: where the engine's default is another number."""
    return given == 0 and isinstance(row.default, int) and not isinstance(given, (str, list))


def differences(
    rows: Iterable[Option],
    want: Mapping[str, Any],
    have: Mapping[str, Any],
    explicit: frozenset[str],
) -> list[Difference]:
    """Where want (completed) and have differ.

    A baked option that the spec leaves out is compared only if it was set on purpose before
    (``explicit``): then its removal is a change.
    """
    found = []
    for row in rows:
        wanted, seen = want.get(row.name), have.get(row.name)
        if wanted == seen:
            continue
        if row.type.keyed:
            found += _keyed(row, wanted or {}, seen or {}, explicit)
        elif row.baked and wanted is None and row.name not in explicit:
            continue
        else:
            found.append(Difference(row, row.name, seen, wanted))
    return found


def _keyed(
    row: Option, want: Mapping[str, Any], have: Mapping[str, Any], explicit: frozenset[str]
) -> list[Difference]:
    found = []
    for key in sorted({*want, *have}):
        path = f"{row.name}.{key}"
        if row.baked and key not in want and path not in explicit:
            continue
        missing = object()
        if want.get(key, missing) != have.get(key, missing):
            found.append(Difference(row, path, have.get(key), want.get(key)))
    return found


def explicit_in(rows: Iterable[Option], fields: Mapping[str, Any]) -> list[str]:
    """The baked options that a spec sets, as the owner label keeps them."""
    found = []
    for row in rows:
        if row.baked and fields.get(row.name) is not None:
            value = fields[row.name]
            found += [f"{row.name}.{key}" for key in value] if row.type.keyed else [row.name]
    return found


def leaves(rows: Iterable[Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by path, as memory keeps their fingerprints."""
    found: dict[str, Any] = {}
    for row in rows:
        value = values.get(row.name)
        if row.type.keyed:
            found.update({f"{row.name}.{key}": item for key, item in (value or {}).items()})
        elif value is not None:
            found[row.name] = value
    return found


def is_under(path: str, prefixes: Iterable[str]) -> bool:
    """Whether a path is one of the prefixes or inside one."""
    return any(path == prefix or path.startswith(f"{prefix}.") for prefix in prefixes)


def carry_ignored(
    rows: Iterable[Option],
    want: Mapping[str, Any],
    have: Mapping[str, Any],
    ignore: Iterable[str],
) -> tuple[dict[str, Any], list[Difference]]:
    """Want with what another hand owns taken from have, and the differences that this hides."""
    result = dict(want)
    hidden = []
    ignore = tuple(ignore)
    if not ignore:
        return result, []
    for difference in differences(rows, want, have, frozenset()):
        if not is_under(difference.path, ignore):
            continue
        hidden.append(difference)
        row = difference.row
        if row.type.keyed:
            key = difference.path[len(row.name) + 1 :]
            values = dict(result.get(row.name) or {})
            values.pop(key, None)
            if difference.before is not None or key in (have.get(row.name) or {}):
                values[key] = difference.before
            result[row.name] = values
        else:
            result[row.name] = difference.before
    return result, hidden


def ignored_notices(want: Want, hidden: Iterable[Difference]) -> list[Notice]:
    """What the report says of ignored differences; secrets are masked like any other value."""
    return [
        Notice(
            want.kind,
            want.name,
            item.path,
            "differs, and is ignored as the spec says",
            None if item.row.secret else item.row.type.show(item.before),
            None if item.row.secret else item.row.type.show(item.after),
        )
        for item in hidden
    ]


_ACTIONS = {
    Disruption.NONE: Action.UPDATE,
    Disruption.RECONNECT: Action.RECONNECT,
    Disruption.REPLACE: Action.REPLACE,
}


def as_change(
    want: Want, difference: Difference, facts: EngineFacts, cause_of: CauseOf, *, running: bool
) -> Change:
    """A difference of a container as a Change; it disturbs nothing where nothing runs."""
    row = difference.row
    effect = Disruption.REPLACE
    if row.effect:
        effect = row.effect(difference.before, difference.after, facts)
    given = row.name in want.fields
    return Change(
        want.kind,
        want.name,
        _ACTIONS[effect],
        difference.path,
        row.type.show(difference.before),
        row.type.show(difference.after),
        "" if given else "not in the spec",
        cause_of(want.kind, want.name, difference.path, difference.after, given),
        effect if running else Disruption.NONE,
        row.secret,
    )
