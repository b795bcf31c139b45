"""``dockwright plan`` of twenty containers without a change, against a Python that does nothing.

Both run in turns, as processes of their own, the way a person calls them: the spec is YAML, and all
that is imported is compiled already, as it is in an installation.

    . scripts/env && python benchmarks/command.py --containers 20
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins/module_utils"))

import yaml
from noop import PREFIX, Bench, options

OURS = [sys.executable, "-m", "dockwright_cli"]
SIDES = {"nothing": [sys.executable, "-c", "pass"], "help": [*OURS, "--help"]}


def run(command: list[str], environment: dict[str, str]) -> float:
    """Seconds that a command takes; it must end well."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)} did not go well:\n{done.stdout}{done.stderr}")
    return took


def measured(folder: Path, count: int, repeats: int, url: str) -> dict[str, list[float]]:
    """The times of each side; the containers are there meanwhile, and the plan of them is empty."""
    environment = {**os.environ, "DOCKWRIGHT_STATE_DIR": str(folder / "state"), "DOCKER_HOST": url}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    bench = Bench(folder, url, count)
    spec = folder / "site.yml"
    containers = {f"{PREFIX}-{n}": options(n) for n in range(count)}
    spec.write_text(yaml.safe_dump({"containers": containers}))
    sides = {**SIDES, "plan": [*OURS, "plan", "--detailed-exitcodes", str(spec)]}
    times: dict[str, list[float]] = {side: [] for side in sides}
    with bench.image(), bench.removed(PREFIX):
        run([*OURS, "apply", "--quiet", str(spec)], environment)
        for command in sides.values():
            run(command, environment)
        for _ in range(repeats):
            for side, command in sides.items():
                times[side].append(run(command, environment))
    return times


def main() -> None:
    """Make the containers, measure in turns, remove them, print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=20, metavar="N")
    parser.add_argument("--repeats", type=int, default=11, metavar="N")
    parser.add_argument("--docker-host", default="unix:///var/run/docker.sock", metavar="URL")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-") as name:
        times = measured(Path(name), given.containers, given.repeats, given.docker_host)
    least = median(times["nothing"])
    print(f"{given.containers} containers, seconds{'median':>14}{'least':>8}{'ratio':>8}")
    for side, values in times.items():
        middle = median(values)
        print(f"{side:<24}{middle:14.3f}{min(values):8.3f}{middle / least:8.1f}")
    if given.json:
        found = {side: median(values) for side, values in times.items()}
        given.json.write_text(json.dumps({"medians": found, "ratio": found["plan"] / least}))


if __name__ == "__main__":
    main()
