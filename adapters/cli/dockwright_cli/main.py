"""The command ``dockwright``: from the arguments to the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from dockwright import api

from . import arguments, plans, screen
from .documents import InputError, read_document, read_request
from .merging import Spec, merged

FAILED = 1
INTERRUPTED = 130
_TOOL = "the command line"


def main(argv: list[str] | None = None) -> int:
    """Run one command; whatever goes wrong is said in words on standard error."""
    api.speak_to(_TOOL)
    words = sys.argv[1:] if argv is None else argv
    failed = arguments.NOT_RUN if arguments.verb_of(words) == "exec" else FAILED
    try:
        status = _run(arguments.parsed(words))
        sys.stdout.flush()
        return status
    except (InputError, api.DockwrightError) as error:
        _complain(str(error))
        return failed
    except KeyboardInterrupt:
        _complain("interrupted. The next run finishes or undoes what was begun")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has gone; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failed
    except Exception as error:  # noqa: BLE001 - the top edge: a traceback helps nobody and may leak
        _complain(api.bug(error).text())
        return failed


def _complain(text: str) -> int:
    for line in text.splitlines():
        print(f"dockwright: {line}", file=sys.stderr)
    return FAILED


def _run(args: argparse.Namespace) -> int:
    verbs: dict[str, Callable[[argparse.Namespace], int]] = {
        "plan": _converge,
        "apply": _converge,
        "completion": _completion,
        "drift": _converge,
        "facts": _facts,
        "fmt": _fmt,
        "init": _init,
        "man": _man,
        "rollback": _rollback,
        "schema": _schema,
        "serve": _serve,
    }
    return verbs.get(args.verb, _act)(args)


def _converge(args: argparse.Namespace) -> int:
    if getattr(args, "root", None) == "":  # a script's variable that is not set
        raise InputError("--root is empty", "name the folder where the image's root is mounted")
    options = arguments.given(args)
    if args.spec:
        return _documents(args, options)
    if not args.json or getattr(args, "root", None):
        raise InputError("no spec is named", "name a file, or - for standard input")
    from . import requests

    asked = read_request(sys.stdin)
    answer = requests.respond(asked, options, check=args.verb != "apply", progress=_progress(args))
    return _print(args, answer)


def _documents(args: argparse.Namespace, options: arguments.Given) -> int:
    """Converge specs one after the other, up to the first that fails."""
    reports: list[api.Report] = []
    tasks = _tasks(args, options)  # all are read before the first is applied
    if getattr(args, "root", None):
        from . import image

        is_plan = any(task.saved for task in tasks)
        image.refuse_others(args, options, count=len(tasks), is_plan=is_plan)
    for task in tasks:
        report = _run_task(task, args, options)
        reports.append(report)
        if not args.json:
            if len(tasks) > 1:
                print(f"{', '.join(task.paths)}:")
            screen.show_report(report, args.color, only_drift=args.verb == "drift")
        if report.failed:
            break
    if args.json and len(tasks) == 1:
        return _print(args, api.to_dict(reports[0]))
    if args.json:
        from . import requests

        return _print(args, requests.response([api.to_dict(report) for report in reports]))
    if FAILED in [api.exit_code(report) for report in reports]:
        return FAILED
    return 2 if args.detailed_exitcodes and any(_counts(args, r) for r in reports) else 0


class _Task(NamedTuple):
    """One document to converge, and the plan that was kept of it."""

    paths: tuple[str, ...]
    document: Any
    saved: api.Saved | None


def _tasks(args: argparse.Namespace, options: arguments.Given) -> list[_Task]:
    """The kept plans, each by itself, and then the specs."""
    if args.spec.count("-") > 1:
        raise InputError("standard input is named twice", "name it once")
    tasks, files = [], []
    for path in args.spec:
        document = read_document(path, sys.stdin)
        kept = plans.kept_in(document, path)
        if not kept:
            files.append((path, document))
            continue
        if args.verb != "apply" or options.run:
            fix = "its options are those that it was made with"
            raise InputError(f"{path} is a saved plan, for apply alone", fix)
        found = merged((spec, read_document(spec, sys.stdin)) for spec in kept.specs)
        if len(found) != 1:
            raise InputError(f"the files of {path} are not one spec any more", "save it again")
        tasks.append(_task(found[0], kept.options, kept.saved))
    specs = merged(files)
    saved = None
    if getattr(args, "out", None):
        if len(specs) > 1 or "-" in args.spec:
            raise InputError("-o keeps the plan of one spec in files", "name the files of one")
        saved = plans.new()
    return [*tasks, *(_task(spec, options.run, saved) for spec in specs)]


def _task(spec: Spec, run: Mapping[str, Any], saved: api.Saved | None) -> _Task:
    if isinstance(spec.document, dict):
        spec.document.update(run)
    return _Task(spec.paths, spec.document, saved)


def _run_task(task: _Task, args: argparse.Namespace, options: arguments.Given) -> api.Report:
    if getattr(args, "root", None):
        from . import image

        return image.converge(task.document, args, _progress(args))
    report = api.converge(
        task.document,
        connection=api.Connection.of(options.connection),
        check=args.verb != "apply",
        progress=_progress(args),
        saved=task.saved,
        origin=api.Origin(_TOOL, "host"),
    )
    if task.saved and args.verb == "plan" and not report.failed:
        plans.write(args.out, task.paths, options.run, task.saved.salt, report)
    return report


def _counts(args: argparse.Namespace, report: api.Report) -> bool:
    """Whether a report makes the exit status 2."""
    return bool(api.drift(report)) if args.verb == "drift" else report.changed


def _rollback(args: argparse.Namespace) -> int:
    options = arguments.given(args)
    connection = api.Connection.of(options.connection)
    if args.list:
        found = api.history(connection, args.project)
        if args.json:
            return _print(args, found)
        screen.show_history(found)
        return 0
    report = api.rollback(
        connection,
        (args.project, args.number),
        options.run,
        check=args.check,
        progress=_progress(args),
    )
    if args.json:
        return _print(args, api.to_dict(report))
    screen.show_report(report, args.color)
    return api.exit_code(report, detailed=args.detailed_exitcodes)


def _facts(args: argparse.Namespace) -> int:
    found = api.facts(api.Connection.of(arguments.given(args).connection))
    if args.json:
        return _print(args, found)
    if found["failed"]:
        return _complain(str(found["message"]))
    screen.show_facts(found)
    return 0


def _fmt(args: argparse.Namespace) -> int:
    from . import fmt

    return fmt.run(args.file, check=args.check)


def _init(args: argparse.Namespace) -> int:
    from . import init

    if args.out and args.json:
        raise InputError("-o writes YAML, and --json is for standard output", "keep one of them")
    if args.out:
        init.refuse_taken(args.out, force=args.force)
    found = api.describe(api.Connection.of(arguments.given(args).connection), tuple(args.names))
    if args.json:
        return _print(args, found)
    for warning in found["warnings"]:
        _complain(f"warning: {warning}")
    if found["failed"]:
        return _complain(str(found["message"]))
    init.write(found["spec"], args.out, force=args.force)
    if args.out:
        print(f"{args.out}: {found['message']}")
    return 0


def _schema(args: argparse.Namespace) -> int:
    screen.show_json(api.schema())
    return 0


def _completion(args: argparse.Namespace) -> int:
    from .completion import completion

    sys.stdout.write(completion(arguments.parser(), args.shell))
    return 0


def _man(args: argparse.Namespace) -> int:
    from .manual import manual

    sys.stdout.write(manual(arguments.parser()))
    return 0


def _act(args: argparse.Namespace) -> int:
    from . import actions

    return actions.VERBS[args.verb](args, api.Connection.of(arguments.given(args).connection))


def _serve(args: argparse.Namespace) -> int:
    if not args.json:
        raise InputError("serve answers requests in JSON alone", "add --json")
    from . import requests

    requests.serve(sys.stdin.buffer, sys.stdout, arguments.given(args), _progress(args))
    return 0


def _print(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    screen.show_json(answer)
    if answer["failed"]:
        return FAILED
    differs = answer["drift"] if args.verb == "drift" and "drift" in answer else answer["changed"]
    return 2 if getattr(args, "detailed_exitcodes", False) and differs else 0


def _progress(args: argparse.Namespace) -> Callable[[str], None] | None:
    if args.quiet:
        return None
    return lambda text: print(f"dockwright: {text}", file=sys.stderr, flush=True)
