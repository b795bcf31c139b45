"""What .dockerignore leaves out, with the answers of the docker command."""

from __future__ import annotations

import pytest

from dockwright.kinds.image.ignore import parse

CASES = [
    ("*.log", {"a.log": True, "b/a.log": False, "a.logs": False}),
    ("**/*.log", {"a.log": True, "b/c/a.log": True}),
    ("node_modules", {"node_modules": True, "node_modules/a/b": True, "x/node_modules": False}),
    ("/src/", {"src": True, "src/a": True, "srcs": False}),
    ("*/temp*", {"a/temp": True, "a/temporary/b": True, "temp": False, "a/b/temp": False}),
    ("temp?", {"tempa": True, "temp": False, "temp/": False}),
    ("*.md\n!README.md", {"a.md": True, "README.md": False}),
    ("*.md\n!README*.md\nREADME-secret.md", {"README-secret.md": True, "README-x.md": False}),
    ("build\n!build/keep", {"build/x": True, "build/keep": False, "build/keep/y": False}),
    ("*\n!src", {"a": True, "src": False, "src/a": False}),
    ("# a comment\n\n  a  ", {"a": True, "# a comment": False}),
    ("a/../b", {"b": True, "a": False}),
    ("[a-c].txt", {"b.txt": True, "d.txt": False}),
    ("[^a].txt", {"b.txt": True, "a.txt": False}),
    (r"\*.txt", {"*.txt": True, "a.txt": False}),
    ("a**", {"abc": True, "a/b": True, "b": False}),
    ("**", {"a": True, "a/b": True}),
    ("foo/**/bar", {"foo/bar": True, "foo/a/b/bar": True, "foobar": False}),
    ("a.b+(c)", {"a.b+(c)": True, "aXb+(c)": False}),
    ("[", {"[": True, "a": False}),
    ("\ufeffa", {"a": True}),
    (".", {"a": False}),
]


@pytest.mark.parametrize(("text", "paths"), CASES)
def test_what_is_left_out(text: str, paths: dict[str, bool]) -> None:
    ignore = parse(text)
    assert {path: ignore.leaves_out(path) for path in paths} == paths


def test_the_sdk_says_the_same() -> None:
    from docker.utils.build import PatternMatcher  # the witness

    for text, paths in CASES[:11]:
        patterns = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        matcher = PatternMatcher([pattern.strip() for pattern in patterns])
        for path, is_out in paths.items():
            if not path.startswith("#") and path[-1] != "/":
                assert matcher.matches(path) == is_out, (text, path)
