"""Ports of UDP behind the firewall: the same ways, and the same answer for each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.engine.firewall_site import UDP_SERVER, Site, answered, wait
from tests.hosts import TINY, TestHost


def serve(site: Site) -> str:
    """Publish 5300/udp; the container's own address."""
    with contextlib.closing(site.host.sdk()) as client:
        ports, volumes = {"53/udp": 5300}, {"/": {"bind": "/host", "mode": "ro"}}
        more = {"name": "names", "detach": True, "init": True}
        made = client.containers.run(TINY, UDP_SERVER, ports=ports, volumes=volumes, **more)
        made.reload()
        address = str(made.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])
    for guest in (site.friend, site.stranger):
        guest.exec(["ip", "route", "replace", f"{address}/32", "via", site.ipv4])
    return address


@pytest.mark.parametrize(
    "engine",
    ["host26", *(pytest.param(name, marks=pytest.mark.full) for name in ("host20", "host28"))],
)
def test_udp_is_held_in_every_way(
    engine: str, request: pytest.FixtureRequest, site_of: Callable[[TestHost], Site]
) -> None:
    site = site_of(request.getfixturevalue(engine))
    doors = [*site.doors(5300), (serve(site), 53)]
    site.apply({"default": "accept"})
    open_ways = [True, True, engine != "host28"]  # which has no way by a route
    wait(lambda: answered(site.stranger, doors) == open_ways)
    friend = {"port": 5300, "from": [site.friend.ipv4, site.friend.ipv6]}
    spec = site.spec(allow=[{**friend, "protocol": "udp"}])
    site.apply(spec)
    assert site.apply(spec)["changes"] == []
    assert answered(site.stranger, doors) == [False, False, False]
    assert answered(site.friend, doors) == [True, True, False]
    stranger = {"port": 5300, "from": [site.stranger.ipv4, site.stranger.ipv6]}
    site.apply({"deny": [{**stranger, "protocol": "udp"}]})
    assert answered(site.stranger, doors) == [False, False, False]
    assert answered(site.friend, doors) == open_ways


@pytest.mark.full
def test_a_protocol_is_what_a_rule_is_about(site26: Site) -> None:
    doors = [*site26.doors(5300), (serve(site26), 53)]
    friend = {"port": 5300, "from": [site26.friend.ipv4, site26.friend.ipv6]}
    site26.apply(site26.spec(allow=[friend]))
    wait(lambda: answered(site26.friend, doors) == [True, True, False])
    site26.apply(site26.spec(allow=[{**friend, "protocol": "tcp"}]))
    assert answered(site26.friend, doors) == [False, False, False]
    site26.apply({"deny": [{**friend, "protocol": "tcp"}]})
    assert answered(site26.friend, doors)[:2] == [True, True]
    site26.apply({"deny": [friend]})
    assert answered(site26.friend, doors) == [False, False, False]
