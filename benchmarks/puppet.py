"""A second run of N containers under Puppet, and of an empty catalog, in turns.

It starts a test host with the distribution's puppet-agent. Needs the development environment:

    . scripts/env && python benchmarks/puppet.py --containers 20 --json puppet.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.engine.ruby_host import Run, puppet, ruby_host, starts
from tests.hosts import TestHost, tiny

TITLES = {
    "first": "first run",
    "empty": "an empty catalog",
    "clean": "second run",
    "empty_catalog": "an empty catalog, as Puppet counts",
    "clean_catalog": "second run, as Puppet counts",
}


def manifest(count: int) -> str:
    """A catalog of so many containers on one network."""
    containers = [
        f"""
        dockwright_container {{ 'bench-{index}':
          image             => '{tiny.TINY}',
          command           => ['sleep', '1000000'],
          networks          => ['bench'],
          environment       => {{'INDEX' => '{index}', 'MODE' => 'production'}},
          labels            => {{'team' => 'bench'}},
          mem_limit         => '64m',
          read_only         => true,
          stop_grace_period => '0s',
        }}"""
        for index in range(count)
    ]
    return "\n".join(["dockwright_network { 'bench': }", *containers])


def measured(host: TestHost, text: str, status: int) -> tuple[float, float, Run]:
    """Seconds of a run in all, and of its catalog alone."""
    began = time.perf_counter()
    run = puppet(host, text)
    took = time.perf_counter() - began
    if run.status != status:
        sys.exit(f"puppet ended with {run.status}, not with {status}:\n{run.text}")
    applied = run.lines("Applied catalog in")[0].split(" in ")[1].split()[0]
    return took, float(applied), run


def main() -> None:
    """Measure, write the file, print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--containers", type=int, default=20, metavar="N")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument("--recipe", default="debian-13-ruby", help="the sort of test host")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    given = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in TITLES}
    site = manifest(given.containers)
    with ruby_host(given.recipe) as host:
        times["first"].append(measured(host, site, 2)[0])
        starts(host)
        for _ in range(given.repeats):
            for name, text in (("empty", ""), ("clean", site)):
                took, catalog, _ = measured(host, text, 0)
                times[name].append(took)
                times[f"{name}_catalog"].append(catalog)
        started = len(starts(host)) / given.repeats
    medians = {name: round(median(values), 2) for name, values in times.items()}
    found = {
        "containers": given.containers,
        "more_than_empty": round(medians["clean"] - medians["empty"], 2),
        "processes": started,
        "medians": medians,
        "times": times,
        "load": round(os.getloadavg()[0], 1),
    }
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    for name, title in TITLES.items():
        values = times[name]
        print(f"{title:<40}{median(values):8.2f}{min(values):8.2f}{max(values):8.2f}")
    print(f"{'second run, more than an empty catalog':<40}{found['more_than_empty']:8.2f}")
    print(f"processes of dockwright in a second run {started:8.2f}; load {found['load']}")


if __name__ == "__main__":
    main()
