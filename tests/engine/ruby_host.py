"""A test host with the tools that are written in Ruby, and our command on its PATH."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.hosts import TestHost, engine_clean, start_host

ADAPTERS = "/opt/dockwright/adapters"
STARTS = "/root/starts"  # a line for each start of the command
# Compiled once, as an installed package is; the checkout is mounted read-only.
COMMAND = f"""#!/bin/sh
echo "$@" >> {STARTS}
export PYTHONPATH=/opt/dockwright/plugins/module_utils:{ADAPTERS}/cli
export PYTHONPYCACHEPREFIX=/var/cache/dockwright-tests
exec python3 -m dockwright_cli "$@"
"""


@contextmanager
def ruby_host(recipe: str) -> Iterator[TestHost]:
    """A host of its own for a module of tests: more would be too many at a time."""
    host = start_host(recipe)
    try:
        host.write("/usr/local/bin/dockwright", COMMAND, mode=0o755)
        yield host
    finally:
        host.stop()


def starts(host: TestHost) -> list[str]:
    """How the command was started since this was asked last."""
    found = host.exec(["sh", "-c", f"touch {STARTS}; cat {STARTS}; rm {STARTS}"]).stdout
    return found.splitlines()


def fresh(host: TestHost) -> None:
    """Nothing on the engine, and no starts counted."""
    engine_clean(host)
    starts(host)


class Run:
    """One run of a tool: its exit status and what it said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.text = done.stdout + done.stderr

    def lines(self, pattern: str) -> list[str]:
        """The lines that hold this pattern."""
        return [line for line in self.text.splitlines() if re.search(pattern, line)]


def puppet(host: TestHost, manifest: str, options: Sequence[str] = ()) -> Run:
    """`puppet apply` of a manifest."""
    host.write("/root/site.pp", manifest)
    argv = ["puppet", "apply", "--color=false", "--detailed-exitcodes", f"--modulepath={MODULES}"]
    return Run(host.exec([*argv, *options, "/root/site.pp"], check=False, timeout=300))


MODULES = f"{ADAPTERS}/puppet"
