"""`dockwright serve --json`: a line in, a line out, until there are no more."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from dockwright import api, earlier
from dockwright.model import Action, Change, Plan, Report
from dockwright_cli import arguments, requests
from dockwright_cli.main import main

CHANGE = Change("volume", "data", Action.UPDATE, "labels", {"a": "1"}, {"a": "hunter22"})


def serve(*lines: bytes) -> list[dict[str, Any]]:
    """The answers to these lines."""
    out = io.StringIO()
    requests.serve(lines, out, arguments.Given({}, {}))
    return [json.loads(line) for line in out.getvalue().splitlines()]


def line(**keys: Any) -> bytes:
    return json.dumps({"api": 1, **keys}).encode() + b"\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Names and check mode of what `converge` is asked; `bad` fails."""
    calls: list[tuple[str, bool]] = []

    def converge(document: Any, *, check: bool, **_: Any) -> Report:
        (name,) = document["volumes"]
        calls.append((name, check))
        if name == "bad":
            raise api.DockwrightError("broken by hunter22", fix="mend it")
        return Report(Plan((CHANGE,)), check=check, changed=True, warnings=["hunter22 \u2028"])

    monkeypatch.setattr(api, "converge", converge)
    monkeypatch.setattr(earlier, "converge", converge)
    return calls


def test_each_line_has_its_verb(asked: list[tuple[str, bool]]) -> None:
    volume = [{"kind": "volume", "name": "data"}]
    answers = serve(line(verb="plan", resources=volume), line(verb="apply", resources=volume))
    assert asked == [("data", True), ("data", False)]
    for answer in answers:
        assert (answer["api"], answer["changed"], answer["failed"]) == (1, True, False)
        (result,) = answer["resources"]
        assert result["lines"] == [
            "volume data: labels: {a: 1} -> {a: hunter22}  (update) [none]",
        ]


def test_one_that_fails_leaves_the_others_their_turn(asked: list[tuple[str, bool]]) -> None:
    names = ("data", "bad", "more")
    resources = [{"kind": "volume", "name": name} for name in names]
    (answer,) = serve(line(verb="apply", resources=resources))
    assert [result["failed"] for result in answer["resources"]] == [False, True, False]
    assert answer["failed"] and answer["changed"]
    assert answer["resources"][1]["fix"] == "mend it"


def test_what_a_resource_calls_secret_is_shown_nowhere(asked: list[tuple[str, bool]]) -> None:
    resources = [
        {"kind": "volume", "name": name, "secrets": ["hunter22"]} for name in ("data", "bad")
    ]
    (answer,) = serve(line(verb="plan", resources=resources))
    assert "hunter22" not in json.dumps(answer)
    good, bad = answer["resources"]
    assert "labels: {a: 1} -> {a: ********}" in good["lines"][0]
    assert bad["message"] == "broken by ********. Mend it"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"\n", "not valid JSON"),
        (b"nonsense\n", "not valid JSON"),
        (b"\xff\n", "not text in UTF-8"),
        (b"[]\n", "the verb of the request is None"),
        (b'{"api": 1, "verb": "plan", "verb": "apply"}\n', "verb is there twice"),
        (line(verb="drift", resources=[]), "is 'drift', not one of"),
        (line(verb=["plan"], resources=[]), "is ['plan'], not one of"),
        (line(resources=[]), "the verb of the request is None"),
        (line(verb="plan"), "the request is not one"),
        (line(verb="plan", resources=[{"kind": "pod"}]), "resources[0] has no known kind"),
        (line(verb="plan", resources=[], tool="CFEngine"), "no known tool, these are: Ansible, "),
        (line(verb="plan", resources=[], tool=["Chef"]), "no known tool, these are: Ansible, "),
        (json.dumps({"api": 2, "verb": "plan", "resources": []}).encode(), "is for api 2"),
    ],
)
def test_a_bad_line_is_answered_and_ends_nothing(
    asked: list[tuple[str, bool]], bad: bytes, words: str
) -> None:
    good = line(verb="plan", resources=[{"kind": "volume", "name": "data"}])
    first, second = serve(bad, good)
    assert words in first["message"]
    assert (first["failed"], first["changed"], first["resources"]) == (True, False, [])
    assert second["changed"]


def test_the_process_answers_at_once_and_ends_with_its_input() -> None:
    argv = [sys.executable, "-m", "dockwright_cli", "serve", "--json", "--quiet"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin and process.stdout and process.stderr
        for asked in (b"{}\n", line(verb="plan", resources=[])):
            process.stdin.write(asked)
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())  # before there is more input
            assert answer["failed"] == (asked == b"{}\n")
        process.stdin.close()
        assert process.stdout.read() == process.stderr.read() == b""
    assert process.returncode == 0


def test_without_json_it_is_told(capsys: pytest.CaptureFixture) -> None:
    assert main(["serve"]) == 1
    assert "Add --json" in capsys.readouterr().err
