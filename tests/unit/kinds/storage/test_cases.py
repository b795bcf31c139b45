"""Every option of kind storage: same, changed, refused, bad value, as data in tests/cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import PlanRefused, Problem, SpecError
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.storage.have import StorageHave
from dockwright.kinds.storage.inventory import Inventory
from dockwright.kinds.storage.kept import Kept
from dockwright.kinds.storage.options import ROWS
from dockwright.kinds.storage.plan import plan
from dockwright.kinds.storage.recommend import Ground
from dockwright.kinds.storage.target import file_after, target_of
from dockwright.kinds.storage.want import parse_storage

FILES = sorted((Path(__file__).parents[3] / "cases/storage").glob("*.json"))
ROOM = 10**12


def cases() -> list[Any]:
    found = []
    for file in FILES:
        for case in json.loads(file.read_text())["cases"]:
            found.append(pytest.param(case, id=f"{file.stem}-{case['name']}".replace(" ", "-")))
    return found


def have_of(case: dict[str, Any]) -> StorageHave:
    """The host of a case: overlay2 on ext4 unless it says otherwise."""
    live = case.get("live", {})
    daemon = DaemonHave(
        engine=case.get("engine", "26.1.5"),
        raw=case.get("file", {}),
        is_running=case.get("running", True),
        images=case.get("images", 0),
        has_stopped_content=case.get("content", False),
        flags=case.get("flags", {}),
        swarm=case.get("swarm", False),
    )
    ground = Ground(
        "/var/lib/docker",
        case.get("filesystem", "ext4"),
        free=ROOM,
        kernel=(6, 1),
        is_empty=False,
        closed=case.get("closed", ""),
    )
    root = case["want"].get("data_root", "").rstrip("/")
    target = Ground(root, **{"filesystem": "ext4", "free": ROOM, **case.get("target", {})})
    held = case.get("inventory", {} if case.get("images") else None)
    return StorageHave(
        daemon=daemon,
        driver=live.get("driver", "overlay2") if daemon.is_running else "",
        store=live.get("store", "graphdriver"),
        remap=live.get("remap", ""),
        ground=ground,
        target=target if root not in ("", "/var/lib/docker") else None,
        kept=(Kept("/var/lib/docker", tuple(case["kept"])),) if "kept" in case else (),
        remap_problem=case.get("remap_problem", ""),
        room=case.get("room", ROOM),
        inventory=None if held is None else Inventory(**held),
    )


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    problems: list[Problem] = []
    want = parse_storage(case["want"], "storage", problems)
    if not problems and "problem" in case:
        with pytest.raises(SpecError) as error:
            plan(want, have_of(case))
        problems = list(error.value.problems())
    if "problem" in case:
        assert [problem.where for problem in problems] == [case["problem"]]
        assert all(problem.message for problem in problems)
        return
    assert problems == []
    have = have_of(case)
    if "refused" in case:
        with pytest.raises(PlanRefused) as refused:
            plan(want, have)
        (problem,) = refused.value.problems()
        assert problem.where == case["refused"]
        assert case["words"] in problem.text()
        return
    made = plan(want, have)
    found = [[c.path, c.before, c.after, c.disruption.word] for c in made.changes]
    assert found == case["changes"]
    after = file_after(have.daemon.raw, target_of(want, have).values)
    if "then" in case:
        assert after == case["then"]
    if "warning" in case:
        assert any(case["warning"] in text for text in made.warnings), made.warnings


def test_every_option_has_its_cases() -> None:
    named = {
        file.stem: [c["name"] for c in json.loads(file.read_text())["cases"]] for file in FILES
    }
    assert set(named) == {row.name for row in ROWS}
    for row, names in named.items():
        assert "bad value" in names and len(names) >= 4, row
