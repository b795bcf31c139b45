"""Who follows a container that is replaced or started, because it lives in its namespaces."""

from __future__ import annotations

from typing import Any

from dockwright.kinds.container.sharing import dependents, restarts, shared_with
from dockwright.model import Action, Change, Have


def have(name: str, started: str = "2026-01-01T00:00:00Z", **host: Any) -> Have:
    """A running container."""
    state = {"Running": True, "StartedAt": started}
    raw = {"State": state, "HostConfig": host}
    return Have("container", name, f"id-{name}", raw=raw)


def haves(*listed: Have) -> dict[str, Have]:
    """Containers by name."""
    return {item.name: item for item in listed}


REPLACED = Change("container", "web", Action.REPLACE)


def test_references() -> None:
    one = have(
        "one",
        NetworkMode="container:id-a",
        PidMode="container:b",
        VolumesFrom=["c:ro", "d"],
        Links=["/e:/one/alias"],
    )
    assert [reference for _, reference in shared_with(one)] == ["id-a", "b", "c", "d", "e"]


def test_dependents_follow_and_so_do_theirs() -> None:
    everyone = haves(
        have("web"),
        have("mate", NetworkMode="container:id-web"),
        have("second", IpcMode="container:id-mate"),
        have("going", NetworkMode="container:id-web"),
        have("alone"),
    )
    found = dependents([REPLACED], everyone, ["going"], {})
    assert [change.name for change in found] == ["mate", "second"]
    assert found[0].after == "container:web"


def test_dependents_of_one_that_a_killed_run_replaced() -> None:
    everyone = haves(have("web"), have("mate", NetworkMode="container:gone"))
    assert not dependents([], everyone, (), {})
    (change,) = dependents([], everyone, (), {"gone": "web"})
    assert (change.name, change.after) == ("mate", "container:web")


def test_restart_in_a_namespace_that_is_gone() -> None:
    def found(web: str, mate: str, *changes: Change) -> list[str]:
        everyone = haves(have("web", web), have("mate", mate, NetworkMode="container:id-web"))
        return [change.name for change in restarts(changes, everyone, ["web"])]

    first, second = "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.51Z"
    assert found(first, second) == []
    assert found(second, first) == ["mate"]
    assert found(first, second, Change("container", "web", Action.START)) == ["mate"]
    assert found(second, first, REPLACED) == []


def test_foreign_containers_are_left_alone() -> None:
    late = have("theirs", "2026-01-02T00:00:00Z")
    everyone = haves(late, have("mate", NetworkMode="container:id-theirs"))
    assert restarts([], everyone, ["web"]) == []
