"""What Salt's states hand to the core and what they return; without Salt."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright import api
from dockwright.model import Action, Change, Plan, Report
from saltext.dockwright import glue

CREATE = Change("container", "web", Action.CREATE, after={"image": "nginx", "tty": True})
UPDATE = Change("network", "back", Action.UPDATE, "internal", False, True)
EMPTY = Change("volume", "data", Action.CREATE, after={})


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
    assert glue.changes([CREATE, UPDATE, EMPTY]) == {
        "container web": {
            "image": {"old": None, "new": "nginx"},
            "tty": {"old": None, "new": True},
        },
        "network back": {"internal": {"old": False, "new": True}},
        "volume data": {"create": {"old": None, "new": {}}},
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
    assert glue.state("volume", "data", {"state": "present"}, test=True)["result"]
    assert glue.state("host", "anything", {"purge": True}, test=False)["result"]
    assert asked == [({"volumes": {"data": {"state": "present"}}}, True), ({"purge": True}, False)]


def test_wrong_connection_and_bugs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = glue.state("volume", "data", {"timeout": "soon"}, test=True)
    assert (answer["result"], answer["changes"]) == (False, {})
    assert "timeout" in answer["comment"]
    monkeypatch.setattr(api, "document_of", lambda *_: 1 / 0)
    assert "bug in dockwright" in glue.state("volume", "data", {}, test=True)["comment"]


def test_options_are_documented() -> None:
    def present() -> None:
        """Have it."""

    glue.tell_options("volume", present)
    assert present.__doc__ and "driver_opts\n    Options of the driver." in present.__doc__


def test_a_spec_for_one_kind_cannot_come_from_a_file() -> None:
    answer = glue.answer("/srv/site.yml", "container", {}, check=True)
    assert answer["failed"] and "path is for a whole host" in answer["message"]
    assert "Known kinds" in glue.answer("", "contaner", {}, check=True)["message"]
