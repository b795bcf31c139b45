"""The one place where secret values are covered, before any front end sees them.

The values of secret options are covered where they stand; and where one of them turns up again in
another text of the report, such as a command or the engine's words, it is covered there too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import unquote

from .errors import Problem
from .kinds.container.options import ROWS
from .kinds.plugin.options import ROWS as PLUGIN
from .kinds.registry_login.options import ROWS as LOGIN
from .model import Change, Notice, Plan, Report

if TYPE_CHECKING:
    from .spec import Document

MASK = "********"
_SECRET_ROWS = frozenset(row.name for row in (*ROWS, *PLUGIN) if row.secret)
_OPEN_OF_LOGIN = frozenset(row.name for row in LOGIN if not row.secret)
_SECTIONS = ("containers", "networks", "volumes", "images", "plugins", "services")
# A report must stay readable: what its texts hold by chance is not looked for in them, unless the
# variable is called like a secret. These are words, numbers, addresses and folders.
_SHORTEST = 5
_MANY = 50
_ORDINARY = re.compile(
    r"[a-z]{1,9}|production|development|integration|postgresql|[a-z]{2}_[a-z]{2}\.utf-?8"
    r"|[\d.]{1,7}|\d{1,3}(\.\d{1,3}){3}|(:?/[a-z][a-z0-9._-]*)+/?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[^ -~]|[\\'\"]")  # what others write in another way
_TELLING = re.compile(
    r"(?!.*[_-](file|path|dir)$).*(pass|pwd|secret|token|key|cred|auth|private|salt)",
    re.IGNORECASE | re.DOTALL,
)
_SWITCHES = ("false", "enabled", "disabled")  # whatever they switch, they are no secrets
_IN_ADDRESS = re.compile(r"://([^/@\s]+)@")
Named = Iterator[tuple[str, str]]  # the name of an option or variable, and its value
Covers = Mapping[str, str]  # a text -> what is shown in its place
_OnText = Callable[[str], str]


def mask(report: Report, raw: Any, document: Document | None) -> None:
    """Cover the secret values of a document (``raw``: as it was given) in all of its report."""
    reveal = frozenset(document.run.reveal if document else _names(raw, "reveal"))
    covers = _covers([*_given(raw), *_planned(report, document)], _open(raw, document), reveal)
    changes = tuple(_mask_change(change, reveal) for change in report.plan.changes)
    report.plan = report.plan._replace(changes=changes)
    for listed in (report.done, report.not_done):
        listed[:] = [_mask_change(change, reveal) for change in listed]
    report.problems = _covered_problems(report.problems, {**covers, **_variables_of(raw, reveal)})
    _over_texts(report, covers)


def cover(report: Report, texts: Iterable[str]) -> None:
    """Cover in all of a report what its caller knows to be secret, whichever option it is of."""
    covers = _covers((("secret", text) for text in texts), set(), frozenset())
    report.problems = _covered_problems(report.problems, covers)
    _over_texts(report, covers)


def covered(problems: Iterable[Problem], raw: Any) -> tuple[Problem, ...]:
    """The problems of a document without its secret values."""
    reveal = frozenset(_names(raw, "reveal"))
    covers = _covers(_given(raw), _open(raw, None), reveal)
    return tuple(_covered_problems(problems, {**covers, **_variables_of(raw, reveal)}))


def without_secrets(value: Any, raw: Any) -> Any:
    """A copy of a JSON value without the secret values of a document."""
    covers = _covers(_given(raw), _open(raw, None), frozenset(_names(raw, "reveal")))
    return _each(value, lambda text: scrub(text, covers))


# --- values where they stand ---------------------------------------------------------------------


def _mask_change(change: Change, open_names: frozenset[str]) -> Change:
    name = change.path.partition(".")[2] or change.path
    if change.secret and name not in open_names:
        return change._replace(before=_hidden(change.before), after=_hidden(change.after))
    return change._replace(
        before=_inside(change.before, open_names), after=_inside(change.after, open_names)
    )


def _hidden(value: Any) -> Any:
    return value if value is None else MASK


def _inside(value: Any, open_names: frozenset[str]) -> Any:
    """A whole object: its secret rows are covered name by name."""
    if not isinstance(value, Mapping):
        return value
    return {
        key: {name: text if name in open_names else MASK for name, text in item.items()}
        if key in _SECRET_ROWS and isinstance(item, Mapping)
        else item
        for key, item in value.items()
    }


# --- which values are looked for -----------------------------------------------------------------


def _given(raw: Any) -> Named:
    """The secret values in a document as it was given, which may be wrong in any way."""
    compose = _mapping(raw, "compose")
    entries = [*_mapping(raw, "containers").values(), *_mapping(compose, "services").values()]
    entries += _mapping(raw, "plugins").values()
    for entry in entries:
        for row in _SECRET_ROWS:
            yield from _variables(entry.get(row) if isinstance(entry, Mapping) else None)
        options = _mapping(_mapping(entry, "logging"), "options")
        yield from (pair for pair in _variables(options) if _TELLING.match(pair[0]))
    for entry in (*_mapping(raw, "volumes").values(), *_mapping(compose, "volumes").values()):
        yield from _mounted_with(_mapping(entry, "driver_opts").get("o"))
    for entry in _mapping(raw, "images").values():
        yield from _variables(_mapping(entry, "build").get("args"))
        for secret in _mapping(_mapping(entry, "build"), "secrets").values():
            content = _mapping({"": secret}, "").get("content")
            yield from [("secret", str(content))] if content is not None else []
    for registry in _mapping(raw, "registries").values():
        yield from (pair for pair in _variables(registry) if pair[0] not in _OPEN_OF_LOGIN)
    for name, text in _variables(_mapping(raw, "compose_environment")):
        if _TELLING.match(name):
            yield name, text


def _planned(report: Report, document: Document | None) -> Named:
    """Secret values from elsewhere: files of variables, and what the host has."""
    yield from _of_volumes(report)
    for want in document.containers.values() if document else ():
        for row in _SECRET_ROWS:
            yield from _variables(want.fields.get(row))
    for change in report.plan.changes:
        for value in (change.before, change.after):
            if change.secret and value is not None:
                yield change.path.partition(".")[2] or change.path, str(value)
            for row in _SECRET_ROWS:
                yield from _variables(_mapping(value, row))


def _of_volumes(report: Report) -> Named:
    """The same of the volumes that are there."""
    plan = report.plan
    values = [(c.kind, c.before, c.after) for c in plan.changes]
    values += [(n.kind, n.before, n.after) for n in (*plan.blocked, *plan.ignored)]
    for value in (value for kind, *both in values if kind == "volume" for value in both):
        yield from _mounted_with(value)
        yield from _mounted_with(_mapping({"": value}, "").get("o"))
        yield from _mounted_with(_mapping(value, "driver_opts").get("o"))
    for entry in _mapping(report.state, "volumes").values():
        yield from _mounted_with(_mapping(entry, "driver_opts").get("o"))


def _mounted_with(options: Any) -> Named:
    """The passwords among options of a mount."""
    for word in options.split(",") if isinstance(options, str) else ():
        name, _, text = word.partition("=")
        if text and _TELLING.match(name):
            yield from ((name, text), (name, word))  # also one too short to be looked for


def _variables(value: Any) -> Named:
    """Names and values, from a mapping or a list of ``name=value``."""
    if isinstance(value, Mapping):
        yield from ((str(name), str(item)) for name, item in value.items() if item is not None)
    for text in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
        name, equals, item = str(text).partition("=")
        if equals:
            yield name, item


def _mapping(value: Any, key: str) -> Mapping[Any, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _names(raw: Any, key: str) -> list[str]:
    found = raw.get(key) if isinstance(raw, Mapping) else None
    return [str(item) for item in (found if isinstance(found, (list, tuple)) else [found])]


def _open(raw: Any, document: Document | None) -> set[str]:
    """The names of objects: no secrets, and without them a report would say nothing."""
    found = set(_names(raw, "project"))
    for part in (raw, _mapping(raw, "compose"), document._asdict() if document else {}):
        for section in _SECTIONS:
            found.update(map(str, _mapping(part, section)))
    return found


def _covers(named: Iterable[tuple[str, str]], known: set[str], reveal: frozenset[str]) -> Covers:
    """Text -> what is shown in its place."""
    pairs: set[tuple[str, str]] = set()
    revealed: set[str] = set()
    for name, text in named:
        found = [(name, text), *_in_addresses(text)]
        if name in reveal:
            revealed.update(word for _, word in found)
        else:
            pairs.update(found)
    texts = {text for name, text in pairs if _is_telling(name, text)} - revealed - known
    return {form: MASK for text in texts for form in _forms(text)}


def _in_addresses(text: str) -> Named:
    """What stands before the host of an address: a password, or something alone, maybe a token."""
    for user, colon, password in (word.partition(":") for word in _IN_ADDRESS.findall(text)):
        word = password if colon else user
        yield from (("password" if colon else "", form) for form in (word, unquote(word)))


def _is_telling(name: str, text: str) -> bool:
    if len(text) < _SHORTEST or text == MASK or text.lower() in _SWITCHES:
        return False
    return bool(_TELLING.match(name)) or not _ORDINARY.fullmatch(text)


def _forms(text: str) -> set[str]:
    """How others quote a text."""
    if not _QUOTED.search(text):
        return {text}
    quoted = (repr(text), json.dumps(text), json.dumps(text, ensure_ascii=False))
    return {text, *(form[1:-1] for form in quoted)}


def _variables_of(raw: Any, reveal: frozenset[str]) -> Covers:
    """The values of a Compose file's variables: a problem names the variable instead."""
    pairs = _variables(_mapping(raw, "compose_environment"))
    return {
        text: f"${{{name}}}"
        for name, text in pairs
        if name not in reveal and _is_telling(name, text)
    }


