"""Plugins of a real engine, from a real registry: consent, settings, upgrades, and what fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from dockwright import api
from dockwright_cli.main import main
from tests.engine.private_registry import GOOD, PASSWORD, USER, start_private, stop_private
from tests.engine.world import World, changes, told
from tests.hosts import PRIVILEGES, offer_plugin, remove_plugins, start_registry

SOURCE = "localhost:5000/dwvol"
GONE = {"state": "absent"}
NEWER: dict[str, Any] = {
    "env": [
        {"name": "DEBUG", "value": "5", "settable": ["value"]},
        {"name": "LEVEL", "value": "low", "settable": ["value"]},
        {"name": "VERSION", "value": "1"},
    ]
}
_offered: set[str] = set()


@pytest.fixture
def world(lean_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """An engine beside a registry with plugins, and none of them installed."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    host = lean_world.host
    if host.name not in _offered:
        start_registry(host)
        offer_plugin(host, f"{SOURCE}:1")
        offer_plugin(host, f"{SOURCE}:2", **NEWER)
        offer_plugin(host, f"{SOURCE}:3", mounts=[], network={"type": ""})
        _offered.add(host.name)
    remove_plugins(host)
    yield lean_world
    for volume in lean_world.client.volumes.list():  # else its plugin goes before it
        volume.remove(force=True)
    remove_plugins(host)


def spec(name: str = "dwvol", **more: Any) -> dict[str, Any]:
    entry = {"source": f"{SOURCE}:1", "grant": PRIVILEGES, **more}
    return {"plugins": {name: {key: item for key, item in entry.items() if item is not None}}}


def plugin(world: World) -> dict[str, Any]:
    """The plugin as the witness sees it; empty where there is none."""
    try:
        return dict(world.client.plugins.get("dwvol").attrs)
    except docker.errors.NotFound:
        return {}


def variables(world: World) -> dict[str, str]:
    return dict(item.split("=", 1) for item in plugin(world)["Settings"]["Env"])


def happened(world: World, began: float) -> list[str]:
    """What was done to plugins since then."""
    until = time.time()
    events = world.client.events(since=began, until=until, filters={"type": "plugin"}, decode=True)
    return [str(event["Action"]) for event in events]


def test_nothing_is_installed_without_consent(world: World) -> None:
    began = time.time()
    for grant in (None, {**PRIVILEGES, "mount": []}):
        for check in (True, False):
            report = world.run(spec(grant=grant), check=check)
            (problem,) = report.problems
            assert (report.failed, report.changed, problem.where) == (
                True,
                False,
                "plugins.dwvol.grant",
            )
            assert "mount: /usr" in problem.message
            assert ("network: host" in problem.message) is (grant is None)
            assert '"mount": ["/usr"]' in problem.fix
    assert plugin(world) == {}
    world.check(spec())
    world.check(spec(grant=None, grant_all=True))
    assert happened(world, began) == []
    assert plugin(world) == {}
    world.apply(spec(grant=None, grant_all=True, state="disabled"))
    assert not plugin(world)["Enabled"]
    warned = world.check(spec(grant=None, state="disabled")).plan.warnings
    assert len(warned) == 1
    assert "mount: /usr" in warned[0]


def test_a_life(world: World) -> None:
    volumes = {"volumes": {"dwdata": {"driver": "dwvol"}}}
    first = world.apply({**spec(settings={"DEBUG": "1"}), **volumes})
    assert [change.kind for change in first.done] == ["plugin", "volume"]
    assert plugin(world)["Enabled"]
    assert variables(world)["DEBUG"] == "1"
    assert world.client.volumes.get("dwdata").attrs["Driver"] == "dwvol:latest"
    world.check(
        {**spec(settings={"DEBUG": "1"}), "volumes": {"dwdata": {"driver": "dwvol:latest"}}}
    )

    world.run(spec(settings={"DEBUG": "1"}))
    assert sorted(world.log) == ["GET /_ping", "GET /info", "GET /plugins"]
    world.run({"volumes": {"dwdata": {"driver": "dwvol"}}})
    assert "GET /plugins" not in world.log

    for wanted in ({"settings": {"DEBUG": "2"}}, {"state": "disabled"}, {"source": f"{SOURCE}:2"}):
        (problem,) = world.fail(spec(**wanted)).problems
        assert "volume dwdata" in problem.message, problem
    (problem,) = world.fail({**spec(settings={"DEBUG": "2"}), "volumes": {"dwdata": GONE}}).problems
    assert "volume dwdata" in problem.message, "it is set before the volume is removed"
    (problem,) = world.fail({"plugins": {"dwvol": GONE}}).problems
    assert "volume dwdata" in problem.message
    assert (plugin(world)["Enabled"], variables(world)["DEBUG"]) == (True, "1")

    forced = world.apply({**spec(settings={"DEBUG": "2"}, force=True), **volumes})
    assert [change.disruption.word for change in forced.done] == ["replace"]
    assert world.client.volumes.get("dwdata")
    limited = {**spec(settings={"DEBUG": "3"}, force=True), "max_disruption": "reconnect"}
    assert "replace" in told(world.fail(limited))

    last = world.apply({"plugins": {"dwvol": GONE}, "volumes": {"dwdata": GONE}})
    assert [change.kind for change in last.done] == ["volume", "plugin"]
    assert plugin(world) == {}


