"""Compose files given by their paths are read where the front end runs, not where the core acts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from ...named_tuple import NamedTuple
from ...values import wrong


class Here(NamedTuple):
    """The machine on which Compose files and env files are read."""

    locate: Callable[[str], str]  # a path as the user wrote it, absolute
    read: Callable[[str], str | None]  # a file's text, None when it is not there
    environment: Mapping[str, str]
    is_managed_host: bool


def this_machine(*, is_managed_host: bool) -> Here:
    """Here is where we run: paths from the working directory, the process's environment."""
    return Here(os.path.abspath, _read_text, os.environ, is_managed_host)


def _read_text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise wrong(path, f"cannot be read: {reason}") from None


def read_compose(
    params: Mapping[str, Any], here: Here, warn: Callable[[str], None]
) -> dict[str, Any]:
    """The options of a front end with ``compose`` as a mapping, where it is a path or several.

    The mapping says what the files say and needs no other file and no variable of this machine.
    ``compose_env_files`` are read and gone; everything else stays as it is. ``warn`` is told of
    variables that are not set. Raises SpecError.
    """
    if params.get("compose") is None:
        return dict(params)
    from .compose_files import read  # what few tasks need is not loaded for all

    return read(params, here, warn)
