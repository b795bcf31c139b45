"""What `make test` ends with: the status of both of its runs, and last the names of what failed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.hosts.machine import CHECKOUT

# In place of pytest: one run is of tests/engine, the other of the rest.
RUN = """#!/bin/sh
case $1 in tests/engine) half=engine ;; *) half=rest ;; esac
echo "the run of $half"
case " {bad} " in *" $half "*) ;; *) exit 0 ;; esac
echo "FAILED tests/test_$half.py::test_it - it is wrong"
exit 1
"""


@pytest.mark.parametrize("bad", ["", "engine", "rest", "engine rest"])
def test_its_end(tmp_path: Path, bad: str) -> None:
    for folder in ("scripts", "tests/engine", "tests/unit"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(CHECKOUT / "scripts/check", tmp_path / "scripts/check")
    for name, text in (("venv", "#!/bin/sh\n"), ("lint", "#!/bin/sh\n"), ("test", RUN)):
        script = tmp_path / "scripts" / name
        script.write_text(text.replace("{bad}", bad))
        script.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "scripts/check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == (1 if bad else 0), done.stderr
    for half in ("engine", "rest"):
        assert f"the run of {half}" in done.stdout
    _, _, end = done.stdout.partition("== What failed, of both runs\n")
    failed = [f"FAILED tests/test_{half}.py::test_it - it is wrong" for half in bad.split()]
    assert end.splitlines() == failed
