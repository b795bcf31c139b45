"""First run and no-op of N containers: one `project` task against a loop of docker_container.

Beside them: a trivial playbook, and the engine alone, which creates and starts the same containers
as fast as its API is asked to. Nobody's first run can be below the two together.

All sides run in turns in the same minutes, so that what else the machine
does weighs on all of them; ratios are those of the medians. Needs the development environment:

    . scripts/env && python benchmarks/noop.py --containers 20 --json noop.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import resolve
from tests.hosts import tiny_tar

ROOT = Path(__file__).resolve().parents[1]
PREFIX = f"dockwright-bench-{os.getpid()}"
IMAGE = f"{PREFIX}:1"
SHORT = 3  # runs of what is short in a round
AT_A_TIME = 8  # requests to the engine
TITLES = {
    "trivial": "a trivial playbook (ping)",
    "engine": "the engine alone, its API without a tool",
    "first": "dockwright.docker.project, first run",
    "peer_first": "docker_container in a loop, first run",
    "noop": "dockwright.docker.project, no-op",
    "peer_noop": "docker_container in a loop, no-op",
}
RATIOS = {
    "noop_ratio": "peer / ours, no-op",
    "first_ratio": "peer / ours, first run",
    "noop_over_trivial": "ours / trivial, no-op",
    "first_over_floor": "ours / (trivial + engine alone), first run",
}


def options(index: int) -> dict[str, Any]:
    """A container as people write it, in keys that mean the same on both sides."""
    return {
        "image": IMAGE,
        "command": ["sleep", "1000000"],
        "environment": {"INDEX": str(index), "MODE": "production", "TZ": "Europe/Berlin"},
        "labels": {"com.example.team": "bench", "com.example.index": str(index)},
        "network_mode": "bridge",
        "volumes": ["/etc/hostname:/etc/outer-hostname:ro"],
        "cap_drop": ["NET_RAW"],
        "read_only": True,
    }


def ours(side: str, count: int, docker_host: str) -> dict[str, Any]:
    """The task that has all containers as one project."""
    containers = {
        f"{side}-{index}": {
            **options(index),
            "mem_limit": "64m",
            "restart": "unless-stopped",
            "stop_grace_period": "0s",
        }
        for index in range(count)
    }
    return {
        "dockwright.docker.project": {
            "name": side,
            "containers": containers,
            "docker_host": docker_host,
        }
    }


def peer(side: str, count: int, docker_host: str) -> dict[str, Any]:
    """The task that has the same containers, one after the other."""
    items = [{"name": f"{side}-{index}", **options(index)} for index in range(count)]
    fields = {key: f"{{{{ item.{key} }}}}" for key in items[0]}
    fields["env"] = fields.pop("environment")
    return {
        "community.docker.docker_container": {
            **fields,
            "state": "started",
            "memory": "64m",
            "restart_policy": "unless-stopped",
            "docker_host": docker_host,
        },
        "loop": items,
        "loop_control": {"label": "{{ item.name }}"},
    }


def bare(index: int) -> dict[str, Any]:
    """The same container as the engine's API has it."""
    same = options(index)
    return {
        "Image": same["image"],
        "Cmd": same["command"],
        "Env": [f"{name}={value}" for name, value in same["environment"].items()],
        "Labels": same["labels"],
        "HostConfig": {
            "NetworkMode": same["network_mode"],
            "Binds": same["volumes"],
            "CapDrop": same["cap_drop"],
            "ReadonlyRootfs": same["read_only"],
            "Memory": 64 * 2**20,
            "RestartPolicy": {"Name": "unless-stopped"},
        },
    }


def install(folder: Path) -> None:
    """Build the collection and have Ansible use it, as those who get it from Galaxy do."""
    build = [ROOT / "scripts/collection", "--output", folder]
    tarball = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    target = str(folder / "collections")
    command = [
        "ansible-galaxy",
        "collection",
        "install",
        "--force",
        "--offline",
        "-p",
        target,
        tarball,
    ]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = target


