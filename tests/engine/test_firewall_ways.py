"""Daemons that open ports in other ways than usual: each way is held, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.firewall_site import ABSENT, Site, wait
from tests.hosts import TINY, TestHost

CONFIG = "/etc/docker/daemon.json"
OPEN: dict[str, Any] = {"default": "accept"}
CLOSED = {"v4": False, "v6": False, "other": False, "other v6": False, "direct": False}


def _start(site: Site) -> None:
    """The containers of the site, which a restart of the daemon has stopped."""
    site.host.exec(["docker", "start", "web", "api"])


def test_without_iptables_docker_proxy_is_guarded_too(site26: Site) -> None:
    daemon = {"iptables": False}
    site26.apply({"daemon": daemon, "firewall": OPEN})
    # The daemon leaves its old rules behind; then there is docker-proxy, and the way by a route.
    site26.host.exec(["sh", "-c", "iptables -t nat -F; iptables -F; iptables -P FORWARD ACCEPT"])
    _start(site26)
    site26.apply({"daemon": daemon, "firewall": OPEN})
    wait(lambda: all(site26.reached(site26.stranger).values()))
    document = {"daemon": daemon, "firewall": site26.spec()}
    site26.apply(document)
    assert site26.reached(site26.stranger) == CLOSED
    assert site26.reached(site26.friend) == {**CLOSED, "v4": True, "v6": True}
    assert site26.apply(document)["changes"] == []
    without = {key: value for key, value in site26.spec().items() if key != "host_ports"}
    answer = site26.answer({"daemon": daemon, "firewall": without})
    assert [problem["where"] for problem in answer["problems"]] == ["firewall.host_ports"]
    assert "over IPv4 and IPv6" in answer["message"]


def test_without_docker_proxy_the_hosts_own_ports_stay_open(site26: Site) -> None:
    daemon = {"userland-proxy": False}
    site26.apply({"daemon": daemon, "firewall": ABSENT})
    _start(site26)
    wait(lambda: site26.stranger.gets(site26.ipv4, 8080))
    spec = {key: value for key, value in site26.spec().items() if key != "host_ports"}
    site26.apply({"daemon": daemon, "firewall": spec})
    assert site26.reached(site26.stranger) == CLOSED
    assert site26.reached(site26.friend) == {**CLOSED, "v4": True}
    # A port of the host itself, which nobody has named.
    script = "python3 -m http.server 9009 --bind :: >/dev/null 2>&1 & echo $!"
    serving = site26.host.exec(["sh", "-c", script]).stdout.strip()
    try:
        wait(lambda: all(site26.stranger.gets_all(site26.doors(9009))))
    finally:
        site26.host.exec(["kill", serving])


def test_direct_routing_that_the_daemon_allows_is_held_by_us(
    host28: TestHost, site_of: Callable[[TestHost], Site]
) -> None:
    """Since 28 a route to a container leads nowhere, unless the daemon or a network allows it."""
    site = site_of(host28)
    daemon = {"allow-direct-routing": True}
    subnet, inside = "10.232.28.0/24", "10.232.28.7"
    mode = "com.docker.network.bridge.gateway_mode_ipv4"
    document = {
        "daemon": daemon,
        "networks": {
            "bare": {
                "ipam": {"config": [{"subnet": subnet}]},
                "driver_opts": {mode: "nat-unprotected"},
            }
        },
        "containers": {
            "bare": {
                "image": TINY,
                "command": ["httpd", "-f", "-p", "80", "-h", "/www"],
                "networks": {"bare": {"ipv4_address": inside}},
                "stop_grace_period": 0,
            }
        },
    }
    site.apply({**document, "firewall": OPEN})
    _start(site)
    for guest in (site.stranger, site.friend):
        guest.exec(["ip", "route", "replace", subnet, "via", site.ipv4])
    wait(lambda: site.reached(site.stranger)["direct"] and site.stranger.gets(inside))
    site.apply({**document, "firewall": site.spec()})
    assert site.apply({**document, "firewall": site.spec()})["changes"] == []
    assert site.reached(site.stranger) == CLOSED and not site.stranger.gets(inside)
    assert site.reached(site.friend) == {**CLOSED, "v4": True, "v6": True}
    site.apply({**document, "firewall": {"deny": [{"from": [site.stranger.ipv4]}]}})
    assert not site.reached(site.stranger)["direct"] and not site.stranger.gets(inside)
    assert site.reached(site.friend)["direct"] and site.friend.gets(inside)


@pytest.mark.parametrize("engine", ["host28", pytest.param("host26", marks=pytest.mark.full)])
def test_a_backend_that_would_not_ask_our_rules(
    engine: str, request: pytest.FixtureRequest, site_of: Callable[[TestHost], Site]
) -> None:
    """These engines do not know `firewall-backend` yet; asked for, and found in the file."""
    site = site_of(request.getfixturevalue(engine))
    site.apply(site.spec())
    rules = site.rules()
    nftables = {"firewall-backend": "nftables"}
    answer = site.answer({"daemon": nftables, "firewall": ABSENT})
    assert "29.0" in answer["message"] and not answer["changed"]
    # With our rules it is refused for what it would mean on an engine that knows it…
    _assert_refused(site.answer({"daemon": nftables, "firewall": site.spec()}))
    # …and so it is where somebody has written it, for an engine to come.
    site.host.write(CONFIG, json.dumps(nftables))
    _assert_refused(site.answer(site.spec(allow=[])))
    assert site.rules() == rules
    site.apply(ABSENT)  # which is always possible
    assert "DOCKWRIGHT" not in site.rules()
    site.host.exec(["rm", CONFIG])


def _assert_refused(answer: dict[str, Any]) -> None:
    (problem,) = answer["problems"]
    assert (
        "(29 and newer) writes rules of its own: rules of ours would not be asked"
        in (problem["message"])
    )
    assert problem["fix"] == "take `firewall-backend` back to iptables"
    assert answer["failed"] and not answer["changed"]
