"""Two clients connect in a loop while the rules, the daemon and the host change and restart."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.firewall_site import ABSENT, Loop, Site, looped, wait
from tests.hosts import TestHost, machine
from tests.hosts.lan import Client, Lan

REFUSED = "error 111"  # Docker has taken the port away; what we drop is not answered at all
LIVE = {"live-restore": True}


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.full)])
def test_changes_in_a_row_let_the_right_one_through(site26: Site, count: int) -> None:
    site26.apply(site26.spec())
    with looped(site26):
        _change(site26, count)


def _change(site: Site, count: int, **document: Any) -> None:
    """Changes of every sort, each of which lets the friend in and nobody else."""
    friend = [site.friend.ipv4, site.friend.ipv6]
    for number in range(count):
        more = [{"port": 8080, "from": friend}, {"port": 9000 + number}]
        spec = site.spec(allow=more if number % 2 else more[::-1])
        if number % 4 == 1:
            spec["deny"] = [{"from": ["198.51.100.0/24", f"2001:db8:{number:x}::/48"]}]
        elif number % 4 == 2:
            spec["log"] = {"rate": f"{number + 1}/minute"}
        elif number % 4 == 3:
            # The same said in other words: an exception from what is denied to everybody.
            everybody = [{"port": 8080}, {"port": "8081-8090"}, {"port": "80"}]
            spec = {"allow": more[:1], "deny": everybody}
        assert site.apply({**document, "firewall": spec})["changes"]


def _restart(loop: Loop) -> None:
    with loop.outage(REFUSED):
        loop.site.host.restart_engine()


def test_a_restart_of_the_daemon_opens_nothing(site: Site) -> None:
    document = {"daemon": LIVE, "firewall": site.spec()}
    site.apply(document)
    with looped(site) as loop:
        for _ in range(2):
            _restart(loop)
        with contextlib.closing(site.host.sdk()) as sdk:
            sdk.networks.create("one-more")  # it moves DOCKER-USER too
    assert site.apply(document)["changes"] == []


def test_a_reboot_opens_nothing(
    new_host: Callable[..., TestHost], lan: Lan, friend: Client, stranger: Client
) -> None:
    site = Site(new_host("debian-13"), lan, friend, stranger)
    site.serve(restart="always")
    site.apply(site.spec())
    with looped(site) as loop:
        _reboot(loop)
        _change(site, 2)
    site.apply(site.spec())
    _assert_what_is_not_confirmed_does_not_survive(site)
    _assert_legacy(site)


def _reboot(loop: Loop) -> None:
    with loop.outage():
        machine.docker("restart", loop.site.host.name)
        loop.site.host.wait_engine(90)


@pytest.mark.full
@pytest.mark.parametrize("recipe", ["debian-13", "debian-12", "debian-13-unstable"])
def test_a_hundred_changes_a_restart_and_a_reboot(
    new_host: Callable[..., TestHost], lan: Lan, friend: Client, stranger: Client, recipe: str
) -> None:
    site = Site(new_host(recipe), lan, friend, stranger)
    site.serve(restart="always")
    site.apply({"daemon": LIVE, "firewall": site.spec()})
    with looped(site) as loop:
        _change(site, 100, daemon=LIVE)
        _restart(loop)
        _change(site, 2, daemon=LIVE)
        _reboot(loop)
        _change(site, 2, daemon=LIVE)


def _assert_what_is_not_confirmed_does_not_survive(site: Site) -> None:
    before = site.rules()
    site.apply({"default": "accept", "confirm_within": "1h"})
    site.host.exec(["sh", "-c", "rm /run/dockwright-firewall-armed"])  # as a boot does
    site.host.exec(["systemctl", "restart", "dockwright-firewall.service"])
    assert sorted(site.rules().splitlines()) == sorted(before.splitlines())
    assert site.apply(site.spec())["changes"] == []
    site.host.exec(["systemctl", "stop", "dockwright-firewall-revert.timer"])


def _assert_legacy(site: Site) -> None:
    """The other variant of iptables, where the daemon uses that one."""
    site.apply(ABSENT)
    for name in ("iptables", "ip6tables"):
        path = f"/usr/sbin/{name}-legacy"
        flush = f"for t in nat filter mangle raw; do {name} -t $t -F; {name} -t $t -X; done"
        site.host.exec(["sh", "-c", flush], check=False)
        site.host.exec(["update-alternatives", "--set", name, path])
    site.host.restart_engine()
    site.apply(site.spec())
    assert site.apply(site.spec())["changes"] == []
    assert "DOCKWRIGHT" in site.host.exec(["iptables-legacy-save"]).stdout
    assert "DOCKWRIGHT" not in site.host.exec(["iptables-nft-save"]).stdout
    wait(lambda: site.friend.gets(site.ipv4, 8080))
    assert not any(site.reached(site.stranger).values())
    site.apply(ABSENT)
    assert "DOCKWRIGHT" not in site.host.exec(["iptables-legacy-save"]).stdout
