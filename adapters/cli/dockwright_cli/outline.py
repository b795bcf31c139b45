"""What the parser knows, as plain records: completions and the man page are made of them."""

from __future__ import annotations

import argparse
from typing import NamedTuple

# Options whose value is a file or a folder, though their rows only say that it is a text.
_PATHS = ("cert_path", "config_file", "pidfile", "out", "root")

_FILES = ("SPEC", "FILE", "SRC", "DEST")  # arguments that are paths


class Flag(NamedTuple):
    """An option: its spellings, what it takes (``values``: words, ``is_path``, or any text)."""

    names: tuple[str, ...]
    help: str
    takes: str = ""  # what stands for its value; empty: it takes none
    values: tuple[str, ...] = ()
    is_path: bool = False


class Argument(NamedTuple):
    """What stands without a dash."""

    name: str
    help: str
    values: tuple[str, ...]
    is_path: bool
    many: bool
    optional: bool


class Verb(NamedTuple):
    """A verb with what may follow it; the groups of its options in order."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    groups: tuple[tuple[str, tuple[Flag, ...]], ...]

    @property
    def flags(self) -> tuple[Flag, ...]:
        """All options."""
        return tuple(flag for _, flags in self.groups for flag in flags)


def top_flags(parser: argparse.ArgumentParser) -> tuple[Flag, ...]:
    """The options of the command itself."""
    return tuple(_flag(action) for action in parser._actions if action.option_strings)


def verbs(parser: argparse.ArgumentParser) -> tuple[Verb, ...]:
    """The verbs in their order."""
    (choices,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in choices._choices_actions}
    return tuple(_verb(name, helps[name], sub) for name, sub in choices.choices.items())


def _verb(name: str, text: str, parser: argparse.ArgumentParser) -> Verb:
    arguments = tuple(_argument(a) for a in parser._actions if not a.option_strings)
    groups = []
    for group in parser._action_groups:
        flags = tuple(_flag(a) for a in group._group_actions if a.option_strings)
        if flags:
            groups.append((group.title or "", flags))
    return Verb(name, text, arguments, tuple(groups))


def _flag(action: argparse.Action) -> Flag:
    text = _text(action)
    if action.nargs == 0:
        return Flag(tuple(action.option_strings), text)
    words = _words(action)
    shown = action.metavar if isinstance(action.metavar, str) else "|".join(words)
    is_path = action.dest in _PATHS
    return Flag(tuple(action.option_strings), text, shown or action.dest.upper(), words, is_path)


def _argument(action: argparse.Action) -> Argument:
    words = _words(action)
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    many = action.nargs in ("*", "+", argparse.REMAINDER)
    return Argument(name, _text(action), words, name in _FILES, many, action.nargs in ("*", "?"))


def _words(action: argparse.Action) -> tuple[str, ...]:
    if action.choices is not None:
        return tuple(map(str, action.choices))
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return tuple(metavar.split("|")) if "|" in metavar else ()


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")
