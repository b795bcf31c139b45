"""What people read of a plan."""

from __future__ import annotations

import pytest

from dockwright.model import Action, Change, Disruption, Plan, Report
from dockwright.report import lines


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
    assert f"    x: {written} -> new  (update) [none]" in lines(Report(Plan((change,))))


def test_the_strongest_change_names_what_happens_to_the_object() -> None:
    changes = (
        Change("container", "web", Action.UPDATE, "mem_limit", "64m", "96m"),
        Change("container", "web", Action.REPLACE, "user", "a", "b", disruption=Disruption.REPLACE),
    )
    assert lines(Report(Plan(changes)))[0] == "± container web: replace  [replace]"
