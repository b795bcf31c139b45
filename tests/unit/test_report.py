"""What people read of a plan."""

from __future__ import annotations

import re

import pytest

from dockwright.model import Action, Cause, Change, Disruption, Plan, Report
from dockwright.tree import lines


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "(none)"),
        (True, "true"),
        (["a", "b"], "[a, b]"),
        ({"aliases": ["www"]}, "{aliases: [www]}"),
        ("64m", "64m"),
        (0, "0"),
    ],
)
def test_values_are_written_as_in_a_spec(value: object, written: str) -> None:
    change = Change("container", "web", Action.UPDATE, "x", value, "new")
    assert f"      x: {written} -> new  (update) [none]" in lines(Report(Plan((change,))))


def test_the_strongest_change_names_what_happens_to_the_object() -> None:
    changes = (
        Change("container", "web", Action.UPDATE, "mem_limit", "64m", "96m"),
        Change("container", "web", Action.REPLACE, "user", "a", "b", disruption=Disruption.REPLACE),
    )
    assert lines(Report(Plan(changes)))[:2] == ["container", "  ± web: replace  [replace]"]


CHANGES = (
    Change("network", "back", Action.CREATE, reason="is not there"),
    Change(
        *("container", "web", Action.REPLACE, "environment.TZ", "UTC", "CET"),
        cause=Cause.SPEC,
        disruption=Disruption.REPLACE,
    ),
    Change(
        *("container", "web", Action.UPDATE, "mem_limit", None, "64m"),
        reason="not in the spec",
        cause=Cause.DRIFT,
    ),
    Change("network", "front", Action.DELETE),
    Change("container", "web", Action.UPDATE, "labels.long", "x" * 50, "y"),
    Change(
        *("daemon", "daemon", Action.RELOAD, "", None, None, "debug: taken at a reload"),
        disruption=Disruption.RELOAD,
    ),
)
TREE = f"""\
network
  + back: create  (is not there)  [none]
  - front: delete  [none]
container
  ± web: replace  [replace]
      environment.TZ: UTC -> CET     (replace, cause: spec)                  [replace]
      mem_limit:      (none) -> 64m  (update, cause: drift, not in the spec) [none]
      labels.long:    {"x" * 50} -> y  (update)                                [none]
daemon
  ~ reload  (debug: taken at a reload)  [reload]
warning: mind the step
6 changes to apply, disruption: replace
"""


def test_a_plan_is_a_tree() -> None:
    report = Report(Plan(CHANGES, warnings=("mind the step",)), check=True)
    assert lines(report) == TREE.splitlines()


def test_drift_alone_is_a_tree_too() -> None:
    assert lines(Report(Plan(CHANGES), check=True), only_drift=True) == [
        "container",
        "  ~ web: update  [none]",
        "      mem_limit: (none) -> 64m  (update, cause: drift, not in the spec) [none]",
        "1 drifted; 5 more to apply that no drift has caused",
    ]


def test_colours_change_no_text() -> None:
    report = Report(Plan(CHANGES, warnings=("mind the step",)), check=True)
    painted = lines(report, colour=True)
    assert "  \033[33m± web: replace\033[0m  \033[1;31m[replace]\033[0m" in painted
    assert "\033[1mnetwork\033[0m" in painted
    assert [re.sub(r"\033\[[\d;]+m", "", line) for line in painted] == TREE.splitlines()


def test_a_report_refuses_what_it_has_not() -> None:
    with pytest.raises(TypeError, match="a Report has no chek, faild"):
        Report(chek=True, faild=True)
    assert Report(failed=True).failed
