"""Platforms of images: ``os/architecture[/variant]`` in one spelling. Pure."""

from __future__ import annotations

import re
from typing import Any

from ...values import Type, parse_text, wrong

_SYSTEMS = ("linux", "windows", "freebsd", "darwin", "wasi")
_ALIASES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm/v7",
    "armv7l": "arm/v7",
    "armel": "arm/v6",
    "armv6l": "arm/v6",
    "i386": "386",
    "i686": "386",
}
_IMPLIED = {"arm64": "v8", "amd64": "v1"}  # the variant that goes without saying


def parse_platform(value: Any, where: str) -> str:
    """``linux/amd64``; a lone architecture is one of Linux, a lone system has any architecture."""
    text = parse_text(value, where).strip().lower()
    if not re.fullmatch(r"[a-z0-9_.-]+(/[a-z0-9_.-]+){0,2}", text):
        raise wrong(
            where, f"'{value}' is not a platform", "write it as linux/amd64 or linux/arm/v7"
        )
    first, _, rest = text.partition("/")
    if first in _SYSTEMS:
        return f"{first}/{_machine(rest)}" if rest else first
    return f"linux/{_machine(text)}"


def _machine(text: str) -> str:
    architecture, _, variant = text.partition("/")
    architecture, _, implied = _ALIASES.get(architecture, architecture).partition("/")
    variant = variant or implied
    if variant and not variant.startswith("v"):
        variant = f"v{variant}"
    if variant == _IMPLIED.get(architecture):
        variant = ""
    return f"{architecture}/{variant}" if variant else architecture


def platform_of(os: str, architecture: str, variant: str = "") -> str:
    """The platform that an engine or a registry tells in parts, in the same spelling."""
    if not architecture:
        return os.lower()
    machine = f"{architecture}/{variant}" if variant else architecture
    return f"{os or 'linux'}/{_machine(machine.lower())}".lower()


def fits(wanted: str, found: str) -> bool:
    """Whether an image for ``found`` is one for ``wanted``; what is not told fits."""
    # Not every image tells its variant, and who writes linux/arm takes any.
    return not found or all(a == b for a, b in zip(wanted.split("/"), found.split("/")) if a)


PLATFORM = Type("platform", parse_platform, "str", {"type": "string"})
