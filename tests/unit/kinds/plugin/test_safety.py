"""What must not be lost with a plugin: authorization, consent, volumes; and what a run tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockwright.api import Report
from dockwright.errors import EngineRefused, EngineTimeout
from dockwright.existing import _plugins
from dockwright.kinds.plugin import apply, phase
from dockwright.kinds.plugin.have import from_answer
from dockwright.kinds.plugin.written import entry_of
from dockwright.rollback import then as rolled_back
from dockwright.spec import parse_document
from tests.unit.kinds.plugin.conftest import ALL, World
from tests.unit.test_rollback import entry

GRANT = {
    "capabilities": ["CAP_SYS_ADMIN"],
    "device": ["/dev/fuse"],
    "mount": ["/srv"],
    "network": ["host"],
}
GONE = {"state": "absent"}


def offer(world: World, reference: str, **linux: Any) -> None:
    """Let a tag of the registry lead to a plugin with these capabilities or devices."""
    config = world.engine.host.plugin_registry["nfs:latest"]
    world.engine.offer_plugin(reference, Linux={**config["Linux"], **linux})


def told(report: Report) -> str:
    return " ".join(problem.text() for problem in report.problems)


@pytest.mark.parametrize("name", ["nfs", "nfs:latest"])
def test_authorization_is_not_switched_off(name: str, world: World) -> None:
    """A plugin that has been stopped is asked no more, and the engine goes on naming it."""
    world.converge({**ALL, "source": "reg.example/nfs:1"})
    world.engine.info["Plugins"]["Authorization"] = [name]
    before = len(world.engine.writes)
    wants: list[dict[str, Any]] = [
        {**ALL, "source": "reg.example/nfs:2"},
        {**ALL, "source": "reg.example/nfs:1", "settings": {"DEBUG": "1"}},
        {**ALL, "source": "reg.example/nfs:1", "state": "disabled"},
        GONE,
    ]
    for want in wants:
        for force in (False, True):
            report = world.converge({**want, "force": force}, max_disruption="destroy")
            assert [problem.where for problem in report.problems] == ["plugins.nfs"]
            assert "every request" in told(report)
            assert "authorization-plugins" in told(report)
    assert len(world.engine.writes) == before
    world.plugin["Enabled"] = False
    assert world.converge(GONE).failed
    back = world.converge({**ALL, "source": "reg.example/nfs:1"})
    assert not back.failed
    assert "only after a reload" in "".join(back.plan.warnings)


def test_what_the_daemon_is_to_ask_stays(world: World) -> None:
    world.converge(ALL)
    daemon = {"authorization-plugins": ["nfs"]}
    report = world.converge(GONE, check=True, daemon=daemon)
    assert "plugins.nfs: the daemon is to ask it" in told(report)


def test_an_undo_grants_no_more_than_there_was(world: World) -> None:
    exact = {"grant": GRANT, "source": "reg.example/nfs:1"}
    world.converge(exact)
    offer(world, "reg.example/nfs:1", Capabilities=["ALL", "CAP_SYS_ADMIN"])
    world.engine.fail_on("POST", "/plugins/nfs:latest/enable", message="no, not now")
    report = world.converge({**exact, "source": "reg.example/nfs:2"})
    assert "asks for more than it had: capabilities: ALL" in told(report)
    assert (world.plugin["Enabled"], report.changed) == (False, True)


def test_an_undo_tries_again(world: World) -> None:
    world.converge({**ALL, "source": "reg.example/nfs:1"})
    world.engine.fail_on("POST", "/plugins/nfs:latest/enable", message="no, not now")
    real, times = apply._lines, []

    def lines(*args: Any, **more: Any) -> Any:
        times.append(args[2])
        if times.count(args[2]) == 1 and args[2] == "reg.example/nfs:1":
            raise EngineRefused("net/http: TLS handshake timeout", status=500)
        return real(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply, "_lines", lines)
        report = world.converge({**ALL, "source": "reg.example/nfs:2"})
    assert "it is as before" in told(report)
    assert times == ["reg.example/nfs:2", "reg.example/nfs:1", "reg.example/nfs:1"]


@pytest.mark.parametrize("there", [False, True])
def test_a_tag_that_moves_in_between_gets_nothing(
    there: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines do not compare the first privilege with what was consented to."""
    if there:
        world.converge({"grant": GRANT, "source": "reg.example/nfs:1"})
    real = apply._bring

    def bring(*args: Any, **more: Any) -> None:
        offer(world, "reg.example/nfs:2", Capabilities=["ALL"])
        real(*args, **more)

    monkeypatch.setattr(apply, "_bring", bring)
    report = world.converge({"grant": GRANT, "source": "reg.example/nfs:2"})
    assert "holds what is not granted: capabilities: ALL" in told(report)
    assert world.plugin.get("PluginReference") == ("reg.example/nfs:1" if there else None)
    assert world.plugin.get("Enabled") == (True if there else None)


