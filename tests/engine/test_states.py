"""What a container should be doing beyond running: paused, healthy, restarted, kept as it is."""

from __future__ import annotations

import json
from typing import Any

from dockwright import api
from dockwright.kinds.container import health as health_of
from dockwright.kinds.container.plan import ImageSeen
from dockwright.model import UNKNOWN, Disruption, EngineFacts, Want
from tests.engine.world import SLEEP, World, changes, container, project, titles, told
from tests.hosts import TINY

# It is healthy once the file is there, and looked at all the time.
CHECK = {"test": ["CMD", "test", "-e", "/tmp/up"], "interval": "200ms", "retries": 1}
LATE = ["sh", "-c", "sleep 1; touch /tmp/up; sleep 1000"]
PATIENT = {**CHECK, "start_period": "20s"}


def web(**more: Any) -> dict[str, Any]:
    """A document with one container."""
    return project({"web": container(**more)})


def status(world: World, name: str = "web") -> str:
    return str(world.inspect(name)["State"]["Status"])


def health(world: World) -> str:
    return str(world.inspect("web")["State"]["Health"]["Status"])


def test_paused_from_any_state_and_back(world: World) -> None:
    world.apply(web(state="paused"))
    assert status(world) == "paused"
    first = world.id("web")
    world.apply(web())
    assert (status(world), world.id("web")) == ("running", first)
    report = world.apply(web(state="paused"))
    assert titles(report) == ["pause container web state"]
    assert report.plan.disruption is Disruption.REPLACE  # it serves nobody any more
    world.apply(web(state="paused", mem_limit="64m"))
    assert (status(world), world.id("web")) == ("paused", first)
    world.apply(web(state="paused", mem_limit="64m", hostname="anew"))
    assert status(world) == "paused"
    assert world.id("web") != first
    world.apply(web(state="stopped", mem_limit="64m", hostname="anew"))
    assert status(world) == "exited"
    world.apply(web(state="paused", mem_limit="64m", hostname="anew"))
    assert status(world) == "paused"


def test_a_pause_is_a_disruption(lean_world: World) -> None:
    world = lean_world
    world.apply(web())
    report = world.fail({**web(state="paused"), "max_disruption": "reconnect"})
    assert "'replace'" in told(report)
    assert status(world) == "running"


def test_a_run_waits_for_health(lean_world: World) -> None:
    world = lean_world
    world.apply(web(state="healthy", command=LATE, healthcheck=PATIENT))
    assert health(world) == "healthy"


def test_a_run_without_changes_waits_as_well(lean_world: World) -> None:
    world = lean_world
    running = web(command=LATE, healthcheck=PATIENT)
    wanted = web(state="healthy", command=LATE, healthcheck=PATIENT)
    world.apply(running)
    looked = world.check(wanted)
    assert changes(looked) == []
    is_told = "container web is starting, a run waits until it is healthy" in looked.plan.warnings
    assert is_told or health(world) == "healthy"
    report = world.run(wanted)
    assert (report.failed, report.changed) == (False, False)
    assert health(world) == "healthy"
    assert report.state["containers"]["web"]["health"] == "healthy"


def test_one_that_completes_before_it_is_healthy_is_done(lean_world: World) -> None:
    world = lean_world
    once = web(state="healthy", command=["sleep", "1"], healthcheck=PATIENT)
    world.apply(once)
    assert (status(world), world.inspect("web")["State"]["ExitCode"]) == ("exited", 0)
    bad = web(state="healthy", command=["sh", "-c", "sleep 1; exit 3"], healthcheck=PATIENT)
    assert "container web exited 3" in told(world.fail(bad))


def test_one_that_is_made_anew_and_completes_is_done(lean_world: World) -> None:
    world = lean_world
    once = {"state": "healthy", "command": ["sleep", "1"], "healthcheck": PATIENT}
    world.apply(web(**once))
    report = world.apply(web(**once, hostname="anew"))
    assert titles(report) == ["replace container web hostname"]
    assert (status(world), world.inspect("web")["State"]["ExitCode"]) == ("exited", 0)
    second = world.id("web")
    bad = {**once, "command": ["sh", "-c", "sleep 1; exit 3"]}
    assert "container web exited 3" in told(world.fail(web(**bad)))
    assert (world.id("web"), world.names()) == (second, {"web"})


def test_what_gets_unhealthy_fails_the_run_and_can_be_looked_at(lean_world: World) -> None:
    world = lean_world
    document = web(state="healthy", healthcheck=CHECK)
    report = world.fail(document)
    assert "container web is unhealthy" in told(report)
    assert [problem.where for problem in report.problems] == ["containers.web.state"]
    assert report.changed
    assert health(world) == "unhealthy"
    again = world.fail(document)
    assert "container web is unhealthy" in told(again)
    assert not again.changed


