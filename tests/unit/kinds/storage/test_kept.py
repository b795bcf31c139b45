"""Old data: noted, removed when asked for, and never what an engine works with."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.host.machine import Host
from dockwright.kinds.storage.kept import Kept, forget, is_live, keep, kept_of, remove_kept

ROOT = "/var/lib/docker"
INFO = {"DockerRootDir": ROOT, "Driver": "vfs"}


@pytest.mark.parametrize(
    "path",
    [
        ROOT,
        "/var/lib",
        f"{ROOT}/vfs",
        f"{ROOT}/image/vfs",
        f"{ROOT}/image",
        f"{ROOT}/volumes",
        f"{ROOT}/engine-id",
        f"{ROOT}/containers",
        f"{ROOT}/containers/alive",
    ],
)
def test_what_works_is_live(path: str) -> None:
    assert is_live(path, INFO, ["alive"])


@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/overlay2",
        f"{ROOT}/image/overlay2",
        f"{ROOT}/containers/old",
        f"{ROOT}/dockwright-old-1",
        "/srv/docker/volumes",
    ],
)
def test_what_sleeps_is_not(path: str) -> None:
    assert not is_live(path, INFO, ["alive"])


def test_a_mapped_engine_does_not_need_the_world_above_it() -> None:
    info = {"DockerRootDir": f"{ROOT}/100000.100000", "Driver": "overlay2"}
    assert not is_live(f"{ROOT}/volumes", info, [])
    assert is_live(f"{ROOT}/100000.100000", info, [])
    assert is_live(f"{ROOT}/100000.100000/overlay2", info, [])


def test_nothing_is_known_to_be_old_without_an_engine() -> None:
    assert is_live(f"{ROOT}/overlay2", {}, [])


def test_kept_forgotten_and_removed(tmp_path: Path) -> None:
    host = Host(root=str(tmp_path))
    for name in ("overlay2", "vfs", "dockwright-old-1"):
        host.files.make_directory(f"{ROOT}/{name}/layer")
    keep(host, Kept(ROOT, ("overlay2", "vfs"), "one"))
    keep(host, Kept(ROOT, ("overlay2", "vfs"), "one"))
    assert len(kept_of(host)) == 1
    keep(host, Kept(ROOT, ("dockwright-old-1", "gone"), "two"))
    forget(host, ROOT, ["gone"])
    assert remove_kept(host, INFO, []) == [f"{ROOT}/vfs"]
    assert host.files.list(ROOT) == ("vfs",)
    assert kept_of(host) == ()
