"""Which instructions an engine can import."""

from __future__ import annotations

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.kinds.image import importing
from dockwright.kinds.image.want import parse


@pytest.mark.parametrize(("api", "places"), [("1.41", (1,)), ("1.42", ()), ("1.45", ())])
def test_what_engines_know(api: str, places: tuple[int, ...]) -> None:
    changes = ["CMD x", "stopsignal SIGINT", "USER 1"]
    want = parse("base:1", {"import": {"path": "/x", "changes": changes}}, "images.base:1")
    assert importing.unknown(FakeEngine(api=api), want) == places
