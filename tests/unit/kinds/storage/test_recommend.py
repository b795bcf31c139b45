"""Which driver suits which place, and the reasons against others."""

from __future__ import annotations

import pytest

from dockwright.kinds.storage.recommend import LEAST, Ground, recommend, unsuitable, unsuitable_root

EXT4 = Ground("/var/lib/docker", "ext4", kernel=(6, 1))


@pytest.mark.parametrize(
    ("ground", "driver"),
    [
        (EXT4, "overlay2"),
        (EXT4._replace(filesystem="xfs"), "overlay2"),
        (EXT4._replace(filesystem="xfs", is_typeless=True), "vfs"),
        (EXT4._replace(filesystem="btrfs"), "overlay2"),
        (EXT4._replace(filesystem="btrfs", has_overlay=False), "btrfs"),
        (EXT4._replace(filesystem="btrfs", kernel=(4, 4)), "btrfs"),
        (EXT4._replace(filesystem="overlay"), "vfs"),
        (
            EXT4._replace(
                filesystem="overlay",
                programs=frozenset({"fuse-overlayfs"}),
                devices=frozenset({"fuse"}),
            ),
            "fuse-overlayfs",
        ),
        (EXT4._replace(filesystem="nfs4"), "vfs"),
        (
            EXT4._replace(
                filesystem="zfs", programs=frozenset({"zfs"}), devices=frozenset({"zfs"})
            ),
            "zfs",
        ),
        (EXT4._replace(filesystem="zfs"), "vfs"),
        (EXT4._replace(kernel=(3, 10)), "vfs"),
    ],
)
def test_what_suits(ground: Ground, driver: str) -> None:
    assert recommend(ground, "26.1.5") == driver
    assert unsuitable(driver, ground, "26.1.5") == ""


@pytest.mark.parametrize(
    ("driver", "ground", "word"),
    [
        ("overlay2", EXT4._replace(filesystem="overlay"), "cannot stack"),
        ("overlay2", EXT4._replace(filesystem="fuse.sshfs"), "cannot stack"),
        ("overlay2", EXT4._replace(has_overlay=False), "modprobe overlay"),
        ("overlay2", EXT4._replace(filesystem="tmpfs"), "next boot"),
        ("vfs", EXT4._replace(filesystem="tmpfs"), "next boot"),
        ("btrfs", EXT4, "btrfs only"),
        ("zfs", EXT4, "ZFS only"),
        ("zfs", EXT4._replace(filesystem="zfs"), "/dev/zfs"),
        ("fuse-overlayfs", EXT4, "not installed"),
    ],
)
def test_what_does_not(driver: str, ground: Ground, word: str) -> None:
    assert word in unsuitable(driver, ground, "26.1.5")


@pytest.mark.parametrize(
    ("driver", "ground", "word"),
    [
        ("", EXT4, ""),
        ("vfs", EXT4._replace(filesystem="overlay"), ""),
        ("", EXT4._replace(filesystem="overlay"), "no driver works but vfs"),
        ("overlay2", EXT4._replace(filesystem="nfs4"), "cannot stack"),
        ("", EXT4._replace(filesystem="tmpfs"), "next boot"),
        ("", EXT4._replace(free=LEAST - 1), "is full"),
        ("", EXT4._replace(is_folder=False), "is no folder"),
    ],
)
def test_a_place_for_a_data_root(driver: str, ground: Ground, word: str) -> None:
    roomy = ground if ground.free else ground._replace(free=LEAST)
    found = unsuitable_root(driver, roomy, "26.1.5")
    assert word in found
    assert bool(found) is bool(word)
