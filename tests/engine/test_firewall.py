"""The firewall on real hosts, with clients that come from other hosts: every way, every change."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from tests.engine.firewall_site import ABSENT, SERVER, Site
from tests.hosts import TINY, TestHost, machine


def test_every_way_is_closed_but_to_whom_it_is_opened(site: Site) -> None:
    open_ways = site.reached(site.stranger)
    assert open_ways["v4"] and open_ways["v6"] and open_ways["other"]
    assert open_ways["direct"] == (not site.host.engine_version.startswith("28"))
    before = site.rules()
    planned = site.apply(site.spec(), check=True)
    assert [c["path"] for c in planned["changes"]] == ["ipv4", "ipv6", "boot"]
    assert site.rules() == before
    assert site.host.exec(["test", "-e", "/etc/dockwright"], check=False).returncode == 1

    done = site.apply(site.spec())
    assert done["changes"] == planned["changes"] and len(done["done"]) == 3
    assert site.apply(site.spec())["changes"] == []
    assert not any(site.reached(site.stranger).values())
    expected = {"v4": True, "v6": True, "other": False, "other v6": False, "direct": False}
    assert site.reached(site.friend) == expected
    _assert_the_rest_works(site)

    site.apply(ABSENT)
    assert "DOCKWRIGHT" not in site.rules()
    left = set(site.rules().splitlines()) - set(before.splitlines())
    assert left <= {"*mangle", "*filter", ":DOCKER-USER -", "COMMIT"} | _builtin(), left
    assert site.apply(ABSENT)["changes"] == []
    assert site.reached(site.stranger)["v4"]


def _builtin() -> set[str]:
    names = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
    return {f":{name} ACCEPT" for name in names}


def _assert_the_rest_works(site: Site) -> None:
    """Containers get out and to each other, the host's own port is open, in both families."""
    script = f"python3 -m http.server 8000 --bind {site.friend.ipv4} >/dev/null 2>&1 & echo $!"
    serving = site.friend.exec(["sh", "-c", script]).stdout.strip()
    try:
        inner = site.host.exec
        once = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {} {} | grep -q '200 OK'"
        page = once.format(site.friend.ipv4, 8000)
        again = f"for i in 1 2 3 4 5; do {page} && exit 0; sleep 0.3; done; exit 1"
        inner(["docker", "exec", "web", "sh", "-c", again])
        inner(["docker", "run", "--rm", TINY, "sh", "-c", once.format(site.direct, 80)])
    finally:
        site.friend.exec(["kill", serving], check=False)
    for address in (site.ipv4, site.ipv6):
        words = ["python3", "-c", _GREETING, address]
        assert site.stranger.exec(words).stdout.startswith("SSH-"), address


_GREETING = """
import socket, sys
print(socket.create_connection((sys.argv[1], 22), 5).recv(40).decode())
"""


def test_networks_with_ipv6_are_guarded_where_they_are_forwarded(
    host28: TestHost, site_of: Callable[[TestHost], Site]
) -> None:
    site = site_of(host28)
    inside = "fd99:28::"
    network = {"enable_ipv6": True, "ipam": {"config": [{"subnet": f"{inside}/64"}]}}
    web = {"image": TINY, "command": SERVER, "ports": ["8083:80"], "stop_grace_period": 0}
    document = {
        "networks": {"six": network},
        "containers": {"six": {**web, "networks": {"six": {"ipv6_address": f"{inside}7"}}}},
    }
    site.apply({**document, "firewall": {"default": "accept"}})
    nat = site.host.exec(["ip6tables-save", "-t", "nat"]).stdout
    assert f"--to-destination [{inside}7]:80" in nat  # no docker-proxy is needed here
    doors = [(site.ipv4, 8083), (site.ipv6, 8083), (f"{inside}7", 80)]
    for guest in (site.stranger, site.friend):
        guest.exec(["ip", "-6", "route", "replace", f"{inside}/64", "via", site.ipv6])
    assert site.stranger.gets_all(doors)[:2] == [True, True]
    friend = [{"port": 8083, "from": [site.friend.ipv4, site.friend.ipv6]}]
    closed = {**document, "firewall": site.spec(allow=friend)}
    site.apply(closed)
    assert site.apply(closed)["changes"] == []
    assert site.stranger.gets_all(doors) == [False, False, False]
    assert site.friend.gets_all(doors) == [True, True, False]


def test_connections_that_stand_are_kept(site26: Site) -> None:
    words = ["docker", "-H", f"unix://{machine.SOCKET}", "exec", "-i", site26.stranger.name]
    words += ["python3", "-c", _HELD, site26.ipv4]
    with subprocess.Popen(words, stdin=-1, stdout=-1, text=True) as held:
        assert held.stdin is not None and held.stdout is not None
        assert held.stdout.readline() == "connected\n"
        site26.apply(site26.spec())
        assert not site26.stranger.gets(site26.ipv4, 8080)
        held.stdin.write("go on\n")
        held.stdin.close()
        assert "hello from busybox" in held.stdout.read()


_HELD = """
import socket, sys
with socket.create_connection((sys.argv[1], 8080), 5) as held:
    held.sendall(b"GET /index.html HTTP/1.0\\r\\n")
    print("connected", flush=True)
    sys.stdin.readline()
    held.sendall(b"\\r\\n")
    print(b"".join(iter(lambda: held.recv(4096), b"")).decode())
"""


