"""The collection that is built for Galaxy: what is in it, and the core that is packed there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
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
    made = {"MANIFEST.json", "FILES.json", f"{UTILS}/core.py", f"{UTILS}/packed.py"}
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


def unpacked(tarball: Path, folder: Path) -> Path:
    """The two files that the modules have the core from, alone; the path of the first."""
    seam = folder.joinpath(*PACKAGE.split("."), "core.py")
    seam.parent.mkdir(parents=True, exist_ok=True)
    for name in ("core.py", "packed.py"):
        seam.with_name(name).write_bytes(content(tarball)[f"{UTILS}/{name}"])
    return seam


@pytest.mark.parametrize("python", ["this", "floor"])
def test_the_packed_core_works_alone(python: str, tarball: Path, tmp_path: Path) -> None:
    interpreter = sys.executable if python == "this" else floor_interpreter()
    if interpreter is None:
        pytest.skip("there is no Python 3.9 on this machine")
    seam = unpacked(tarball, tmp_path)
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
    assert file == "dockwright/spec.py" and (seam.parent / file).exists() is False
    assert number < line < number + 50
    assert source[line - 1].strip() in done.stdout


# --- code that is kept on the managed host -------------------------------------------------------

RUN = f"""
import sys
from {PACKAGE} import core
took = "{PACKAGE}.packed" in sys.modules
if sys.argv[1] == "keep":
    core.keep()
print("compiled" if took else "loaded", len(core.IMPORTER.compiled))
"""


class Kept:
    """A folder of the memory, and runs that have the core from the packed files."""

    def __init__(self, tarball: Path, folder: Path) -> None:
        unpacked(tarball, folder / "lib")
        self.path = folder / "lib"
        self.folder = folder / "state"
        self.folder.mkdir(mode=0o700)

    @property
    def file(self) -> Path:
        """The one file that is kept."""
        (found,) = self.folder.iterdir()
        return found

    def run(self, verb: str = "look") -> str:
        env = {
            "PYTHONPATH": str(self.path),
            "DOCKWRIGHT_STATE_DIR": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-c", RUN, verb]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[0]


@pytest.fixture
def kept(tarball: Path, tmp_path: Path) -> Kept:
    """Nothing is kept yet."""
    return Kept(tarball, tmp_path)


def test_code_is_kept_only_by_who_may_write(kept: Kept) -> None:
    assert kept.run() == "compiled"
    assert list(kept.folder.iterdir()) == []
    assert kept.run("keep") == "compiled"
    assert kept.file.stat().st_mode & 0o777 == 0o600
    before = kept.file.stat()
    assert kept.run() == kept.run("keep") == "loaded"
    after = kept.file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_where_there_is_no_memory_none_is_made(kept: Kept) -> None:
    kept.folder.rmdir()
    assert kept.run("keep") == "compiled"
    assert not kept.folder.exists()


def _file_of_others(kept: Kept) -> None:
    os.chown(kept.file, 12345, -1)


def _folder_of_others(kept: Kept) -> None:
    os.chown(kept.folder, 12345, -1)


def _linked_file(kept: Kept) -> None:
    kept.file.rename(kept.path / "elsewhere")
    (kept.folder / f"code-{sys.implementation.cache_tag}").symlink_to(kept.path / "elsewhere")


def _linked_folder(kept: Kept) -> None:
    kept.folder.rename(kept.path / "elsewhere")
    kept.folder.symlink_to(kept.path / "elsewhere")


def _other_sort(kept: Kept) -> None:
    file = kept.file
    file.unlink()
    file.mkdir()


def _cut_short(kept: Kept) -> None:
    kept.file.write_bytes(kept.file.read_bytes()[:-100])


def _garbled(kept: Kept) -> None:
    text = kept.file.read_bytes()
    kept.file.write_bytes(text[:-100] + b"x" * 100)


def _of_another_version(kept: Kept) -> None:
    text = kept.file.read_bytes()
    end = text.index(b"\n", 5)
    kept.file.write_bytes(text[: end - 1] + b"?" + text[end:])


DOUBTS: dict[str, Callable[[Kept], object]] = {
    "file: others may write": lambda kept: kept.file.chmod(0o602),
    "file: the group may write": lambda kept: kept.file.chmod(0o620),
    "file: of somebody else": _file_of_others,
    "file: a link": _linked_file,
    "file: a folder": _other_sort,
    "file: cut short": _cut_short,
    "file: garbled": _garbled,
    "file: of another version": _of_another_version,
    "file: empty": lambda kept: kept.file.write_bytes(b""),
    "folder: others may write": lambda kept: kept.folder.chmod(0o707),
    "folder: the group may write": lambda kept: kept.folder.chmod(0o770),
    "folder: of somebody else": _folder_of_others,
    "folder: a link": _linked_folder,
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_code_is_not_believed_where_somebody_else_may_have_written_it(
    doubt: str, kept: Kept
) -> None:
    if "of somebody else" in doubt and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    kept.run("keep")
    assert kept.run() == "loaded"
    DOUBTS[doubt](kept)
    assert kept.run() == "compiled"


@pytest.mark.parametrize("doubt", [name for name in DOUBTS if name.startswith("folder")])
def test_no_code_is_kept_in_a_folder_that_others_reach(doubt: str, kept: Kept) -> None:
    if "of somebody else" in doubt and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    kept.run("keep")
    DOUBTS[doubt](kept)
    before = {path.name: path.read_bytes() for path in kept.folder.iterdir()}
    assert kept.run("keep") == "compiled"
    assert {path.name: path.read_bytes() for path in kept.folder.iterdir()} == before


def test_what_cannot_be_believed_is_replaced(kept: Kept) -> None:
    kept.run("keep")
    kept.file.chmod(0o602)
    assert kept.run("keep") == "compiled"
    assert kept.run() == "loaded"
    assert kept.file.stat().st_mode & 0o777 == 0o600
