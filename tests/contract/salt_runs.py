"""Run in Salt's own environment: one caller without a master that answers a request a line.

``salt_runs.py FOLDER``. A request is ``{"call": [FUNCTION, …], "with": {…}, "files": {…}}``; what
comes back has what the function returned, and the requests that were sent to engines meanwhile,
also by forked processes. ``files`` are written into the folder of states first.
"""

import json
import os
import sys
from pathlib import Path

import salt.client

from dockwright.engine import exchange

FORMULA = Path(__file__).resolve().parents[2] / "adapters/salt/formula"


def counted(path: Path) -> None:
    """Write a line for each request into a file, which forked processes share."""
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    send = exchange.Exchange.open

    def open_and_note(self: exchange.Exchange, call: exchange.Call) -> object:
        os.write(log, f"{call.method} {call.path}\n".encode())
        return send(self, call)

    exchange.Exchange.open = open_and_note


def main() -> None:
    """One caller for all requests."""
    folder = Path(sys.argv[1])
    for name in ("states", "pillar"):
        (folder / name).mkdir(exist_ok=True)
    options = {
        "id": "caller",
        "root_dir": str(folder),
        "file_client": "local",
        "file_roots": {"base": [f"{folder}/states", str(FORMULA)]},
        "pillar_roots": {"base": [f"{folder}/pillar"]},
    }
    (folder / "minion").write_text(json.dumps(options))
    counted(folder / "requests")
    caller = salt.client.Caller(c_path=str(folder / "minion"))
    for line in sys.stdin:
        request = json.loads(line)
        for name, text in request.get("files", {}).items():
            (folder / name).write_text(text)
        (folder / "requests").write_text("")
        answer = caller.cmd(*request["call"], **request.get("with", {}))
        requests = (folder / "requests").read_text().splitlines()
        print(json.dumps({"answer": answer, "requests": requests}), flush=True)


main()
