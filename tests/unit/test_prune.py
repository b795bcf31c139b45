"""What pruning takes for needed."""

from __future__ import annotations

from typing import Any

from dockwright.actions.prune import Seen, plan

USED, SPARE = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def _seen(mounts: list[dict[str, Any]]) -> Seen:
    images = [
        {"Id": USED, "RepoTags": ["assets:1", "assets:latest"], "Size": 1},
        {"Id": SPARE, "RepoTags": ["spare:1"], "Size": 1},
    ]
    web = {"Id": "c" * 64, "Names": ["/web"], "State": "running", "Mounts": mounts}
    return Seen([web], images, [], [], [], frozenset(), 2)


def test_an_image_that_is_mounted_is_needed_with_all_its_names() -> None:
    given = {"images": "unused"}
    names = ("assets:1", "docker.io/library/assets:latest", USED)
    for name in names:
        seen = _seen([{"Type": "image", "Name": name, "Destination": "/a"}])
        assert [item.name for item in plan(seen, given, 0.0)] == ["spare:1"]
    as_volume = _seen([{"Type": "volume", "Name": "assets", "Destination": "/a"}])
    assert len(list(plan(as_volume, given, 0.0))) == 2
