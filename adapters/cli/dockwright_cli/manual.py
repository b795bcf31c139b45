"""The man page, made from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from dockwright import api

from .outline import Flag, Verb, top_flags, verbs

_ABOUT = """\
dockwright brings a Docker host to what a spec says: its daemon, storage, firewall, registries,
images, networks, volumes and containers. It looks at what is there, plans the changes, shows what
each of them is for and what it disturbs, and applies that very plan."""
_STATUS = (
    ("0", "Success, whether something was changed or not."),
    ("1", "Failure, or wrong use; standard error says what, where, and the way out."),
    (
        "2",
        "Something is, or would be, changed (--detailed-exitcodes); a file has another form (fmt).",
    ),
    ("125", "Of exec alone, which ends as its command does: dockwright itself has failed."),
    ("130", "Interrupted. The next run finishes or undoes what was begun."),
)
_ENVIRONMENT = (
    ("DOCKER_HOST, DOCKER_CONTEXT", "Where the engine is, as with the docker command."),
    ("NO_COLOR", "No colours, unless --color says so."),
    ("DOCKWRIGHT_STATE_DIR", "Another folder for what the host remembers."),
)
_FILES = (
    ("/var/lib/dockwright", "What the host remembers, for root alone: 0700."),
    ("~/.local/state/dockwright", "The same for other users."),
)


def manual(parser: argparse.ArgumentParser) -> str:
    """The page in the language of man(7)."""
    out = [
        f'.TH DOCKWRIGHT 1 "" "dockwright {api.VERSION}" "User Commands"',
        ".SH NAME",
        f"dockwright \\- {_roff(parser.description or '')}",
        ".SH SYNOPSIS",
        ".B dockwright",
        ".I VERB",
        "[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]",
        ".SH DESCRIPTION",
        *map(_roff, _ABOUT.splitlines()),
        ".SH OPTIONS",
        *_flags(top_flags(parser)),
        ".SH VERBS",
    ]
    for verb in verbs(parser):
        out += _verb(verb)
    for head, pairs in (
        ("EXIT STATUS", _STATUS),
        ("ENVIRONMENT", _ENVIRONMENT),
        ("FILES", _FILES),
    ):
        out.append(f".SH {head!r}".replace("'", '"'))
        out += [line for name, text in pairs for line in (".TP", f".B {_roff(name)}", _roff(text))]
    return "\n".join(out) + "\n"


def _verb(verb: Verb) -> list[str]:
    names = []
    for argument in verb.arguments:
        name = f"\\fI{_roff(argument.name)}\\fR" + ("..." if argument.many else "")
        names.append(f"[{name}]" if argument.optional else name)
    shown = " ".join([f"\\fBdockwright {verb.name}\\fR", "[\\fIOPTION\\fR...]", *names])
    out = [f'.SS "{verb.name}"', shown, ".PP", _roff(_sentence(verb.help))]
    for argument in verb.arguments:
        out += [".TP", f".I {_roff(argument.name)}", _roff(_sentence(argument.help))]
    for title, flags in verb.groups:
        if title in ("run", "engine"):
            out += [".PP", f"Options of the {title}:"]
        out += _flags(flags)
    return out


def _flags(flags: Iterable[Flag]) -> list[str]:
    out = []
    for flag in flags:
        takes = f" \\fI{_roff(flag.takes)}\\fR" if flag.takes else ""
        names = ", ".join(f"\\fB{_roff(name)}\\fR{takes}" for name in flag.names)
        out += [".TP", names, _roff(_sentence(flag.help))]
    return out


def _roff(text: str) -> str:
    """Text that means nothing to roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + text if text[:1] in (".", "'") else text


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "}")) or not text else text + "."