def volume(world: World, name: str = "data", **more: Any) -> None:
    world.engine.post("/volumes/create", {"Name": name, "Driver": "nfs:latest", **more})


def test_a_volume_of_a_plugin_that_sleeps(world: World) -> None:
    world.converge(ALL)
    volume(world)
    world.plugin["Enabled"] = False
    assert not world.converge(ALL, check=True, volumes={"data": {"external": True}}).failed
    planned = world.converge(ALL, check=True, volumes={"data": {"driver": "nfs"}})
    assert "which is disabled, does not have it" in planned.plan.changes[1].reason
    before = len(world.engine.writes)
    report = world.converge(ALL, volumes={"data": {"driver": "nfs"}})
    assert not report.failed, report.problems
    assert [write for write in world.engine.writes[before:] if "volumes" in str(write)] == []
    world.plugin["Enabled"] = False
    assert not world.converge(ALL, volumes={"data": {"external": True}}).failed
    assert world.plugin["Enabled"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "stay without max_disruption: destroy, and the run fails for them"),
        ({"max_disruption": "outage"}, "stay without max_disruption: destroy"),
        ({"max_disruption": "destroy"}, "that are not in the spec are removed, too"),
    ],
    ids=str,
)
def test_what_purge_does_to_volumes_that_show_later(
    world: World, more: dict[str, Any], words: str
) -> None:
    world.converge(ALL)
    world.plugin["Enabled"] = False
    report = world.converge(ALL, check=True, project="shop", purge=True, **more)
    (warning,) = [text for text in report.plan.warnings if "is disabled" in text]
    assert words in warning
    assert ("are removed" in warning) == (more.get("max_disruption") == "destroy")


def test_a_volume_that_wakes_and_is_another(world: World) -> None:
    world.converge(ALL)
    volume(world, DriverOpts={"share": "a"})
    world.plugin["Enabled"] = False
    want = {"data": {"driver": "nfs", "driver_opts": {"share": "b"}}}
    report = world.converge(ALL, volumes=want)
    assert "volumes.data: volume data is there already, and is another: driver_opts" in told(report)
    assert report.changed
    world.plugin["Enabled"] = False
    report = world.converge(ALL, volumes={"other": {"external": True}})
    assert "the external volume other is not there" in told(report)
    assert report.changed


def test_a_volume_that_cannot_be_seen_is_not_removed_in_the_dark(world: World) -> None:
    world.converge(ALL)
    volume(world)
    world.plugin["Enabled"] = False
    report = world.converge(ALL, volumes={"data": GONE})
    assert [problem.where for problem in report.problems] == ["volumes.data"]
    assert "while plugin nfs:latest is disabled" in told(report)
    assert not report.changed
    assert not world.converge(ALL).failed
    assert not world.converge(ALL, volumes={"data": GONE}).failed
    assert "data" not in world.engine.host.volumes


@pytest.mark.parametrize("state", ["absent", "disabled"])
def test_what_is_wanted_of_a_plugin_that_goes(state: str, world: World) -> None:
    world.converge(ALL)
    before = len(world.engine.writes)
    report = world.converge(
        {"state": state},
        volumes={"data": {"driver": "nfs"}},
        networks={"back": {"driver": "nfs:latest"}},
    )
    assert {problem.where for problem in report.problems} == {"volumes.data", "networks.back"}
    assert f"is to be {state}" in told(report)
    assert len(world.engine.writes) == before


