"""A container whose image is made of what it wrote: no difference, until a new one is needed."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.container.have import from_inspect
from dockwright.kinds.container.plan import Context, ImageSeen, Planned, plan_container
from dockwright.model import Cause, EngineFacts
from dockwright.spec import parse_document

KEPT = {"io.dockwright.kept-of": "sha256:declared"}
FACTS = EngineFacts(engine="26.1.5", api="1.45")


def planned(labels: dict[str, str], image: Any = "sha256:declared", **spec: Any) -> Planned:
    config = {"Image": "dockwright.invalid/kept/web:1", "Labels": labels, "Cmd": ["sleep", "9"]}
    raw = {
        "Id": "1" * 64,
        "Name": "/web",
        "Image": "sha256:made",
        "Config": config,
        "HostConfig": {"NetworkMode": "bridge", "MaskedPaths": ["/x"], "ReadonlyPaths": ["/y"]},
        "State": {"Running": True, "Status": "running"},
        "NetworkSettings": {"Networks": {"bridge": {}}},
        "Mounts": [],
    }
    asked = {"image": "app:1", "command": ["sleep", "9"], **spec}
    (want,) = parse_document({"containers": {"web": asked}}, lambda path: None).containers.values()
    context = Context(FACTS, lambda *asked: Cause.SPEC, {})
    return plan_container(want, from_inspect(raw, FACTS, {}), ImageSeen(image, {}), context)


def test_it_stays_and_the_plan_says_what_it_is_made_of() -> None:
    made = planned(KEPT)
    assert "image" not in [change.path for change in made.changes]
    (told,) = made.ignored
    assert (told.path, told.after) == ("image", "app:1")


@pytest.mark.parametrize(
    ("more", "path"), [({"image": "sha256:other"}, "image"), ({"hostname": "new"}, "hostname")]
)
def test_what_it_wrote_is_given_up_with_a_new_container(more: dict[str, Any], path: str) -> None:
    made = planned(KEPT, **more)
    (change,) = [change for change in made.changes if change.path == path]
    assert change.reason.endswith("what it wrote and its image keeps is given up")
    assert made.ignored == []


def test_without_the_label_the_image_is_another_one() -> None:
    made = planned({})
    assert "image" in [change.path for change in made.changes]
    assert not any("given up" in change.reason for change in made.changes)
