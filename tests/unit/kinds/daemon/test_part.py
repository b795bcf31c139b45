"""What the daemon's part looks at beside its file: the place of a data-root."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.errors import SpecError
from dockwright.host.machine import Host
from dockwright.kinds.daemon.want import parse
from dockwright.kinds.part import Site, part_of
from dockwright.run_options import RunOptions


def test_a_data_root_where_none_can_be(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    (tmp_path / "srv").mkdir()
    site = Site(host, None, host.memory, RunOptions())
    part = part_of("daemon", parse({"data-root": "/srv/docker"}), site)
    part.look()
    assert [change.path for change in part.plan().changes] == ["data-root"]
    (tmp_path / "srv/docker").write_text("")
    part.look()
    with pytest.raises(SpecError, match=r"daemon\.data-root: /srv/docker is no folder"):
        part.plan()
