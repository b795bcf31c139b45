"""The arguments of the verbs for actions; their options come from the core's rows."""

from __future__ import annotations

import argparse

from dockwright import api

from .rows import add_rows

_INFO = "_info"
INFO = tuple(name[: -len(_INFO)] for name in api.ACTIONS if name.endswith(_INFO))
_CHECK = "only say what would be done"


def add_exec(verb: argparse.ArgumentParser) -> None:
    """``exec [OPTION...] NAME [--] COMMAND...``."""
    verb.usage = "%(prog)s [OPTION...] NAME [--] COMMAND..."
    verb.add_argument("name", metavar="NAME", help="the container, by its exact name")
    verb.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="the program and its arguments; no shell runs it. Options go before NAME",
    )
    verb.add_argument("--check", action="store_true", help=_CHECK)
    verb.add_argument(
        "-i",
        "--stdin",
        "--interactive",
        action="store_true",
        help="read standard input to its end, and give it to the command",
    )
    _add_options(verb, "container_exec", but=("name", "command", "stdin"))


def add_copy(verb: argparse.ArgumentParser) -> None:
    """``copy SRC NAME:PATH`` and ``copy NAME:PATH DEST``."""
    verb.add_argument(
        "src",
        metavar="SRC",
        help="a file or a folder, or NAME:PATH in a container. With a slash at the end of a folder"
        " only what it holds",
    )
    verb.add_argument(
        "dest",
        metavar="DEST",
        help="the other side: the file, or the folder that SRC goes to. With a slash at its end"
        " a file comes into that folder",
    )
    verb.add_argument("--check", action="store_true", help=_CHECK)
    verb.add_argument("--diff", action="store_true", help="show what is another")
    _add_options(verb, "container_copy", but=("name", "path", "content", "src", "dest"))


def add_export(verb: argparse.ArgumentParser) -> None:
    """``export NAME FILE``."""
    verb.add_argument("name", metavar="NAME", help="the container, by its exact name")
    verb.add_argument("file", metavar="FILE", help="the tar, written where it holds something else")
    verb.add_argument("--check", action="store_true", help=_CHECK)


def add_prune(verb: argparse.ArgumentParser) -> None:
    """``prune --containers --images unused …``."""
    verb.add_argument("--check", action="store_true", help="only show what would go")
    _add_options(verb, "prune", but=())


def add_info(verb: argparse.ArgumentParser) -> None:
    """``info KIND [NAME...] --filter KEY=VALUE``."""
    verb.add_argument("kind", choices=INFO, metavar="|".join(INFO), help="of which kind")
    verb.add_argument("names", nargs="*", metavar="NAME", help="exactly its name; else all")
    verb.add_argument(
        "--filter",
        "-f",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only those with it: label=KEY, label=KEY=VALUE, project=NAME, state=WORD",
    )
    verb.add_argument(
        "--inspect",
        action="store_true",
        help="the engine's own description of each, in JSON; values of variables are masked",
    )


def _add_options(verb: argparse.ArgumentParser, kind: str, but: tuple[str, ...]) -> None:
    add_rows(verb, (row for row in api.ACTIONS[kind] if row.name not in but))
