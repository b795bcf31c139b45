"""Every key of daemon.json: same, added, changed, removed, bad value, as data in tests/cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.daemon.document import edited
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.daemon.options import KEYS
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse
from dockwright.model import Action, Plan

FILES = sorted((Path(__file__).parents[3] / "cases/daemon").glob("*.json"))
NAMES = ["same", "added", "changed", "removed", "bad value"]


def cases() -> list[Any]:
    """Each case with its engine."""
    found = []
    for file in FILES:
        content = json.loads(file.read_text())
        for case in content["cases"]:
            mark = f"{file.stem}-{case['name']}".replace(" ", "-")
            found.append(pytest.param({"engine": content["engine"], **case}, id=mark))
    return found


def have_of(case: dict[str, Any], file: dict[str, Any]) -> DaemonHave:
    """A running daemon without containers that reads this file."""
    owned = dict.fromkeys(case.get("owned", ()), "")
    return DaemonHave(engine=case["engine"], raw=file, is_running=True, owned=owned)


def flat(made: Plan) -> list[list[Any]]:
    """The plan as the case files write it."""
    return [
        [c.action.value, c.path, c.before, c.after]
        if c.action is Action.UPDATE
        else [c.action.value]
        for c in made.changes
    ]


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    if "problem" in case:
        with pytest.raises(SpecError) as error:
            parse(case["want"])
        assert [problem.where for problem in error.value.problems()] == [case["problem"]]
        return
    want = parse(case["want"])
    have = have_of(case, case["file"])
    made = plan(want, have)
    assert flat(made) == case["changes"]
    paths = [change.path for change in made.changes if change.action is Action.UPDATE]
    after = edited(have.raw, want, paths)
    if "then" in case:
        assert after == case["then"]
    assert plan(want, have_of({**case, "owned": []}, after)).changes == ()


def test_every_key_has_its_cases() -> None:
    found = {
        file.stem: [c["name"] for c in json.loads(file.read_text())["cases"]] for file in FILES
    }
    assert found == {key.name: NAMES for key in KEYS}
