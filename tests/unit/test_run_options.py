"""What the options of a run refuse before anything is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import HostError, SpecError
from dockwright.host.service import uid_of
from dockwright.spec import parse_document

GOOD = ["docker.service", "docker2.service", "docker@second.service", "shop@/docker.service"]
BAD = ["", "docker", "root@/", "@/docker.service", "root@docker.service", "/docker.service"]
BAD += ["root@/docker.socket", "root@/.service", "a/b.service", "root@/docker .service"]


def parsed(unit: Any) -> Any:
    document = {"unit": unit, "daemon": {"debug": True}}
    return parse_document(document, lambda path: None).run.daemon["unit"]


@pytest.mark.parametrize("unit", GOOD)
def test_a_unit_is_taken_as_it_is(unit: str) -> None:
    assert parsed(unit) == unit


@pytest.mark.parametrize("unit", BAD)
def test_what_is_no_unit_is_refused_by_its_place(unit: str) -> None:
    with pytest.raises(SpecError) as error:
        parsed(unit)
    (problem,) = error.value.problems()
    assert problem.where == "unit"
    assert "USER@/NAME.service" in problem.fix


def test_a_user_who_is_not_there_is_refused_by_the_place() -> None:
    with pytest.raises(HostError) as error:
        uid_of("nobody-of-that-name")
    (problem,) = error.value.problems()
    assert (problem.where, bool(problem.fix)) == ("unit", True)
