"""What of a data-root belongs to whom, and moving it aside and back."""

from __future__ import annotations

import json
from pathlib import Path

from dockwright.host.machine import Host
from dockwright.kinds.storage.worlds import (
    aside_folder,
    entries_of_driver,
    entries_of_root,
    put_back,
    set_aside,
)

ROOT = "/var/lib/docker"
OLD, NEW = "a" * 64, "b" * 64


def host_with(tmp_path: Path) -> Host:
    host = Host(root=str(tmp_path))
    for name in ("overlay2/x", "image/overlay2", "image/vfs", "vfs", "volumes", "100000.100000"):
        host.files.make_directory(f"{ROOT}/{name}")
    for id, driver in ((OLD, "overlay2"), (NEW, "vfs")):
        host.files.make_directory(f"{ROOT}/containers/{id}")
        text = json.dumps({"Driver": driver})
        host.files.write_atomic(f"{ROOT}/containers/{id}/config.v2.json", text)
    return host


def test_a_driver_has_layers_images_and_containers(tmp_path: Path) -> None:
    found = entries_of_driver(host_with(tmp_path).files, ROOT, "overlay2")
    assert found == ["overlay2", "image/overlay2", f"containers/{OLD}"]


def test_a_mapped_engine_is_not_part_of_the_one_above(tmp_path: Path) -> None:
    files = host_with(tmp_path).files
    assert entries_of_root(files, ROOT) == ["containers", "image", "overlay2", "vfs", "volumes"]


def test_aside_and_back(tmp_path: Path) -> None:
    host = host_with(tmp_path)
    names = entries_of_driver(host.files, ROOT, "overlay2")
    folder = aside_folder(host.files, ROOT)
    assert folder == "dockwright-old-1"
    set_aside(host, ROOT, folder, names)
    set_aside(host, ROOT, folder, names)  # as after a kill
    assert entries_of_driver(host.files, ROOT, "overlay2") == []
    assert host.files.exists(f"{ROOT}/{folder}/overlay2/x")
    assert aside_folder(host.files, ROOT) == "dockwright-old-2"
    put_back(host, ROOT, folder, names)
    put_back(host, ROOT, folder, names)
    assert entries_of_driver(host.files, ROOT, "overlay2") == names
    assert not host.files.exists(f"{ROOT}/{folder}")
