"""Plans one after the other: what an earlier one promises, a later one may use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright import api, reconcile
from dockwright.engine.fake import FakeEngine
from dockwright.host.machine import Host
from tests.unit.kinds.image.tars import tar_of

NETWORK = {"networks": {"back": {"internal": True}}}
CONTAINER = {"containers": {"web": {"image": "web:1", "networks": ["back"]}}}


@pytest.fixture
def engine() -> FakeEngine:
    """An engine with nothing but an image."""
    made = FakeEngine()
    made.add_image("web:1")
    made.offer_image("web:2")
    return made


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: FakeEngine) -> dict[str, Any]:
    """Where plans look: that engine, and an empty host."""
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: engine)
    return {"connection": api.Connection("unix:///fake"), "host": Host(root=str(tmp_path))}


def test_a_promised_network_is_there_for_later_plans(where: dict[str, Any]) -> None:
    turn = api.earlier()
    lost = turn.converge(CONTAINER, check=True, **where)
    assert "network back is neither declared nor on the host" in lost.problems[0].message
    assert turn.converge(NETWORK, check=True, **where).changed
    found = turn.converge(CONTAINER, check=True, **where)
    # Its own changes alone: the network is the other document's.
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]
    assert found.changed and not found.failed


@pytest.mark.parametrize(
    "joins",
    [
        {"network_mode": "container:vpn"},
        {"networks": ["back"], "pid": "container:vpn"},
        {"networks": ["back"], "volumes_from": ["vpn:ro"]},
    ],
    ids=lambda joins: list(joins)[-1],
)
def test_a_promised_container_may_be_joined(where: dict[str, Any], joins: dict[str, Any]) -> None:
    document = {"containers": {"web": {"image": "web:1", **joins}}}
    turn = api.earlier()
    lost = turn.converge(document, check=True, **where)
    assert lost.failed
    turn.converge(NETWORK, check=True, **where)
    vpn = {"containers": {"vpn": {"image": "web:1", "networks": ["back"]}}}
    assert turn.converge(vpn, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]
    # As it then is.
    for made in (NETWORK, vpn):
        api.converge(made, **where)
    assert [change.name for change in api.converge(document, check=True, **where).plan.changes] == [
        "web"
    ]


def test_what_is_wrong_by_itself_stays_wrong(where: dict[str, Any]) -> None:
    turn = api.earlier()
    turn.converge(NETWORK, check=True, **where)
    for wrong in ({"networks": ["bakc"]}, {"networks": ["back"], "mem_limit": "lots"}):
        document = {"containers": {"web": {"image": "web:1", **wrong}}}
        plain = api.converge(document, check=True, **where)
        assert turn.converge(document, check=True, **where).failed
        if "mem_limit" not in wrong:
            assert turn.converge(document, check=True, **where).problems == plain.problems


def test_an_apply_is_promised_nothing(where: dict[str, Any]) -> None:
    turn = api.earlier()
    turn.converge(NETWORK, check=True, **where)
    assert turn.converge(CONTAINER, check=False, **where).failed


def test_a_promised_volume_is_made_once(where: dict[str, Any]) -> None:
    document = {"containers": {"web": {"image": "web:1", "volumes": ["data:/data"]}}}
    turn = api.earlier()
    assert turn.converge({"volumes": {"data": {}}}, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]
    alone = api.earlier().converge(document, check=True, **where)
    assert ("volume", "data") in [(change.kind, change.name) for change in alone.plan.changes]


def test_a_promised_volume_that_goes_is_told(where: dict[str, Any]) -> None:
    document = {"project": "shop", "volumes": {"data": {}}}
    turn = api.earlier()
    turn.converge(document, check=True, **where)
    assert turn.converge(document, check=False, **where).changed
    gone = {"project": "shop", "purge": True, "max_disruption": "destroy"}
    found = turn.converge(gone, check=True, **where)
    assert [(c.name, c.action.value) for c in found.plan.changes] == [("data", "delete")]


@pytest.mark.parametrize("written", ["shop:1", "docker.io/library/shop:1"])
@pytest.mark.parametrize("policy", ["missing", "never", "always"])
def test_a_promised_image_is_there(
    where: dict[str, Any], tmp_path: Path, policy: str, written: str
) -> None:
    (tmp_path / "shop.tar").write_bytes(tar_of([{"tags": ["shop:1"]}]))
    web = {"image": written, "pull_policy": policy, "network_mode": "none"}
    document = {"containers": {"web": web}}
    turn = api.earlier()
    assert turn.converge(document, check=True, **where).failed  # no registry has it
    loaded = turn.converge({"images": {"shop:1": {"load": "/shop.tar"}}}, check=True, **where)
    assert loaded.changed
    found = turn.converge(document, check=True, **where)
    assert not found.failed
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]


def test_a_promised_image_may_be_mounted(
    where: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = FakeEngine(api="1.51", version="28.5.2")
    newer.add_image("web:1")
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: newer)
    (tmp_path / "shop.tar").write_bytes(tar_of([{"tags": ["shop:1"]}]))
    mount = {"type": "image", "source": "docker.io/library/shop:1", "target": "/shop"}
    web = {"image": "web:1", "network_mode": "none", "volumes": ["data:/data", mount]}
    document = {"containers": {"web": web}}
    turn = api.earlier()
    assert turn.converge(document, check=True, **where).failed  # no registry has it
    assert turn.converge({"images": {"shop:1": {"load": "/shop.tar"}}}, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert not found.failed, found.problems
    changes = [(change.kind, change.name) for change in found.plan.changes]
    assert changes == [("volume", "data"), ("container", "web")]


def test_a_container_follows_its_promised_image(where: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "web.tar").write_bytes(tar_of([{"tags": ["web:1"], "config": {"User": "app"}}]))
    document = {"containers": {"web": {"image": "web:1", "network_mode": "none"}}}
    assert api.converge(document, **where).changed
    turn = api.earlier()
    loaded = {"images": {"web:1": {"load": "/web.tar"}}}
    assert turn.converge(loaded, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert {(c.kind, c.action.value) for c in found.plan.changes} == {("container", "replace")}
    # As it then is.
    assert api.converge(loaded, **where).changed
    assert {change.path for change in api.converge(document, check=True, **where).plan.changes}


def test_a_promised_pull_until_the_image_is_to_go(where: dict[str, Any]) -> None:
    web = {"image": "web:2", "pull_policy": "never", "network_mode": "none"}
    document = {"containers": {"web": web}}
    turn = api.earlier()
    assert turn.converge(document, check=True, **where).failed
    assert turn.converge({"images": {"web:2": {}}}, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]
    api.converge({"images": {"web:2": {}}}, **where)
    gone = {"images": {"web:2": {"state": "absent"}}}
    assert turn.converge(gone, check=True, **where).changed
    api.converge(gone, **where)
    assert turn.converge(document, check=True, **where).failed


@pytest.mark.parametrize("option", ["links", "external_links"])
def test_a_promised_container_may_be_linked_to(where: dict[str, Any], option: str) -> None:
    bridge = {"image": "web:1", "network_mode": "bridge"}
    document = {"containers": {"web": {**bridge, option: ["vpn:proxy"]}}}
    turn = api.earlier()
    lost = turn.converge(document, check=True, **where)
    assert [problem.where for problem in lost.problems] == [f"containers.web.{option}.vpn"]
    assert turn.converge({"containers": {"vpn": bridge}}, check=True, **where).changed
    found = turn.converge(document, check=True, **where)
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]


def test_links_of_a_wrong_form_are_refused_in_dry_runs(where: dict[str, Any]) -> None:
    document = {
        "containers": {"web": {"image": "web:1", "network_mode": "bridge", "links": {"a": "b"}}}
    }
    report = api.earlier().converge(document, check=True, **where)
    assert [problem.where for problem in report.problems] == ["containers.web.links"]


def test_a_promised_plugin_is_there_for_later_plans(
    where: dict[str, Any], engine: FakeEngine
) -> None:
    engine.offer_plugin("loki:1")
    engine.info["Plugins"] = {"Log": ["json-file", "local"]}
    plugin = {"plugins": {"loki": {"source": "loki:1", "grant_all": True}}}
    logging = {"logging": {"driver": "loki"}}
    logs = {"containers": {"web": {"image": "web:1", "network_mode": "none", **logging}}}
    turn = api.earlier()
    lost = turn.converge(logs, check=True, **where)
    assert [problem.where for problem in lost.problems] == ["containers.web.logging.driver"]
    assert turn.converge(plugin, check=True, **where).changed
    found = turn.converge(logs, check=True, **where)
    assert [(change.kind, change.name) for change in found.plan.changes] == [("container", "web")]
    assert not found.failed

    # One that sleeps hides its volumes; that it is to wake is promised, too.
    api.converge(plugin, **where)
    engine.post("/plugins/loki:latest/disable")
    data = {"volumes": {"data": {"external": True}}}
    assert api.earlier().converge(data, check=True, **where).failed
    turn = api.earlier()
    assert turn.converge(plugin, check=True, **where).changed
    found = turn.converge(data, check=True, **where)
    assert not found.failed
    assert found.plan.changes == ()
    gone = {"plugins": {"loki": {**plugin["plugins"]["loki"], "state": "disabled"}}}
    engine.post("/plugins/loki:latest/enable")
    assert turn.converge(gone, check=True, **where).changed
    assert turn.converge(data, check=True, **where).failed
