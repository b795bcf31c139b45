"""A no-op of a whole host: one `host` task against a task that only answers, on one connection.

A test host is started, brought to a spec, and then asked for it again and again, in turns with a
trivial module, in one playbook. Needs the development environment:

    . scripts/env && python benchmarks/host.py --json host.json
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from noop import install

from tests.hosts import RECIPES, TINY, TestHost, start_host

WEB = {"image": TINY, "command": ["sleep", "1000000"], "networks": ["back"]}
SPEC: dict[str, Any] = {
    "project": "bench",
    "daemon": {
        "log-driver": "local",
        "log-opts": {"max-size": "10m"},
        "live-restore": True,
        "default-address-pools": [{"base": "10.210.0.0/16", "size": 24}],
    },
    "networks": {"back": {"internal": True}},
    "volumes": {"data": {}},
    "containers": {
        "db": {**WEB, "volumes": ["data:/data"], "environment": {"MODE": "production"}},
        "web": {**WEB, "depends_on": ["db"], "mem_limit": "64m"},
        "worker": {**WEB, "restart": "unless-stopped"},
    },
    "purge": True,
}
TRIVIAL = {"name": "trivial", "ansible.builtin.ping": {}}


def inventory(host: TestHost) -> dict[str, Any]:
    """The test host, reached as any other: Ansible copies modules there and runs them."""
    reached = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": host.name,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    return {"all": {"hosts": {"host": reached}}}


def play(folder: Path, tasks: list[dict[str, Any]]) -> list[tuple[str, float, dict[str, Any]]]:
    """Name, seconds and result of each task."""
    playbook = folder / "tasks.yml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", str(folder / "hosts.yml"), str(playbook)],
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        sys.exit(f"it did not go well:\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout[done.stdout.index("{") :])
    return [
        (task["task"]["name"], _seconds(task["task"]["duration"]), task["hosts"]["host"])
        for task in found["plays"][0]["tasks"]
    ]


def _seconds(duration: dict[str, str]) -> float:
    start, end = (datetime.fromisoformat(duration[key].rstrip("Z")) for key in ("start", "end"))
    return (end - start).total_seconds()


def measure(host: TestHost, folder: Path, spec: dict[str, Any], repeats: int) -> dict[str, Any]:
    """Bring the host to the spec, then both tasks in turns."""
    (folder / "hosts.yml").write_text(json.dumps(inventory(host)))
    whole = {"name": "whole", "dockwright.docker.host": spec}
    play(folder, [whole])
    # The first pair of a playbook pays for what the others share.
    results = play(folder, [TRIVIAL, whole] * (repeats + 1))[2:]
    changed = [result["changes"] for name, _, result in results if result["changed"]]
    if changed:
        sys.exit(f"that was no no-op: {changed[0]}")
    times = {
        name: [round(seconds * 1000) for title, seconds, _ in results if title == name]
        for name in ("trivial", "whole")
    }
    above = [whole - trivial for trivial, whole in zip(times["trivial"], times["whole"])]
    return {
        "above_trivial_ms": median(above),
        "least_above_trivial_ms": min(times["whole"]) - min(times["trivial"]),
        "kinds": sorted(set(spec) - {"project", "purge"}),
        "times_ms": times,
        "engine": host.engine_version,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def table(found: dict[str, Any]) -> str:
    """The result for people."""
    lines = [f"{'a no-op of ' + ', '.join(found['kinds']):<60}{'median':>8}{'least':>8}"]
    for name, title in (
        ("trivial", "a trivial module (ping), milliseconds"),
        ("whole", "dockwright.docker.host, milliseconds"),
    ):
        times = found["times_ms"][name]
        lines.append(f"{title:<60}{median(times):8.0f}{min(times):8.0f}")
    above = f"{found['above_trivial_ms']:8.0f}{found['least_above_trivial_ms']:8.0f}"
    lines.append(f"{'above the trivial one':<60}{above}")
    lines.append(f"{found['cores']} cores, load {found['load']}, engine {found['engine']}")
    return "\n".join(lines)


def main() -> None:
    """Start the host, measure, write the file, print the table, stop the host."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--recipe", choices=RECIPES, default="debian-13", help="the test host")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="pairs of tasks")
    parser.add_argument("--spec", type=Path, metavar="FILE", help="another spec, as JSON")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    given = parser.parse_args()
    if "ANSIBLE_COLLECTIONS_PATH" not in os.environ:
        sys.exit("first: . scripts/env")
    spec = json.loads(given.spec.read_text()) if given.spec else SPEC
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the host is stopped
    with tempfile.TemporaryDirectory(prefix="dockwright-bench-") as folder:
        install(Path(folder))
        host = start_host(given.recipe)
        try:
            host.load_tiny()
            found = measure(host, Path(folder), spec, given.repeats)
        finally:
            host.stop()
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
