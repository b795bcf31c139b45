"""storage-opts that the driver to come would not start with are named before."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse

OF_BTRFS = "btrfs.min_space is an option of the driver btrfs, and the driver is overlay2"


@pytest.mark.parametrize(
    ("option", "have", "words"),
    [
        ("btrfs.min_space=1G", {}, OF_BTRFS),
        ("dm.basesize=1G", {}, "an option of the driver devicemapper"),
        ("size=1G", {}, "an option of the driver vfs"),
        ("overlay2.sise=1G", {}, "Did you mean 'overlay2.size'?"),
        ("overlay2.size=1G", {"backing": "extfs"}, "works on xfs only"),
        ("overlay2.size=1G", {"backing": "xfs"}, ""),
        ("OVERLAY2.size=1G", {}, ""),
        ("overlay2.override_kernel_check=true", {}, "gone since engine 24.0"),
        ("overlay2.override_kernel_check=true", {"engine": "20.10.24"}, ""),
        ("btrfs.min_space=1G", {"driver": "btrfs"}, ""),
        ("anything=1", {"driver": "overlayfs"}, ""),
        ("anything=1", {"driver": ""}, ""),
        ("anything=1", {"driver": "fuse-overlayfs"}, "It has none"),
    ],
)
def test_an_option_of_another_driver(option: str, have: dict[str, Any], words: str) -> None:
    daemon = DaemonHave(**{"engine": "26.1.5", "driver": "overlay2", "is_running": True, **have})
    want = parse({"storage-opts": [option]})
    if not words:
        assert len(plan(want, daemon).changes) == 2
        return
    with pytest.raises(SpecError) as error:
        plan(want, daemon)
    (problem,) = error.value.problems()
    assert problem.where == "daemon.storage-opts[0]"
    assert words in problem.text()


def test_a_driver_for_which_the_file_has_options_of_another_one() -> None:
    raw = {"storage-opts": ["overlay2.size=1G"]}
    have = DaemonHave(raw=raw, driver="overlay2", backing="xfs", is_running=True)
    with pytest.raises(SpecError) as error:
        plan(parse({"storage-driver": "vfs"}), have)
    (problem,) = error.value.problems()
    assert problem.where == "daemon.storage-driver"
    assert "/etc/docker/daemon.json has storage-opts" in problem.message
