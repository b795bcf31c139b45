"""Runs that fail in the middle: what the report says, what comes first, what stays covered."""

from __future__ import annotations

import json
from typing import Any

from dockwright import api
from dockwright.model import Action
from tests.engine.world import SLEEP, World, container, project, titles, told
from tests.hosts import start_registry


def test_the_report_of_a_failure_in_the_middle(lean_world: World) -> None:
    """What was done is done, what was not is listed, and the next run goes on from there."""
    bad = container(command=["/no/such/program"], depends_on=["two"])
    document = project(
        {
            "one": container(),
            "two": container(depends_on=["one"]),
            "three": bad,
            "four": container(depends_on=["three"]),
        }
    )
    report = lean_world.fail(document)
    assert report.changed
    assert [(c.action, c.name) for c in report.done] == [
        (Action.CREATE, "shop_default"),
        (Action.CREATE, "one"),
        (Action.CREATE, "two"),
    ]
    assert [c.name for c in report.not_done] == ["three", "four"]
    (problem,) = report.problems
    assert problem.where == "containers.three"
    assert "no such file or directory" in problem.message
    assert lean_world.names() == {"one", "two"}
    rendered = api.to_dict(report)
    assert rendered["done"][-1] == "create container two"
    assert rendered["not_done"][0] == "create container three"
    document["containers"]["three"]["command"] = SLEEP
    assert titles(lean_world.apply(document)) == ["create container three", "create container four"]


def test_a_failure_that_changed_nothing(world26: World) -> None:
    report = world26.fail(
        project({"web": container(networks=["bridge"], storage_opt={"size": "1g"})})
    )
    assert not report.changed
    assert not report.done


def test_images_come_first(lean_world: World) -> None:
    """When an image cannot be had, nothing else has been touched."""
    registry = start_registry(lean_world.host)
    lean_world.apply(project({"web": container()}))
    missing = f"{registry}/no/such:1"
    document = project(
        {"web": container(environment={"A": "1"}), "db": container(image=missing)},
        networks={"back": {}},
        volumes={"data": {}},
    )
    with lean_world.untouched():
        report = lean_world.fail(document)
    assert not report.changed
    assert missing in told(report)


# --- secrets -------------------------------------------------------------------------------------


def test_secrets_are_masked_everywhere(lean_world: World) -> None:
    secret, other, password = "correct-horse-1", "battery-staple-2", "open-sesame-3"
    registries = {"localhost:5999": {"username": "ci", "password": password, "store": False}}

    def document(value: str, **more: Any) -> dict[str, Any]:
        again = {
            "working_dir": f"/{value}",
            "labels": {"again": value},
            "logging": {"driver": "json-file", "options": {"tag": value}},
        }
        environment = {"PASSWORD": value, "SHOWN": "in-the-clear"}
        web = container(**{**again, "environment": environment, **more})
        return project({"web": web}, registries=registries)

    words = told(lean_world.fail(document(secret, command=[f"/{secret}"], working_dir="/")))
    assert secret not in words  # the engine says what it could not start
    assert "no such file" in words
    reports = [
        lean_world.check(document(secret)),
        lean_world.run(document(secret)),
        lean_world.check(document(other)),
        lean_world.run(document(other)),
    ]
    assert [report.failed for report in reports] == [False] * 4
    for report in reports:
        text = json.dumps(api.to_dict(report)) + "\n".join(api.lines(report)) + repr(report)
        for value in (secret, other, password, "in-the-clear"):
            assert value not in text
        assert "PASSWORD" in text
    moved = lean_world.check(document(other, ignore=["labels"], working_dir=f"/{other}/{other}"))
    assert other not in repr(moved)  # also where the variable itself stays as it is
    assert [change.path for change in moved.plan.changes] == ["working_dir"]
    shown = json.dumps(api.to_dict(lean_world.check({**document(secret), "reveal": ["PASSWORD"]})))
    assert secret in shown
    assert other in shown
    for content in lean_world.files().values():
        assert secret.encode() not in content
        assert other.encode() not in content
