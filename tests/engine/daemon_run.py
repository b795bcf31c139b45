"""Plan and apply keys of daemon.json on the host this runs on: JSON in, JSON out.

Request: {spec, foreign, restart, check, timeout, unit, scope}.
Answer: {changes, pending, warnings, error}.
"""

from __future__ import annotations

import json
import sys

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import Endpoint
from dockwright.errors import DockwrightError, EngineUnreachable
from dockwright.host.machine import Host
from dockwright.kinds.daemon.apply import apply
from dockwright.kinds.daemon.have import read
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.remember import remember
from dockwright.kinds.daemon.want import parse


def main() -> None:
    request = json.load(sys.stdin)
    host = Host(unit=request.get("unit", "docker.service"))
    engine = Engine(Endpoint("unix:///var/run/docker.sock", None, "test"))
    memory = host.memory(_engine_id(engine))
    answer: dict[str, object] = {}
    try:
        want = parse(request["spec"], "daemon")
        have = read(host, engine, memory, scope=request.get("scope", "daemon"))
        run = {key: request[key] for key in ("foreign", "restart", "ignore") if key in request}
        made = plan(want, have, **run)
        answer["changes"] = [
            [c.action.value, c.path, c.before, c.after, c.disruption.word, c.cause.value]
            for c in made.changes
        ]
        answer["pending"] = [notice.path for notice in made.pending]
        answer["warnings"] = list(made.warnings)
        if not request.get("check") and made.changes:
            apply(
                want,
                have,
                made.changes,
                host,
                engine,
                timeout=request.get("timeout", 60),
                defers=bool(made.pending),
            )
        if not request.get("check"):
            remember(want, have, made, host, memory)
            memory.save()
    except DockwrightError as error:
        answer["error"] = str(error)
    json.dump(answer, sys.stdout)


def _engine_id(engine: Engine) -> str:
    try:
        return str(engine.get("/info")["ID"])
    except EngineUnreachable:
        return ""


main()