class Bench:
    """The playbooks in a folder, what they made on the engine, and the times they took."""

    def __init__(self, folder: Path, docker_host: str, count: int) -> None:
        self.folder = folder
        self.docker_host = docker_host
        self.count = count
        self.times: dict[str, list[float]] = {}

    def write(self, name: str, task: dict[str, Any]) -> None:
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [{"name": name, **task}],
        }
        (self.folder / f"{name}.yml").write_text(json.dumps([play]))  # JSON is YAML

    def play(self, name: str, measured: str, changed: bool) -> None:
        """Run a playbook, check that it did what it should, and note the time."""
        command = ["ansible-playbook", "-i", "localhost,", str(self.folder / f"{name}.yml")]
        # What dockwright remembers of these containers goes away with the folder.
        env = {**os.environ, "DOCKWRIGHT_STATE_DIR": str(self.folder / "state")}
        started = time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env, check=False
        )
        took = time.perf_counter() - started
        recap = re.search(r"changed=(\d+)", done.stdout)
        if done.returncode or not recap or (recap[1] != "0") != changed:
            sys.exit(f"{name} ({measured}) did not go well:\n{done.stdout}{done.stderr}")
        self._took(measured, took)

    def _took(self, measured: str, seconds: float) -> None:
        self.times.setdefault(measured, []).append(seconds)
        print(f"  {measured:<12}{seconds:8.2f} s", file=sys.stderr, flush=True)

    def alone(self, side: str) -> None:
        """Have the engine create and start the containers, and note the time."""
        engine = Engine(resolve(self.docker_host))

        def make(index: int) -> None:
            name = {"name": f"{side}-{index}"}
            identity = engine.post("/containers/create", bare(index), name)["Id"]
            engine.post(f"/containers/{identity}/start")

        started = time.perf_counter()
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            list(threads.map(make, range(self.count)))
        self._took("engine", time.perf_counter() - started)
        engine.close()

    def docker(self, *argv: str, check: bool = True) -> str:
        """The output of a docker command on the engine that is measured."""
        done = subprocess.run(
            ["docker", "-H", self.docker_host, *argv], capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            sys.exit(f"docker {' '.join(argv)[:200]}: {done.stderr.strip()}")
        return done.stdout

    def remove(self, side: str) -> int:
        """Remove the containers of one side, by their exact names; how many there were."""
        found = self.docker("ps", "-aq", "--filter", f"name=^/{side}-[0-9]+$").split()
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda id: self.docker("rm", "-fv", id, check=False), found))
        return len(found)

    def round(self, number: int, *, with_peer: bool) -> None:
        """Both sides, one after the other; what is short is measured several times."""
        side = f"{PREFIX}-{number}"
        self.write(f"{side}-ours", ours(f"{side}-ours", self.count, self.docker_host))
        self.write(f"{side}-peer", peer(f"{side}-peer", self.count, self.docker_host))
        with self.removed(f"{side}-bare"):
            self.alone(f"{side}-bare")
        with self.removed(f"{side}-ours"):
            self.play(f"{side}-ours", "first", changed=True)
            for _ in range(SHORT):
                self.play("trivial", "trivial", changed=False)
                self.play(f"{side}-ours", "noop", changed=False)
        if with_peer:
            with self.removed(f"{side}-peer"):
                self.play(f"{side}-peer", "peer_first", changed=True)
                self.play(f"{side}-peer", "peer_noop", changed=False)

    @contextlib.contextmanager
    def removed(self, side: str) -> Iterator[None]:
        """However it ends, nothing is left."""
        try:
            yield
        except BaseException:
            # A module may outlive its ansible-playbook for a while, and make more.
            quiet = 0
            while quiet < 3:
                quiet = 0 if self.remove(side) else quiet + 1
                time.sleep(1)
            raise
        self.remove(side)

    @contextlib.contextmanager
    def image(self) -> Iterator[None]:
        """The image of the containers, under a name of this run alone."""
        try:
            self.docker("load", "-i", str(tiny_tar(IMAGE)))
            yield
        finally:
            self.docker("rmi", IMAGE, check=False)


def result(bench: Bench) -> dict[str, Any]:
    """What the JSON file holds; without the peer its ratios are null."""
    medians = {name: round(median(times), 3) for name, times in bench.times.items()}

    def ratio(above: str, below: str) -> float | None:
        return round(medians[above] / medians[below], 2) if above in medians else None

    floor = medians["trivial"] + medians["engine"]
    return {
        "containers": bench.count,
        "noop_ratio": ratio("peer_noop", "noop"),
        "first_ratio": ratio("peer_first", "first"),
        "noop_over_trivial": ratio("noop", "trivial"),
        "first_over_floor": round(medians["first"] / floor, 2),
        "medians": medians,
        "times": {name: [round(t, 3) for t in times] for name, times in bench.times.items()},
        "machine": {
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "system": platform.platform(),
            "ansible": _version("ansible-playbook", "--version"),
            "engine": bench.docker("version", "-f", "{{.Server.Version}}").strip(),
        },
    }


def _version(*command: str) -> str:
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return out.split("\n")[0]


def table(found: dict[str, Any]) -> str:
    """The result for people."""
    head = f"{found['containers']} containers, seconds"
    lines = [f"{head:<40}{'median':>8}{'least':>8}{'most':>8}{'runs':>6}"]
    for name, title in TITLES.items():
        times = found["times"].get(name)
        if times:
            values = f"{median(times):8.2f}{min(times):8.2f}{max(times):8.2f}{len(times):6}"
            lines.append(f"{title:<40}{values}")
    lines += [
        f"{title:<40}{found[key]:8.2f}" for key, title in RATIOS.items() if found[key] is not None
    ]
    machine = found["machine"]
    lines.append(
        f"{machine['cores']} cores, load {machine['load']}, Python {machine['python']}, "
        f"{machine['ansible']}, engine {machine['engine']}"
    )
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=20, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="rounds of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    parser.add_argument(
        "--peer",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure community.docker, too (it takes nearly all of the time)",
    )
    parser.add_argument(
        "--source",
        action="store_true",
        help="measure the checkout in place of the collection that is built from it",
    )
    parser.add_argument(
        "--docker-host",
        default=os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
        help="the engine to use; default: DOCKER_HOST, or the machine's",
    )
    return parser.parse_args()


def main() -> None:
    """Measure, write the file, print the table."""
    given = arguments()
    if "ANSIBLE_COLLECTIONS_PATH" not in os.environ:
        sys.exit("first: . scripts/env")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is removed
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-") as folder:
        if not given.source:
            install(Path(folder))
        bench = Bench(Path(folder), given.docker_host, given.containers)
        bench.write("trivial", {"ansible.builtin.ping": {}})
        bench.play("trivial", "warm-up", changed=False)
        del bench.times["warm-up"]
        with bench.image():
            for number in range(given.repeats):
                print(f"round {number + 1} of {given.repeats}", file=sys.stderr, flush=True)
                bench.round(number, with_peer=given.peer)
        found = result(bench)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
