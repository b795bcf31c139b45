"""The journal: on disk before the work, gone after it, never misread."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.errors import HostError
from dockwright.host.machine import Host


def test_it_is_there_until_it_is_cleared(tmp_path: Path) -> None:
    host = Host(root=str(tmp_path))
    journal = host.journal("storage")
    assert not journal.is_there()
    journal.write({"step": "save", "images": ["a", "b"]})
    assert host.journal("storage").read() == {"step": "save", "images": ["a", "b"]}
    assert not host.journal("daemon").is_there()
    assert not Host(root=str(tmp_path), config="/etc/other.json").journal("storage").is_there()
    file = tmp_path / journal.path.lstrip("/")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    journal.clear()
    journal.clear()
    assert not journal.is_there()


def test_one_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    journal = Host(root=str(tmp_path)).journal("storage")
    journal.write({})
    (tmp_path / journal.path.lstrip("/")).write_text('{"step": ')
    with pytest.raises(HostError) as caught:
        journal.read()
    assert journal.path in caught.value.fix
