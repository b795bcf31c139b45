"""The command line: what is read, what is printed where, and the exit status."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dockwright import api, earlier
from dockwright.model import Action, Cause, Change, Disruption, Plan, Report
from dockwright_cli.main import main

CHANGE = Change("container", "web", Action.UPDATE, "mem_limit", "1m", "2m", cause=Cause.SPEC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `converge` is asked; it fails for a document with the key `fail`."""
    calls: list[dict[str, Any]] = []

    def converge(document: Any, **options: Any) -> Report:
        calls.append({"document": document, **options})
        if options["progress"]:
            options["progress"]("working")
        if "fail" in document:
            return api.failure(api.DockwrightError("broken", fix="mend it"), check=False)
        changes = () if "same" in document else (CHANGE,)
        return Report(Plan(changes), check=options["check"], changed=bool(changes))

    monkeypatch.setattr(api, "converge", converge)
    monkeypatch.setattr(earlier, "converge", converge)
    return calls


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a text on standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_plan_and_apply(asked: list, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    spec = tmp_path / "site.yml"
    spec.write_text("project: shop\n")
    assert main(["plan", str(spec)]) == 0
    assert main(["apply", str(spec), "--timeout", "5s", "--max-disruption", "none"]) == 0
    assert [call["check"] for call in asked] == [True, False]
    assert asked[1]["connection"].timeout == 5
    assert asked[1]["document"] == {"project": "shop", "max_disruption": "none"}
    told = capsys.readouterr()
    assert "mem_limit: 1m -> 2m" in told.out
    assert "\033" not in told.out
    assert told.err == "dockwright: working\n" * 2


@pytest.mark.parametrize(
    "case",
    [
        ("{}", [], 0),
        ("{}", ["--detailed-exitcodes"], 2),
        ("{same: 1}", ["--detailed-exitcodes"], 0),
        ("{fail: 1}", ["--detailed-exitcodes"], 1),
        ("{fail: 1}", [], 1),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_exit_status(
    asked: list,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, list[str], int],
    form: list[str],
) -> None:
    document, options, status = case
    give(monkeypatch, document)
    assert main(["apply", "-", *options, *form]) == status


def test_several_specs_stop_at_the_first_failure(
    asked: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for name, text in (("a", '"a": 1'), ("b", '"fail": 1'), ("c", '"c": 1')):
        (tmp_path / f"{name}.json").write_text(f'{{"project": "of-{name}", {text}}}')
    paths = [str(tmp_path / f"{name}.json") for name in "abc"]
    assert main(["apply", "--json", "-q", *paths]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [result["failed"] for result in answer["resources"]] == [False, True]
    assert len(asked) == 2


def test_a_request_is_answered_in_its_order(
    asked: list, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    resources = [
        {"kind": "host", "fail": 1},
        {"kind": "container", "name": "web", "image": "nginx", "docker_host": "tcp://h:1"},
        {"kind": "volume", "name": "data", "timeout": "soon"},
    ]
    give(monkeypatch, json.dumps({"api": 1, "resources": resources}))
    assert main(["plan", "--json", "--quiet"]) == 1
    told = capsys.readouterr()
    assert told.err == ""
    answer = json.loads(told.out)
    assert (answer["api"], answer["changed"], answer["failed"]) == (1, True, True)
    first, second, third = answer["resources"]
    assert (first["kind"], first["message"], first["fix"]) == ("host", "broken. Mend it", "mend it")
    assert (second["name"], second["changed"], second["failed"]) == ("web", True, False)
    assert second["changes"][0]["cause"] == "spec"
    assert asked[1]["document"] == {"containers": {"web": {"image": "nginx"}}}
    assert asked[1]["connection"].docker_host == "tcp://h:1"
    assert third["problems"][0]["where"] == "timeout"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("nonsense", "not valid JSON"),
        ("[]", "the request is not one"),
        ('{"api": 2, "resources": []}', "is for api 2"),
        ('{"api": 1, "resources": [{"kind": "contaner"}]}', "resources[0] has no known kind"),
        ('{"api": 1, "resources": [], "check": true}', "unknown keys: check"),
    ],
)
def test_what_is_no_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, request_: str, words: str
) -> None:
    give(monkeypatch, request_)
    assert main(["apply", "--json"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["plan"], "no spec is named"),
        (["plan", "/nowhere/site.yml"], "/nowhere/site.yml cannot be read: No such file"),
        (["fly"], "invalid choice: 'fly'"),
        (["plan", "--docker-host"], "expected one argument"),
        (["plan", "--timeout", "soon", "-"], "timeout: is not a duration: 'soon'"),
    ],
)
def test_wrong_use_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, argv: list[str], words: str
) -> None:
    give(monkeypatch, "{}")
    assert main(argv) == 1
    assert words in capsys.readouterr().err


