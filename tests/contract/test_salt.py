"""Salt without a master: requisites, test mode, what its states share, secrets from pillar."""

from __future__ import annotations

from typing import Any

from tests.engine.world import BASE
from tests.hosts import TestHost, machine

from .minion import Minion, Ran

NEAR = {**BASE, "network_mode": "bridge"}
STATES = "adapters/salt/saltext/dockwright/states"
MANY = 20
MOST = 28  # requests of 20 container states without a change


def web(**more: Any) -> list[dict[str, Any]]:
    """The options of a container."""
    options = {**NEAR, **more}
    return [{key: value} for key, value in options.items()]


def running(*requisites: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"dockwright_container.running": [*web(**more), *requisites]}


def docker(host: TestHost, *words: str) -> dict[str, Any]:
    """A state that lets the docker command do something."""
    return {"cmd.run": [{"name": " ".join(["docker", "-H", host.docker_host, *words])}]}


def twice(minion: Minion, states: dict[str, Any]) -> Ran:
    """Predicted and done: the same changes; the second time there are none."""
    predicted = minion.run(states, test=True)
    assert predicted.results() <= {None, True}, predicted.states
    done = minion.run(states)
    assert done.results() == {True}, done.states
    assert done.changes() == predicted.changes()
    assert minion.run(states).changes() == {}
    assert minion.run(states, test=True).results() == {True}
    return done


def test_twenty_states_ask_what_one_would(minion: Minion) -> None:
    options = {f"c{n}": {**NEAR, "environment": {"N": str(n)}} for n in range(MANY)}
    twice(minion, {"all": {"dockwright_host.applied": [{"containers": options}]}})
    states = {
        name: {"dockwright_container.running": [{key: value} for key, value in item.items()]}
        for name, item in options.items()
    }
    for test in (False, True):
        ran = minion.run(states, test=test)
        assert ran.results() == {True} and not ran.changes()
        assert len(ran.requests) <= MOST, ran.requests


def test_other_states_between_are_seen(minion: Minion, host26: TestHost) -> None:
    states = {"aa": running(), "bb": running(), "net": {"dockwright_network.present": []}}
    minion.run(states)
    between = {
        "aa": states["aa"],
        "act": docker(host26, "rm -f bb && docker -H", host26.docker_host, "network rm net"),
        **{name: states[name] for name in ("bb", "net")},
    }
    ran = minion.run(between)
    assert ran.results() == {True}, ran.states
    assert set(ran.changes()) == {"act", "bb", "net"}
    assert "image" in ran.changes()["bb"]["container bb"]
    assert ran.requests.count("GET /events") <= 3  # to check, and while two are made


def test_parallel_states_ask_for_themselves(minion: Minion) -> None:
    names = [f"p{number}" for number in range(4)]
    one_by_one = {name: running() for name in names}
    states = {name: running({"parallel": True}) for name in names}
    ran = minion.run({"first": running(), **states, "last": running({"require": names_of(names)})})
    assert ran.results() == {True}, ran.states
    assert set(ran.changes()) == {"first", *names, "last"}
    again = minion.run({"first": running(), **states, "last": running()})
    assert again.results() == {True} and not again.changes()
    assert not minion.run(one_by_one).changes()


def names_of(names: list[str]) -> list[dict[str, str]]:
    return [{"dockwright_container": name} for name in names]


def started(host: TestHost) -> dict[str, str]:
    """When each container was started."""
    client = host.sdk()
    try:
        found = client.containers.list(all=True)
        return {c.name: c.attrs["State"]["StartedAt"] for c in found}
    finally:
        client.close()


def test_watch_restarts_what_runs(minion: Minion, host26: TestHost) -> None:
    """A container, those of a project and of a host: when what they watch has changed."""

    def states(changes: bool) -> dict[str, Any]:
        cause = [{"changes": changes}, {"result": True}]
        watch = {"watch": [{"test": "cause"}]}
        shop = {"in-shop": dict(BASE), "out": {**BASE, "state": "absent"}}
        return {
            "cause": {"test.configurable_test_state": cause},
            "web": running(watch),
            "shop": {"dockwright_project.applied": [{"containers": shop}, watch]},
            "site": {"dockwright_host.applied": [{"containers": {"of-host": dict(BASE)}}, watch]},
            "loose": running(),
            "gone": {"dockwright_container.absent": [watch]},
            "net": {"dockwright_network.present": [watch]},
        }

    minion.run(states(False))
    before = started(host26)
    assert minion.run(states(False)).changes() == {}
    assert started(host26) == before

    predicted = minion.run(states(True), test=True)
    assert set(predicted.changes()) == {"cause", "web", "shop", "site"}
    assert predicted.states["web"]["result"] is None
    assert set(predicted.changes()["shop"]) == {"container in-shop"}
    assert started(host26) == before
    done = minion.run(states(True))
    assert done.results() == {True}, done.states
    for name in ("web", "shop", "site"):
        assert done.changes()[name] == predicted.changes()[name]
    now = started(host26)
    assert {name for name in now if now[name] != before[name]} == {"web", "in-shop", "of-host"}
    assert minion.run(states(False)).changes() == {}


