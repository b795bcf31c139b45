"""What keeps an earlier default of the daemon: found, named, and made anew where that is safe."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.container.recovery import LATER
from dockwright.kinds.container.stale import Moved, plan_stale, without
from dockwright.model import Disruption, Have, Want

OURS = {"io.dockwright.name": "web"}
JSON = {"driver": "json-file", "options": {}}
LOCAL = {"driver": "local", "options": {}}
BAKED = [
    ("logging", JSON, LOCAL, {"LogConfig": {"Type": "json-file", "Config": {}}}),
    (
        "ulimits",
        {"core": [0, 0]},
        {"core": [1, 1]},
        {"Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}]},
    ),
    ("shm_size", 64, 128, {"ShmSize": 64}),
    ("ipc", "private", "shareable", {"IpcMode": "private"}),
    ("cgroup", "host", "private", {"CgroupnsMode": "host"}),
    ("runtime", "runc", "crun", {"Runtime": "runc"}),
]
STARTED = [
    ("dns", [], ["10.0.0.53"], {"Dns": ["9.9.9.9"]}),
    ("dns_search", [], ["a.b"], {"DnsSearch": ["c"]}),
    ("dns_opt", [], ["ndots:2"], {"DnsOptions": ["x"]}),
    ("init", False, True, {"Init": True}),
    ("cgroup_parent", None, "/x", {"CgroupParent": "/y"}),
    ("security_opt", False, True, {"SecurityOpt": ["no-new-privileges"]}),
]


def have(
    name: str = "web", *, labels: Any = OURS, explicit: Any = (), running: bool = True, **host: Any
) -> Have:
    state = {"Running": running, "StartedAt": "2026-01-01T10:00:00.5Z"}
    raw = {"HostConfig": host, "State": state, "Config": {"Labels": labels}}
    return Have("container", name, name, {}, frozenset(explicit), raw=raw)


def planned(move: Moved, *haves: Have, recreate: bool = True, **wants: Want) -> Any:
    changes, notices = plan_stale([move], haves, wants, [], recreate=recreate)
    return [(c.action.value, c.name, c.path) for c in changes], [n.message for n in notices]


@pytest.mark.parametrize(("option", "before", "after", "host"), BAKED)
def test_what_is_fixed_at_creation(option: str, before: Any, after: Any, host: Any) -> None:
    move = Moved(option, before, after)
    assert planned(move, have(**host)) == ([("replace", "web", option)], [])
    assert planned(move, have(**host, running=False))[0] == [("replace", "web", option)]
    (notice,) = planned(move, have(**host), recreate=False)[1]
    assert notice.endswith("until it is made anew")
    assert planned(move, have(**host, explicit={option})) == ([], [])
    if option != "ulimits":
        assert planned(Moved(option, after, before), have(**host)) == ([], [])
    foreign = planned(move, have(**host, labels={}))
    assert foreign[0] == [] and "we have not made it" in foreign[1][0]
    body = {**host, "Memory": 1}
    without(body, [option])
    assert body == {"Memory": 1}


@pytest.mark.parametrize(
    ("started", "at", "is_before"),
    [
        ("2026-01-01T10:00:00.25Z", "2026-01-01T10:00:00.250001+00:00", True),
        ("2026-01-01T10:00:00.250001999Z", "2026-01-01T10:00:00.250001+00:00", False),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00.000001+00:00", True),
        ("2026-01-01T10:00:00.9Z", "2026-01-01T10:00:00+00:00", False),
        ("2026-01-01T09:59:59.999999999Z", "2026-01-01T10:00:00+00:00", True),
        (LATER, "2026-01-01T10:00:00+00:00", False),  # an interrupted run's, started by this one
    ],
)
def test_what_was_started_in_the_same_second(started: str, at: str, is_before: bool) -> None:
    option, before, after, _ = STARTED[0]
    found = have()
    found.raw["State"]["StartedAt"] = started
    assert bool(planned(Moved(option, before, after, at), found)[0]) == is_before


@pytest.mark.parametrize(("option", "before", "after", "own"), STARTED)
def test_what_is_taken_at_a_start(option: str, before: Any, after: Any, own: Any) -> None:
    move = Moved(option, before, after)
    assert planned(move, have(labels={})) == ([("restart", "web", option)], [])
    assert planned(move, have(**own)) == ([], [])
    assert planned(move, have(running=False)) == ([], [])
    assert planned(move._replace(at="2026-01-01T09:00:00+00:00"), have()) == ([], [])
    assert planned(move._replace(at="2026-01-01T11:00:00+00:00"), have())[0]
    body = dict(own)
    without(body, [option])
    assert body == own


def test_what_the_spec_says_is_no_default() -> None:
    move = Moved("shm_size", 64, 128)
    want = Want("container", "web", "containers.web", {"shm_size": 64})
    assert planned(move, have(ShmSize=64), web=want) == ([], [])
    bare = Want("container", "web", "containers.web", {})
    assert planned(move, have(ShmSize=64, labels={}), web=bare)[0]


def test_what_would_be_lost_is_named() -> None:
    move = Moved("dns", [], ["10.0.0.53"])
    swarm = have("task", labels={"com.docker.swarm.task.id": "x"})
    changes, notices = planned(move, have("once", AutoRemove=True), swarm)
    assert changes == []
    assert "--rm" in notices[0] and "task of a swarm" in notices[1]


def test_one_restart_for_all_options_and_none_with_a_replacement() -> None:
    moves = [Moved("dns", [], ["1.1.1.1"]), Moved("init", False, True)]
    changes, _ = plan_stale(moves, [have()], {}, [], recreate=True)
    assert [(c.action.value, c.disruption) for c in changes] == [("restart", Disruption.REPLACE)]
    moves.append(Moved("shm_size", 64, 128))
    changes, _ = plan_stale(moves, [have(ShmSize=64)], {}, [], recreate=True)
    assert [c.action.value for c in changes] == ["replace"]


def test_new_ulimits_show_before_they_are_felt() -> None:
    shown = [{"Name": "nofile", "Soft": 2, "Hard": 2}]
    move = Moved("ulimits", {}, {"nofile": [2, 2]}, "2026-01-01T11:00:00+00:00")
    assert planned(move, have(Ulimits=shown))[0]
    assert planned(move, have())[0]
    assert planned(move, have(Ulimits=shown, running=False)) == ([], [])
    assert planned(move._replace(at="2026-01-01T09:00:00+00:00"), have(Ulimits=shown)) == ([], [])
    other = [{"Name": "nofile", "Soft": 7, "Hard": 7}]
    assert planned(move, have(Ulimits=other)) == ([], [])
