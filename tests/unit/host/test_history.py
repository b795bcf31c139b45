"""The specs that were applied: what is kept, for whom, and what a damaged folder does."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.host.files import Files
from dockwright.host.history import KEPT, Entry, History
from dockwright.host.machine import Host


def history(root: Path) -> History:
    return Host(str(root), memory="/state").history("unix:///var/run/docker.sock")


def entry(mark: str, project: str = "shop") -> Entry:
    return Entry(0, mark, project, "2026-01-01T00:00:00+00:00", "me", {"project": project})


def test_the_last_ten_are_kept_and_keep_their_numbers(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        history(tmp_path).keep(entry(f"{number:x}"))
    found = history(tmp_path).entries("shop")
    assert [item.number for item in found] == list(range(4, KEPT + 4))
    assert history(tmp_path).latest("shop") == found[-1]


def test_each_project_has_its_own(tmp_path: Path) -> None:
    for project in ("shop", "a.b", ""):
        history(tmp_path).keep(entry("1", project))
    assert set(history(tmp_path).projects()) == {"shop", "a.b", ""}
    assert [item.project for item in history(tmp_path).entries("")] == [""]
    assert Host(str(tmp_path), memory="/state").history("unix:///other").projects() == ()


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    history(tmp_path).keep(entry("1"))
    found = [tmp_path / "state", *(tmp_path / "state").rglob("*")]
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in found}
    assert len(found) == 5
    assert modes == {True: 0o700, False: 0o600}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 2}'])
def test_a_damaged_entry_is_not_there(tmp_path: Path, text: str) -> None:
    history(tmp_path).keep(entry("1"))
    history(tmp_path).keep(entry("2"))
    newest = max((tmp_path / "state").rglob("*.json"))
    newest.write_text(text)
    assert [item.mark for item in history(tmp_path).entries("shop")] == ["1"]
    history(tmp_path).keep(entry("3"))
    assert [item.number for item in history(tmp_path).entries("shop")] == [1, 3]


def test_what_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    broken = History(Files(str(tmp_path)), "/state/applied/engine")
    broken.keep(entry("1"))
    assert broken.warning.startswith("history: ")
