"""The command ``dockwright``: from the arguments to the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Callable

from dockwright import api

from . import arguments, requests, screen
from .documents import InputError, read_document, read_request

FAILED = 1
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command; whatever goes wrong is said in words on standard error."""
    try:
        status = _run(arguments.parser().parse_args(argv))
        sys.stdout.flush()
        return status
    except (InputError, api.DockwrightError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        _complain("interrupted. The next run finishes or undoes what was begun")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has gone; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the top edge: a traceback helps nobody and may leak
        return _complain(api.bug(error).text())


def _complain(text: str) -> int:
    for line in text.splitlines():
        print(f"dockwright: {line}", file=sys.stderr)
    return FAILED


def _run(args: argparse.Namespace) -> int:
    verbs: dict[str, Callable[[argparse.Namespace], int]] = {
        "plan": _converge,
        "apply": _converge,
        "facts": _facts,
        "schema": _schema,
    }
    return verbs[args.verb](args)


def _converge(args: argparse.Namespace) -> int:
    options = arguments.given(args)
    if args.spec:
        return _documents(args, options)
    if not args.json:
        raise InputError("no spec is named", "name a file, or - for standard input")
    asked = read_request(sys.stdin)
    answer = requests.respond(asked, options, check=args.verb == "plan", progress=_progress(args))
    return _print(args, answer)


def _documents(args: argparse.Namespace, options: arguments.Given) -> int:
    """Converge specs one after the other, up to the first that fails."""
    check = args.verb == "plan"
    connection = api.Connection.of(options.connection)
    reports: list[api.Report] = []
    # All are read before the first is applied.
    for document in [read_document(path, sys.stdin) for path in args.spec]:
        if isinstance(document, dict):
            document.update(options.run)
        report = api.converge(
            document, connection=connection, check=check, progress=_progress(args)
        )
        reports.append(report)
        if not args.json:
            head = args.spec[len(reports) - 1] if len(args.spec) > 1 else ""
            screen.show_report(report, head)
        if report.failed:
            break
    if args.json and len(args.spec) == 1:
        return _print(args, api.to_dict(reports[0]))
    if args.json:
        return _print(args, requests.response([api.to_dict(report) for report in reports]))
    statuses = [api.exit_code(report, detailed=args.detailed_exitcodes) for report in reports]
    return FAILED if FAILED in statuses else max(statuses)


def _facts(args: argparse.Namespace) -> int:
    found = api.facts(api.Connection.of(arguments.given(args).connection))
    if args.json:
        return _print(args, found)
    if found["failed"]:
        return _complain(found["message"])
    screen.show_facts(found)
    return 0


def _schema(args: argparse.Namespace) -> int:
    screen.show_json(api.schema())
    return 0


def _print(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    screen.show_json(answer)
    if answer["failed"]:
        return FAILED
    return 2 if getattr(args, "detailed_exitcodes", False) and answer["changed"] else 0


def _progress(args: argparse.Namespace) -> Callable[[str], None] | None:
    if args.quiet:
        return None
    return lambda text: print(f"dockwright: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
