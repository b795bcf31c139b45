"""The file as data: what differs between wanted keys and the file, and the file after changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import SpecError
from ...named_tuple import NamedTuple
from .have import DaemonHave
from .options import BY_NAME, CONTENT_PATHS, Key, default_of, version
from .want import DaemonWant

_USERINFO = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://)?)[^@/]*@")


class Difference(NamedTuple):
    """One key (or one inner key of a mapping) whose value in the file is not the wanted one."""

    path: str
    before: Any  # None: not in the file
    after: Any  # None: to be removed
    origin: str = "want"  # or "left" (ours before, not wanted any more), or "foreign"
    in_force: bool = False  # the daemon works with ``after`` already: nothing to reload

    @property
    def key(self) -> str:
        """The key of the file."""
        return self.path.partition(".")[0]

    @property
    def is_content(self) -> bool:
        """Whether images and containers would be hidden or re-created."""
        switches = isinstance(self.before, Mapping) and self.before.get("containerd-snapshotter")
        by_removal = self.path == "features" and self.after is None and bool(switches)
        return (self.path in CONTENT_PATHS or by_removal) and not self.in_force


def differences(want: DaemonWant, have: DaemonHave, foreign: str = "keep") -> list[Difference]:
    """All that must change in the file, wanted keys first, each in the order it was given."""
    found = [
        difference
        for name, value in want.values.items()
        for difference in _of_key(BY_NAME[name], value, have)
    ]
    for name, value in have.raw.items():
        if name not in want.values and not stays(name, have, foreign):
            origin = "left" if name in have.owned else "foreign"
            found += _removals(name, value, origin, have)
    return found


def stays(name: str, have: DaemonHave, foreign: str) -> bool:
    """Whether a key of the file that is not wanted stays there."""
    return name in have.others or not (name in have.owned or foreign == "remove")


def edited(raw: Mapping[str, Any], want: DaemonWant, paths: Iterable[str]) -> dict[str, Any]:
    """The file after the changes at ``paths``; all else in it, and its order, stays."""
    document = dict(raw)
    for path in paths:
        name, _, inner = path.partition(".")
        if not inner and name not in want.values:
            document.pop(name, None)
        elif not inner:
            document[name] = rendered(name, want.values[name])
        else:
            entries = dict(document.get(name) or {})
            if inner in want.values.get(name, ()):
                entries[inner] = rendered(name, want.values[name])[inner]
            else:
                entries.pop(inner, None)
            document[name] = entries
    return document


def rendered(name: str, value: Any) -> Any:
    """A value in normal form as the engine reads it from the file."""
    return BY_NAME[name].type.show(value) if name in BY_NAME else value


def text_of(document: Mapping[str, Any]) -> str:
    """The file's text: one object, indented, without a byte order mark."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def normal(name: str, raw: Any) -> Any:
    """A value of the file in normal form; as it stands when it makes no sense."""
    key = BY_NAME.get(name)
    if key is None or raw is None:
        return raw
    try:
        return key.type.parse(raw, name)
    except SpecError:
        return raw


def effective(name: str, have: DaemonHave) -> Any:
    """The value in force: as the engine tells it, else the file's, else the default (or None)."""
    if name in have.live:
        return have.live[name]
    if have.raw.get(name) is not None:
        return normal(name, have.raw[name])
    key = BY_NAME.get(name)
    return default_of(key, have.cgroup_version) if key else None


def shown(path: str, value: Any) -> Any:
    """A value for people: credentials in the addresses of proxies are masked."""
    name, _, inner = path.partition(".")
    if name != "proxies" or value is None:
        return value
    if inner:
        return _USERINFO.sub(r"\1********@", value) if isinstance(value, str) else value
    if not isinstance(value, Mapping):
        return value
    return {key: shown(f"{name}.{key}", item) for key, item in value.items()}


def is_secret(path: str) -> bool:
    """Whether the value at a path is never shown."""
    name, _, inner = path.partition(".")
    key = BY_NAME.get(name)
    return key is not None and bool(key.secret) and (inner in key.secret or not inner)


def _of_key(key: Key, wanted: Any, have: DaemonHave) -> list[Difference]:
    raw = have.raw.get(key.name)
    if key.type.keyed and wanted and (raw is None or isinstance(raw, Mapping)):
        return _of_entries(key, wanted, raw or {}, have)
    if key.name in have.raw and _is_same(
        rendered(key.name, wanted), raw, normal(key.name, raw), wanted
    ):
        return []
    in_force = key.name not in have.waiting and effective(key.name, have) == wanted
    return [Difference(key.name, normal(key.name, raw), wanted, "want", in_force)]


def _of_entries(
    key: Key, wanted: Mapping[str, Any], raw: Mapping[str, Any], have: DaemonHave
) -> list[Difference]:
    before = normal(key.name, raw)
    before = before if isinstance(before, Mapping) else raw
    target = rendered(key.name, wanted)
    found = []
    for inner in dict.fromkeys((*wanted, *raw)):
        old, new = before.get(inner), wanted.get(inner)
        if inner in raw and inner in wanted and _is_same(target[inner], raw[inner], old, new):
            continue
        path = f"{key.name}.{inner}"
        if inner not in wanted and path in have.others:
            continue
        in_force = path in CONTENT_PATHS and new == _snapshotter(have)
        found.append(Difference(path, old, new, "want", in_force))
    return found


def _removals(name: str, raw: Any, origin: str, have: DaemonHave) -> list[Difference]:
    """The key as a whole, or what in it is not another's."""
    others = [path for path in have.others if path.startswith(f"{name}.")]
    if not others or not isinstance(raw, Mapping):
        return [_removal(name, raw, origin, have)]
    mine = {f"{name}.{inner}": value for inner, value in raw.items()}
    return [Difference(p, v, None, origin) for p, v in mine.items() if p not in others]


def _removal(name: str, raw: Any, origin: str, have: DaemonHave) -> Difference:
    key = BY_NAME.get(name)
    default = default_of(key, have.cgroup_version) if key else None
    if key is None:  # the engine does not know it, so nothing changes when it goes
        return Difference(name, raw, None, origin, True)
    is_default = default is not None and effective(name, have) == default
    in_force = is_default and name not in have.waiting
    return Difference(name, normal(name, raw), None, origin, in_force)


def _snapshotter(have: DaemonHave) -> Any:
    features = have.raw.get("features")
    value = features.get("containerd-snapshotter") if isinstance(features, Mapping) else None
    if value is None and version(have.engine) < (29,):
        return False
    return value


def _is_same(target: Any, raw: Any, before: Any, wanted: Any) -> bool:
    """Equal in normal form, and written in a way that the engine reads."""
    return bool(before == wanted) and _shape(target) == _shape(raw)


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted({repr(_shape(item)) for item in value})
    return type(value).__name__
