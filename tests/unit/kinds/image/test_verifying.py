"""Which digests the command of `verify` is asked about, and what is told of a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.memory import Memory
from dockwright.kinds.image import verifying
from dockwright.kinds.image.have import BuildSite, Edges, ImageHave
from dockwright.kinds.image.want import parse

NAME = "registry.example/web"
ONE, TWO, THREE = (f"sha256:{letter * 64}" for letter in "abc")


@pytest.mark.parametrize(
    "case",
    [
        (f"{NAME}:1", None, [ONE], [ONE], ""),
        (f"{NAME}:1", None, [TWO], [ONE, TWO], ""),
        (f"{NAME}:1", None, [], [ONE, TWO], f"not {TWO} (exit 1)"),
        (f"{NAME}:1", THREE, [ONE, TWO], [THREE], f"not {THREE} (exit 1)"),
        (f"{NAME}@{TWO}", None, [ONE], [TWO], f"not {TWO} (exit 1)"),
    ],
)
def test_one_digest_of_an_image_is_enough(
    tmp_path: Path, case: tuple[str, str | None, list[str], list[str], str]
) -> None:
    name, remote, accepted, asked, words = case
    found: list[str] = []

    def run(argv: Sequence[str], **_: Any) -> Completed:
        found.append(argv[-1].rpartition("@")[2])
        code = 0 if found[-1] in accepted else 1
        return Completed(tuple(argv), code, "", f"not {found[-1]}")

    want = parse(name, {"verify": ["check"]}, f"images.{name}")
    here = (f"{NAME}@{ONE}", f"registry.example/other@{THREE}", f"{NAME}@{TWO}")
    have = ImageHave(want.inputs["reference"], "sha256:1", here, remote_digest=remote)
    site = BuildSite(str, Memory(Files(), str(tmp_path)), run)
    assert verifying.read(Edges(FakeEngine(), {}, site=site), want, have) == words
    assert found == asked
