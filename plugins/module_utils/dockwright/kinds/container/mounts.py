"""What is mounted: Compose's short and long forms, and the engine's Binds and Mounts.

The normal form of ``volumes`` is a dict from the path in the container to what is mounted there:
``{"/data": {"type": "volume", "source": "data"}}``; keys at their default are left out. A volume
without a source is anonymous. Sources of binds are paths on the managed host, those of images are
their references; an image is read-only whatever is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...options import Inspect, get
from ...values import (
    Parser,
    Type,
    parse_boolean,
    parse_list,
    parse_mapping,
    parse_text,
    parse_texts,
    show_size,
    size,
    wrong,
)
from ..image import reference as references
from . import binds, refused

_IGNORED_FLAGS = ("rw", "cached", "consistent", "delegated", "volume", "")  # no effect on Linux
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_SUB = {
    "bind": ("propagation", "create_host_path", "selinux", "recursive"),
    "volume": ("nocopy", "subpath"),
    "tmpfs": ("size", "mode"),
    "image": ("subpath",),
}
_REFUSED = {"volume": refused.VOLUME}


def parse_volumes(value: Any, where: str) -> dict[str, dict[str, Any]]:
    """Compose ``volumes`` of a service in normal form."""
    result: dict[str, dict[str, Any]] = {}
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        is_long = isinstance(item, Mapping)
        target, mount = _long(item, path) if is_long else _short(parse_text(item, path), path)
        binds.check_label(target, mount, path)
        if target in result:
            raise wrong(path, f"mounts {target} a second time", "keep one of the two")
        result[target] = mount
    return result


def _short(text: str, where: str) -> tuple[str, dict[str, Any]]:
    parts = text.split(":")
    if len(parts) == 1:
        return _target(parts[0], where), {"type": "volume"}
    if len(parts) > 3:
        raise wrong(where, f"has too many colons: '{text}'", "write SOURCE:TARGET[:ro]")
    source, target, flags = parts[0], parts[1], parts[2] if len(parts) == 3 else ""
    return _target(target, where), _with_flags(source, flags.split(","), where)


def _with_flags(source: str, flags: Iterable[str], where: str) -> dict[str, Any]:
    mount: dict[str, Any] = _source(source, where)
    for flag in flags:
        if flag == "ro":
            mount["read_only"] = True
        elif flag in ("z", "Z"):
            mount["selinux"] = flag
        elif flag == "nocopy" and mount["type"] == "volume":
            mount["nocopy"] = True
        elif flag in binds.PROPAGATION and mount["type"] == "bind":
            mount["propagation"] = flag
        elif flag not in _IGNORED_FLAGS:
            raise wrong(where, f"unknown mount option '{flag}'", "known: ro, rw, z, Z, nocopy")
    return _without_defaults(mount)


def _source(source: str, where: str) -> dict[str, Any]:
    if source.startswith("/"):
        return {"type": "bind", "source": _trim(source)}
    if source.startswith((".", "~")):
        fix = "give an absolute path on the managed host"
        raise wrong(where, f"the source '{source}' is a relative path", fix)
    if not _NAME.fullmatch(source):
        raise wrong(where, f"'{source}' is neither an absolute path nor the name of a volume")
    return {"type": "volume", "source": source}


def _target(text: str, where: str) -> str:
    if not text.startswith("/") or text == "/":
        raise wrong(where, f"the target '{text}' is not an absolute path in the container")
    return _trim(text)


def _trim(path: str) -> str:
    return path.rstrip("/") or "/"


def _long(value: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    entry = parse_mapping(value, where)
    form = parse_text(entry.get("type") or "volume", f"{where}.type")
    if form not in _SUB:
        raise wrong(f"{where}.type", f"is '{form}'", "must be bind, volume, tmpfs or image")
    known = ("type", "source", "target", "read_only", "consistency", form)
    for key in entry:
        if key not in known:
            raise wrong(f"{where}.{key}", f"unknown key for a {form}", "known: " + ", ".join(known))
    if entry.get("target") is None:
        raise wrong(where, "has no target", "give the path in the container as target")
    mount: dict[str, Any] = {"type": form}
    if form == "image":
        mount["source"] = references.parse(entry.get("source"), f"{where}.source").familiar
    elif entry.get("source") is not None:
        mount = _source(parse_text(entry["source"], f"{where}.source"), f"{where}.source")
    if mount["type"] != form or (form == "bind" and "source" not in mount):
        raise wrong(f"{where}.source", f"does not fit type {form}", "a bind needs an absolute path")
    is_read_only = parse_boolean(entry.get("read_only") or False, f"{where}.read_only")
    mount["read_only"] = is_read_only and form != "image"
    mount.update(_sub_options(form, entry.get(form) or {}, f"{where}.{form}"))
    target = _target(parse_text(entry["target"], f"{where}.target"), f"{where}.target")
    mount = _without_defaults(mount)
    binds.check(mount, f"{where}.{form}")
    return target, mount


def _sub_options(form: str, value: Any, where: str) -> dict[str, Any]:
    options = parse_mapping(value, where)
    parsers: dict[str, Parser] = {
        "create_host_path": parse_boolean,
        "nocopy": parse_boolean,
        "size": size(),
        "mode": _parse_mode,
    }
    result = {}
    for key, item in options.items():
        if key in _REFUSED.get(form, {}):
            message = "a single engine cannot honour it here"
            raise wrong(f"{where}.{key}", message, _REFUSED[form][key])
        if key not in _SUB[form]:
            raise wrong(f"{where}.{key}", "unknown key", "known: " + ", ".join(_SUB[form]))
        if item is not None:
            parser: Parser = parsers.get(key, parse_text)
            result[key] = parser(item, f"{where}.{key}")
    binds.check_words(result, where)
    return result


def _parse_mode(value: Any, where: str) -> int:
    # YAML reads 0755 as the number 493 and "0755" or 1777 in quotes as text: text is octal.
    if isinstance(value, str) and re.fullmatch(r"[0-7]{3,5}", value):
        return int(value, 8)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong(where, f"is not a file mode: '{value}'", "write it in quotes, as '1777'")


_DEFAULTS = {
    "read_only": False,
    "propagation": "rprivate",
    "create_host_path": True,
    "nocopy": False,
    "subpath": "",
    "selinux": "",
    "recursive": "enabled",
    "size": 0,
    "mode": 0,
}


def _without_defaults(mount: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mount.items() if value != _DEFAULTS.get(key, ...)}


def sources(fields: Mapping[str, Any], form: str) -> dict[str, str]:
    """Of mounts of one type in a container's fields: path in the container -> source, if any."""
    return {
        target: mount["source"]
        for target, mount in fields.get("volumes", {}).items()
        if mount["type"] == form and "source" in mount
    }