def test_a_volume_of_a_plugin_cannot_move_away(world: World) -> None:
    """So the plugin may not go: the volume's data stay with it, also with `migrate`."""
    world.converge(ALL)
    volume(world)
    move = {"data": {"driver": "local", "migrate": True}}
    assert "would be stopped" in told(world.converge(GONE, check=True, volumes=move))
    blocked = world.converge(ALL, check=True, volumes=move).plan.blocked
    assert [(item.name, item.path) for item in blocked] == [("data", "driver")]


def test_a_driver_of_addresses_is_used(world: World) -> None:
    world.converge(ALL)
    world.engine.post("/networks/create", {"Name": "back", "IPAM": {"Driver": "nfs:latest"}})
    report = world.converge({**ALL, "settings": {"DEBUG": "1"}}, check=True)
    assert "network back" in told(report)


@pytest.mark.parametrize("driver", ["nfs", "nfs:latest", "other:latest"])
def test_a_container_may_log_by_a_plugin(driver: str, world: World) -> None:
    """No engine lists plugins among its log drivers."""
    world.engine.info["Plugins"]["Log"] = ["json-file", "local"]
    world.engine.add_image("web:1")
    web = {"image": "web:1", "pull_policy": "never", "logging": {"driver": driver}}
    report = world.converge(ALL, check=True, containers={"web": web})
    assert not report.failed, report.problems
    report = world.converge(ALL, check=True, daemon={"log-driver": driver})
    assert "log-driver" not in told(report)
    if driver == "nfs":
        report = world.converge(GONE, check=True, containers={"web": web})
        assert "the engine has no 'nfs'" in told(report)
        report = world.converge(GONE, check=True, daemon={"log-driver": driver})
        assert "there is no log driver 'nfs'" in told(report)


def test_a_pull_whose_answer_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = apply._bring

    def bring(*args: Any, **more: Any) -> None:
        real(*args, **more)
        raise EngineTimeout("no answer")

    monkeypatch.setattr(apply, "_bring", bring)
    report = world.converge(ALL)
    assert (report.failed, report.changed, world.plugin) == (True, True, {})
    assert "it is as before" in told(report)


def test_a_stop_whose_answer_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.converge(ALL)
    real = world.engine.post

    def post(path: str, *args: Any, **more: Any) -> Any:
        if path.endswith("/disable"):
            raise EngineTimeout("no answer")
        return real(path, *args, **more)

    monkeypatch.setattr(world.engine, "post", post)
    for want in ({**ALL, "settings": {"DEBUG": "1"}}, GONE):
        report = world.converge(want)
        assert "the engine may still stop it" in told(report)
        assert report.changed


def test_nothing_done_is_no_change(world: World) -> None:
    world.converge({**ALL, "source": "reg.example/nfs:1", "state": "disabled"})
    world.engine.fail_on("POST", "/plugins/nfs:latest/upgrade", message="no, not now")
    report = world.converge({**ALL, "source": "reg.example/nfs:2", "state": "disabled"})
    assert (report.failed, report.changed) == (True, False)


