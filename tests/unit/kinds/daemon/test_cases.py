"""Every key of daemon.json: same, added, changed, removed, bad value, as data in tests/cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


WANTS = [
    (case["want"], case["file"])
    for file in FILES
    for case in json.loads(file.read_text())["cases"]
    if "problem" not in case
]


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


@given(
    wanted=st.lists(st.sampled_from([want for want, _ in WANTS]), max_size=12),
    there=st.lists(st.sampled_from([file for _, file in WANTS]), max_size=12),
    owned=st.sets(st.sampled_from([key.name for key in KEYS])),
    foreign=st.sampled_from(["keep", "remove"]),
    engine=st.sampled_from(["20.10.24", "26.1.5", "28.5.2", "29.8.0"]),
)
def test_any_spec_on_any_file_converges(
    wanted: list[dict[str, Any]],
    there: list[dict[str, Any]],
    owned: set[str],
    foreign: str,
    engine: str,
) -> None:
    have = DaemonHave(
        engine=engine, raw=merged(there), is_running=True, owned=dict.fromkeys(owned, "")
    )
    try:
        want = parse(merged(wanted))
        made = plan(want, have, foreign=foreign)
    except SpecError:
        return  # keys that do not go together, or are not of this engine
    paths = [change.path for change in made.changes if change.action is Action.UPDATE]
    after = edited(have.raw, want, paths)
    kept = {name for name in have.raw if name not in owned} if foreign == "keep" else set()
    assert set(after) == {*want.values, *kept}
    again = plan(
        want, have._replace(raw=after, owned=dict.fromkeys(want.values, "")), foreign=foreign
    )
    assert again.changes == ()
