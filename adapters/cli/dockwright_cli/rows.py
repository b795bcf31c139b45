"""Options of the command line, made from the core's rows."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any

from dockwright import api

# What people know from the docker command, beside the names of the rows.
_SHORT = {
    "environment": ("-e", "--env"),
    "user": ("-u",),
    "working_dir": ("-w", "--workdir"),
}
_MARKUP = re.compile(r"[BC]\(([^()]*)\)")
_TAKES = {
    "list of exit codes": "CODE",
    "list of texts": "TEXT",
    "mapping of texts": "NAME=VALUE",
    "octal mode": "MODE",
    "path in the container": "PATH",
    "set of texts": "TEXT",
}


def add_rows(group: Any, rows: Iterable[Any]) -> None:
    """Add an option for each row."""
    for row in rows:
        flags = ["--" + row.name.replace("_", "-"), *_SHORT.get(row.name, ())]
        text = _MARKUP.sub(r"\1", " ".join(api.documented(row))).replace("%", "%%")
        takes = _TAKES.get(row.type.name, row.type.name.upper())
        if row.type.ansible == "bool":
            group.add_argument(*flags, action=argparse.BooleanOptionalAction, help=text)
        elif row.type.schema.get("anyOf") and row.type.name != "command":  # a text or a list
            group.add_argument(*flags, action="append", metavar=takes, help=text)
        else:
            words = "|".join(row.type.schema.get("enum", ()))
            group.add_argument(*flags, metavar=words or takes, help=text)
