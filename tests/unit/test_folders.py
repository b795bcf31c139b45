"""A folder that an engine sends is looked at, all of it, before anything of it is written."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from dockwright.actions import copy, fetch_folder, folder
from dockwright.actions.folder import entries_of, on_host
from dockwright.actions.sent import Sent
from dockwright.errors import ApplyFailed, SpecError
from dockwright.host.files import receive

FILE, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
NAME = tarfile.LNKTYPE
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
        self.between = lambda: None

    def download(self, path: str, query: list[tuple[str, str]]) -> Iterator[bytes]:
        assert (path, query) == ("/containers/web/archive", [("path", "/from/.")])
        body = self.bodies.pop(0)
        if not self.bodies:
            self.between()
        return (body[start : start + 700] for start in range(0, len(body), 700))


def fetch(
    dest: Path,
    *bodies: bytes,
    check: bool = False,
    between: Callable[[], None] = lambda: None,
    **options: Any,
) -> dict[str, Any]:
    engine: Any = Engine(*bodies)
    engine.between = between
    given = {"name": "web", "path": "/from/", "dest": str(dest), **options}
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


@pytest.mark.parametrize("mode", [None, 0o777])
def test_a_link_that_comes_meanwhile_is_not_followed(tmp_path: Path, mode: int | None) -> None:
    (tmp_path / "to/b").mkdir(parents=True)
    (tmp_path / "other").mkdir(mode=0o700)

    def swap() -> None:
        (tmp_path / "to/b").rmdir()
        (tmp_path / "to/b").symlink_to(tmp_path / "other")

    entries = GOOD if mode is None else GOOD[:2]
    body, options = tar_of(TOP, *entries), {} if mode is None else {"directory_mode": mode}
    with pytest.raises(ApplyFailed, match=r"cannot have all of .*to/b"):
        fetch(tmp_path / "to", body, body, between=swap, **options)
    assert list((tmp_path / "other").iterdir()) == []
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o700


def test_another_name_of_what_is_a_link_on_the_host(tmp_path: Path) -> None:
    """The second reading has other things than the first: nothing of the host is read."""
    (tmp_path / "to").mkdir()
    (tmp_path / "secret").write_text("of the host")
    (tmp_path / "to/l").symlink_to("../secret")
    first = tar_of(TOP, ("./x", FILE, "x"))
    for kind, what in ((FILE, "hi"), (LINK, "x")):
        second = tar_of(TOP, ("./l", kind, what), ("./x", NAME, "./l"))
        with pytest.raises(ApplyFailed, match="not: x"):
            fetch(tmp_path / "to", first, second)
        assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["l"]


TWINS: list[Entry] = [TOP, ("./a", FILE, "one" * 999), ("./b", NAME, "./a"), ("./c", NAME, "./b")]


def test_names_of_one_file_are_names_of_one_file(tmp_path: Path) -> None:
    body, dest = tar_of(*TWINS), tmp_path / "to"
    fetch(dest, body, body)
    assert len({(dest / name).stat().st_ino for name in "abc"}) == 1
    assert fetch(dest, body)["message"].endswith("is as it should be")
    (dest / "b").unlink()
    (dest / "b").write_text("mine")
    (dest / "b").chmod(0o640)
    (dest / "c").unlink()
    fetch(dest, body, body)  # a is as it should be: nobody knows what it is to the host
    assert {(dest / name).read_text() for name in "abc"} == {"one" * 999}
    assert len({(dest / name).stat().st_ino for name in "abc"}) == 3
    assert [(dest / name).stat().st_mode & 0o777 for name in "abc"] == [0o600, 0o640, 0o600]


@pytest.mark.parametrize("check", [True, False])
def test_what_has_no_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, check: bool) -> None:
    body, free = tar_of(*TWINS, ("./d", FILE, "four")), 3000
    monkeypatch.setattr(folder, "room", lambda path: free)
    with pytest.raises(SpecError, match=r"3001 bytes are to be .* room for 3000 in"):
        fetch(tmp_path / "to", body, check=check)
    assert list(tmp_path.iterdir()) == []
    free = 3001
    assert fetch(tmp_path / "to", body, body, check=check)["changed"]
    free = 0
    if not check:
        assert "changed" not in fetch(tmp_path / "to", body)


def test_other_names_of_links_and_pipes(tmp_path: Path) -> None:
    links = tar_of(TOP, *GOOD, ("./l", LINK, "a"), ("./m", NAME, "./l"))
    fetch(tmp_path / "to", links, links)
    assert [os.readlink(tmp_path / f"to/{name}") for name in "lm"] == ["a", "a"]
    assert "changed" not in fetch(tmp_path / "to", links)
    pipes = tar_of(TOP, ("./p", tarfile.FIFOTYPE, ""), ("./q", NAME, "./p"))
    with pytest.raises(ApplyFailed, match="devices or pipes: p, q"):
        fetch(tmp_path / "to", pipes)
    engine: Any = Engine(pipes)
    found = entries_of(Sent(engine, "web", "archive", [("path", "/from/.")]), {"q"})
    assert [entry.kind for entry in found.values()] == ["device or pipe"]


def test_names_as_long_as_they_can_be(tmp_path: Path) -> None:
    long = [(f"./{letter * 255}", kind, "x") for letter, kind in (("f", FILE), ("l", LINK))]
    body = tar_of(TOP, *long)
    fetch(tmp_path / "to", body, body)
    assert sorted(os.listdir(tmp_path / "to")) == ["f" * 255, "l" * 255]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_who_gets_a_file_in_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "of").write_text("another's")
    os.chown(tmp_path / "of", 1234, 1234)
    (tmp_path / "to/a").symlink_to("../of")
    os.lchown(tmp_path / "to/a", 1234, 1234)
    body = tar_of(TOP, *GOOD[:1])
    done = fetch(tmp_path / "to", body, body)
    assert done["diff"]["after"][f"{tmp_path}/to/a"]["owner"] == "0:0"
    assert ((tmp_path / "to/a").stat().st_uid, (tmp_path / "to/a").read_text()) == (0, "one")


def test_names_that_the_locale_cannot_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from/ü").write_text("one")
    # As Python does it where the locale is C, and UTF-8 is switched off.
    monkeypatch.setattr(os, "fsencode", lambda path: str(path).encode("ascii", "surrogateescape"))
    for body in (tar_of(TOP, ("./ü", FILE, "x")), tar_of(TOP, ("./l", LINK, "ü"))):
        with pytest.raises(SpecError, match=r"^path: names that the locale .*: ü"):
            fetch(tmp_path / "to", body, check=True)
    with pytest.raises(SpecError, match=r"^src: names that the locale .*: ü"):
        on_host(str(tmp_path / "from"))
    engine: Any = None
    for key in ("src", "dest"):
        given = {"name": "web", "path": "/to", key: "/ü"}
        with pytest.raises(SpecError, match=rf"^{key}: names that the locale .*: /ü"):
            copy.run(engine, given, check=True)
    body = tar_of(TOP, ("./n\udcf6n", FILE, "x"))
    fetch(tmp_path / "to", body, check=True)


def test_the_mode_comes_after_the_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Writing takes away from a file who it runs as, unless root writes."""
    sizes: list[int] = []
    real = os.fchmod

    def fchmod(file: int, mode: int) -> None:
        sizes.append(os.fstat(file).st_size)
        real(file, mode)

    monkeypatch.setattr(os, "fchmod", fchmod)
    body = tar_of(TOP, ("./a", FILE, "one"))
    (tmp_path / "to").mkdir()
    fetch(tmp_path / "to", body, body, mode=0o4755)
    receive(str(tmp_path / f"{'b' * 255}"), [b"four"], mode=0o4755)
    assert sizes == [3, 4]
    assert (tmp_path / "to/a").stat().st_mode & 0o7777 == 0o4755


def test_modes_of_what_is_made(tmp_path: Path) -> None:
    def modes() -> list[int]:
        return [path.stat().st_mode & 0o777 for path in (dest, dest / "from", dest / "from/b")]

    dest = tmp_path / "to"
    body = tar_of(TOP, *GOOD)
    fetch(dest, body, body, path="/from", directory_mode=0o755)
    assert modes() == [0o755] * 3
    dest.chmod(0o711)
    fetch(dest, body, body, path="/from", directory_mode=0o750)
    assert modes() == [0o711, 0o750, 0o750]  # what was there is none of the copy
    dest = tmp_path / "mine"
    fetch(dest, body, body, path="/from")
    assert modes() == [0o700] * 3
