"""The arguments of the command; those of connection and run come from the core's rows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, NamedTuple, NoReturn

from dockwright import api

from . import action_arguments as actions
from .documents import InputError
from .rows import add_rows

NOT_RUN = 125  # the exit status of exec, as `docker run` has it: no program has said this

# Of the document's own options those that belong to a run as well.
_RUN = (*api.RUN, *(row for row in api.KINDS["host"] if row.name == "purge"))


class Given(NamedTuple):
    """The options that were given, by the names of their rows."""

    connection: dict[str, Any]
    run: dict[str, Any]


def _formatter(prog: str) -> argparse.HelpFormatter:
    """As wide as the terminal. Left to itself it loads what no plan needs, for each option."""
    try:
        width = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        width = 0
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are ours: exit status 2 means "changed" here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _formatter, **options})

    def error(self, message: str) -> NoReturn:
        raise InputError(message, f"see {self.prog} --help")


def _add_converge(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "spec",
        nargs="*",
        metavar="SPEC",
        help="a YAML or JSON file, - for standard input. With --json and no SPEC a request"
        ' {"api": 1, "resources": [{"kind": …}, …]} is read from standard input',
    )
    _add_changing(verb)


def _add_changing(verb: argparse.ArgumentParser) -> None:
    _add_detailed(verb)
    _add_color(verb)
    _add_run(verb)


def _add_detailed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--detailed-exitcodes", action="store_true", help="exit with 2 when something differs"
    )


def _add_color(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="when there are colours; by itself on a terminal, unless NO_COLOR is set",
    )


def _add_rollback(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "number",
        nargs="?",
        type=int,
        metavar="NUMBER",
        help="of the list; left out: the last one before the spec that is in force",
    )
    verb.add_argument("--list", action="store_true", help="show the specs that were applied")
    verb.add_argument("--check", action="store_true", help="show the plan; change nothing")
    verb.add_argument(
        "--project",
        metavar="NAME",
        help="whose specs; an empty NAME: those without a project; left out: the only one",
    )
    _add_changing(verb)


def _add_quiet(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--quiet", "-q", action="store_true", help="no progress on standard error")


def _add_run(verb: argparse.ArgumentParser) -> None:
    _add_quiet(verb)
    add_rows(verb.add_argument_group("run"), _RUN)


def _add_init(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="a container; left out: all there is"
    )
    verb.add_argument("--out", "-o", metavar="FILE", help="write it there, for its owner alone")
    verb.add_argument("--force", action="store_true", help="write over a file that is there")


def _add_fmt(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "file",
        nargs="*",
        metavar="FILE",
        help="a YAML or JSON file, - from standard input to output",
    )
    verb.add_argument(
        "--check", action="store_true", help="only name what is not in its form, and exit with 2"
    )


def _add_out(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--out", "-o", metavar="FILE", help="keep the plan in a file, for `apply FILE`"
    )


def _add_root(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--root", metavar="DIR", help="the mounted root of an image, instead of this machine"
    )


def _add_shell(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def _add_engine(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="JSON on standard output")
    add_rows(verb.add_argument_group("engine"), api.CONNECTION)


# Each verb: what it is for, and what adds its arguments.
_VERBS: Mapping[str, tuple[str, tuple[Callable[[argparse.ArgumentParser], None], ...]]] = {
    "plan": (
        "show what apply would do; change nothing",
        (_add_out, _add_root, _add_converge, _add_engine),
    ),
    "apply": ("make the host as the spec says", (_add_root, _add_converge, _add_engine)),
    "drift": (
        "show what others have changed since the last apply",
        (_add_converge, _add_engine),
    ),
    "rollback": ("go back to a spec that was applied earlier", (_add_rollback, _add_engine)),
    "facts": ("show what there is on the host", (_add_engine,)),
    "info": ("show the objects of one kind", (actions.add_info, _add_engine)),
    "exec": ("run a command in a container", (actions.add_exec, _add_quiet, _add_engine)),
    "copy": (
        "have a file or a folder of the host in a container, or the other way round",
        (actions.add_copy, _add_color, _add_detailed, _add_engine),
    ),
    "export": (
        "have the files of a container in a tar",
        (actions.add_export, _add_detailed, _add_engine),
    ),
    "prune": (
        "remove what nothing needs any more",
        (actions.add_prune, _add_detailed, _add_engine),
    ),
    "init": ("write the spec of what is there; change nothing", (_add_init, _add_engine)),
    "fmt": ("bring spec files into their form", (_add_fmt,)),
    "schema": ("print the JSON schema of a spec", ()),
    "serve": ("answer requests of other tools, one a line", (_add_run, _add_engine)),
    "completion": ("print the completion script of a shell", (_add_shell,)),
    "man": ("print the man page", ()),
}


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line; for one ``verb`` that of the others is left empty."""
    top = _Parser(prog="dockwright", description="Docker hosts as code.")
    top.add_argument("--version", action="version", version=f"dockwright {api.VERSION}")
    verbs = top.add_subparsers(dest="verb", metavar="|".join(_VERBS), required=True)
    for name, (text, parts) in _VERBS.items():
        sub = verbs.add_parser(name, help=text)
        for add in parts if verb in (None, name) else ():
            add(sub)
    return top


def verb_of(argv: Sequence[str]) -> str:
    """The verb of a command; empty where it names none."""
    return next((word for word in argv if not word.startswith("-")), "")


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command. Raises InputError."""
    return parser(verb_of(argv)).parse_args(argv)


def given(args: argparse.Namespace) -> Given:
    """The options of connection and run that stand on the command line."""

    def of(rows: Iterable[Any]) -> dict[str, Any]:
        values = {row.name: getattr(args, row.name, None) for row in rows}
        return {name: value for name, value in values.items() if value is not None}

    return Given(of(api.CONNECTION), of(_RUN))