def test_how_long_it_may_take(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = world.engine.post

    def post(path: str, body: Any = None, query: Any = None, **more: Any) -> Any:
        if path.endswith("/enable"):
            seen.append((query["timeout"], more["timeout"]))
        return real(path, body, query or {}, **more)

    monkeypatch.setattr(world.engine, "post", post)
    world.converge(ALL)
    world.converge(GONE)
    world.converge({**ALL, "enable_timeout": 600})
    assert seen == [(0, max(60.0, world.engine.timeout)), (600, 660.0)]


def test_the_message_can_be_taken_over(world: World) -> None:
    report = world.converge({"source": "reg.example/nfs:empty"})
    text = report.problems[0].fix.partition("`grant: ")[2].rstrip("`")
    assert not world.converge({"source": "reg.example/nfs:empty", "grant": json.loads(text)}).failed


def test_a_setting_of_another_hand(world: World) -> None:
    path = "plugins.nfs.settings.TOKEN"
    world.converge({**ALL, "settings": {"TOKEN": "first"}}, ignore=[path])
    assert "TOKEN=first" in world.plugin["Settings"]["Env"], "a new one gets what the spec says"
    for want in (ALL, {**ALL, "settings": {"TOKEN": "second"}}):
        report = world.converge(want, ignore=[path])
        assert not report.failed, report.problems
        assert report.plan.changes == ()
        assert [(item.name, item.path) for item in report.plan.ignored] == [
            ("nfs:latest", "settings.TOKEN")
        ]
    world.converge({**ALL, "source": "reg.example/nfs:2"}, ignore=[path])
    assert "TOKEN=first" in world.plugin["Settings"]["Env"]
    assert world.converge(ALL, check=True).plan.changes != ()
    for other in ("plugins.nfs.source", "plugins.nfs.settings"):
        report = world.converge(ALL, ignore=[other])
        assert [problem.where for problem in report.problems] == ["plugins.nfs.ignore"]
        assert "plugins.nfs.settings.NAME" in told(report)


@pytest.mark.parametrize("key", ["authorization-plugins", "log-driver"])
def test_registries_first(key: str, world: World) -> None:
    """The daemon would be given a plugin that can only be had afterwards."""
    daemon = {key: ["nfs"] if key == "authorization-plugins" else "nfs:latest"}
    new = {"insecure-registries": ["r.example:5000"]}
    report = world.converge(ALL, check=True, daemon={**daemon, **new})
    assert "in this run the daemon comes before plugins" in told(report)
    for other in (daemon, new):
        report = world.converge(ALL, check=True, daemon=other)
        assert "comes before plugins" not in told(report)


def test_what_went_with_the_data_root_is_installed_again(world: World) -> None:
    """It was there when the plan was made, so no change speaks of it."""
    world.converge(ALL)
    seen = world.engine.host.plugins.copy()
    want = next(iter(parse_document({"plugins": {"nfs": ALL}}, lambda path: None).plugins.values()))
    have = from_answer(seen["nfs:latest"])
    assert not phase.has_turn(want, have, [], leaving=False)
    assert phase.has_turn(want, None, [], leaving=False)
    assert not phase.has_turn(want, None, [], leaving=True)
    gone = want._replace(state="absent")
    assert not phase.has_turn(gone, None, [], leaving=True)


@pytest.mark.parametrize("driver", ["nfs", "nfs:latest", "local"])
def test_a_rollback_keeps_the_plugin_of_a_volume_that_stays(driver: str) -> None:
    later = {"plugins": {"nfs": ALL}, "volumes": {"data": {"driver": driver}}}
    made = (("plugin", "nfs:latest"), ("volume", "data"))
    entries = [entry(1, {}), entry(2, later, *made)]
    document, warnings = rolled_back(entries[0], entries, entries[1:])
    if driver == "local":
        assert document["plugins"] == {"nfs:latest": GONE}
        assert warnings == []
    else:
        assert "plugins" not in document
        assert warnings == ["plugin nfs:latest stays as a later spec has made it"]
        consent = {"max_disruption": "destroy"}  # of this run: neither stays
        document, warnings = rolled_back(entries[0], entries, entries[1:], consent)
        assert (document, warnings) == ({"plugins": {"nfs:latest": GONE}, **consent}, [])


def test_a_rollback_leaves_what_was_removed_meanwhile() -> None:
    """One that is there now is somebody else's."""
    entries = [entry(1, {}), entry(2, {"plugins": {"x": ALL}}, ("plugin", "x:latest"))]
    entries.append(entry(3, {})._replace(changes=("delete plugin x:latest",)))
    document, _ = rolled_back(entries[0], entries, entries[1:])
    assert "plugins" not in document


def test_written_down_it_plans_nothing(world: World) -> None:
    """What `dockwright init` says of a plugin."""
    world.converge(
        {**ALL, "source": "reg.example/nfs:1", "settings": {"DEBUG": "7"}, "state": "disabled"}
    )
    written = entry_of(from_answer(world.plugin))
    assert written == {
        "source": "reg.example/nfs:1",
        "state": "disabled",
        "grant": GRANT,
        "settings": {"DEBUG": "7", "fuse.path": "/dev/fuse", "root.source": "/srv"},
    }
    assert world.converge(written, check=True).plan.changes == ()
    del world.engine.host.plugins["nfs:latest"]
    report = world.converge(written)
    assert not report.failed, report.problems
    found = _plugins([world.plugin], None)
    assert found == {"nfs": written}
    assert _plugins([world.plugin], {"volumes": {"data": {"driver": "nfs"}}}) == found
    assert _plugins([world.plugin], {"volumes": {"data": {}}}) == {}
