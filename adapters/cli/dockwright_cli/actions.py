"""The verbs for actions: arguments to what the core is asked, its answer to what people see."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dockwright import api

from . import screen
from .arguments import NOT_RUN
from .documents import InputError

_FAILED, _INTERRUPTED = 1, 130
_COLUMNS = {
    "container": ("name", "image", "status", "ports", "project"),
    "image": ("name", "size", "tags"),
    "network": ("name", "driver", "subnets", "project"),
    "volume": ("name", "driver", "mountpoint", "project"),
    "plugin": ("name", "state", "source"),
}
_FILTERS = {"labels": "label"}  # as the docker command calls it
_SINGLE = ("project", "state")


class _NotWritten(Exception):
    """Standard output or error cannot be written; the core would take an OSError for its own."""


def execute(args: argparse.Namespace, connection: api.Connection) -> int:
    """Run a command in a container, and end as it does."""
    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    params = {**_rows("container_exec", args), "command": words, "stdin": None}
    params["environment"] = [_variable(text) for text in args.environment or ()] or None
    if args.stdin and not args.check:
        params["stdin"] = sys.stdin.buffer.read()
    more = {} if args.json else {"output": _write}
    try:
        answer = api.act("container_exec", params, connection, check=args.check, **more)
    except _NotWritten as error:
        if isinstance(error.__cause__, BrokenPipeError):
            raise error.__cause__ from None
        raise InputError(f"cannot write what the command says: {error}") from error
    except KeyboardInterrupt:
        _say(f"interrupted; the command may still run in container {args.name}")
        return _INTERRUPTED
    if args.json:
        screen.show_json(answer)
    else:
        _tell_of_run(args, answer)
    if not answer["failed"]:
        return 0
    return int(answer["rc"] or NOT_RUN) if _has_ended(answer) else NOT_RUN


def _has_ended(answer: Mapping[str, Any]) -> bool:
    """Whether the command has been run, and the engine has told how it ended."""
    return answer["rc"] is not None and answer["rc"] >= 0


def _tell_of_run(args: argparse.Namespace, answer: Mapping[str, Any]) -> None:
    sys.stdout.flush()
    _warn(answer)
    if args.check and not answer["failed"]:
        print(answer["message"])
    elif _is_to_tell(args, answer):
        _say(answer["message"])


def _is_to_tell(args: argparse.Namespace, answer: Mapping[str, Any]) -> bool:
    """Whether the exit status and what the command wrote leave something open."""
    if _has_ended(answer):
        return bool(answer["failed"]) and answer["rc"] == 0  # a success that `--success` leaves out
    return bool(answer["failed"]) or not args.quiet


def _variable(text: str) -> str:
    """``NAME=VALUE`` as it is; ``NAME`` with the value that it has here."""
    return text if "=" in text or text not in os.environ else f"{text}={os.environ[text]}"


def _write(stream: int, content: bytes) -> None:
    file = (sys.stderr if stream == 2 else sys.stdout).buffer
    try:
        file.write(content)
        file.flush()
    except OSError as error:
        raise _NotWritten(error.strerror or error) from error


def copy(args: argparse.Namespace, connection: api.Connection) -> int:
    """Have a file or a folder on the other side."""
    params = {**_rows("container_copy", args), "src": None, "dest": None}
    inside = [_inside(args.src), _inside(args.dest)]
    if bool(inside[0]) == bool(inside[1]):
        which = "both sides are" if inside[0] else "neither side is"
        raise InputError(f"{which} in a container", "write one of them as NAME:PATH")
    if inside[0]:
        dest = _outside(args.dest)
        into = "/" if os.path.isdir(dest) and not dest.endswith("/") else ""
        params.update(zip(("name", "path"), inside[0]), dest=dest + into)
    else:
        params.update(zip(("name", "path"), inside[1]), src=_outside(args.src))
    return _done(args, api.act("container_copy", params, connection, check=args.check))


def _inside(text: str) -> tuple[str, str] | None:
    """``NAME:PATH`` in its parts, as the docker command reads it; None for a path on the host."""
    name, colon, path = text.partition(":")
    return (name, path) if colon and name and not text.startswith(("/", ".")) else None


def _outside(text: str) -> str:
    if text == "-":
        raise InputError("- is no file", "name /dev/stdin for what comes in, else a file")
    return os.path.join(os.getcwd(), text)


def export(args: argparse.Namespace, connection: api.Connection) -> int:
    """Have the files of a container in a tar."""
    params = {"name": args.name, "dest": _outside(args.file)}
    return _done(args, api.act("container_export", params, connection, check=args.check))


def _done(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    if args.json:
        screen.show_json(answer)
    elif answer["failed"]:
        _warn(answer)
        _say(answer["message"])
    else:
        _warn(answer)
        print(answer["message"])
        if getattr(args, "diff", False):
            screen.show_diff(_diff(answer["diff"]), args.color)
    return _status(args, answer)


def _diff(found: Mapping[str, Any]) -> Iterator[str]:
    """Both sides, line by line."""
    sides = [_lines(found.get(side) or {}) for side in ("before", "after")]
    yield from difflib.unified_diff(*sides, "before", "after", lineterm="")


def _lines(side: Mapping[str, Any]) -> list[str]:
    """One side of a file, with what it holds, or of the paths in a folder."""
    lines = []
    for key, value in side.items():
        if isinstance(value, Mapping):
            lines.append(f"{key}: " + ", ".join(f"{name} {item}" for name, item in value.items()))
        elif key == "content":
            lines += str(value).splitlines()
        else:
            lines.insert(0, f"{key}: {value}")
    return lines


def prune(args: argparse.Namespace, connection: api.Connection) -> int:
    """Remove what nothing needs any more."""
    answer = api.act("prune", _rows("prune", args), connection, check=args.check)
    if args.json:
        screen.show_json(answer)
        return _status(args, answer)
    _warn(answer)
    if answer["failed"]:
        _say(answer["message"])
        return _FAILED
    rows = [[item["kind"], item["name"], item["size"]] for item in answer["items"]]
    screen.show_table(("kind", "name", "size"), rows)
    print(answer["message"])
    return _status(args, answer)


def info(args: argparse.Namespace, connection: api.Connection) -> int:
    """Show the objects of one kind."""
    wanted: dict[str, list[str]] = {"name": list(args.names)} if args.names else {}
    known = _filters_of(args.kind)
    for text in args.filter:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--filter {text} has no value", "write it as KEY=VALUE")
        if key not in known:
            fix = "one of " + ", ".join(known)
            raise InputError(f"--filter {key} is none of {args.kind}s", fix)
        wanted.setdefault(known[key], []).append(value)
    params = {
        key: values[0] if key in _SINGLE and len(values) == 1 else values
        for key, values in wanted.items()
    }
    params = {"inspect": args.inspect, **params}
    answer = api.act(f"{args.kind}_info", params, connection, check=True)
    if args.json or (args.inspect and not answer["failed"]):
        screen.show_json(answer)
    elif answer["failed"]:
        _say(answer["message"])
    else:
        columns = _COLUMNS[args.kind]
        found = answer[f"{args.kind}s"]
        screen.show_table(columns, [[screen.cell(item[key]) for key in columns] for item in found])
    if not answer["failed"] and answer["missing"]:
        _say(f"there is no {args.kind} " + ", ".join(answer["missing"]))
        return _FAILED
    return _FAILED if answer["failed"] else 0


def _filters_of(kind: str) -> dict[str, str]:
    """The keys that `--filter` has, and the rows that they are of."""
    names = {row.name for row in api.ACTIONS[f"{kind}_info"]} - {"name", "inspect"}
    return {_FILTERS.get(name, name): name for name in sorted(names)}


def _rows(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """What was said on the command line of the options of an action."""
    return {row.name: getattr(args, row.name, None) for row in api.ACTIONS[kind]}


def _status(args: argparse.Namespace, answer: Mapping[str, Any]) -> int:
    if answer["failed"]:
        return _FAILED
    return 2 if args.detailed_exitcodes and answer["changed"] else 0


def _warn(answer: Mapping[str, Any]) -> None:
    for text in answer["warnings"]:
        _say(f"warning: {text}")


def _say(text: str) -> None:
    for line in text.splitlines():
        print(f"dockwright: {line}", file=sys.stderr)


VERBS = {"copy": copy, "exec": execute, "export": export, "info": info, "prune": prune}
