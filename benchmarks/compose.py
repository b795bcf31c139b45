"""First creation of twenty containers: `docker compose up -d` and `dockwright apply`, in turns.

Both read the same Compose file, as commands of a test host whose engine they reach by its socket;
the image is there already. What the engine keeps is in memory: a disk whose files were removed a
moment ago makes new ones slowly (ext4 looks for places that were not just left), which no first
run meets. Needs the development environment:

    . scripts/env && python benchmarks/compose.py --containers 20
"""

from __future__ import annotations

import argparse
import json
import sys
from math import exp, log, sqrt
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.hosts import TINY, TestHost, engine_clean, start_host

FOLDER = "/srv/bench"
SPEC = {"project": "bench", "compose": [f"{FOLDER}/compose.json"]}
SIDES = {
    "compose": ["docker", "compose", "-f", f"{FOLDER}/compose.json", "up", "-d", "--quiet-pull"],
    "dockwright": [f"{FOLDER}/dockwright", "apply", "--quiet", f"{FOLDER}/site.json"],
}
# As pip has it: compiled, and with a script.
INSTALL = f"""\
mkdir -p {FOLDER}/lib
cp -r /opt/dockwright/plugins/module_utils/dockwright {FOLDER}/lib
cp -r /opt/dockwright/adapters/cli/dockwright_cli {FOLDER}/lib
python3 -m compileall -q {FOLDER}/lib
"""
SCRIPT = f"""\
#!/usr/bin/python3
import sys

sys.path.insert(0, "{FOLDER}/lib")

from dockwright_cli.__main__ import main

sys.exit(main())
"""
IN_MEMORY = """\
systemctl stop docker.socket docker containerd
mount -t tmpfs docker /var/lib/docker
mount -t tmpfs containerd /var/lib/containerd
systemctl start docker
"""
# In the host, so that reaching it costs neither side anything.
TIMED = """\
import subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(time.perf_counter() - began if done.returncode == 0 else "failed")
"""


def compose_file(count: int) -> dict[str, Any]:
    """Services as people write them; none waits for another."""
    service = {
        "image": TINY,
        "command": ["sleep", "1000000"],
        "environment": {"MODE": "production"},
        "labels": {"shop.tier": "web"},
        "restart": "unless-stopped",
        "mem_limit": "64m",
        "networks": ["back"],
        "volumes": ["data:/data"],
    }
    return {
        "name": "bench",
        "services": {f"web{number}": service for number in range(count)},
        "networks": {"back": {}},
        "volumes": {"data": {}},
    }


def measure(host: TestHost, count: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of each first run; between them all is taken away, and each side is first in turn."""
    host.load_tiny()
    host.exec(["sh", "-ec", INSTALL])
    host.write(f"{FOLDER}/dockwright", SCRIPT, mode=0o755)
    host.write(f"{FOLDER}/compose.json", json.dumps(compose_file(count)))
    host.write(f"{FOLDER}/site.json", json.dumps(SPEC))
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(-1, repeats):  # what compiles and fills caches is the same for both
        for side, command in list(SIDES.items())[:: -1 if number % 2 else 1]:
            told = host.exec(["python3", "-c", TIMED, *command])
            if told.stdout.strip() == "failed":
                sys.exit(f"{side} did not go well:\n{told.stderr}")
            running = len(host.exec(["docker", "ps", "-q"]).stdout.split())
            if running != count:
                sys.exit(f"{side} made {running} of {count} containers")
            engine_clean(host)
            if number >= 0:
                times[side].append(float(told.stdout))
        if number > 0 and number % 10 == 9:
            print(f"{number + 1} of {repeats} rounds", file=sys.stderr)
    return times


def compared(times: dict[str, list[float]]) -> tuple[float, float]:
    """Ours to Compose's, and the standard error of that.

    Each round is compared in itself, as a machine's pace changes over minutes.
    """
    rounds = [log(ours / theirs) for ours, theirs in zip(times["dockwright"], times["compose"])]
    ratio = exp(mean(rounds))
    return ratio, ratio * stdev(rounds) / sqrt(len(rounds))


def main() -> None:
    """Start a host, measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=20, metavar="N")
    parser.add_argument("--repeats", type=int, default=100, metavar="N", help="rounds, at least 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    given = parser.parse_args()
    if given.repeats < 2:
        parser.error("--repeats: one round tells nothing; give at least 2")
    host = start_host("debian-13-unstable")
    try:
        host.exec(["sh", "-ec", IN_MEMORY])
        host.wait_engine()
        times = measure(host, given.containers, given.repeats)
    finally:
        host.stop()
    middle = {side: median(values) for side, values in times.items()}
    ratio, error = compared(times)
    print(f"first run of {given.containers}, seconds{'median':>12}{'least':>8}{'most':>8}")
    for side, values in times.items():
        print(f"{side:<26}{middle[side]:12.2f}{min(values):8.2f}{max(values):8.2f}")
    print(f"ours / Compose's: {ratio:.3f} ± {error:.3f}")
    if given.json:
        given.json.write_text(json.dumps({"medians": middle, "ratio": ratio, "error": error}))


if __name__ == "__main__":
    main()