WRONG = {
    "project: a1\nproject: a2": "line 2, column 1: the key project is there twice",
    "volumes: {a1: {driver: local, driver: x}}": "the key driver is there twice",
    "labels: 2026-13-45": "month must be in 1..12",
}


@pytest.mark.parametrize("text", WRONG)
def test_yaml_that_would_be_misread_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture, text: str
) -> None:
    spec = tmp_path / "site.yml"
    spec.write_text(text)
    assert main(["plan", str(spec)]) == 1
    assert WRONG[text] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"project": "a1", "project": "a2"}', "project"),
        ('{"containers": {"web": {"labels": {"a": "1", "a": "1"}}}}', "containers.web.labels.a"),
        ('{"containers": {"web": {"ports": [80, {"target": 1, "target": 2}]}}}', "ports[1].target"),
    ],
)
def test_a_key_twice_in_json_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, text: str, place: str
) -> None:
    for argv in (["plan", "-"], ["plan", "--json"]):
        give(monkeypatch, text)
        assert main(argv) == 1
        assert f"{place} is there twice. Keep one of them" in capsys.readouterr().err


def test_wrong_yaml_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    spec = tmp_path / "site.yml"
    spec.write_text("a: 1\n  b: 2\n")
    assert main(["plan", str(spec)]) == 1
    assert "site.yml is not valid YAML, line 2, column 4" in capsys.readouterr().err


def test_a_bug_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(api, "schema", lambda: 1 / 0)
    assert main(["schema"]) == 1
    told = capsys.readouterr().err
    assert "this is a bug in dockwright" in told
    assert "Traceback" not in told


def test_json_needs_no_third_package(tmp_path: Path) -> None:
    spec = tmp_path / "site.json"
    spec.write_text('{"volumes": {"v": {"driverr": "x"}}}')
    script = (
        "import sys; sys.modules.update(yaml=None, rich=None)\n"
        "from dockwright_cli.main import main\n"
        f"sys.exit(main(['plan', {str(spec)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "volumes.v.driverr: unknown key. Did you mean 'driver'?" in done.stdout
    yaml = tmp_path / "site.yml"
    yaml.write_text("volumes: {}")
    done = subprocess.run(
        [sys.executable, "-c", script.replace(str(spec), str(yaml))], capture_output=True, text=True
    )
    assert "pip install 'dockwright[cli]'" in done.stderr


def test_start_up_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import dockwright_cli.main\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "docker", "requests", "rich", "unittest", "xml", "yaml"}
    assert not heavy & set(done.stdout.split())


def test_start_up_does_little() -> None:
    """Counted in calls of functions, which no other work on the machine changes."""

    def calls(code: str) -> int:
        script = (
            "import contextlib, cProfile, io, pstats\n"
            "profile = cProfile.Profile()\n"
            f"with contextlib.redirect_stdout(io.StringIO()): profile.run({code!r})\n"
            "print(pstats.Stats(profile).total_calls)"
        )
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        return int(done.stdout)

    # Beside what any such command needs.
    plain = calls("import argparse, http.client, json, ssl")
    assert calls("from dockwright_cli.main import main; main(['schema'])") < 3 * plain


def test_disruption_words_are_choices() -> None:
    words = {level.word for level in Disruption}
    row = next(row for row in api.RUN if row.name == "max_disruption")
    assert set(row.type.schema["enum"]) == words


