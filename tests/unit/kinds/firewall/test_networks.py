"""Networks that are not translated (gateway modes): known by their bridges, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockwright.host.commands import Completed
from dockwright.kinds.daemon.want import parse as parse_daemon
from dockwright.kinds.network.bridges import Bridge, coming
from dockwright.model import Have, Want

from .netfilter import MODES, ROUTED, Networks
from .test_host import DROP, Machine, machine, problem_of

__all__ = ["machine"]
NAME = "com.docker.network.bridge.name"
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
    bridge = Bridge("br-a", options, "networks.a", "a", is_new=True)
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
    bridges = (
        Bridge("", ROUTED, "networks.a", "a", is_new=True),
        Bridge("", {}, "networks.b", "b", is_new=True),
    )
    text = problem_of(machine, DROP, engine=Networks("28.5.2"), bridges=bridges)
    assert text.startswith("networks.a.driver_opts: is routed")
    for engine in (Networks("28.5.2"), Networks("26.1.5")):
        machine.part({}, engine=engine, bridges=bridges).plan()
    machine.part(DROP, engine=engine, bridges=bridges).plan()
    machine.write("etc/docker/daemon.json", BY_DEFAULT)
    text = problem_of(machine, DROP, engine=Networks("28.5.2"), bridges=bridges[1:])
    assert text.startswith("networks.b.driver_opts: is routed")
    # While the engine is down nobody knows whether they are there, and it has to be started.
    assert machine.part(DROP, bridges=bridges).plan().changes


def network(
    fields: dict[str, Any], there: dict[str, str] = ROUTED, state: str = "present"
) -> tuple[Bridge, ...]:
    """What a run means for a network that the engine has with these options of its driver."""
    given = {"driver": "bridge", "driver_opts": there, "ipam": {}, "labels": {}}
    given.update(dict.fromkeys(("internal", "attachable", "enable_ipv6"), False), enable_ipv4=True)
    want = Want("network", "n", "networks.n", fields, state=state)
    return coming({"n": want}, {"n": Have("network", "n", "a1" * 32, given)})


@pytest.mark.parametrize(
    ("fields", "state", "found"),
    [
        ({"driver_opts": ROUTED}, "present", []),
        ({}, "present", []),  # what it was made with stays, also where defaults are others now
        ({"driver_opts": {MODES[4]: "nat"}}, "present", [([], "")]),
        ({"driver_opts": ROUTED, "labels": {"a": "b"}}, "present", [([4, 6], "")]),
        ({"driver_opts": {NAME: "br-n"}}, "present", [([], "br-n")]),
        ({"driver": "macvlan"}, "present", [([], "")]),
        ({}, "absent", [([], "")]),
    ],
)
def test_only_networks_that_are_made_anew_become_others(
    fields: dict[str, Any], state: str, found: list[Any]
) -> None:
    told = network(fields, state=state)
    assert [(sorted(one.routed), one.name) for one in told] == found
    assert all(one.network == "n" for one in told)


@pytest.mark.parametrize(
    ("fields", "state"), [({"driver_opts": {MODES[4]: "nat"}}, "present"), ({}, "absent")]
)
def test_a_document_that_changes_a_routed_network_leaves_nothing_to_do(
    machine: Machine, fields: dict[str, Any], state: str
) -> None:
    engine = Networks("28.5.2")
    machine.apply(DROP, engine=engine)
    assert machine.part(DROP, engine=engine).have.ways.routed == ((4, THEIRS), (6, THEIRS))
    assert machine.apply(DROP, engine=engine, bridges=network(fields, state=state)).changes
    engine.networks[0]["Options"] = {}
    assert machine.apply(DROP, engine=engine).changes == ()


def test_a_default_of_networks_changes_none_that_is_there(machine: Machine) -> None:
    machine.write("etc/docker/daemon.json", BY_DEFAULT)
    engine = Networks("28.5.2")
    named = {NAME: "br-n"}
    engine.networks[0]["Options"] = named
    bridges = network({"driver_opts": named}, named)
    assert machine.part(DROP, engine=engine, bridges=bridges).have.ways.routed == ()
    bridges = network({"driver_opts": named, "internal": True}, named)  # made anew with them
    ways = machine.part(DROP, engine=engine, bridges=bridges).have.ways
    assert ways.routed == ((4, "br-n"), (6, "br-n"))


def test_a_routed_network_that_is_there_needs_no_name(machine: Machine) -> None:
    engine = Networks("28.5.2")
    bridges = network({"driver_opts": ROUTED})
    part = machine.part(DROP, engine=engine, bridges=bridges)
    assert part.plan().changes and part.have.ways.routed == ((4, THEIRS), (6, THEIRS))
    bridges = network({"driver_opts": ROUTED, "internal": True})
    text = problem_of(machine, DROP, engine=engine, bridges=bridges)
    assert text.startswith("networks.n.driver_opts: is routed")


def test_a_stopped_engine_changes_no_rules(machine: Machine) -> None:
    engine = Networks("28.5.2")
    engine.networks = [
        {"Driver": "bridge", "Id": "b" * 64, "Name": name, "Options": {NAME: name, **options}}
        for name, options in (("a", ROUTED), ("shop0", {}), ("br-b", {}))
    ]
    for name in ("a", "shop0", "br-b", "br-lan"):
        machine.write(f"sys/class/net/{name}/bridge/x", "")
    machine.apply(DROP, engine=engine)
    ways = machine.part(DROP, engine=engine).have.ways
    assert (ways.bridges, ways.foreign) == (("a", "shop0"), ("br-lan",))
    assert ways.routed == ((4, "a"), (6, "a"))

    installed(machine, "28.5.2")
    assert machine.apply(DROP).changes == ()
    assert machine.part(DROP).have.ways == ways
    # A bridge that came meanwhile may be a network's: it is closed until the engine tells.
    machine.write("sys/class/net/br-new/bridge/x", "")
    assert machine.part(DROP).have.ways.foreign == ("br-lan",)
    assert machine.part(DROP, engine=engine).have.ways.foreign == ("br-lan", "br-new")
    (machine.root / "sys/class/net/br-new/bridge/x").unlink()
    # What others have flushed is known from the rules of the next boot.
    for table in ("mangle", "filter"):
        for tool in ("iptables", "ip6tables"):
            machine.tables[tool][table]["DOCKWRIGHT-OUTSIDE"] = []
    machine.apply(DROP)
    assert machine.part(DROP).have.ways.routed == ways.routed
    # What the document says of a mode goes before what was.
    new = Bridge("a", {NAME: "a", MODES[4]: "nat"}, "networks.a", "a", is_new=True)
    assert machine.part(DROP, bridges=(new,)).have.ways.routed == ((6, "a"),)


def installed(machine: Machine, version: str) -> None:
    """The engine is there, and is down."""
    machine.write("usr/bin/dockerd", "")
    (machine.root / "usr/bin/dockerd").chmod(0o755)
    said = f"Docker version {version}, build 1\n"
    machine.answers["/usr/bin/dockerd --version"] = Completed((), 0, said, "")


def test_networks_that_the_run_has_listed_are_not_listed_again(machine: Machine) -> None:
    engine = Networks("28.5.2")
    known, engine.networks = engine.networks, []
    part = machine.part(DROP, engine=engine, known_networks=known)
    assert part.have.ways.routed == ((4, THEIRS), (6, THEIRS))