# --- the engine's side ---------------------------------------------------------------------------


def read_volumes(seen: Inspect) -> dict[str, dict[str, Any]]:
    """What is mounted, from Config.Volumes, HostConfig.Binds and HostConfig.Mounts."""
    found: dict[str, dict[str, Any]] = {}
    for target in get(seen.raw, "Config.Volumes") or {}:
        found[_trim(target)] = {"type": "volume"}
    for bind in get(seen.raw, "HostConfig.Binds") or ():
        source, colon, rest = bind.partition(":")
        if not colon:  # an anonymous volume, as the docker command and others send it
            found[_trim(bind)] = {"type": "volume"}
            continue
        target, *flags = rest.split(":")
        found[_trim(target)] = _read_bind(source, ",".join(flags).split(","))
    for mount in get(seen.raw, "HostConfig.Mounts") or ():
        found[_trim(mount.get("Target") or "")] = _read_mount(mount)
    for target in seen.carried:
        if _ANONYMOUS.fullmatch(found.get(target, {}).get("source", "")):
            del found[target]["source"]
    return found


def _read_bind(source: str, flags: list[str]) -> dict[str, Any]:
    form = "bind" if source.startswith("/") else "volume"
    mount: dict[str, Any] = {"type": form, "source": _trim(source)}
    for flag in flags:
        if flag == "ro":
            mount["read_only"] = True
        elif flag in ("z", "Z"):
            mount["selinux"] = flag
        elif flag == "nocopy":
            mount["nocopy"] = True
        elif flag in binds.PROPAGATION:
            mount["propagation"] = flag
    return _without_defaults(mount)


def _read_mount(raw: Mapping[str, Any]) -> dict[str, Any]:
    mount: dict[str, Any] = {"type": raw.get("Type")}
    if raw.get("Source"):
        mount["source"] = _trim(raw["Source"])
    mount["read_only"] = bool(raw.get("ReadOnly")) and mount["type"] != "image"
    if mount["type"] == "bind":
        mount.update(binds.read(raw.get("BindOptions") or {}))
    elif mount["type"] == "volume":
        options = raw.get("VolumeOptions") or {}
        mount["nocopy"] = bool(options.get("NoCopy"))
        mount["subpath"] = options.get("Subpath") or ""
    elif mount["type"] == "tmpfs":
        options = raw.get("TmpfsOptions") or {}
        mount["size"] = options.get("SizeBytes") or 0
        mount["mode"] = options.get("Mode") or 0
    elif mount["type"] == "image":
        mount["source"] = references.familiar(mount.get("source", ""))
        mount["subpath"] = (raw.get("ImageOptions") or {}).get("Subpath") or ""
    return _without_defaults(mount)


