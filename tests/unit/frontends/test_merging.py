"""Several files that are one spec: what is joined, what is refused, and what stays apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright.model import Report
from dockwright_cli.documents import InputError
from dockwright_cli.main import main
from dockwright_cli.merging import merged

WEB = {"image": "nginx", "environment": {"TOKEN": "dont-show-it"}}

JOINED: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    (
        [{"project": "shop", "containers": {"web": WEB}}, {"containers": {"db": {"image": "pg"}}}],
        {"project": "shop", "containers": {"web": WEB, "db": {"image": "pg"}}},
    ),
    (
        [{"containers": {"web": WEB}}, {"containers": {"web": {"mem_limit": "64m"}}}],
        {"containers": {"web": {**WEB, "mem_limit": "64m"}}},
    ),
    (
        [
            {"networks": {"back": None}},
            {"networks": {"back": {"internal": True}}},
            {"networks": {}},
        ],
        {"networks": {"back": {"internal": True}}},
    ),
    (
        [{"networks": {"back": {"internal": True}}}, {"networks": {"back": None}}],
        {"networks": {"back": {"internal": True}}},
    ),
    ([{"ignore": ["a.b"]}, {"ignore": ["a.b", "c.d"]}], {"ignore": ["a.b", "c.d"]}),
    ([{"reveal": "A"}, {"reveal": ["B"]}], {"reveal": ["A", "B"]}),
    ([{"x": [1, 2]}, {"x": [1, 2], "y": 1}], {"x": [1, 2], "y": 1}),
]


@pytest.mark.parametrize(("documents", "expected"), JOINED)
def test_mappings_are_joined(documents: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    before = json.dumps(documents)
    (spec,) = merged((f"{number}.yml", item) for number, item in enumerate(documents))
    assert spec.document == expected
    assert len(spec.paths) == len(documents)
    assert json.dumps(documents) == before


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        ({"purge": True}, {"purge": False}, "purge"),
        ({"purge": True}, {"purge": 1}, "purge"),
        (
            {"containers": {"web": WEB}},
            {"containers": {"web": {"image": "x"}}},
            "containers.web.image",
        ),
        ({"a": {"ports": [80]}}, {"a": {"ports": [81]}}, "a.ports"),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": "text"}}, "a.b"),
        ({"a": "dont-show-it"}, {"a": {"b": 1}}, "a"),
        ({"a": {"ignore": ["x"]}}, {"a": {"ignore": ["y"]}}, "a.ignore"),
    ],
)
def test_nobody_wins(first: Any, second: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        merged([("a.yml", first), ("b.yml", {"z": 1}), ("c.yml", second)])
    said = f"{place} is one thing in a.yml, another in c.yml. Keep one of each"
    assert str(caught.value) == said


def test_every_conflict_is_told() -> None:
    with pytest.raises(InputError) as caught:
        merged([("a.yml", {"a": 1, "b": 1}), ("b.yml", {"a": 2, "b": 2})])
    assert len(str(caught.value).splitlines()) == 2


def test_projects_stay_apart() -> None:
    files = [
        ("host", {"daemon": {}}),
        ("mail", {"project": "mail"}),
        ("shop", {"project": "shop"}),
        ("more", {"project": "mail", "purge": True}),
        ("rest", {"storage": {}}),
    ]
    assert [(spec.paths, spec.document) for spec in merged(files)] == [
        (("host", "rest"), {"daemon": {}, "storage": {}}),
        (("mail", "more"), {"project": "mail", "purge": True}),
        (("shop",), {"project": "shop"}),
    ]


def test_a_purge_does_not_take_what_changed_sides() -> None:
    """Beside `shop` alone the proxy was that project's; beside two it would be nobody's."""
    loose = ("common.yml", {"containers": {"proxy": {}}})
    shop = ("shop.yml", {"project": "shop", "purge": True})
    assert len(merged([loose, shop])) == 1
    with pytest.raises(InputError, match=r"common.yml names no project"):
        merged([loose, shop, ("blog.yml", {"project": "blog"})])


def test_what_is_no_mapping() -> None:
    assert merged([("a", [1])])[0].document == [1]  # the core says what is wrong
    with pytest.raises(InputError, match="b is not a mapping"):
        merged([("a", {}), ("b", [1])])


def test_by_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    asked: list[Any] = []

    def converge(document: Any, **options: Any) -> Report:
        asked.append(document)
        return Report(check=options["check"])

    monkeypatch.setattr(api, "converge", converge)
    (tmp_path / "a.yml").write_text("project: shop\nvolumes: {data: {}}\n")
    (tmp_path / "b.json").write_text('{"volumes": {"more": {}}}')
    kept = tmp_path / "kept"
    paths = [str(tmp_path / name) for name in ("a.yml", "b.json")]
    assert main(["plan", *paths, "-o", str(kept), "--purge"]) == 0
    assert main(["apply", str(kept), "--json"]) == 0
    expected = {"project": "shop", "volumes": {"data": {}, "more": {}}, "purge": True}
    assert asked == [expected, expected]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["changed"] is False
    (tmp_path / "b.json").write_text('{"project": "another"}')
    assert main(["apply", str(kept)]) == 1
    assert main(["plan", *paths, "-o", str(kept)]) == 1
    assert main(["plan", "-", "-"]) == 1
    told = capsys.readouterr().err
    assert "are not one spec any more. Save it again" in told
    assert "standard input is named twice" in told
