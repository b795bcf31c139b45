"""The relative paths in one Compose file, seen from the directory of the whole project. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Callable

from .tags import Override


def rebased(content: Mapping[str, Any], directory: str, base: str) -> dict[str, Any]:
    """A copy of a file's content whose relative paths start from ``base``, not ``directory``.

    Env and label files are read where the Compose file is: their paths become absolute.
    """

    def host(path: str) -> str:
        full = posixpath.normpath(posixpath.join(directory, path))
        short = posixpath.relpath(full, base)
        return short if short.startswith(".") else f"./{short}"

    move = _unmoved if directory == base else host

    def here(path: str) -> str:
        return posixpath.normpath(posixpath.join(directory, path))

    changes: dict[str, Callable[[Any], Any]] = {
        "services": lambda service: _service(service, move, here),
        "secrets": lambda secret: _file(secret, move),
        "configs": lambda config: _file(config, move),
        "volumes": lambda volume: _volume(volume, move),
    }
    result = dict(content)
    for section, change in changes.items():
        if isinstance(result.get(section), Mapping):
            result[section] = {name: change(item) for name, item in result[section].items()}
    return result


Move = Callable[[str], str]


def _unmoved(path: str) -> str:
    return path


def _service(service: Any, move: Move, here: Move) -> Any:
    if not isinstance(service, Mapping):
        return service
    result = dict(service)
    for key, change in (
        ("volumes", lambda item: _mount(item, move)),
        ("env_file", lambda item: _read(item, here)),
        ("label_file", lambda item: _read(item, here)),
    ):
        if result.get(key) is not None:
            result[key] = _each(result[key], change)
    return result


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Override):
        return Override(_each(value.value, change))
    return [change(item) for item in value] if isinstance(value, list) else change(value)


def _mount(item: Any, move: Move) -> Any:
    if isinstance(item, str):
        source, colon, rest = item.partition(":")
        return f"{move(source)}:{rest}" if colon and source.startswith(".") else item
    if isinstance(item, Mapping) and item.get("type") == "bind":
        return _moved(item, "source", move)
    return item


def _read(item: Any, here: Move) -> Any:
    if isinstance(item, str):
        return here(item)
    return _moved(item, "path", here) if isinstance(item, Mapping) else item


def _file(item: Any, move: Move) -> Any:
    return _moved(item, "file", move) if isinstance(item, Mapping) else item


def _volume(item: Any, move: Move) -> Any:
    opts = item.get("driver_opts") if isinstance(item, Mapping) else None
    if isinstance(opts, Mapping) and str(opts.get("device", "")).startswith("."):
        return {**item, "driver_opts": _moved(opts, "device", move)}
    return item


def _moved(entry: Mapping[str, Any], key: str, move: Move) -> Mapping[str, Any]:
    path = entry.get(key)
    if not isinstance(path, str) or path.startswith(("/", "~")):
        return entry
    return {**entry, key: move(path)}
