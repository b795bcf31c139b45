"""Salt without a master: requisites, test mode, what its states share, secrets from pillar."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.engine.world import BASE
from tests.hosts import (
    PRIVILEGES,
    TestHost,
    engine_clean,
    machine,
    offer_plugin,
    remove_plugins,
    start_registry,
)

SCRIPT = Path(__file__).with_name("salt_runs.py")
NEAR = {**BASE, "network_mode": "bridge"}
STATES = "adapters/salt/saltext/dockwright/states"
MANY = 20
MOST = 28  # requests of 20 container states without a change


class Ran(NamedTuple):
    """What came of a run of states, by their IDs, and what the engine was asked."""

    states: dict[str, dict[str, Any]]
    requests: list[str]

    def changes(self) -> dict[str, Any]:
        return {name: state["changes"] for name, state in self.states.items() if state["changes"]}

    def results(self) -> set[Any]:
        return {state["result"] for state in self.states.values()}


class Minion:
    """A caller that runs in Salt's environment."""

    def __init__(self, python: Path, folder: Path, docker_host: str) -> None:
        memory = str(folder / "memory")
        self.process = subprocess.Popen(
            [python, SCRIPT, folder],
            env={**os.environ, "DOCKER_HOST": docker_host, "DOCKWRIGHT_STATE_DIR": memory},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("w"),
            text=True,
        )
        self.folder = folder
        self.told = ""  # all that came back

    def call(self, *call: Any, **request: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        print(json.dumps({"call": call, **request}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, (self.folder / "stderr").read_text()[-3000:]
        self.told += line
        return dict(json.loads(line))

    def run(self, states: dict[str, Any], *, test: bool = False, **more: Any) -> Ran:
        sls = "#!jinja|yaml\n" + yaml.safe_dump(states, sort_keys=False)
        files = {"states/run.sls": sls}
        options = {"test": test, **more}
        found = self.call("state.apply", "run", files=files, **{"with": options})
        assert isinstance(found["answer"], dict), found["answer"]
        by_id = {state["__id__"]: state for state in found["answer"].values()}
        return Ran(by_id, found["requests"])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(
    scope="module", params=["salt", pytest.param("salt-oldest", marks=pytest.mark.full)]
)
def caller(
    request: pytest.FixtureRequest, host26: TestHost, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Minion]:
    """The newest and the oldest Salt that are supported."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", request.param], check=True)
    python = machine.CHECKOUT / f".venv-{request.param}/bin/python"
    made = Minion(python, tmp_path_factory.mktemp("salt"), host26.docker_host)
    yield made
    made.close()


@pytest.fixture
def minion(caller: Minion, host26: TestHost) -> Minion:
    engine_clean(host26)
    return caller


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


def formula(minion: Minion, pillar: dict[str, Any], *, test: bool = False) -> Ran:
    options = {"test": test, "pillar": {"dockwright": pillar} if pillar else {}}
    found = minion.call("state.apply", "dockwright", **{"with": options})["answer"]
    assert isinstance(found, dict), found
    return Ran({state["__id__"]: state for state in found.values()}, [])


def test_the_formula_without_pillar_changes_nothing(minion: Minion) -> None:
    ran = formula(minion, {})
    assert ran.results() == {True} and not ran.changes()
    assert [state["comment"] for state in ran.states.values()] == [
        "the pillar dockwright is empty, so the Docker host is left as it is"
    ]
    ran = formula(minion, {"contaners": {"web": {}}, "networks": {"net": None}})
    assert ran.results() == {False} and not ran.changes()
    assert "contaners" in ran.states["dockwright pillar"]["name"]


def test_the_formula_makes_objects_in_order(minion: Minion) -> None:
    pillar = {
        "options": {"max_disruption": "replace"},
        "images": {BASE["image"]: None},
        "networks": {"back": {"internal": True}},
        "volumes": {"data": None},
        "containers": {
            "web": {**BASE, "networks": ["back"], "volumes": ["data:/data"]},
            "old": {"state": "absent"},
        },
        "projects": {"shop": {"containers": {"of-shop": dict(BASE)}}},
    }
    predicted = formula(minion, pillar, test=True)
    done = formula(minion, pillar)
    assert done.results() == {True}, done.states
    assert done.changes() == predicted.changes()
    assert set(done.changes()) == {"dockwright_host objects", "dockwright_project shop"}
    order = sorted(done.states, key=lambda name: done.states[name]["__run_num__"])
    assert order == ["dockwright_host objects", "dockwright_project shop"]
    again = formula(minion, pillar)
    assert again.results() == {True} and not again.changes()


def test_the_formula_keeps_logins(minion: Minion, tmp_path: Path) -> None:
    """Also where there is nothing else; in a project they are for its pulls."""
    config = tmp_path / "config.json"
    secret = "login-secret-word-3"
    login = {"username": "ci", "password": secret, "verify": False, "config_path": str(config)}
    pillar: dict[str, Any] = {"registries": {"registry.example": login}}
    for more, states in ({}, 1), ({"projects": {"shop": {"networks": {"back": None}}}}, 2):
        pillar.update(more)
        predicted = formula(minion, pillar, test=True)
        done = formula(minion, pillar)
        assert done.results() == {True} and len(done.states) == states, done.states
        assert done.changes() == predicted.changes() != {}
        assert list(json.loads(config.read_text())["auths"]) == ["registry.example"]
        assert secret not in json.dumps([predicted.states, done.states])
        assert not formula(minion, pillar).changes()


def test_the_formula_installs_plugins_with_consent(minion: Minion, host26: TestHost) -> None:
    """A volume of a plugin that the same run installs; more than is granted is refused."""
    start_registry(host26)
    remove_plugins(host26)
    source = "localhost:5000/of-formula:1"
    offer_plugin(host26, source)
    secret = "plugin-secret-word-2"
    entry = {"source": source, "grant": PRIVILEGES, "settings": {"TOKEN": secret}}
    pillar = {"plugins": {"of-formula": entry}, "volumes": {"data": {"driver": "of-formula"}}}
    try:
        bold = {**pillar, "plugins": {"of-formula": {**entry, "grant": {}}}}
        for test in (True, False):
            refused = formula(minion, bold, test=test)
            assert refused.results() == {False} and not refused.changes()
            assert "mount: /usr" in refused.states["dockwright_host objects"]["comment"]
        predicted = formula(minion, pillar, test=True)
        done = formula(minion, pillar)
        assert done.results() == {True}, done.states
        assert done.changes() == predicted.changes()
        told = done.changes()["dockwright_host objects"]
        assert set(told) == {"plugin of-formula:latest", "volume data"}
        assert secret not in json.dumps([predicted.states, done.states])
        names = host26.exec(["docker", "plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])
        assert names.stdout == "of-formula:latest true\n"
        for test in (True, False):
            again = formula(minion, pillar, test=test)
            assert again.results() == {True} and not again.changes(), again.states
    finally:
        engine_clean(host26)
        remove_plugins(host26)


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
