"""Plans that are kept in a file: written by ``plan -o``, carried out by ``apply FILE``.

The file names the spec and has the changes with secrets covered; of the values that must be the
same again it holds a fingerprint alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dockwright import api

from .documents import InputError, write_private

_FORM = 2
_KEY = "dockwright_plan"


class Kept(NamedTuple):
    """A plan as its file has it."""

    specs: tuple[str, ...]  # the files of one spec
    options: dict[str, Any]  # of the run
    saved: api.Saved


def new() -> api.Saved:
    """What a plan that is to be saved is made with."""
    import secrets  # few plans are kept

    return api.Saved(secrets.token_hex(16))


def write(
    path: str, specs: Iterable[str], options: Mapping[str, Any], salt: str, report: api.Report
) -> None:
    """Keep a plan; the file is for its owner alone, and there whole or not at all."""
    content = {
        _KEY: _FORM,
        "specs": [os.path.abspath(spec) for spec in specs],
        "options": dict(options),
        "salt": salt,
        "fingerprint": report.fingerprint,
        "planned": api.titles(report.plan.changes),
        "changes": [api.change_dict(change) for change in report.plan.changes],
    }
    write_private(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def kept_in(document: Any, path: str) -> Kept | None:
    """The plan in what was read from a file; None where it is a spec."""
    if not isinstance(document, dict) or _KEY not in document:
        return None
    try:
        if document[_KEY] != _FORM:
            raise ValueError("another form")
        bytes.fromhex(document["salt"])
        saved = api.Saved(document["salt"], document["fingerprint"], tuple(document["planned"]))
        specs = tuple(os.fspath(spec) for spec in document["specs"])
        return Kept(specs, dict(document["options"]), saved)
    except (KeyError, TypeError, ValueError):
        fix = "save it again with plan -o"
        raise InputError(f"{path} is no plan that this version has saved", fix) from None
