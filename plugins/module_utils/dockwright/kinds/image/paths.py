"""Paths on the managed host."""

from __future__ import annotations

from typing import Any

from ...values import Type, parse_text, wrong


def parse_path(value: Any, where: str) -> str:
    """An absolute path on the managed host."""
    text = parse_text(value, where)
    if not text.startswith("/"):
        raise wrong(where, f"'{text}' is not an absolute path", "write it from / on")
    return text


PATH = Type("path on the managed host", parse_path, "str", {"type": "string"})
