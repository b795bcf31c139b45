"""Keys next to the host's network: collisions are refused, what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.network import HostNetwork, Place, read_network
from dockwright.kinds.daemon.networks import are_asked, collisions, warnings

POOLS = [{"base": "10.210.0.0/16", "size": 24}]
NETWORK = HostNetwork(
    (
        Place("192.168.7.20/24", "eth0", "address"),
        Place("10.8.0.0/16", "tun0", "route"),
        Place("172.17.0.1/16", "docker0", "address"),
        Place("172.20.0.0/16", "br-0123", "route"),
    ),
    bridge="172.17.0.1/16",
    forwards=False,
)


@pytest.mark.parametrize(
    ("wanted", "where", "text"),
    [
        ({"bip": "192.168.7.1/24"}, "bip", "eth0's address 192.168.7.20/24"),
        ({"bip": "10.8.3.1/24"}, "bip", "tun0's route 10.8.0.0/16"),
        ({"bip": "172.20.0.1/24"}, "bip", "a docker network's route 172.20.0.0/16"),
        (
            {"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]},
            "default-address-pools[0].base",
            "10.0.0.0/8 overlaps tun0's route",
        ),
        ({"fixed-cidr": "172.18.0.0/24"}, "fixed-cidr", "not inside docker0's subnet"),
    ],
)
def test_collisions(wanted: dict[str, Any], where: str, text: str) -> None:
    (problem,) = collisions(wanted, {}, NETWORK, "daemon")
    assert problem.where == f"daemon.{where}" and text in problem.message
    assert collisions(wanted, wanted, NETWORK, "daemon") == []  # it is in the file already
    assert collisions(wanted, {}, HostNetwork(), "daemon") == []


def test_what_goes_together() -> None:
    pools = [{"base": "172.16.0.0/12", "size": 24}]
    wanted = {"bip": "172.17.5.1/24", "default-address-pools": pools}
    assert collisions(wanted, {}, NETWORK, "daemon") == []
    assert collisions({"fixed-cidr": "172.17.8.0/24"}, {}, NETWORK, "daemon") == []


def said(wanted: dict[str, Any], file: Any = None, network: HostNetwork = NETWORK) -> str:
    return " ".join(warnings(wanted, file or {}, network, is_running=True))


def test_warnings() -> None:
    text = said({"iptables": False})
    assert "masquerades nothing" in text and "ip_forward is 0" in text
    assert "ip_forward" not in said({"iptables": False}, None, NETWORK._replace(forwards=True))
    bip = {"bip": "10.1.0.1/24"}
    assert "docker0 has 172.17.0.1/16" in said(bip, bip) and not said(bip)
    assert "docker0 keeps 172.17.0.1/16" in said({}, {"bip": "172.17.0.1/16"})
    stub = NETWORK._replace(stubs=("127.0.0.1",))
    assert "127.0.0.1 is on its loopback" in said({}, None, stub)
    assert not said({"dns": ["10.0.0.53"]}, None, stub)


@pytest.mark.parametrize(
    ("wanted", "file", "owned", "asked"),
    [
        ({"mtu": 1400}, {}, (), False),
        ({"default-address-pools": POOLS}, {}, (), True),
        ({"default-address-pools": POOLS}, {"default-address-pools": POOLS}, (), False),
        ({"fixed-cidr": "10.1.0.0/24"}, {"fixed-cidr": "10.2.0.0/24"}, (), True),
        ({}, {"default-address-pools": POOLS}, ("default-address-pools",), True),
        ({"bip": "10.1.0.1/24"}, {"bip": "10.1.0.1/24"}, (), True),
        ({"default-address-pools": POOLS}, {"default-address-pools": POOLS, "bip": "x"}, (), True),
        ({}, {"bip": "10.1.0.1/24"}, ("bip",), True),
        ({}, {"bip": "10.1.0.1/24"}, (), False),
    ],
)
def test_addresses_and_routes_cost_commands_only_where_they_matter(
    wanted: dict[str, Any], file: dict[str, Any], owned: tuple[str, ...], asked: bool
) -> None:
    assert are_asked(wanted, file, owned) is asked


def test_reading(tmp_path: Path) -> None:
    link = {"family": "inet", "local": "172.17.0.1", "prefixlen": 16}
    answers = {
        "addr": [{"ifname": "docker0", "addr_info": [link]}],
        "-4": [{"dst": "default", "dev": "eth0"}, {"dst": "10.8.0.0/16", "dev": "tun0"}],
        "-6": [],
    }

    def runner(argv: Sequence[str], **more: Any) -> Completed:
        return Completed(tuple(argv), 0, json.dumps(answers[argv[2]]), "")

    (tmp_path / "etc").mkdir()
    resolv = tmp_path / "etc/resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\nnameserver ::1\n")
    found = read_network(Files(str(tmp_path)), runner, everything=True)
    assert found.bridge == "172.17.0.1/16" and found.stubs == ("127.0.0.1", "::1")
    assert Place("10.8.0.0/16", "tun0", "route") in found.places and len(found.places) == 2
    resolv.write_text("nameserver 127.0.0.53\n")
    (tmp_path / "run/systemd/resolve").mkdir(parents=True)
    (tmp_path / "run/systemd/resolve/resolv.conf").write_text("nameserver 10.0.0.53\n")
    assert read_network(Files(str(tmp_path)), runner, everything=False).stubs == ()
