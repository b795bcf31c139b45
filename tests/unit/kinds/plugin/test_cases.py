"""Every option of a plugin: same, changed, removed, bad value, as data in tests/cases; and faults.

A case: ``want`` (an entry of ``plugins``), ``have`` (the entry that it was installed by) with
``raw`` (what the engine says otherwise) and ``volumes`` of it; ``remove``: volumes that the
document removes; ``restart``: of the daemon before, ``restarts``: afterwards. Then ``changes`` as
[action, path, before, after, disruption], or ``problem`` and ``words``; ``then``: what the engine
says of it afterwards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright.api import Connection, Report, converge
from dockwright.engine.fake_plugins import restart
from dockwright.host.machine import Host
from dockwright.kinds.plugin.options import ROWS
from dockwright.model import Action
from dockwright.rollback import then as rolled_back
from tests.case_files import at
from tests.unit.kinds.plugin.conftest import ALL, World
from tests.unit.test_rollback import entry

FILES = sorted((Path(__file__).parents[3] / "cases/plugin").glob("*.json"))


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{case['name']}".replace(" ", "-"))
        for file in FILES
        for case in json.loads(file.read_text())["cases"]
    ]


def found(report: Report) -> list[list[Any]]:
    return [
        [c.action.value, c.path, c.before, c.after, c.disruption.word]
        for c in report.plan.changes
        if c.kind == "plugin"
    ]


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], world: World) -> None:
    if "have" in case:
        made = world.converge(case["have"])
        assert not made.failed, made.problems
        world.plugin.update(case.get("raw", {}))
    if case.get("restart"):
        restart(world.engine.host)
    for name in case.get("volumes", ()):
        world.engine.post("/volumes/create", {"Name": name, "Driver": "nfs:latest"})
    more: dict[str, Any] = {"reveal": case.get("reveal", [])}
    more["volumes"] = {name: {"state": "absent"} for name in case.get("remove", ())}
    before = len(world.engine.writes)
    planned = world.converge(case["want"], check=True, **more)
    assert len(world.engine.writes) == before
    if "problem" in case:
        assert [problem.where for problem in planned.problems] == [case["problem"]]
        assert case.get("words", "") in planned.problems[0].text()
        done = world.converge(case["want"], **more)
        assert (done.problems, done.changed) == (planned.problems, False)
        return
    assert not planned.failed, planned.problems
    assert found(planned) == case["changes"]
    assert case.get("warning", "") in "".join(planned.plan.warnings)
    assert bool(planned.plan.warnings) == ("warning" in case)
    done = world.converge(case["want"], **more)
    assert not done.failed, done.problems
    assert done.plan.changes == planned.plan.changes
    for path, value in case.get("then", {}).items():
        assert at(world.plugin, path) == value
    if case.get("restarts"):
        restart(world.engine.host)
    assert world.converge(case["want"], check=True, **more).plan.changes == ()
    assert bool(world.plugin) == (case["want"].get("state") != "absent")


def test_every_option_has_its_cases() -> None:
    named = {
        file.stem: [c["name"] for c in json.loads(file.read_text())["cases"]] for file in FILES
    }
    assert set(named) == {row.name for row in ROWS}
    for row, names in named.items():
        assert {"same", "changed", "removed", "bad value"} <= set(names), row


def test_requests(world: World) -> None:
    """One list; who has a plugin's volumes is asked only where it is to be stopped."""
    world.converge(ALL)
    world.engine.log.clear()
    world.converge(ALL)
    assert [line for line in world.engine.log if line != "GET /_ping"] == [
        "GET /info",
        "GET /plugins",
    ]
    world.engine.log.clear()
    world.converge({**ALL, "settings": {"DEBUG": "1"}}, check=True)
    assert sorted(world.engine.log)[-2:] == ["GET /plugins", "GET /volumes"]


@pytest.mark.parametrize("step", ["disable", "upgrade", "set", "enable"])
def test_what_fails_is_put_back(step: str, world: World) -> None:
    world.converge({**ALL, "source": "reg.example/nfs:1", "settings": {"DEBUG": "1"}})
    before = json.dumps(world.plugin, sort_keys=True)
    world.engine.fail_on("POST", f"/plugins/nfs:latest/{step}", message="no, not now")
    report = world.converge({**ALL, "source": "reg.example/nfs:2", "settings": {"DEBUG": "2"}})
    assert report.failed
    assert "no, not now; it is as before" in report.problems[0].message
    assert report.changed is (step != "disable")
    assert (report.done, len(report.not_done)) == ([], 2)
    assert sorted(world.plugin["Settings"]["Env"]) == sorted(json.loads(before)["Settings"]["Env"])
    assert world.plugin["Enabled"]
    assert world.plugin["PluginReference"] == "reg.example/nfs:1"