def inherit_volumes(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The anonymous volumes that an image declares."""
    return {_trim(target): {"type": "volume"} for target in config.get("Volumes") or {}}


def write_volumes(payload: dict[str, Any], volumes: Mapping[str, Mapping[str, Any]]) -> None:
    """Binds for named volumes and host paths that the engine may create, as Compose sends them.

    Mounts for what Binds cannot say.
    """
    host = payload.setdefault("HostConfig", {})
    for target, mount in volumes.items():
        if is_bindable(target, mount):
            host.setdefault("Binds", []).append(_bind_text(target, mount, mode="rw"))
        else:
            host.setdefault("Mounts", []).append(_mount_body(target, mount))


def is_bindable(target: str, mount: Mapping[str, Any]) -> bool:
    """Whether the text form of Binds can say it."""
    if mount.get("selinux"):
        return True
    if not mount.get("source") or ":" in target + mount["source"]:
        return False
    if mount["type"] == "bind":
        return bool(mount.get("create_host_path", True)) and "recursive" not in mount
    return mount["type"] == "volume" and not (mount.get("subpath") or mount.get("nocopy"))


def _bind_text(target: str, mount: Mapping[str, Any], mode: str = "") -> str:
    flags = [
        "ro" if mount.get("read_only") else mode,
        mount.get("selinux", ""),
        mount.get("propagation", ""),
        "nocopy" if mount.get("nocopy") else "",
    ]
    text = ",".join(filter(None, flags))
    return f"{mount['source']}:{target}" + (f":{text}" if text else "")


def _mount_body(target: str, mount: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"Type": mount["type"], "Target": target}
    if mount.get("source"):
        body["Source"] = mount["source"]
    if mount.get("read_only"):
        body["ReadOnly"] = True
    if mount["type"] == "bind":
        body["BindOptions"] = binds.write(mount)
    elif mount["type"] == "volume":
        options = {"NoCopy": mount.get("nocopy", False), "Subpath": mount.get("subpath", "")}
        body["VolumeOptions"] = {key: value for key, value in options.items() if value}
    elif mount["type"] == "tmpfs":
        options = {"SizeBytes": mount.get("size", 0), "Mode": mount.get("mode", 0)}
        body["TmpfsOptions"] = {key: value for key, value in options.items() if value}
    elif "subpath" in mount:
        body["ImageOptions"] = {"Subpath": mount["subpath"]}
    return body


def anonymous_volumes(raw: Mapping[str, Any], carried: frozenset[str]) -> dict[str, str]:
    """The volumes without a name of a container: path in the container -> the engine's name.

    ``carried`` are the paths whose volume was kept over an earlier replacement: those are
    mounted by their name now, and are anonymous all the same.
    """
    named = {m.get("Target") for m in get(raw, "HostConfig.Mounts") or () if m.get("Source")}
    binds = get(raw, "HostConfig.Binds") or ()
    named |= {bind.split(":")[1] for bind in binds if ":" in bind}
    return {
        _trim(mount["Destination"]): volume_name(mount)
        for mount in raw.get("Mounts") or ()
        if mount.get("Type") == "volume"
        and _ANONYMOUS.fullmatch(volume_name(mount))
        and (mount["Destination"] not in named or _trim(mount["Destination"]) in carried)
    }


def volume_name(mount: Mapping[str, Any]) -> str:
    """The name of a mounted volume, empty where it is none.

    Engine 28 leaves the name of an anonymous volume out where it came as a bind (``/data``).
    """
    folders = str(mount.get("Source") or "").split("/")
    return mount.get("Name") or (folders[-2] if folders[-1] == "_data" else "")


def write_mounts(volumes: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """The normal form as Compose's short form where that can say it, else as its long form."""
    return [_written(target, mount) for target, mount in volumes.items()]


def _written(target: str, mount: Mapping[str, Any]) -> Any:
    rest = {key: value for key, value in mount.items() if key not in ("type", "source")}
    source = mount.get("source")
    if mount["type"] == "volume" and not source and not rest:
        return target
    form = mount["type"]
    short = {"read_only", "selinux", "nocopy", "propagation"}
    if source and form != "image" and ":" not in target + source and set(rest) <= short:
        return _bind_text(target, mount)
    known = {key: value for key, value in rest.items() if key in _SUB[form]}
    entry = {"type": form, "source": source, "target": target, "read_only": rest.get("read_only")}
    return {key: value for key, value in {**entry, form: known}.items() if value}


# --- tmpfs ---------------------------------------------------------------------------------------


def parse_tmpfs(value: Any, where: str) -> dict[str, str]:
    """Compose ``tmpfs``: path -> options, the options sorted."""
    result = {}
    for index, text in enumerate(parse_texts(value, where)):
        target, _, options = text.partition(":")
        result[_target(target, f"{where}[{index}]")] = _sorted_options(options)
    return result


def _sorted_options(text: str) -> str:
    return ",".join(sorted(filter(None, (part.strip() for part in text.split(",")))))


def read_tmpfs(seen: Inspect) -> dict[str, str]:
    """HostConfig.Tmpfs in normal form."""
    found = get(seen.raw, "HostConfig.Tmpfs") or {}
    return {_trim(target): _sorted_options(options) for target, options in found.items()}


def show_volumes(value: Any) -> Any:
    """A mount for people."""
    if isinstance(value, Mapping) and "size" in value:
        return {**value, "size": show_size(value["size"])}
    return value


_ITEM = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["target"]}]}
VOLUMES = Type(
    "list of mounts",
    parse_volumes,
    "raw",
    {"type": "array", "items": _ITEM},
    show_volumes,
    keyed=True,
)
TMPFS = Type(
    "list of tmpfs mounts",
    parse_tmpfs,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    keyed=True,
)