def test_health_that_nothing_checks_is_refused(lean_world: World) -> None:
    world = lean_world
    waits = {"client": container(depends_on={"web": {"condition": "service_healthy"}})}
    both = project({"web": container(), **waits})
    for document, path in ((both, "client.depends_on.web"), (web(state="healthy"), "web.state")):
        report = world.fail(document)
        assert [problem.where for problem in report.problems] == [f"containers.{path}"]
        assert not report.changed
    assert world.names() == set()


def test_restarted_does_it_in_every_run(world: World) -> None:
    beside = {"image": TINY, "command": SLEEP, "stop_grace_period": 0}
    beside["network_mode"] = "container:web"
    both = project({"web": container(), "beside": beside})
    world.apply(both)
    began = {name: world.inspect(name) for name in ("web", "beside")}
    both["containers"]["web"]["state"] = "restarted"
    for _ in range(2):
        predicted = world.check(both)
        report = world.run(both)
        assert not report.failed, told(report)
        assert changes(report) == changes(predicted)
        assert [change.name for change in report.done] == ["web", "beside"]  # it shares a network
        now = {name: world.inspect(name) for name in began}
        assert all(now[name]["Id"] == began[name]["Id"] for name in began)
        assert all(
            now[name]["State"]["StartedAt"] > began[name]["State"]["StartedAt"] for name in began
        )
        began = now
    world.fail({**both, "max_disruption": "reconnect"})
    assert world.inspect("web")["State"] == began["web"]["State"]


def test_a_restart_that_fails_is_told(lean_world: World) -> None:
    world = lean_world
    world.settle = 3.0
    once = "test -e /tmp/once && exit 3; touch /tmp/once; sleep 1000"
    document = web(command=["sh", "-c", once])
    world.apply(document)
    report = world.fail(web(command=["sh", "-c", once], state="restarted"))
    assert "exited 3" in told(report)


def test_recreate_always_and_never(lean_world: World) -> None:
    world = lean_world
    world.apply(web(volumes=["/data"]))
    first, volumes = world.id("web"), world.volumes()
    always = web(volumes=["/data"], recreate="always")
    assert not world.run(always).failed
    second = world.id("web")
    assert not world.run(always).failed
    assert len({first, second, world.id("web")}) == 3
    assert world.volumes() == volumes
    kept = world.id("web")
    world.apply(web(volumes=["/data"], recreate="never", mem_limit="64m"))
    with world.untouched():
        changed = web(volumes=["/data"], recreate="never", mem_limit="64m", hostname="other")
        report = world.fail(changed)
        assert world.run(changed, check=True).failed
    assert [problem.where for problem in report.problems] == ["containers.web.hostname"]
    assert "recreate: never" in told(report)
    assert world.id("web") == kept


def test_what_keeps_a_container_tells_no_secret(lean_world: World) -> None:
    world = lean_world
    world.apply(web(environment={"PIN": "4711"}))
    report = world.fail(web(environment={"PIN": "0815"}, recreate="never"))
    assert [problem.where for problem in report.problems] == ["containers.web.environment.PIN"]
    shown = json.dumps(api.to_dict(report)) + told(report)
    assert "4711" not in shown
    assert "0815" not in shown


def test_a_paused_container_follows_another_and_stays_paused(lean_world: World) -> None:
    world = lean_world
    inside = container(network_mode="container:web", state="paused")
    world.apply(project({"web": container(), "inside": inside}))
    began = world.inspect("inside")["State"]["StartedAt"]
    report = world.run(project({"web": container(state="restarted"), "inside": inside}))
    assert not report.failed, told(report)
    assert status(world, "inside") == "paused"
    assert world.inspect("inside")["State"]["StartedAt"] > began
    world.apply(project({"web": container(hostname="anew"), "inside": inside}))
    assert status(world, "inside") == "paused"


def test_a_paused_container_is_restarted_and_gets_healthy(lean_world: World) -> None:
    world = lean_world
    healthy = web(state="healthy", command=LATE, healthcheck=PATIENT)
    world.apply(healthy)
    world.apply(web(state="paused", command=LATE, healthcheck=PATIENT))
    world.apply(healthy)
    assert (status(world), health(world)) == ("running", "healthy")
    world.apply(web(state="paused", command=LATE, healthcheck=PATIENT))
    began = world.inspect("web")["State"]["StartedAt"]
    report = world.run(web(state="restarted", command=LATE, healthcheck=PATIENT))
    assert not report.failed, told(report)
    assert world.inspect("web")["State"]["StartedAt"] > began
    assert status(world) == "running"


def test_a_check_of_the_image_may_be_there_after_the_pull() -> None:
    """Pure: of an image that is not there, nobody knows whether it has a check."""
    want = Want(
        "container",
        "web",
        "containers.web",
        {"image": "web:1", "healthcheck": {"interval": 5 * 10**9}},
        {"run": "healthy"},
        "running",
    )
    absent = ImageSeen(UNKNOWN, None)
    assert list(health_of.problems({"web": want}, lambda _: absent, EngineFacts())) == []
