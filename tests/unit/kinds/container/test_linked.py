"""What containers say of each other, where one of them is wrong by itself."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.spec import problems_of

SAYS: list[dict[str, Any]] = [
    {"depends_on": ["web"]},
    {"network_mode": "service:web"},
    {"pid": "service:web"},
]


@pytest.mark.parametrize("says", SAYS, ids=lambda says: next(iter(says)))
def test_one_mistake_is_told_once(says: dict[str, Any]) -> None:
    wrong = {"image": "web:1", "mem_limit": "lots"}
    problems = problems_of({"containers": {"web": wrong, "mate": {"image": "a", **says}}})
    assert [problem.where for problem in problems] == ["containers.web.mem_limit"]
    of_compose = {"web": wrong, "mate": {"image": "a", **says}}
    problems = problems_of({"project": "shop", "compose": {"services": of_compose}})
    assert [problem.where for problem in problems] == ["compose.services.web.mem_limit"]
    replica = {"shop-web-1": {**wrong, "service": "web"}, "mate": {"image": "a", **says}}
    problems = problems_of({"project": "shop", "containers": replica})
    assert [problem.where for problem in problems] == ["containers.shop-web-1.mem_limit"]
    none = {"image": "web:1", "scale": 0}
    problems = problems_of({"containers": {"web": none, "mate": {"image": "a", **says}}})
    assert ["its scale is 0" in problem.message for problem in problems] == [True]
