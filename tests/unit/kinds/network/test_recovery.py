"""Networks that are half made anew: told from what somebody else has labelled."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright import owner
from dockwright.kinds.network.recovery import (
    Journal,
    Member,
    networks_as_recovered,
    recoveries,
    with_endpoints,
)

WEB = Member("c1", "web", {"ipv4_address": "10.0.0.3"}, {"aliases": ["w"]})
OLD = Member("c2", "old", {"aliases": ["o"]}, None)
JOURNAL = Journal("net", "n1", {"Name": "net", "Driver": "bridge"}, (WEB, OLD))


def volume(text: str, name: str = JOURNAL.volume) -> dict[str, Any]:
    return {"Name": name, "Labels": {owner.REPLACES: text}}


def container(identity: str, **networks: Any) -> dict[str, Any]:
    return {"Id": identity, "NetworkSettings": {"Networks": networks}}


def network(identity: str, **labels: str) -> dict[str, Any]:
    return {"Name": "net", "Id": identity, "Labels": {owner.REPLACES: labels.get("of", "")}}


def test_a_journal_is_read_back() -> None:
    (found,) = recoveries([volume(JOURNAL.text())], []).values()
    assert found.journal == JOURNAL


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1, 2]", '["net", "n1", 3, []]', '["net", "n1", {}, [["c1"]]]', "{}"]
)
def test_what_cannot_be_read_is_none_of_ours(text: str) -> None:
    assert recoveries([volume(text)], []) == {}
    assert recoveries([{"Name": JOURNAL.volume, "Labels": None}], []) == {}


def test_a_volume_of_another_name_is_none_of_ours() -> None:
    assert recoveries([volume(JOURNAL.text(), "data")], []) == {}


@pytest.mark.parametrize(
    ("networks", "finish"),
    [
        ([], False),
        ([network("n1")], False),
        ([network("n2")], False),
        ([network("n2", of="n1")], True),
    ],
    ids=["gone", "the old one", "the old one made again", "the new one"],
)
def test_only_a_new_network_is_finished(networks: list[dict[str, Any]], finish: bool) -> None:
    found = recoveries([volume(JOURNAL.text())], networks)
    assert found["net"].finish == finish
    shown = networks_as_recovered(networks, found)
    assert [raw["Name"] for raw in shown] == ["net"]
    present = networks[0]["Id"] if networks else ""
    assert shown[0]["Id"] == present
    web = with_endpoints(container("c1"), found)["NetworkSettings"]["Networks"]
    assert ("Aliases" in web["net"]) == finish
    old = with_endpoints(container("c2"), found)["NetworkSettings"]["Networks"]
    assert ("net" in old) != finish
    assert with_endpoints(container("c3"), found)["NetworkSettings"]["Networks"] == {}
    there = {"NetworkID": present, "IPAddress": "10.0.0.9"}
    assert with_endpoints(container("c1", net=there), found) == container("c1", net=there)