def test_a_plan_is_kept_and_carried_out(
    asked: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    spec, kept = tmp_path / "site.json", tmp_path / "plan.json"
    spec.write_text('{"project": "shop", "containers": {"web": {"environment": {"A": "hidden"}}}}')
    assert main(["plan", str(spec), "-o", str(kept), "--max-disruption", "none"]) == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    content = json.loads(kept.read_text())
    assert (content["specs"], content["options"]) == ([str(spec)], {"max_disruption": "none"})
    assert content["planned"] == ["update container web: mem_limit"]
    assert "hidden" not in kept.read_text()
    assert main(["apply", str(kept)]) == 0
    planned, applied = asked
    assert applied["document"] == planned["document"]
    assert applied["document"]["max_disruption"] == "none"
    assert applied["saved"].salt == planned["saved"].salt == content["salt"]
    assert applied["saved"].changes == ("update container web: mem_limit",)
    assert not applied["check"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", "PLAN"], "is a saved plan, for apply alone"),
        (["apply", "PLAN", "--max-disruption", "none"], "is a saved plan, for apply alone"),
        (["plan", "A", "B", "-o", "OUT"], "-o keeps the plan of one spec"),
        (["plan", "-", "-o", "OUT"], "-o keeps the plan of one spec"),
        (["plan", "SPEC", "-o", "/nowhere/at/all"], "cannot be written"),
        (["apply", "OLD"], "is no plan that this version has saved"),
    ],
)
def test_bad_uses_of_plans(
    asked: list, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture
) -> None:
    files = {"SPEC": "{}", "A": "project: aa", "B": "project: bb", "OLD": '{"dockwright_plan": 7}'}
    files["PLAN"] = json.dumps(
        {
            "dockwright_plan": 2,
            "specs": [str(tmp_path / "SPEC")],
            "options": {},
            "salt": "00",
            "fingerprint": "11",
            "planned": [],
        }
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    named = [str(tmp_path / word) if word in (*files, "OUT") else word for word in arguments]
    with pytest.MonkeyPatch.context() as patch:
        give(patch, "{}")
        assert main(named) == 1
    assert words in capsys.readouterr().err
    assert not [call for call in asked if not call["check"]]


def test_drift_shows_what_others_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def converge(document: Any, **options: Any) -> Report:
        assert options["check"]
        drifted = Change("container", "db", Action.START, "state", cause=Cause.DRIFT)
        changes = (CHANGE, drifted) if "drifted" in document else (CHANGE,)
        return Report(Plan(changes), check=True, changed=True)

    monkeypatch.setattr(api, "converge", converge)
    monkeypatch.setattr(earlier, "converge", converge)
    for document, status, said in (
        ('{"drifted": 1}', 2, "1 drifted; 1 more to apply that no drift has caused"),
        ("{}", 0, "no drift; 1 more to apply that no drift has caused"),
    ):
        give(monkeypatch, document)
        assert main(["drift", "-", "--detailed-exitcodes"]) == status
        told = capsys.readouterr().out
        assert said in told and "mem_limit" not in told
        give(monkeypatch, document)
        assert main(["drift", "-", "--detailed-exitcodes", "--json"]) == status
        assert len(json.loads(capsys.readouterr().out)["drift"]) == (1 if status else 0)


@pytest.mark.parametrize(
    "case",
    [
        ([], {}, True, True),
        ([], {}, False, False),
        ([], {"NO_COLOR": "1"}, True, False),
        ([], {"TERM": "dumb"}, True, False),
        (["--color", "always"], {"NO_COLOR": "1"}, False, True),
        (["--color", "never"], {}, True, False),
        (["--color=auto"], {}, True, True),
    ],
)
def test_colours(
    asked: list,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    case: tuple[list[str], dict[str, str], bool, bool],
) -> None:
    options, environment, terminal, colours = case
    for name, value in {"NO_COLOR": "", "TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    give(monkeypatch, "{}")
    assert main(["plan", "-", *options]) == 0
    assert ("\033[" in capsys.readouterr().out) == colours
