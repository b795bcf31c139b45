"""The host edge as a whole: where its state is kept."""

from __future__ import annotations

from dockwright.host.machine import state_folder


def test_state_is_kept_where_the_user_may_write() -> None:
    assert state_folder({}, is_root=True) == "/var/lib/dockwright"
    assert state_folder({"HOME": "/home/a"}, is_root=False) == "/home/a/.local/state/dockwright"
    assert state_folder({"XDG_STATE_HOME": "/s"}, is_root=False) == "/s/dockwright"
    assert state_folder({"DOCKWRIGHT_STATE_DIR": "/d"}, is_root=True) == "/d"
