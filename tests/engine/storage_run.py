"""Apply a storage on the host this runs on, and be killed on the way: JSON in, JSON out.

Request: {document, at, when}: the run kills itself ``before`` or ``after`` the moment ``at``. That
is a step as it is noted, or the n-th call of one that acts on the host ("start 1", see `_ACTS`);
`copying` is in the middle of a copy. Answer, where it lives: {moments, message, failed}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from dockwright.api import Connection, converge
from dockwright.host.journal import Journal
from dockwright.host.machine import Host
from dockwright.kinds.storage import rebuild, worlds
from dockwright.kinds.storage.work import Work

_ACTS = (
    (Work, "halt"),
    (Work, "start"),
    (Work, "write_config"),
    (rebuild, "set_aside"),
    (rebuild, "copy_shared"),
    (rebuild, "shift_tree"),
    (rebuild, "seed_names"),
    (rebuild, "load"),
    (rebuild, "carry_over"),
    (worlds, "_rename"),
)
_moments: list[str] = []


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killing(call: Callable[..., Any], name: str, request: Mapping[str, Any]) -> Callable[..., Any]:
    """The same call; the run dies at its n-th time, where the request says so."""
    count = 0

    def called(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        moment = f"{name} {count}"
        _moments.append(moment)
        is_it = moment == request.get("at")
        if is_it and request["when"] == "before":
            _die()
        found = call(*args, **options)
        if is_it:
            _die()
        return found

    return called


def _noting(write: Callable[..., None], request: Mapping[str, Any]) -> Callable[..., None]:
    """The same note; the run dies before or after it is on disk."""

    def noted(self: Journal, record: Mapping[str, Any]) -> None:
        is_it = record.get("step") == request.get("at")
        if is_it and request["when"] == "before":
            _die()
        write(self, record)
        _moments.append(str(record.get("step")))
        if is_it:
            _die()

    return noted


def _copying(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same command; the run dies as soon as the copy has made its first entry."""

    def watched(self: Host, argv: Sequence[str], **options: Any) -> Any:
        if argv[0] == "cp":

            def watch() -> None:
                while not (os.path.isdir(argv[-1]) and os.listdir(argv[-1])):
                    time.sleep(0.001)
                _die()

            threading.Thread(target=watch, daemon=True).start()
        return run(self, argv, **options)

    return watched


def main() -> None:
    request = json.load(sys.stdin)
    Journal.write = _noting(Journal.write, request)
    for place, name in _ACTS:
        setattr(place, name, _killing(getattr(place, name), name, request))
    if request.get("at") == "copying":
        Host.run = _copying(Host.run)
    report = converge(request["document"], connection=Connection())
    message = "; ".join(problem.text() for problem in report.problems)
    answer = {"moments": _moments, "message": message, "failed": report.failed}
    json.dump(answer, sys.stdout)


main()