# --- every text of a report ----------------------------------------------------------------------


def _over_texts(report: Report, covers: Covers) -> None:
    """Cover what is to be covered in all texts, if there is anything at all."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    _each_text(report, collect)
    everything = "\0".join(dict.fromkeys(texts))
    present = {text: cover for text, cover in _perhaps(covers, everything) if text in everything}
    if present:
        _each_text(report, lambda text: scrub(text, present))


def _perhaps(covers: Covers, everything: str) -> Iterable[tuple[str, str]]:
    """Those that may stand in a text.

    Of thousands of values in a long text most are told by their first characters not to be there.
    """
    if len(covers) < _MANY:
        return covers.items()
    ends = range(_SHORTEST, len(everything) + 1)
    beginnings = {everything[end - _SHORTEST : end] for end in ends}
    return [item for item in covers.items() if item[0][:_SHORTEST] in beginnings]


def _each_text(report: Report, on_text: _OnText) -> None:
    def change(item: Change) -> Change:
        before, after = _each(item.before, on_text), _each(item.after, on_text)
        path, reason = on_text(item.path), on_text(item.reason)
        return item._replace(path=path, before=before, after=after, reason=reason)

    def notice(item: Notice) -> Notice:
        before, after = _each(item.before, on_text), _each(item.after, on_text)
        path, message = on_text(item.path), on_text(item.message)
        return item._replace(path=path, message=message, before=before, after=after)

    plan = report.plan
    report.plan = Plan(
        changes=tuple(map(change, plan.changes)),
        stale=tuple(map(notice, plan.stale)),
        ignored=tuple(map(notice, plan.ignored)),
        blocked=tuple(map(notice, plan.blocked)),
        pending=tuple(map(notice, plan.pending)),
        warnings=tuple(map(on_text, plan.warnings)),
    )
    for changes in (report.done, report.not_done):
        changes[:] = map(change, changes)
    report.warnings = [on_text(text) for text in report.warnings]
    report.state = {
        section: {name: _each(item, on_text) for name, item in items.items()}
        for section, items in report.state.items()
    }


def _each(value: Any, on_text: _OnText) -> Any:
    """A copy of a JSON value with its texts changed, those of its keys too."""
    if isinstance(value, str):
        return on_text(value)
    if isinstance(value, Mapping):
        return {on_text(key): _each(item, on_text) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, on_text) for item in value]
    return value


def _covered_problems(problems: Iterable[Problem], covers: Covers) -> list[Problem]:
    return [Problem(*(scrub(text, covers) for text in problem)) for problem in problems]


def scrub(text: str, covers: Covers) -> str:
    """A text, such as the engine's words, without secret values; the longest go first."""
    for secret in sorted(covers, key=len, reverse=True):
        text = text.replace(secret, covers[secret])
    return text
