"""Twenty container states without a change by ``salt-call --local``, against Salt alone.

All sides run in turns: ``test.ping``, as many states that do nothing, and ours, both really and
with ``test=True``. What ours take above ``test.ping`` has in it what Salt takes for any states.

    . scripts/env && scripts/venv salt && python benchmarks/salt.py --containers 20
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins/module_utils"))

from noop import PREFIX, ROOT, Bench, options

from dockwright.api import Connection, converge, document_of

SIDES = {
    "test.ping": ["test.ping"],
    "states that do nothing": ["state.apply", "nothing"],
    "ours, test=True": ["state.apply", "many", "test=True"],
    "ours": ["state.apply", "many"],
}


def prepare(folder: Path, containers: dict[str, Any]) -> None:
    """The configuration of a minion without a master, and its states."""
    for name in ("states", "conf"):
        (folder / name).mkdir()
    config = {
        "id": "bench",
        "root_dir": str(folder / "root"),
        "file_client": "local",
        "file_roots": {"base": [str(folder / "states")]},
    }
    (folder / "conf/minion").write_text(json.dumps(config))
    many = {
        name: {"dockwright_container.running": [{key: value} for key, value in item.items()]}
        for name, item in containers.items()
    }
    nothing: dict[str, Any] = {name: {"test.nop": []} for name in containers}
    for name, states in (("many", many), ("nothing", nothing)):
        (folder / f"states/{name}.sls").write_text("#!json\n" + json.dumps(states))


def run(folder: Path, call: list[str]) -> float:
    """Seconds that a call takes; it must find nothing to change."""
    command = [ROOT / ".venv-salt/bin/salt-call", "--local", "-c", folder / "conf"]
    more = ["--out=json", "--retcode-passthrough"]
    began = time.perf_counter()
    done = subprocess.run([*command, *more, *call], capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    states = json.loads(done.stdout or "{}").get("local")
    results = states.values() if isinstance(states, dict) else ()
    if done.returncode or any(item["changes"] for item in results):
        sys.exit(f"{' '.join(call)} did not go well:\n{done.stdout}{done.stderr}")
    return took


def main() -> None:
    """Make the containers, measure in turns, remove them, print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=20, metavar="N")
    parser.add_argument("--repeats", type=int, default=7, metavar="N")
    given = parser.parse_args()
    url = "unix:///var/run/docker.sock"
    times: dict[str, list[float]] = {title: [] for title in SIDES}
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-") as name:
        folder = Path(name)
        os.environ["DOCKWRIGHT_STATE_DIR"] = str(folder / "state")
        os.environ["DOCKER_HOST"] = url
        bench = Bench(folder, url, given.containers)
        containers = {f"{PREFIX}-{n}": options(n) for n in range(given.containers)}
        prepare(folder, containers)
        with bench.image(), bench.removed(PREFIX):
            document = document_of("host", {"containers": containers})
            report = converge(document, connection=Connection(docker_host=url))
            if report.failed:
                sys.exit(f"the containers could not be made: {report.problems}")
            for call in SIDES.values():
                run(folder, call)
            for _ in range(given.repeats):
                for title, call in SIDES.items():
                    times[title].append(run(folder, call))
    least = median(times["test.ping"])
    head = f"{given.containers} containers, seconds"
    print(f"{head:<32}{'median':>8}{'least':>8}{'above':>8}")
    for title, values in times.items():
        middle = median(values)
        print(f"{title:<32}{middle:8.2f}{min(values):8.2f}{middle - least:8.2f}")


if __name__ == "__main__":
    main()
