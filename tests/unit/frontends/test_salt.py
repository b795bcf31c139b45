"""What Salt's states hand to the core and what they return; without Salt."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright.model import Action, Change, Plan, Report
from saltext.dockwright import glue

CREATE = Change("container", "web", Action.CREATE, after={"image": "nginx", "tty": True})
UPDATE = Change("network", "back", Action.UPDATE, "internal", False, True)
EMPTY = Change("volume", "data", Action.CREATE, after={})
RELOAD = Change("daemon", "", Action.RELOAD, reason="taken at a reload")
TEST, REAL = ({"__opts__": {"test": test}} for test in (True, False))
STATES = Path(__file__).parents[3] / "adapters/salt/saltext/dockwright/states"


def test_lists_of_pairs_are_mappings_where_mappings_are_wanted() -> None:
    options = {
        "environment": [{"A": 1}, {"B": 2}],
        "volumes": [{"target": "/data"}],
        "labels": ["a=b"],
        "__id__": "web",
    }
    assert glue.plain("container", options) == {
        "environment": {"A": 1, "B": 2},
        "volumes": [{"target": "/data"}],
        "labels": ["a=b"],
    }


def test_changes_are_told_field_by_field() -> None:
    assert glue.changes([CREATE, UPDATE, EMPTY, RELOAD]) == {
        "container web": {
            "image": {"old": None, "new": "nginx"},
            "tty": {"old": None, "new": True},
        },
        "network back": {"internal": {"old": False, "new": True}},
        "volume data": {"create": {"old": None, "new": {}}},
        "daemon": {"reload": {"old": None, "new": {}}},
    }


@pytest.mark.parametrize(
    ("report", "result", "has_changes"),
    [
        (Report(Plan((UPDATE,)), check=True, changed=True), None, True),
        (Report(check=True), True, False),
        (Report(Plan((UPDATE,)), changed=True, done=[UPDATE]), True, True),
        (Report(Plan((UPDATE,)), changed=True, failed=True, done=[UPDATE]), False, True),
        (Report(Plan((UPDATE,)), check=True, failed=True), False, False),
    ],
)
def test_results(report: Report, result: Any, has_changes: bool) -> None:
    answer = glue.returned("web", report)
    assert answer["result"] is result
    assert bool(answer["changes"]) == has_changes
    assert isinstance(answer["comment"], str)


def test_states_are_named_after_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def converge(document: Any, **options: Any) -> Report:
        asked.append((document, options["check"]))
        return Report(check=options["check"])

    monkeypatch.setattr(api, "converge", converge)
    assert glue.state("volume", "data", {"state": "present"}, TEST)["result"]
    assert glue.state("host", "anything", {"purge": True}, REAL)["result"]
    assert asked == [({"volumes": {"data": {"state": "present"}}}, True), ({"purge": True}, False)]


def test_wrong_connection_and_bugs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = glue.state("volume", "data", {"timeout": "soon"}, TEST)
    assert (answer["result"], answer["changes"]) == (False, {})
    assert "timeout" in answer["comment"]
    monkeypatch.setattr(api, "document_of", lambda *_: 1 / 0)
    assert "bug in dockwright" in glue.state("volume", "data", {}, TEST)["comment"]


def test_options_are_documented() -> None:
    def present() -> None:
        """Have it."""

    glue.tell_options("volume", present)
    assert present.__doc__ and "driver_opts\n    Options of the driver." in present.__doc__


def test_a_spec_for_one_kind_cannot_come_from_a_file() -> None:
    answer = glue.answer("/srv/site.yml", "container", {}, check=True)
    assert answer["failed"] and "path is for a whole host" in answer["message"]
    assert "Known kinds" in glue.answer("", "contaner", {}, check=True)["message"]


def test_all_states_know_watch() -> None:
    """Where one is missing, Salt looks for it in all the states that it has: that takes seconds."""
    for path in STATES.glob("*.py"):
        tree = ast.parse(path.read_text())
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert "mod_watch" in names, path.name


def test_the_session_is_told_what_salt_knows() -> None:
    """That nobody else has acted is said only where Salt had no other state's turn."""
    said: list[bool] = []

    class Session(api.Session):
        def undisturbed(self) -> None:
            said.append(True)

    context: dict[str, Any] = {"dockwright": (Session(), None)}

    def quiet(**more: Any) -> bool:
        run = {"__instance_id__": "1", "__low__": {}, "__lowstate__": [{}], "__running__": {}}
        del said[:]
        session = glue.shared({**REAL, "__context__": context, **run, **more})
        assert session is context["dockwright"][0]
        return bool(said)

    ours, foreign = "dockwright_image_|-a_|-a_|-present", "cmd_|-b_|-b_|-run"
    assert not quiet()  # the first one
    assert quiet()
    assert quiet(__running__={ours: {}})
    assert not quiet(__running__={ours: {}, foreign: {}})
    assert quiet(__running__={ours: {}, foreign: {}})
    assert not quiet(__running__={foreign: {}}, __low__={"onlyif": "docker …"})
    assert not quiet(__running__={foreign: {}})
    assert not quiet(__running__={foreign: {}}, __lowstate__=[{"parallel": True}])
    assert not quiet(__lowstate__=[{}, {"check_cmd": "docker …"}])
    assert not quiet(__low__=None)  # no state run
    assert not quiet()
    assert not quiet(__instance_id__="2")
    assert glue.shared(REAL) is None


@pytest.mark.parametrize(("test", "works"), [(True, True), (False, True), (False, False)])
def test_a_watching_daemon_is_reloaded(test: bool, works: bool) -> None:
    asked: list[str] = []

    def reload(unit: str) -> bool:
        asked.append(unit)
        return works

    salt = {"__opts__": {"test": test}, "__salt__": {"service.reload": reload}}
    answer = glue.reloaded("docker", {"unit": "second.service"}, salt)
    assert answer["result"] is (None if test else works)
    assert bool(answer["changes"]) == works
    assert asked == ([] if test else ["second.service"])
