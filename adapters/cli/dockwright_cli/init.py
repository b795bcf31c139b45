"""Writing a spec down: YAML for people, in a file for its owner alone or on standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from .documents import InputError, write_private

_HEAD = """\
# What there was on this host. The plan of it is empty here:
#   dockwright plan {name}
# It holds the values of environment variables, so keep it as you keep passwords.
"""


def refuse_taken(path: str, *, force: bool) -> None:
    """Raise InputError where a file would be lost."""
    if os.path.lexists(path) and not force:
        raise InputError(f"{path} is there already", "choose another name, or say --force")


def write(spec: Mapping[str, Any], path: str | None, *, force: bool) -> None:
    """Write a spec to a file, whole or not at all, or to standard output for None."""
    text = _HEAD.format(name=path or "FILE") + _text(spec)
    if path is None:
        sys.stdout.write(text)
        return
    refuse_taken(path, force=force)  # somebody may have been faster
    write_private(path, text)


def _text(spec: Mapping[str, Any]) -> str:
    try:
        import yaml
    except ImportError:
        fix = "run: pip install 'dockwright[cli]', or say --json"
        raise InputError("a spec is written as YAML, and PyYAML is not installed", fix) from None
    # Every YAML is read the same with these settings, long texts and odd characters too.
    text: str = yaml.safe_dump(
        json.loads(json.dumps(spec)), sort_keys=False, allow_unicode=True, width=100
    )
    return text
