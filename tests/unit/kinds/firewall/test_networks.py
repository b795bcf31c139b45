"""Networks that are not translated (gateway modes): known by their bridges, or refused."""

from __future__ import annotations

import json

import pytest

from dockwright.kinds.daemon.want import parse as parse_daemon
from dockwright.kinds.network.bridges import Bridge

from .netfilter import MODES, ROUTED, Networks
from .test_host import DROP, Machine, machine, problem_of

__all__ = ["machine"]
THEIRS = f"br-{'a1' * 6}"
BY_DEFAULT = json.dumps({"default-network-opts": {"bridge": ROUTED}})


@pytest.mark.parametrize(
    ("engine", "options", "ipv4", "ipv6"),
    [
        (Networks("28.5.2"), ROUTED, ["br-a", THEIRS], ["br-a", THEIRS]),
        (Networks("28.5.2", "nat-unprotected"), {MODES[4]: "routed"}, ["br-a"], [THEIRS]),
        (Networks("28.5.2", "isolated"), {}, ["br-a"], ["br-a", THEIRS]),
        (Networks("26.1.5"), ROUTED, [], []),  # it translates all the same
    ],
)
def test_networks_that_are_routed_are_reached_by_their_published_ports(
    machine: Machine, engine: Networks, options: dict[str, str], ipv4: list[str], ipv6: list[str]
) -> None:
    machine.write("etc/docker/daemon.json", BY_DEFAULT if not options else "{}")
    bridge = Bridge("br-a", options, "networks.a")
    for spec in (DROP, {"deny": [{"port": 80}]}, {}):
        machine.apply(spec, engine=engine, bridges=(bridge,))
        assert machine.apply(spec, engine=engine, bridges=(bridge,)).changes == ()
        for tool, names in (("iptables", ipv4), ("ip6tables", ipv6)):
            for table in ("mangle", "filter"):
                rules = machine.tables[tool][table]["DOCKWRIGHT-OUTSIDE"]
                found = [r.split()[1] for r in rules if r.endswith("-g DOCKWRIGHT-PORTS")][1:]
                assert found == (names if spec else [])


@pytest.mark.parametrize(("key", "families"), [("iptables", [6]), ("ip6tables", [4])])
def test_a_routed_network_stays_closed_where_the_engine_has_no_rules(
    machine: Machine, key: str, families: list[int]
) -> None:
    """There nobody but us keeps the ports closed that are not published."""
    for content, expected in (({}, [4, 6]), ({key: False}, families)):
        machine.write("etc/docker/daemon.json", json.dumps(content))
        ways = machine.part(DROP, engine=Networks("28.5.2")).have.ways
        assert [family for family, _ in ways.routed] == expected
    # Also where this very run takes the rules away, or gives them back.
    for key_is, wanted in ((True, False), (False, True)):
        machine.write("etc/docker/daemon.json", json.dumps({key: key_is}))
        wants = {"daemon": parse_daemon({key: wanted})}
        ways = machine.part(DROP, engine=Networks("28.5.2"), wants=wants).have.ways
        assert [family for family, _ in ways.routed] == families


def test_a_routed_network_whose_bridge_nobody_knows_yet(machine: Machine) -> None:
    bridges = (Bridge("", ROUTED, "networks.a"), Bridge("", {}, "networks.b"))
    text = problem_of(machine, DROP, engine=Networks("28.5.2"), bridges=bridges)
    assert text.startswith("networks.a.driver_opts: is routed")
    for engine in (Networks("28.5.2"), Networks("26.1.5")):
        machine.part({}, engine=engine, bridges=bridges).plan()
    machine.part(DROP, engine=engine, bridges=bridges).plan()
    machine.write("etc/docker/daemon.json", BY_DEFAULT)
    text = problem_of(machine, DROP, engine=Networks("28.5.2"), bridges=bridges[1:])
    assert text.startswith("networks.b.driver_opts: is routed")
