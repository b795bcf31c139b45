"""A folder that an engine sends is looked at, all of it, before anything of it is written."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockwright.actions import copy_folder, fetch_folder
from dockwright.actions.folder import on_host
from dockwright.errors import ApplyFailed, SpecError

FILE, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
Entry = tuple[str, bytes, str]
TOP: Entry = (".", FOLDER, "")
GOOD: list[Entry] = [("./a", FILE, "one"), ("./b", FOLDER, ""), ("./b/c", FILE, "two")]


def tar_of(*entries: Entry) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, kind, what in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "" if kind == FILE else what
            entry.size = len(what) if kind == FILE else 0
            tar.addfile(entry, io.BytesIO(what.encode()))
    return made.getvalue()


class Engine:
    """Sends one tar after the other."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies = list(bodies)

    def download(self, path: str, query: list[tuple[str, str]]) -> Iterator[bytes]:
        assert (path, query) == ("/containers/web/archive", [("path", "/from/.")])
        body = self.bodies.pop(0)
        return (body[start : start + 700] for start in range(0, len(body), 700))


def fetch(dest: Path, *bodies: bytes, check: bool = False) -> dict[str, Any]:
    engine: Any = Engine(*bodies)
    given = {"name": "web", "path": "/from/", "dest": str(dest)}
    return fetch_folder.run(engine, given, check=check)


ODD: dict[str, Entry] = {
    "beside": ("../x", FILE, "x"),
    "beside, from within": ("./b/../../x", FILE, "x"),
    "from the root": ("/etc/x", FILE, "x"),
    "through a file": ("./a/x", FILE, "x"),
    "twice": ("./a", FILE, "x"),
    "a file for a folder": ("./b", FILE, "x"),
    "a folder for a file": ("./a", FOLDER, ""),
    "of a folder that is not there": ("./none/x", FILE, "x"),
    "another name of what is outside": ("./x", tarfile.LNKTYPE, "../../etc/passwd"),
    "another name of what is not there": ("./x", tarfile.LNKTYPE, "./none"),
    "a link out": ("./x", LINK, "../etc"),
    "a link to the root": ("./x", LINK, "/"),
    "a link out by another": ("./x", LINK, "b/../../etc"),
    "a device": ("./x", tarfile.BLKTYPE, ""),
    "a pipe": ("./x", tarfile.FIFOTYPE, ""),
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("why", ODD)
def test_an_odd_member_is_refused(tmp_path: Path, why: str, *, check: bool) -> None:
    with pytest.raises(ApplyFailed) as caught:
        fetch(tmp_path / "to", tar_of(TOP, *GOOD, ODD[why]), check=check)
    assert (caught.value.where, caught.value.changed) == ("path", False)
    assert list(tmp_path.iterdir()) == []


def test_nothing_goes_through_a_link_of_the_same_tar(tmp_path: Path) -> None:
    body = tar_of(TOP, ("./b", FOLDER, ""), ("./x", LINK, "b"), ("./x/y", FILE, "z"))
    with pytest.raises(ApplyFailed, match="x/y"):
        fetch(tmp_path / "to", body)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [512 * 3 + 1, 512 * 4, -512])
def test_what_has_not_all_come_is_not_written(tmp_path: Path, cut: int) -> None:
    body = tar_of(TOP, *GOOD)
    with tarfile.open(fileobj=io.BytesIO(body)) as whole:
        whole.getmembers()
    body = body[: whole.offset + 1024]  # without what tarfile adds to it
    with pytest.raises(ApplyFailed, match="did not send all"):
        fetch(tmp_path / "to", body[:cut])
    assert list(tmp_path.iterdir()) == []


def test_what_stops_while_it_is_written_says_what_there_is(tmp_path: Path) -> None:
    good = tar_of(TOP, *GOOD)
    with pytest.raises(ApplyFailed) as caught:
        fetch(tmp_path / "to", good, tar_of(TOP, *GOOD[:1], ODD["beside"]))
    assert caught.value.changed
    assert "written: a; not: ., b, b/c" in caught.value.message
    assert (tmp_path / "to/a").read_text() == "one"
    with pytest.raises(ApplyFailed) as caught:  # a file that went in between
        fetch(tmp_path / "to", good, tar_of(TOP, *GOOD[:2]))
    assert "some of it went" in caught.value.message
    assert "not: b/c" in caught.value.message
    assert fetch(tmp_path / "to", good, good)["files"] == {f"{tmp_path}/to/b/c": "it is not there"}


def test_a_container_that_goes_meanwhile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(copy_folder, "status_of", lambda engine, name: "running")
    monkeypatch.setattr(copy_folder, "about", lambda engine, name, path: None)
    engine: Any = Engine()
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/a/b"}
    with pytest.raises(ApplyFailed, match="there is no container web"):
        copy_folder.run(engine, given, check=False)


def test_a_source_that_changes_before_it_is_sent(tmp_path: Path) -> None:
    """No header of it has gone by then: the engine empties the old file at the header."""
    (tmp_path / "a").write_text("one")
    source = copy_folder._Source(str(tmp_path), on_host(str(tmp_path)))

    def first() -> None:
        next(source.packed("a", source.entries["a"], "a"))

    first()
    for text in ("longer", "x"):
        (tmp_path / "a").write_text(text)
        with pytest.raises(SpecError, match="size is another"):
            first()
    (tmp_path / "a").unlink()
    with pytest.raises(SpecError, match="No such file"):
        first()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(SpecError, match="size is another"):
        first()


@pytest.mark.parametrize("text", ["longer", "x"])
def test_a_source_that_changes_while_it_is_sent(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text("one" * 99999)
    source = copy_folder._Source(str(tmp_path), on_host(str(tmp_path)))
    sending = source.packed("a", source.entries["a"], "a")
    next(sending)
    with (tmp_path / "a").open("r+") as file:
        file.truncate(1 if text == "x" else 999999)
    with pytest.raises(SpecError, match="size is another"):
        list(sending)


@pytest.mark.parametrize("check", [True, False])
def test_a_source_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, check: bool
) -> None:
    """It is refused before the engine is asked for anything."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("one")
    # Whoever runs the tests may be root, who may read everything.
    monkeypatch.setattr(os, "access", lambda path, mode: not path.endswith("sub/a"))
    engine: Any = None
    given = {"name": "web", "src": f"{tmp_path}/", "path": "/a/b"}
    with pytest.raises(SpecError, match=f"cannot read {tmp_path}/sub/a: Permission denied"):
        copy_folder.run(engine, given, check=check)
