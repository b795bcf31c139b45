"""What a data-root stands on: whether a mapped root may pass to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockwright.kinds.storage.have import _closed


@pytest.mark.parametrize(
    ("mode", "is_open"), [(0o700, False), (0o701, os.getgid() != 0), (0o711, True)]
)
def test_a_closed_folder_above(tmp_path: Path, mode: int, is_open: bool) -> None:
    folder = tmp_path / "above"
    folder.mkdir(mode)
    folder.chmod(mode)
    found = _closed(str(folder / "docker"))
    assert (found != str(folder)) is is_open
