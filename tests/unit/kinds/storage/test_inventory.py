"""What a container wrote itself, and what the engine put there."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.storage.inventory import own_changes

RAW = {
    "Mounts": [{"Destination": "/data"}, {"Destination": "/var/lib/app/files/"}],
    "HostConfig": {"Tmpfs": {"/tmp": ""}},
}


def changed(*items: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"Path": path, "Kind": kind} for path, kind in items]


@pytest.mark.parametrize(
    "made",
    [
        [],
        [("/data", 1)],
        [("/var", 0), ("/var/lib", 0), ("/var/lib/app", 1), ("/var/lib/app/files", 1)],
        [("/dev", 0), ("/dev/console", 1), ("/etc", 0), ("/etc/hosts", 1), ("/tmp", 0)],
        [("/sbin", 0), ("/sbin/docker-init", 1)],
    ],
)
def test_what_the_engine_makes_does_not_count(made: list[tuple[str, int]]) -> None:
    assert own_changes(RAW, changed(*made)) == ()


def test_what_it_wrote_counts() -> None:
    made = [("/root", 0), ("/root/x", 1), ("/etc", 0), ("/etc/motd", 2), ("/data", 1)]
    assert own_changes(RAW, changed(*made)) == ("/etc/motd", "/root/x")


def test_a_folder_of_its_own_counts() -> None:
    assert own_changes(RAW, changed(("/srv", 0), ("/srv/new", 1))) == ("/srv/new",)
    assert own_changes(RAW, changed(("/srv", 0))) == ("/srv",)
