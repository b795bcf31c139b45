"""What a bind may say beside its two paths: propagation, what is mounted below, SELinux labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...values import wrong

PROPAGATION = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
# Compose's word for what is mounted below the source -> the engine's.
_RECURSIVE = {
    "disabled": "NonRecursive",
    "writable": "ReadOnlyNonRecursive",
    "readonly": "ReadOnlyForceRecursive",
}


def check_words(options: Mapping[str, Any], where: str) -> None:
    """Refuse words that are none of theirs."""
    for key, word, known in (
        ("propagation", "private", PROPAGATION),
        ("recursive", "enabled", ("enabled", *_RECURSIVE)),
    ):
        if options.get(key, word) not in known:
            raise wrong(f"{where}.{key}", "unknown", "one of " + ", ".join(known))


def check(mount: Mapping[str, Any], where: str) -> None:
    """Refuse what the engine refuses or has no words for; ``mount`` is without its defaults."""
    below = mount.get("recursive", "disabled")
    if below != "disabled" and not mount.get("read_only"):
        raise wrong(f"{where}.recursive", f"{below} needs read_only", "set read_only: true too")
    if below == "readonly" and "propagation" in mount:
        raise wrong(f"{where}.recursive", "readonly needs rprivate", "leave propagation out")
    for key in ("create_host_path", "recursive"):
        if mount["type"] == "bind" and "selinux" in mount and key in mount:
            raise wrong(f"{where}.{key}", "cannot be combined with selinux", "keep one of them")


def check_label(target: str, mount: Mapping[str, Any], where: str) -> None:
    """Refuse a label beside a colon: the engine takes labels in texts with colons alone."""
    if "selinux" in mount and ":" in target + mount["source"]:
        fix = "choose paths without a colon, or label the source yourself and leave selinux out"
        raise wrong(f"{where}.bind.selinux", "cannot be said of paths with a colon", fix)


def read(options: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's BindOptions, as the spec has them."""
    below = [word for word, key in _RECURSIVE.items() if options.get(key)]
    return {
        "propagation": options.get("Propagation") or "rprivate",
        "create_host_path": bool(options.get("CreateMountpoint")),
        "recursive": below[0] if below else "enabled",
    }


def write(mount: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's BindOptions of a bind in normal form."""
    options: dict[str, Any] = {"Propagation": mount.get("propagation")}
    options["CreateMountpoint"] = mount.get("create_host_path", True)
    if "recursive" in mount:
        options[_RECURSIVE[mount["recursive"]]] = True
    return {key: value for key, value in options.items() if value}
