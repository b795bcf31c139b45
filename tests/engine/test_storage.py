"""The storage of real hosts, changed with everything on it: nothing is lost that was not named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.storage_world import (
    MOVED,
    Picture,
    acknowledged,
    apply,
    btrfs_at,
    check_records,
    filled,
    info,
    picture,
    run,
    same,
)
from tests.hosts import TINY, TestHost, push, start_registry

NewHost = Callable[..., TestHost]


def changed(host: TestHost, before: Picture, shift: int = 0, **storage: Any) -> dict[str, Any]:
    """Apply a storage: everything is as before, and the last acknowledged record is there."""
    last = acknowledged(host)
    report = apply(host, migrate=True, **storage)
    check_records(host, last)
    same(before, picture(host, shift))
    return report


@pytest.mark.parametrize(
    "recipe",
    ["debian-13", "debian-12", pytest.param("debian-13-unstable", marks=pytest.mark.full)],
)
def test_every_change_in_turn(new_host: NewHost, recipe: str) -> None:
    host = filled(new_host, recipe)
    before = picture(host)
    assert len(before.images) >= 10
    assert len(before.containers) >= 10
    refused = run(host, "apply", {"storage": {"driver": "vfs"}})
    assert refused["failed"]
    assert "migrate: true" in refused["message"]
    changed(host, before, driver="vfs")
    changed(host, before, 100000, userns_remap="default")
    assert info(host)["DockerRootDir"] == "/var/lib/docker/100000.100000"
    host.exec(["chmod", "701", "/var/lib/containerd"])
    refused = run(host, "plan", {"storage": {"data_root": MOVED, "migrate": True}})
    assert "may not pass through /var/lib/containerd" in refused["message"]
    host.exec(["chmod", "711", "/var/lib/containerd"])
    report = changed(host, before, 100000, data_root=MOVED)
    assert [change["disruption"] for change in report["changes"]] == ["outage"]
    assert info(host)["DockerRootDir"] == f"{MOVED}/100000.100000"
    assert info(host)["Driver"] == "vfs"
    changed(host, before, userns_remap="", driver="overlay2")
    assert info(host)["DockerRootDir"] == MOVED
    assert info(host)["Driver"] == "overlay2"
    apply(host, driver="overlay2", cleanup=True)
    assert host.exec(["ls", "/var/lib/docker"]).stdout.split() == []
    left = host.exec(["ls", MOVED]).stdout.split()
    assert "vfs" not in left
    assert not [name for name in left if name.startswith("dockwright")]
    same(before, picture(host))


@pytest.mark.parametrize("recipe", ["debian-13", pytest.param("debian-12", marks=pytest.mark.full)])
def test_overlay2_to_btrfs(new_host: NewHost, recipe: str) -> None:
    host = filled(new_host, recipe)
    before = picture(host)
    btrfs_at(host, "/srv/docker")
    refused = run(host, "plan", {"storage": {"driver": "btrfs", "migrate": True}})
    assert "works on btrfs only" in refused["message"]
    changed(host, before, driver="btrfs", data_root="/srv/docker")
    assert info(host)["Driver"] == "btrfs"
    refused = run(host, "plan", {"storage": {"data_root": MOVED, "migrate": True}})
    assert "works on btrfs only" in refused["message"]


def test_image_store_there_and_back(new_host: NewHost) -> None:
    host = filled(new_host, "debian-13")
    before = picture(host)
    last = acknowledged(host)
    apply(host, image_store="containerd", migrate=True)
    assert info(host)["Driver"] == "overlayfs"
    check_records(host, last)
    after = picture(host)
    assert set(after.images) == set(before.images)
    assert len(set(after.images.values())) == len(set(before.images.values()))
    assert after.volumes == before.volumes
    assert after.exports == before.exports
    changed(host, before, image_store="graphdriver")


def check_kept(host: TestHost, declared: dict[str, Any]) -> None:
    """A container that a spec describes stays, and the plan says what it is made of."""
    planned = run(host, "plan", declared)
    assert planned["changes"] == []
    (told,) = planned["ignored"]
    assert told["path"] == "image"
    assert "of what the container had written" in told["message"]
    other = {"containers": {"mine": {**declared["containers"]["mine"], "image": "shop/other:1"}}}
    host.load_tiny("shop/other:1", Env=["PATH=/bin", "N=other"])
    changes = [c for c in run(host, "plan", other)["changes"] if c["action"] == "replace"]
    assert "image" in [change["path"] for change in changes]
    for change in changes:
        assert "what it wrote and its image keeps is given up" in change["reason"]


def test_what_containers_wrote_and_digests(new_host: NewHost) -> None:
    """Refused, then kept, also at the next change; digests and --rm containers stay."""
    host = new_host("debian-13")
    start_registry(host)
    pinned = push(host, TINY, "pinned:1")
    digest = f"localhost:5000/pinned@{pinned.digest}"
    idle = ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]
    script = f"[ -e /root/x ] || {{ echo mine > /root/x; rm /etc/group; }}; {idle[2]}"
    writes = ["sh", "-c", script]
    with contextlib.closing(host.sdk()) as client:
        client.images.pull(digest)
        client.containers.run(TINY, writes, name="wrote", detach=True, environment={"A": "1"})
        client.containers.run(digest, idle, name="pinned", detach=True)
        client.containers.run(TINY, idle, name="passing", detach=True, auto_remove=True)
    declared = {"containers": {"mine": {"image": TINY, "command": writes, "init": True}}}
    assert not run(host, "apply", declared)["failed"]
    before = picture(host)
    refused = run(host, "apply", {"storage": {"driver": "vfs", "migrate": True}})
    for name in ("wrote", "mine"):
        words = f"container {name} wrote into its own layer: /etc/group, /root/x"
        assert words in refused["message"]
    assert picture(host) == before
    apply(host, driver="vfs", migrate=True, writable="commit")
    check_kept(host, declared)
    apply(host, driver="overlay2", migrate=True)
    check_kept(host, declared)
    after = picture(host)
    assert after.exports == before.exports
    assert after.containers["pinned"]["config"]["Image"] == digest
    with contextlib.closing(host.sdk()) as client:
        assert digest in client.images.get(digest).attrs["RepoDigests"]
        assert {c.name for c in client.containers.list()} == {"wrote", "mine", "pinned", "passing"}
    same(
        before._replace(images={}, containers={}),
        after._replace(images={}, containers={}),
    )


def test_a_driver_that_does_not_work_is_undone(new_host: NewHost) -> None:
    host = new_host("debian-13")
    with contextlib.closing(host.sdk()) as client:
        client.containers.run(
            TINY, ["sleep", "100000"], name="web", detach=True, stop_signal="KILL"
        )
    before = picture(host)
    host.write("/usr/bin/fuse-overlayfs", "#!/bin/sh\nexit 1\n", mode=0o755)
    host.exec(["sh", "-c", "[ -e /dev/fuse ] || mknod /dev/fuse c 10 229"])
    report = run(host, "apply", {"storage": {"driver": "fuse-overlayfs", "migrate": True}})
    assert report["failed"]
    assert report["changed"]
    assert "fuse-overlayfs" in report["message"]
    assert "he storage that was is in force again" in report["message"]
    assert picture(host) == before
    assert info(host)["Driver"] == "overlay2"
    assert run(host, "plan", {"storage": {}})["changes"] == []
    left = host.exec(["ls", "/var/lib/docker"]).stdout
    assert "fuse-overlayfs" not in left
    assert "dockwright" not in left
    on_overlay = {"storage": {"data_root": "/srv/docker", "migrate": True}}
    assert "cannot stack" in run(host, "plan", on_overlay)["message"]
    host.exec(["sh", "-c", "mkdir /srv/full && mount -t tmpfs -o size=1m tmpfs /srv/full"])
    for path, words in (("/srv/full", "is full (1 MiB free)"), ("/run/new", "the next boot")):
        refused = run(host, "plan", {"storage": {"data_root": path, "migrate": True}})
        assert "storage.data_root: " in refused["message"]
        assert words in refused["message"]
