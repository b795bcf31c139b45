"""The base images of a Dockerfile."""

from __future__ import annotations

import pytest

from dockwright.kinds.image.dockerfile import bases, has_stage


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM a", ["a"]),
        ("# syntax=x\n\nfrom a:1 as one\nFROM one\n", ["a:1"]),
        (
            "FROM a AS b\nFROM c\nCOPY --from=b /x /x\nCOPY --from=d:2 /x /x\nCOPY --from=0 / /",
            None,
        ),
        ("FROM scratch\nCOPY . /", []),
        ("ARG V=1\nFROM a:$V\nFROM b:${V}", ["a:1", "b:1"]),
        ("ARG V\nFROM a:${V:-9}\nFROM b:${V:+x}c", ["a:9", "b:c"]),
        ("ARG A=x\nARG B=$A-y\nFROM $B", ["x-y"]),
        ('ARG A="q"\nFROM $A', ["q"]),
        ("FROM --platform=$BUILDPLATFORM a AS b", ["a"]),
        ("FROM \\\n  a:1 \\\n# note\n  AS b", ["a:1"]),
        ("# escape=`\nFROM `\n a", ["a"]),
        ("FROM a\nARG V=2\nFROM b:$V", ["a", "b:$V"]),
        ("RUN echo FROM x", []),
        ("", []),
    ],
)
def test_bases(text: str, found: list[str] | None) -> None:
    assert bases(text, {}) == (["a", "c", "d:2"] if found is None else found)


def test_arguments_and_target_are_taken_into_account() -> None:
    text = "ARG V=1\nFROM a:$V AS one\nFROM b AS two\nFROM c"
    assert bases(text, {"V": "7"}) == ["a:7", "b", "c"]
    assert bases(text, {}, "one") == ["a:1"]
    assert bases(text, {}, "TWO") == ["a:1", "b"]
    assert bases(text, {}, "0") == ["a:1"]


def test_what_is_nothing_to_build() -> None:
    assert not has_stage("# FROM a\nARG x")
    assert has_stage("\n  from a")
