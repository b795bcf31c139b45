"""Files below a root: atomic, links inside the root, mode kept, plain errors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockwright.errors import HostError
from dockwright.host.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "etc").mkdir()
    return Files(str(tmp_path))


def test_what_is_not_there_is_none(files: Files) -> None:
    assert files.read_text("/etc/nothing") is None
    assert files.read_text("/etc/nothing/below") is None
    assert files.list("/nowhere") == ()
    assert not files.exists("/etc/nothing")
    files.remove("/etc/nothing")


def test_write_then_read(files: Files, tmp_path: Path) -> None:
    files.write_atomic("/etc/a.json", "{}\n")
    assert files.read_text("/etc/a.json") == "{}\n"
    assert (tmp_path / "etc/a.json").stat().st_mode & 0o777 == 0o644
    assert files.list("/etc") == ("a.json",)


def test_mode_and_owner_of_an_existing_file_are_kept(files: Files, tmp_path: Path) -> None:
    target = tmp_path / "etc/a.json"
    target.write_text("old")
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 123, 456)
    before = target.stat()
    files.write_atomic("/etc/a.json", "new")
    after = target.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    files.write_atomic("/etc/a.json", "new", mode=0o600)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_and_its_target_is_replaced(files: Files, tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/real.json").write_text("old")
    (tmp_path / "etc/a.json").symlink_to("/srv/real.json")  # absolute: means below the root
    files.write_atomic("/etc/a.json", "new")
    assert (tmp_path / "etc/a.json").is_symlink()
    assert (tmp_path / "srv/real.json").read_text() == "new"
    files.remove("/etc/a.json")
    assert (tmp_path / "srv/real.json").exists()


def test_links_never_lead_out_of_the_root(files: Files, tmp_path: Path) -> None:
    (tmp_path / "etc/up").symlink_to("../../../../../..")
    assert files.path("/etc/up/etc/x") == f"{tmp_path}/etc/x"
    (tmp_path / "etc/loop").symlink_to("loop")
    with pytest.raises(HostError, match="too many levels"):
        files.read_text("/etc/loop")


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_atomic("/etc/a.json", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match=r"cannot write /etc/a.json: No space left on device"):
        files.write_atomic("/etc/a.json", "new")
    assert files.read_text("/etc/a.json") == "old"
    assert os.listdir(tmp_path / "etc") == ["a.json"]


def test_a_missing_folder_is_named(files: Files) -> None:
    with pytest.raises(HostError, match=r"cannot write /no/a.json: No such file"):
        files.write_atomic("/no/a.json", "x")
    files.make_directory("/no", mode=0o700)
    files.make_directory("/no", mode=0o755)  # there already: left alone
    files.write_atomic("/no/a.json", "x")
    assert os.stat(files.path("/no")).st_mode & 0o777 == 0o700


def test_bytes_that_are_no_utf8_survive(files: Files, tmp_path: Path) -> None:
    (tmp_path / "etc/a").write_bytes(b"\xff\xfe{}")
    files.write_atomic("/etc/b", files.read_text("/etc/a") or "")
    assert (tmp_path / "etc/b").read_bytes() == b"\xff\xfe{}"


def test_a_link_that_another_user_laid_is_told(files: Files, tmp_path: Path) -> None:
    home = tmp_path / "home/ci"
    home.mkdir(parents=True)
    (home / ".docker").symlink_to("/etc")
    assert files.strange_link("/home/ci/.docker/config.json") == ""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(home, 12345, 12345)
    assert files.strange_link("/home/ci/.docker/config.json") == "/home/ci/.docker"
    assert files.strange_link("/home/ci/config.json") == ""