def test_they_are_told_of(world: World) -> None:
    secret = "not-to-be-shown-9"
    world.apply(spec(settings={"TOKEN": secret, "args": f"-v {secret}"}))
    connection = api.Connection(world.host.docker_host)

    def look(**params: Any) -> dict[str, Any]:
        with world.untouched():
            answer = api.act("plugin_info", params, connection)
        assert (answer["failed"], answer["changed"]) == (False, False), answer["message"]
        assert secret not in json.dumps(answer)
        return answer

    (found,) = look()["plugins"]
    assert found == {
        "name": "dwvol:latest",
        "id": plugin(world)["Id"],
        "state": "enabled",
        "source": f"{SOURCE}:1",
        "types": ["docker.volumedriver/1.0"],
        "description": plugin(world)["Config"]["Description"],
    }
    assert look(state="enabled", name="dwvol")["plugins"] == [found]
    (inspected,) = look(name=["dwvol:latest", "none"], inspect=True)["plugins"]
    assert "TOKEN=********" in inspected["inspect"]["Settings"]["Env"]
    assert inspected["inspect"]["Settings"]["Args"] == ["********"] * 2
    for params, missing in (
        ({"name": ["dwvol:2", "dw"]}, ["dwvol:2", "dw"]),
        ({"state": "disabled"}, []),
    ):
        told_of = look(**params)
        assert (told_of["plugins"], told_of["missing"]) == ([], missing)
    answer = api.act("plugin_info", {"labels": ["x"], "state": "up"}, connection)
    assert {problem["where"] for problem in answer["problems"]} == {"labels", "state"}
    assert api.facts(connection)["plugins"] == [found]


def test_settings(world: World) -> None:
    secret = "not-to-be-shown-7"
    reports = [world.apply(spec(settings={"DEBUG": "1", "TOKEN": secret, "args": "-v -x"}))]
    found = plugin(world)
    assert (found["Settings"]["Args"], variables(world)["TOKEN"]) == (["-v", "-x"], secret)
    reports.append(world.check(spec(settings={"DEBUG": "1", "TOKEN": f"{secret}8"})))
    assert secret not in json.dumps([api.to_dict(report) for report in reports]) + repr(reports)

    world.host.exec(["sh", "-ec", "docker plugin disable dwvol; docker plugin set dwvol DEBUG=9"])
    drifted = world.check(spec(settings={"DEBUG": "1", "TOKEN": secret, "args": "-v -x"}))
    assert {(c.path, c.cause.value) for c in drifted.plan.changes} == {
        ("settings.DEBUG", "drift"),
        ("state", "drift"),
    }
    world.apply(spec(settings={"DEBUG": "1"}))
    assert (plugin(world)["Enabled"], plugin(world)["Settings"]["Args"]) == (True, ["-q"])
    assert (variables(world)["DEBUG"], variables(world)["TOKEN"]) == ("1", "")

    for name, words in (("DEBUGG", "did you mean 'DEBUG'"), ("VERSION", "leave it out")):
        report = world.run(spec(settings={name: "1"}))
        assert [(p.where, words in p.fix) for p in report.problems] == [
            (f"plugins.dwvol.settings.{name}", True)
        ]
        assert not report.changed
    remove_plugins(world.host)
    report = world.fail(spec(settings={"DEBUGG": "1"}))  # only the pull can tell
    assert report.problems[0].where == "plugins.dwvol.settings.DEBUGG"
    assert report.changed
    assert plugin(world) == {}


def test_what_does_not_come_up_is_as_before(world: World) -> None:
    bad = {"DEBUG": "2", "programs.source": "/nowhere-at-all"}
    report = world.fail(spec(settings=bad))
    assert "it is as before" in told(report)
    assert plugin(world) == {}
    for state in ("enabled", "disabled"):
        world.apply(spec(settings={"DEBUG": "1"}, state=state))
        before = plugin(world)
        report = world.fail(spec(settings=bad))
        assert "it is as before" in told(report)
        assert (report.done, report.changed) == ([], True)
        assert plugin(world) == before
        assert changes(world.check(spec(settings={"DEBUG": "1"}, state=state))) == []