@pytest.mark.parametrize(
    "harm",
    [
        "iptables -t filter -F DOCKWRIGHT-PORTS",
        "iptables -t mangle -D FORWARD -j DOCKWRIGHT",
        "ip6tables -t filter -F INPUT",
        "iptables -t filter -D DOCKER-USER -j DOCKWRIGHT",
        "iptables -t mangle -F; iptables -t mangle -X",
        "rm /etc/dockwright/firewall/current/rules.4",
        "systemctl disable dockwright-firewall.service",
    ],
)
def test_what_another_hand_did_is_seen_and_put_right(harm: str, guarded26: Site) -> None:
    site = guarded26
    good = site.rules()
    site.host.exec(["sh", "-c", harm])
    seen = site.apply(site.spec(), check=True)
    assert len(seen["changes"]) == 1, harm
    change = seen["changes"][0]
    if change["path"] != "boot":
        assert change["cause"] == "drift" and change["after"]
    site.apply(site.spec())
    assert site.apply(site.spec())["changes"] == []
    assert sorted(site.rules().splitlines()) == sorted(good.splitlines())


def test_who_is_denied_and_who_is_an_exception(guarded26: Site) -> None:
    site = guarded26
    stranger = [site.stranger.ipv4, site.stranger.ipv6]
    deny = [{"port": "8080-8090", "protocol": "tcp", "from": stranger}]
    site.apply({"deny": deny})
    assert site.apply({"deny": deny})["changes"] == []
    assert not any(site.reached(site.stranger).values())
    assert all(site.reached(site.friend).values())
    both = {"allow": site.spec()["allow"], "deny": [{"port": 8080}]}
    site.apply(both)
    closed = {"v4": False, "v6": False, "other": True, "other v6": True, "direct": False}
    assert site.reached(site.stranger) == closed
    assert site.reached(site.friend) == {**closed, "v4": True, "v6": True}
    site.apply({"deny": [{"interface": "eth0"}]})  # the clients come in by eth1
    assert all(site.reached(site.stranger).values())
    site.apply({"default": "drop", "host_ports": [22], "allow": [{"interface": "eth1"}]})
    assert site.reached(site.stranger) == {**closed, "v4": True, "v6": True, "other v6": True}
    site.apply(site.spec())


def test_a_bridge_with_a_name_of_its_own(guarded26: Site) -> None:
    site = guarded26
    named = {"driver_opts": {"com.docker.network.bridge.name": "shop0"}}
    web = {"image": TINY, "command": SERVER, "ports": ["8082:80"], "networks": ["shop"]}
    document = {
        "firewall": site.spec(),
        "networks": {"shop": {**named, "ipam": {"config": [{"subnet": "10.232.9.0/24"}]}}},
        "containers": {"named": {**web, "stop_grace_period": 0}},
    }
    site.apply(document)
    assert site.apply(document)["changes"] == []
    doors = [(site.ipv4, 8082), (site.ipv6, 8082), ("10.232.9.2", 80)]
    for guest in (site.stranger, site.friend):
        guest.exec(["ip", "route", "replace", "10.232.9.0/24", "via", site.ipv4])
        assert guest.gets_all(doors) == [False, False, False]
    assert site.apply(site.spec())["changes"] == []  # the engine knows it now
    site.apply({**document, "firewall": {"default": "accept"}})
    assert site.stranger.gets_all(doors) == [True, True, True]
    removed = {
        "networks": {"shop": {"state": "absent"}},
        "containers": {"named": {"state": "absent"}},
    }
    site.apply({**removed, "firewall": site.spec()})


def test_a_flush_of_filter_opens_nothing(guarded26: Site) -> None:
    guarded26.host.exec(["iptables", "-t", "filter", "-F", "DOCKER-USER"])
    assert not any(guarded26.reached(guarded26.stranger).values())
    assert guarded26.reached(guarded26.friend)["v4"]
    guarded26.apply(guarded26.spec())


def test_rules_of_others_are_left_alone(guarded26: Site) -> None:
    site = guarded26
    theirs = "-A DOCKER-USER -s 198.51.100.0/24 -m comment --comment theirs -j DROP"
    site.host.exec(["iptables", *theirs.replace("-A DOCKER-USER", "-I DOCKER-USER 1").split()])
    assert site.apply(site.spec())["changes"] == []
    site.apply(site.spec(log={"rate": "60/minute", "burst": 3}))
    assert site.apply(site.spec(log={"rate": "60/minute", "burst": 3}))["changes"] == []
    assert theirs in site.rules()
    with site.stranger.knocks((site.ipv4, 8080)):
        time.sleep(0.5)
    logged = site.host.exec(["iptables", "-t", "mangle", "-nvxL", "DOCKWRIGHT-DROP"]).stdout
    packets = {line.split()[2]: int(line.split()[0]) for line in logged.splitlines()[2:]}
    assert 0 < packets["LOG"] < packets["DROP"]
    site.apply(site.spec())
    assert theirs in site.rules()
    site.host.exec(["iptables", *theirs.replace("-A", "-D", 1).split()])
