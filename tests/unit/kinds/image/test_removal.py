"""Which removals of images the engine refuses because of containers."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.image.have import ImageHave
from dockwright.kinds.image.removal import User, refusals
from dockwright.kinds.image.want import parse

ID = "sha256:" + "a" * 64
DIGEST = "sha256:" + "d" * 64
TAGS = ("web:1", "web:2", "registry.example.com/web:1")


def refused(
    removals: dict[str, Any], *, running: bool = True, tags: tuple[str, ...] = (), digest: str = ""
) -> list[str]:
    have = ImageHave("", ID, (f"{digest}@{DIGEST}",) if digest else (), tags)
    pairs = [
        (parse(name, {"state": "absent", **more}, f"images.{name}"), have)
        for name, more in removals.items()
    ]
    return [problem.where for problem in refusals(pairs, {ID: [User("web", running)]})]


@pytest.mark.parametrize(
    ("removals", "more", "places"),
    [
        ({"web:1": {}}, {"tags": ("web:1",)}, ["images.web:1"]),
        ({"web:1": {}}, {"tags": ("web:1",), "running": False}, ["images.web:1"]),
        ({"web:1": {"force": True}}, {"tags": ("web:1",)}, []),
        ({"web:1": {}}, {"tags": TAGS}, []),
        ({"web:1": {}}, {"tags": ("web:1",), "digest": "web"}, ["images.web:1"]),
        ({"web:1": {}}, {"tags": ("web:1",), "digest": "registry.example.com/web"}, []),
        ({f"web@{DIGEST}": {}}, {"digest": "web"}, [f"images.web@{DIGEST}"]),
        ({name: {} for name in TAGS}, {"tags": TAGS}, [f"images.{TAGS[-1]}"]),
        ({ID: {}}, {"tags": TAGS}, [f"images.{ID}"]),
        ({ID: {"force": True}}, {"tags": TAGS}, [f"images.{ID}"]),
        ({ID: {"force": True}}, {"tags": TAGS, "running": False}, []),
    ],
)
def test_what_is_refused(removals: dict[str, Any], more: dict[str, Any], places: list[str]) -> None:
    assert refused(removals, **more) == places


def test_an_image_that_nobody_uses_goes() -> None:
    have = ImageHave("", ID, (), ("web:1",))
    want = parse("web:1", {"state": "absent"}, "images.web:1")
    assert refusals([(want, have)], {"sha256:other": [User("web", True)]}) == []