def test_upgrade(world: World) -> None:
    world.apply(spec(settings={"DEBUG": "1"}))
    identity = plugin(world)["Id"]
    report = world.apply(spec(source=f"{SOURCE}:2"))
    assert [(c.path, c.after) for c in report.done] == [("source", f"{SOURCE}:2")]
    assert (plugin(world)["Id"], plugin(world)["Enabled"]) == (identity, True)
    assert (variables(world)["DEBUG"], variables(world)["LEVEL"]) == ("5", "low")

    before = plugin(world)
    report = world.fail(spec(source=f"{SOURCE}:3"))  # its program comes by the mount
    assert "it is as before" in told(report)
    assert plugin(world) == before
    for source, words in ((f"{SOURCE}:77", "manifest unknown"), ("localhost:5998/x", "refused")):
        (problem,) = world.fail(spec(source=source)).problems
        assert (problem.where, words in problem.message) == ("plugins.dwvol.source", True)
    assert plugin(world) == before


def mounted(world: World) -> str:
    """What containerd was told to mount into the plugin."""
    folder = f"/run/containerd/io.containerd.runtime.v2.task/plugins.moby/{plugin(world)['Id']}"
    config = json.loads(world.host.exec(["cat", f"{folder}/config.json"]).stdout)
    return next(str(m["source"]) for m in config["mounts"] if m["destination"] == "/usr")


def test_a_mount_is_where_the_spec_says(world: World) -> None:
    """Also after an upgrade, and after the daemon has started again."""
    for number in (1, 2):
        world.host.exec(
            ["sh", "-c", f"mkdir -p /mnt/usr{number}; mount --bind /usr /mnt/usr{number}"]
        )
    try:
        world.apply(spec(settings={"programs.source": "/mnt/usr1"}))
        newer = {"source": f"{SOURCE}:2"}
        world.apply(spec(settings={"programs.source": "/mnt/usr1"}, **newer))
        assert mounted(world) == "/mnt/usr1"
        world.host.restart_engine()
        assert changes(world.check(spec(settings={"programs.source": "/mnt/usr1"}, **newer))) == []
        world.apply(spec(settings={"programs.source": "/mnt/usr2"}, **newer))
        assert mounted(world) == "/mnt/usr2"
        world.apply(spec(source=f"{SOURCE}:1", state="disabled"))
        world.host.restart_engine()  # an engine forgets an upgrade that nothing follows
        assert changes(world.check(spec(source=f"{SOURCE}:1", state="disabled"))) == []
    finally:
        remove_plugins(world.host)
        world.host.exec(["sh", "-c", "umount -l /mnt/usr1 /mnt/usr2"])


def test_a_plugin_that_sleeps_hides_its_volumes(world: World) -> None:
    data = {"dwdata": {"driver": "dwvol"}}
    world.apply({**spec(), "volumes": data})
    for volumes in (data, {"dwdata": {"external": True}}):
        world.host.exec(["docker", "plugin", "disable", "-f", "dwvol"])
        assert [item.name for item in world.client.volumes.list()] == []
        (problem,) = world.fail({**spec(), "volumes": {"dwdata": GONE}}).problems
        assert (problem.where, "disabled" in problem.message) == ("volumes.dwdata", True)
        (problem,) = world.fail({"plugins": {"dwvol": GONE}}).problems
        assert "whose volumes" in problem.message
        world.apply({**spec(), "volumes": volumes})
        assert [item.name for item in world.client.volumes.list()] == ["dwdata"]


def test_purge_of_what_shows_when_a_plugin_wakes(world: World) -> None:
    data = {"dwdata": {"driver": "dwvol"}, "plain": {}}
    world.apply({**spec(), "project": "shop", "volumes": data})
    world.apply({**spec(), "project": "other", "volumes": {"of-other": {"driver": "dwvol"}}})
    consent = {"max_disruption": "destroy"}
    document = {**spec(), "project": "shop", "volumes": {"plain": {}}, "purge": True}

    def sleep() -> None:
        world.host.exec(["docker", "plugin", "disable", "-f", "dwvol"])

    def left() -> list[str]:
        return sorted(item.name for item in world.client.volumes.list())

    sleep()
    for more in ({}, consent):
        report = world.check({**document, **more})
        assert [change.kind for change in report.plan.changes] == ["plugin"]
        (warning,) = [text for text in report.plan.warnings if "is disabled" in text]
        assert "which volumes it has shows when it runs" in warning
        assert ("are removed, too" if more else "stay without max_disruption") in warning
    # All but the data goes its way, and the run says what would have been too much.
    report = world.fail(document)
    (problem,) = report.problems
    assert (problem.where, problem.fix) == (
        "delete volume dwdata",
        "allow it with max_disruption: destroy",
    )
    assert ([change.kind for change in report.done], report.changed) == (["plugin"], True)
    assert left() == ["dwdata", "of-other", "plain"]
    sleep()
    report = world.run({**document, **consent})
    assert not report.failed, told(report)
    assert [(c.kind, c.name) for c in report.done] == [
        ("plugin", "dwvol:latest"),
        ("volume", "dwdata"),
    ]
    assert left() == ["of-other", "plain"]
    assert changes(world.check({**document, **consent})) == []