def test_onchanges_and_prereq(minion: Minion, host26: TestHost) -> None:
    """Both fire on what is predicted, in test mode as well."""
    note = minion.folder / "note"

    def states(size: str) -> dict[str, Any]:
        return {
            "before": {
                "cmd.run": [
                    {"name": f"docker -H {host26.docker_host} inspect -f up web >> {note}"},
                    {"prereq": [{"dockwright_container": "web"}]},
                ]
            },
            "web": running(mem_limit=size),
            "after": {
                "cmd.run": [
                    {"name": f"echo after >> {note}"},
                    {"onchanges": [{"dockwright_container": "web"}]},
                ]
            },
        }

    minion.run({"web": running(mem_limit="32m")})
    note.unlink(missing_ok=True)
    assert set(minion.run(states("32m")).changes()) == set()
    predicted = minion.run(states("48m"), test=True)
    told = predicted.states["web"]["changes"]["container web"]
    assert told["mem_limit"] == {"old": "32m", "new": "48m"}
    assert [predicted.states[name]["result"] for name in ("before", "web", "after")] == [None] * 3
    assert not note.exists()
    done = minion.run(states("48m"))
    assert done.results() == {True}, done.states
    assert note.read_text().split() == ["up", "after"]
    assert not minion.run(states("48m")).changes()


def test_secrets_from_pillar_are_shown_nowhere(minion: Minion) -> None:
    secret = "pillar-secret-word-1"

    def states(note: str) -> dict[str, Any]:
        environment = {"PASSWORD": '{{ pillar["password"] }}', "NOTE": note}
        command = ["sh", "-c", 'echo {{ pillar["password"] }}; sleep 1000']
        return {"web": running(environment=environment, command=command)}

    minion.told = ""
    for note, value in (("one", secret), ("one", secret + "2"), ("two", secret + "2")):
        for test in (True, False):
            ran = minion.run(states(note), test=test, pillar={"password": value})
            assert ran.changes(), "the test does nothing"
            assert ran.results() == {None if test else True}
    bad = minion.run({"web": running(mem_limit="much", environment={"PASSWORD": secret})})
    assert bad.results() == {False}
    assert secret not in minion.told
    assert "********" in minion.told


def test_the_loader_finds_every_state(minion: Minion) -> None:
    """By the entry point alone, with the options in its documentation."""
    kinds = (path.stem for path in (machine.CHECKOUT / STATES).glob("dockwright_*.py"))
    objects = ("image", "network", "registry_login", "volume")
    found = minion.call("sys.list_state_functions", *kinds)["answer"]
    assert {name for name in found if not name.endswith(".mod_watch")} == {
        *(f"dockwright_{kind}.present" for kind in objects),
        *(f"dockwright_{kind}.absent" for kind in ("container", *objects)),
        *(f"dockwright_{kind}.configured" for kind in ("daemon", "firewall", "storage")),
        *(f"dockwright_plugin.{state}" for state in ("absent", "disabled", "enabled")),
        *(f"dockwright_container.{state}" for state in ("healthy", "paused", "running", "stopped")),
        *("dockwright_host.applied", "dockwright_project.applied"),
    }
    doc = minion.call("sys.state_doc", "dockwright_volume.present")["answer"]
    assert "driver_opts" in doc["dockwright_volume.present"]


def test_functions_and_grains(minion: Minion, host26: TestHost) -> None:
    options = {**NEAR, "name": "web"}
    asked = {"with": {"kind": "container", **options}}
    assert minion.call("dockwright.plan", **asked)["answer"]["changed"]
    assert minion.call("dockwright.apply", **asked)["answer"]["changed"]
    found = minion.call("dockwright.drift", **asked)["answer"]
    assert (found["drift"], found["failed"]) == ([], False)
    client = host26.sdk()
    client.containers.get("web").stop(timeout=0)
    client.close()
    found = minion.call("dockwright.drift", **asked)["answer"]
    assert [change["path"] for change in found["drift"]] == ["state"]
    facts = minion.call("dockwright.facts")["answer"]
    assert [container["name"] for container in facts["containers"]] == ["web"]
    grain = minion.call("grains.get", "dockwright")["answer"]
    assert grain["version"] == host26.engine_version
    assert {"api", "storage_driver"} <= set(grain)


def test_a_whole_run_in_test_mode_on_an_empty_host(minion: Minion) -> None:
    """Its containers need what earlier states of the same run would make."""
    options = [item for item in web() if "network_mode" not in item]
    states = {
        "net": {"dockwright_network.present": [{"internal": True}]},
        "vol": {"dockwright_volume.present": []},
        "one": {
            "dockwright_container.running": [
                *options,
                {"networks": ["net"]},
                {"volumes": ["vol:/data"]},
            ]
        },
    }
    done = twice(minion, states)
    assert set(done.changes()) == {"net", "vol", "one"}
    # What no state makes is refused as before, also in the next run.
    alone = {"dockwright_container.running": [*options, {"networks": ["unheard-of"]}]}
    lost = minion.run({"one": alone}, test=True)
    assert lost.results() == {False}


def test_actions_in_a_container(minion: Minion) -> None:
    minion.run({"one": running()})
    call = ["dockwright.container_exec", "one", "sh -c 'echo said; touch /made'"]
    ran = minion.call(*call, **{"with": {"creates": "/made"}})["answer"]
    assert (ran["changed"], ran["stdout"].strip(), ran["rc"]) == (True, "said", 0), ran
    again = minion.call(*call, **{"with": {"creates": "/made"}})["answer"]
    assert again["changed"] is False
    lost = minion.call("dockwright.container_exec", "nobody", "true")["answer"]
    assert lost["failed"] and "nobody" in lost["message"]
    for changed in (True, False):
        options = {"content": "hello", "mode": "0640"}
        copied = minion.call("dockwright.container_copy", "one", "/etc/motd", **{"with": options})
        assert copied["answer"]["changed"] is changed, copied
    seen = minion.call("dockwright.container_exec", "one", "cat /etc/motd")["answer"]
    assert seen["stdout"] == "hello"
