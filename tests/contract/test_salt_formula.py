"""The Salt formula without a master: unknown sections, logins, plugins, the order of objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.engine.world import BASE
from tests.hosts import (
    PRIVILEGES,
    TestHost,
    engine_clean,
    offer_plugin,
    remove_plugins,
    start_registry,
)

from .minion import Minion, Ran


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
