"""Apply a storage on the host this runs on, and be killed on the way: JSON in, JSON out.

Request: {document, at, when}: the run kills itself as it notes the step ``at``, ``before`` or
``after`` that note is on disk. Answer, where it lives: {steps, message, failed}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from dockwright.api import Connection, converge
from dockwright.host.journal import Journal


def main() -> None:
    request = json.load(sys.stdin)
    write, steps = Journal.write, []

    def noted(self: Journal, record: Mapping[str, Any]) -> None:
        is_it = record.get("step") == request.get("at")
        if is_it and request["when"] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, record)
        steps.append(record.get("step"))
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.write = noted
    report = converge(request["document"], connection=Connection())
    message = "; ".join(problem.text() for problem in report.problems)
    json.dump({"steps": steps, "message": message, "failed": report.failed}, sys.stdout)


main()
