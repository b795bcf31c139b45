"""The collection that is built for Galaxy: what is in it, and the core that is packed there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.unit.test_floor import floor_interpreter

ROOT = Path(__file__).resolve().parents[2]
UTILS = "plugins/module_utils"
PACKAGE = "ansible_collections.dockwright.docker.plugins.module_utils"


def built(folder: Path) -> Path:
    command = [ROOT / "scripts/collection", "--output", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built."""
    return built(tmp_path_factory.mktemp("built"))


def content(tarball: Path) -> dict[str, bytes]:
    """The files in a tarball."""
    with tarfile.open(tarball) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in files.items() if file}


def test_the_same_files_make_the_same_tarball(tarball: Path, tmp_path: Path) -> None:
    assert built(tmp_path).read_bytes() == tarball.read_bytes()


def test_it_has_what_git_has_and_only_the_seam_is_another(tarball: Path) -> None:
    files = content(tarball)
    made = {"MANIFEST.json", "FILES.json", f"{UTILS}/core.py"}
    for name in set(files) - made:
        assert files[name] == (ROOT / name).read_bytes(), name
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert set(files) - made <= set(listed)
    assert {name for name in listed if name.startswith("plugins/")} <= set(files)
    assert {"LICENSE", "README.md", "meta/runtime.yml", "changelogs/changelog.yaml"} <= set(files)
    assert not [name for name in files if name.startswith(("tests/", "scripts/", "adapters/", "."))]


def test_it_does_not_tell_where_it_was_built(tarball: Path) -> None:
    with tarfile.open(tarball) as tar:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in tar} == {(0, 0, 0, "", "")}
    words = [str(ROOT).encode()] if len(ROOT.parts) > 2 else []
    for name, text in content(tarball).items():
        assert [word for word in words if word in text] == [], name


PROGRAM = f"""
import traceback
from {PACKAGE}.core import api
from {PACKAGE}.dockwright import errors, spec
from {PACKAGE}.dockwright.host.machine import Host
assert api.DockwrightError is errors.DockwrightError
assert spec.__package__ == "{PACKAGE}.dockwright"

where = api.Connection(docker_host="unix:///nowhere/docker.sock")
wanted = {{"daemon": {{"log-driver": "local"}}, "containers": {{"web": {{"image": "nginx"}}}}}}
report = api.converge(wanted, connection=where, host=Host(root="empty"), check=True)
print(report.failed, [c.name for c in report.plan.changes if c.kind == "container"])
try:
    spec.parse_document(3, None)
except api.DockwrightError:
    print(traceback.format_exc())
"""


@pytest.mark.parametrize("python", ["this", "floor"])
def test_the_packed_core_works_alone(python: str, tarball: Path, tmp_path: Path) -> None:
    interpreter = sys.executable if python == "this" else floor_interpreter()
    if interpreter is None:
        pytest.skip("there is no Python 3.9 on this machine")
    seam = tmp_path.joinpath(*PACKAGE.split("."), "core.py")
    seam.parent.mkdir(parents=True)
    seam.write_bytes(content(tarball)[f"{UTILS}/core.py"])
    env = {"PYTHONPATH": str(tmp_path), "HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [interpreter, "-c", PROGRAM],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("False ['web']\n"), done.stdout + done.stderr
    # A traceback names the file and shows the line, as if the core were there as files.
    source = (ROOT / UTILS / "dockwright/spec.py").read_text().splitlines()
    number = next(n for n, line in enumerate(source, 1) if "def parse_document" in line)
    places = [line for line in done.stdout.splitlines() if "in parse_document" in line]
    file, line = places[0].split('"')[1], int(places[0].split("line ")[1].split(",")[0])
    assert file == str(seam.parent / "dockwright/spec.py")
    assert number < line < number + 50
    assert source[line - 1].strip() in done.stdout
