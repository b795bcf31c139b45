"""Apply a document on the host this runs on, and get a signal after a step: JSON in, JSON out.

Request: {document, step, signal, check}. ``step`` counts what touches the host; 0: live on. The
signal is SIGKILL unless told, so it dies there.
Answer (of one that lives): {failed, changed, problems, changes, steps}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from dockwright.api import converge
from dockwright.engine.client import Engine
from dockwright.host.files import Files
from dockwright.host.service import Service
from dockwright.report import to_dict


def main() -> None:
    request = json.load(sys.stdin)
    steps: list[str] = []
    for owner, names in (
        (Files, ("write_atomic", "remove")),
        (Service, ("reload", "restart", "reset_failed", "start")),
        (Engine, ("post",)),
    ):
        for name in names:
            setattr(owner, name, _counted(getattr(owner, name), steps, request))
    report = to_dict(converge(request["document"], check=request.get("check", False)))
    json.dump({**report, "steps": steps}, sys.stdout, default=str)


def _counted(original: Any, steps: list[str], request: dict[str, Any]) -> Any:
    def call(*args: Any, **more: Any) -> Any:
        result = original(*args, **more)
        steps.append(original.__name__)
        if len(steps) == request["step"]:
            os.kill(os.getpid(), request.get("signal", signal.SIGKILL))
        return result

    return call


main()
