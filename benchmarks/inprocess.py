"""The no-op plan of N running containers in one process, against the raw requests for them.

The raw side lists the containers and inspects them one after the other over one kept-alive
connection, with nothing but ``json.loads`` done to the answers.

    . scripts/env && python benchmarks/inprocess.py --containers 100
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins/module_utils"))

from noop import PREFIX, Bench, ours

from dockwright.api import Connection, converge, document_of

SOCKET = "/var/run/docker.sock"


class Raw(http.client.HTTPConnection):
    """HTTP over the engine's socket, and nothing else."""

    def connect(self) -> None:
        """Connect to the socket in place of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)

    def get(self, path: str) -> Any:
        """The parsed answer."""
        self.request("GET", path)
        return json.loads(self.getresponse().read())


def raw(names: set[str]) -> None:
    """List all containers, and inspect those of these names."""
    connection = Raw("docker")
    for item in connection.get("/containers/json?all=true"):
        if item["Names"][0][1:] in names:
            connection.get(f"/containers/{item['Id']}/json")
    connection.close()


def timed(call: Callable[[], object]) -> float:
    """Milliseconds that a call takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Make the containers, measure in turns, remove them, print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=100, metavar="N")
    parser.add_argument("--repeats", type=int, default=21, metavar="N")
    given = parser.parse_args()
    url = f"unix://{SOCKET}"
    task = ours(PREFIX, given.containers, url)["dockwright.docker.project"]
    document, connection = document_of("project", task), Connection(docker_host=url)
    sides: dict[str, Callable[[], object]] = {
        "list and inspect, raw": lambda: raw(set(task["containers"])),
        "no-op plan (check mode)": lambda: converge(document, connection=connection, check=True),
        "no-op run": lambda: converge(document, connection=connection),
    }
    times: dict[str, list[float]] = {title: [] for title in sides}
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-") as folder:
        os.environ["DOCKWRIGHT_STATE_DIR"] = folder
        bench = Bench(Path(folder), url, given.containers)
        with bench.image(), bench.removed(PREFIX):
            report = converge(document, connection=connection)
            if report.failed or converge(document, connection=connection).changed:
                sys.exit(f"the containers could not be made: {report.problems}")
            for _ in range(given.repeats):
                for title, call in sides.items():
                    times[title].append(timed(call))
    first = median(next(iter(times.values())))
    head = f"{given.containers} containers, milliseconds"
    print(f"{head:<40}{'median':>8}{'least':>8}{'ratio':>8}")
    for title, values in times.items():
        middle = median(values)
        print(f"{title:<40}{middle:8.0f}{min(values):8.0f}{middle / first:8.2f}")


if __name__ == "__main__":
    main()
