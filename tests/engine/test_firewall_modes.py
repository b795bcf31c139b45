"""Networks whose containers are reached by their own addresses (gateway modes, engine 28)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.firewall_site import ABSENT, SERVER, Site, wait
from tests.hosts import TINY, TestHost

OPEN: dict[str, Any] = {"default": "accept"}
BRIDGE = "com.docker.network.bridge"


class Net:
    """A network of both families in one mode, with a container that publishes its port 80."""

    def __init__(self, name: str, mode: str, number: int, port: int) -> None:
        self.name = name
        self.subnets = (f"10.232.{number}.0/24", f"fd99:{number}::/64")
        self.inside = (f"10.232.{number}.7", f"fd99:{number}::7")
        self.port = port
        modes = {f"{BRIDGE}.gateway_mode_ipv{family}": mode for family in (4, 6)}
        self.options = {**modes, f"{BRIDGE}.name": f"br-{name}"}

    def document(self) -> dict[str, Any]:
        config = [{"subnet": subnet} for subnet in self.subnets]
        addresses = dict(zip(("ipv4_address", "ipv6_address"), self.inside))
        network = {"enable_ipv6": True, "ipam": {"config": config}, "driver_opts": self.options}
        # 81 is open in the container, and is published nowhere.
        script = f"httpd -p 81 -h /www; exec {' '.join(SERVER)}"
        container = {
            "image": TINY,
            "command": ["sh", "-c", script],
            "ports": [f"{self.port}:80"],
            "networks": {self.name: addresses},
            "stop_grace_period": 0,
        }
        return {"networks": {self.name: network}, "containers": {self.name: container}}

    def doors(self, port: int) -> list[tuple[str, int]]:
        return [(address, port) for address in self.inside]


def test_default_drop_holds_for_every_gateway_mode(
    host28: TestHost, site_of: Callable[[TestHost], Site]
) -> None:
    site = site_of(host28)
    routed, bare = Net("routed", "routed", 41, 8084), Net("bare", "nat-unprotected", 42, 8085)
    both = [net.document() for net in (routed, bare)]
    document = {key: {**both[0][key], **both[1][key]} for key in ("networks", "containers")}
    site.apply({**document, "firewall": OPEN})
    for guest in (site.friend, site.stranger):
        for subnet in (*routed.subnets, *bare.subnets):
            family = ipaddress.ip_network(subnet).version
            via = site.ipv4 if family == 4 else site.ipv6
            guest.exec(["ip", f"-{family}", "route", "replace", subnet, "via", via])
    ways = [*routed.doors(80), *routed.doors(81), *bare.doors(80), *bare.doors(81)]
    ways += [*site.doors(8084), *site.doors(8085)]
    opened = [True, True, False, False, *[True] * 4, False, False, True, True]
    wait(lambda: site.stranger.gets_all(ways) == opened)

    # Who is let in gets there as the network is reached: routed by the container's own port.
    friend = [site.friend.ipv4, site.friend.ipv6]
    spec = site.spec(allow=[{"port": port, "from": friend} for port in (80, 8085)])
    closed = {**document, "firewall": spec}
    site.apply(closed)
    assert site.apply(closed)["changes"] == []
    assert site.stranger.gets_all(ways) == [False] * 12
    friends = [True, True, *[False] * 8, True, True]
    assert site.friend.gets_all(ways) == friends
    # A boot's rules, and a document without the networks, know the modes of those that are there.
    site.host.exec(["systemctl", "restart", "dockwright-firewall.service"])
    assert site.apply({"firewall": spec})["changes"] == []

    # A denied client stays out, by whatever way; all others come in.
    stranger = [site.stranger.ipv4, site.stranger.ipv6]
    site.apply({**document, "firewall": {"deny": [{"port": 80, "from": stranger}]}})
    assert site.stranger.gets_all(ways) == [*[False] * 10, True, True]
    assert site.friend.gets_all(ways) == opened


@pytest.mark.full
def test_a_routed_network_is_to_name_its_bridge(
    host28: TestHost, site_of: Callable[[TestHost], Site]
) -> None:
    site = site_of(host28)
    net = Net("routed", "routed", 41, 8084)
    document = net.document()
    del document["networks"]["routed"]["driver_opts"][f"{BRIDGE}.name"]
    answer = site.answer({**document, "firewall": site.spec()})
    assert [problem["where"] for problem in answer["problems"]] == ["networks.routed.driver_opts"]
    assert not answer["changed"]
    # Made before, it is known by its ID, whether the document has it or not.
    site.apply({**document, "firewall": ABSENT})
    shown = site.host.exec(["docker", "network", "inspect", "-f", "{{.Id}}", "routed"]).stdout
    rule = f"-o br-{shown[:12]} -g DOCKWRIGHT-PORTS"
    site.apply(site.spec())
    assert site.rules().count(rule) == 4  # two tables of two families
    closed = {**document, "firewall": site.spec()}
    assert site.apply(closed)["changes"] == []
    assert site.apply(site.spec())["changes"] == []

    # A stopped engine is no reason to forget it.
    site.host.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    assert site.apply(site.spec())["changes"] == []
    site.host.restart_engine()
    assert site.apply(site.spec())["changes"] == []
    # The run that makes it another one leaves nothing to the next.
    modes = {f"{BRIDGE}.gateway_mode_ipv{family}": "nat" for family in (4, 6)}
    document["networks"]["routed"]["driver_opts"] = modes
    site.apply({**document, "firewall": site.spec()})
    assert rule not in site.rules()
    assert site.apply({**document, "firewall": site.spec()})["changes"] == []
