"""What a Compose service mounts: volumes by their short name, relative paths, secrets, configs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...errors import nearest
from ...values import kind_of, parse_list, parse_mapping, parse_text, wrong
from ..container.refused import GRANTS
from .names import Resource


def absolute(path: str, directory: str, where: str) -> str:
    """A path of the managed host; a relative one starts from ``directory``."""
    if path.startswith("/"):
        return path
    if path.startswith("~"):
        raise wrong(where, f"'{path}' depends on who runs it", "write an absolute path")
    if not directory:
        fix = "write an absolute path, or give compose_directory"
        raise wrong(where, f"the path '{path}' is relative, and nothing says to what", fix)
    return posixpath.normpath(posixpath.join(directory, path))


def volumes(value: Any, known: Mapping[str, Resource], directory: str, where: str) -> list[Any]:
    """The ``volumes`` of a service with the engine's names and absolute paths."""
    result: list[Any] = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        if isinstance(item, Mapping):
            result.append(_long(parse_mapping(item, path), known, directory, path))
        else:
            source, colon, rest = parse_text(item, path).partition(":")
            if colon:
                source = _source(source, known, directory, path)
            result.append(source + colon + rest)
    return result


def _source(source: str, known: Mapping[str, Resource], directory: str, where: str) -> str:
    if source.startswith((".", "/", "~")):
        return absolute(source, directory, where)
    return volume_name(source, known, where)


def volume_name(key: str, known: Mapping[str, Resource], where: str) -> str:
    """The engine's name of a volume."""
    if key not in known:
        fix = nearest(key, known) or f"add {key} to volumes at the top of the file"
        raise wrong(where, f"the volume '{key}' is not declared", fix)
    return known[key].name


def _long(
    entry: dict[str, Any], known: Mapping[str, Resource], directory: str, where: str
) -> dict[str, Any]:
    source = entry.get("source")
    if source is None:
        return entry
    text = parse_text(source, f"{where}.source")
    form = entry.get("type")
    if form == "bind":
        entry["source"] = absolute(text, directory, f"{where}.source")
    elif form in (None, "volume"):
        entry["source"] = volume_name(text, known, f"{where}.source")
    return entry


def device(options: dict[str, Any], directory: str, where: str) -> None:
    """A volume of driver local that is a bind of a host path: the path made absolute."""
    opts = options.get("driver_opts")
    if isinstance(opts, dict) and "bind" in str(opts.get("o", "")).split(","):
        path = str(opts.get("device", ""))
        if path.startswith("."):
            opts["device"] = absolute(path, directory, f"{where}.driver_opts.device")


# --- secrets and configs -------------------------------------------------------------------------

_FOLDERS = {"secrets": "/run/secrets", "configs": ""}
_NOT_FOR_BINDS = ("uid", "gid", "mode")


def granted(
    section: str, value: Any, declared: Mapping[str, Any], directory: str, where: str
) -> list[dict[str, Any]]:
    """The ``secrets`` or ``configs`` of a service, as Compose mounts their files: read-only."""
    return [
        _grant(section, item, declared, directory, f"{where}[{index}]")
        for index, item in enumerate(parse_list(value, where))
    ]


def _grant(
    section: str, value: Any, declared: Mapping[str, Any], directory: str, where: str
) -> dict[str, Any]:
    entry = parse_mapping(value, where) if isinstance(value, Mapping) else {"source": value}
    for key in entry:
        if key in _NOT_FOR_BINDS:
            fix = "leave it out, and give the file on the managed host that owner and mode"
            raise wrong(f"{where}.{key}", "has no effect on a file that is mounted", fix)
        if key not in ("source", "target"):
            raise wrong(f"{where}.{key}", "unknown key", "known keys: source, target")
    name = parse_text(entry.get("source") or "", where)
    target = parse_text(entry.get("target") or name, f"{where}.target")
    return {
        "type": "bind",
        "source": _file(section, name, declared, directory, where),
        "target": target if target.startswith("/") else f"{_FOLDERS[section]}/{target}",
        "read_only": True,
        "bind": {"create_host_path": False},
    }


def _file(section: str, name: str, declared: Mapping[str, Any], directory: str, where: str) -> str:
    if name not in declared:
        fix = nearest(name, declared) or f"add {name} to {section} at the top of the file"
        raise wrong(where, f"'{name}' is not declared", fix)
    path = f"compose.{section}.{name}"
    definition = declared[name]
    if not isinstance(definition, Mapping):
        raise wrong(path, f"must be a mapping, not {kind_of(definition)}")
    if definition.get("file") is None:
        fix = f"put it into a file on the managed host, and name that file: {section}.{name}.file"
        raise wrong(path, "is not a file, and only files can be mounted", fix)
    for key in definition:
        if key in GRANTS and definition[key] not in (None, False):
            raise wrong(f"{path}.{key}", "has no effect on a file that is mounted", GRANTS[key])
        if key not in (*GRANTS, "file", "name"):
            raise wrong(f"{path}.{key}", "unknown key", "known keys: file, name")
    return absolute(parse_text(definition["file"], f"{path}.file"), directory, f"{path}.file")