@pytest.mark.parametrize("step", ["set", "enable"])
def test_a_new_one_that_fails_goes_again(step: str, world: World) -> None:
    world.engine.fail_on("POST", f"/plugins/nfs:latest/{step}", message="no, not now")
    report = world.converge({**ALL, "settings": {"DEBUG": "2"}})
    assert (report.failed, report.changed, world.plugin) == (True, True, {})


def test_what_cannot_be_put_back_is_told(world: World) -> None:
    world.converge(ALL)
    world.engine.fail_on("POST", "/plugins/nfs:latest/enable", message="no, not now", times=2)
    report = world.converge({**ALL, "settings": {"DEBUG": "2"}})
    assert "it is not as before: no, not now" in report.problems[0].message


def test_a_secret_is_nowhere(world: World) -> None:
    first = {**ALL, "settings": {"TOKEN": "hush-hush-1", "DEBUG": "1"}}
    second = {**ALL, "settings": {"TOKEN": "hush-hush-2", "DEBUG": "1"}}
    world.engine.fail_on("POST", "/set", message="what is TOKEN=hush-hush-1", times=1)
    reports = [world.converge(first), world.converge(first), world.converge(second, check=True)]
    assert [report.failed for report in reports] == [True, False, False]
    text = json.dumps([api.to_dict(report) for report in reports])
    text += json.dumps(api.masked_params("plugin", {"name": "nfs", **first}))
    assert "hush-hush" not in text
    assert "TOKEN" in text


def test_causes(world: World) -> None:
    def causes(want: dict[str, Any]) -> list[str]:
        report = world.converge({**ALL, **want}, check=True)
        return [change.cause.value for change in report.plan.changes]

    assert causes({}) == ["spec"]
    world.converge({**ALL, "settings": {"DEBUG": "1"}})
    assert causes({"settings": {"DEBUG": "2"}}) == ["spec"]
    assert causes({}) == ["spec"]  # a line that was taken away
    world.plugin["Enabled"] = False
    assert causes({"settings": {"DEBUG": "1"}}) == ["drift"]
    del world.engine.host.plugins["nfs:latest"]
    assert causes({"settings": {"DEBUG": "1"}}) == ["drift"]


def test_before_volumes_and_after_them(world: World) -> None:
    there = world.converge(ALL, volumes={"data": {"driver": "nfs"}}, project="shop")
    assert [change.kind for change in there.done] == ["plugin", "volume"]
    gone = world.converge({"state": "absent"}, project="shop", purge=True, max_disruption="destroy")
    assert [change.kind for change in gone.done] == ["volume", "plugin"]


def test_one_plugin_twice(world: World) -> None:
    report = world.converge(ALL, plugins={"nfs": ALL, "nfs:latest": ALL})
    assert [problem.where for problem in report.problems] == ["plugins.nfs:latest"]


def test_an_old_engine_is_not_asked_for_a_digest(world: World) -> None:
    world.engine.host.api = "1.41"
    report = world.converge({**ALL, "source": f"reg.example/nfs@sha256:{'0' * 64}"})
    assert [problem.where for problem in report.problems] == ["plugins.nfs.source"]
    assert "GET /plugins/privileges" not in world.engine.log


def test_without_an_engine_it_is_planned(tmp_path: Path) -> None:
    report = converge(
        {"plugins": {"nfs": {}}},
        connection=Connection(docker_host="unix:///nowhere/at/all"),
        host=Host(root=str(tmp_path)),
        check=True,
    )
    (change,) = report.plan.changes
    assert (change.action, repr(change.after["privileges"])) == (Action.CREATE, "known after pull")


def test_a_rollback_takes_new_ones_away() -> None:
    entries = [
        entry(1, {"plugins": {"nfs": ALL}}, ("plugin", "nfs:latest")),
        entry(2, {}, ("plugin", "nfs:latest"), ("plugin", "other:latest")),
    ]
    document, _ = rolled_back(entries[0], entries, entries[1:])
    assert document["plugins"] == {"nfs": ALL, "other:latest": {"state": "absent"}}