def test_rollback(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("DOCKER_HOST", world.host.docker_host)
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "state"))
    file = tmp_path / "site.json"

    def apply(plugins: dict[str, Any], **more: Any) -> None:
        file.write_text(json.dumps({"project": "shop", **plugins, **more}))
        assert main(["apply", str(file), "--quiet"]) == 0, capsys.readouterr().out

    def back(*argv: str) -> str:
        capsys.readouterr()
        assert main(["rollback", "--quiet", *argv]) == 0, capsys.readouterr().out
        return str(capsys.readouterr().out)

    def there() -> dict[str, bool]:
        return {str(found.name): bool(found.enabled) for found in world.client.plugins.list()}

    first = spec(settings={"DEBUG": "1"})
    second = spec(source=f"{SOURCE}:2", settings={"LEVEL": "high"}, state="disabled")
    apply(first)
    apply(second)
    assert (plugin(world)["Enabled"], variables(world)["LEVEL"]) == (False, "high")
    assert "source" in back("--check")
    assert plugin(world)["PluginReference"] == f"{SOURCE}:2"
    back()
    assert plugin(world)["PluginReference"] == f"{SOURCE}:1"
    assert (plugin(world)["Enabled"], variables(world)["DEBUG"]) == (True, "1")
    back()
    assert (plugin(world)["Enabled"], variables(world)["LEVEL"]) == (False, "high")

    more = {"plugins": {**second["plugins"], **spec("dwvol:more")["plugins"]}}
    apply(more, volumes={"dwdata": {"driver": "dwvol:more"}})
    told_of = back()
    assert "plugin dwvol:more stays as a later spec has made it" in told_of
    assert "volume dwdata: a later spec has made it; it stays" in told_of
    assert there() == {"dwvol:latest": False, "dwvol:more": True}
    apply(more, volumes={"dwdata": {"driver": "dwvol:more"}})
    back("2", "--max-disruption", "destroy")
    assert there() == {"dwvol:latest": False}
    assert world.client.volumes.list() == []


def test_a_version_by_its_digest(world: World) -> None:
    digest = world.client.api.inspect_distribution(f"{SOURCE}:1")["Descriptor"]["digest"]
    document = spec(source=f"{SOURCE}@{digest}", settings={"DEBUG": "1"})
    if world.host.engine_version.startswith("20.10"):  # it would be the end of it
        (problem,) = world.fail(document).problems
        assert (problem.where, "digest" in problem.message) == ("plugins.dwvol.source", True)
        world.client.ping()
        return
    world.apply(document)
    assert plugin(world)["PluginReference"] == f"{SOURCE}@{digest}"


@pytest.mark.parametrize(("there", "after"), [(False, 1), (True, 1), (True, 2)])
def test_a_killed_run_is_made_good(world: World, *, there: bool, after: int) -> None:
    """After it was installed and set; after it was disabled; after it was set."""
    if there:
        world.apply(spec())
    assert world.killed(spec(settings={"DEBUG": "4"}), after)
    assert not plugin(world)["Enabled"]
    world.apply(spec(settings={"DEBUG": "4"}))
    assert (plugin(world)["Enabled"], variables(world)["DEBUG"]) == (True, "4")


def test_a_registry_that_wants_a_login(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    start_private(world.host, tmp_path)
    request.addfinalizer(lambda: stop_private(world.host))
    document = spec(source=f"{GOOD}/dwvol:1", state="disabled")
    (problem,) = world.fail(document).problems
    assert problem.where == "plugins.dwvol.source"
    assert GOOD in problem.fix
    login = {"username": USER, "password": PASSWORD, "store": False}
    world.apply({**document, "registries": {GOOD: login}})
    assert plugin(world)["PluginReference"] == f"{GOOD}/dwvol:1"
