"""The option --root: what it goes with, and that it never means this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright_cli.main import main


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the core is asked for, whichever way."""
    found: list[Any] = []

    def image(spec: Any, folder: str, **options: Any) -> api.Report:
        found.append((spec, folder, options["program"], options["check"]))
        return api.Report(check=options["check"])

    monkeypatch.setattr(api, "converge_image", image)
    monkeypatch.setattr(api, "converge", lambda *a, **b: found.append("this machine"))
    return found


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "site.json"
    path.write_text('{"volumes": {"data": {}}}')
    return str(path)


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_the_image_is_converged(asked: list[Any], spec: str, verb: str) -> None:
    assert main([verb, "--root", "/mnt", spec]) == 0
    assert main([verb, "--root", "/mnt", "--purge", spec]) == 0
    document = {"volumes": {"data": {}}}
    assert asked == [
        (document, "/mnt", "", verb == "plan"),  # not out of one file, so there is no program
        ({**document, "purge": True}, "/mnt", "", verb == "plan"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["apply", "--root", "/mnt", "SPEC", "OTHER"], "an image has one spec"),
        (["plan", "--root", "/mnt", "--out", "x", "SPEC"], "not kept in files"),
        (["apply", "--root", "/mnt", "--docker-host", "tcp://x:1", "SPEC"], "--docker-host beside"),
        (["apply", "--root", "/mnt", "--json"], "no spec is named"),
        (["apply", "--root", "", "SPEC"], "--root is empty"),
        (["drift", "--root", "/mnt", "SPEC"], "unrecognized arguments"),
    ],
)
def test_what_it_does_not_go_with(
    asked: list[Any], spec: str, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    other = Path(spec).with_name("other.json")
    other.write_text('{"project": "other", "volumes": {"data": {}}}')
    Path(spec).write_text('{"project": "shop", "volumes": {"data": {}}}')
    named = {"SPEC": spec, "OTHER": str(other)}
    assert main([named.get(word, word) for word in words]) == 1
    assert told in capsys.readouterr().err
    assert asked == []
