"""Hosts on which firewalld runs: version 2 beside our rules, version 1 refused, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.firewall_site import Loop, Site, looped, wait
from tests.hosts import TestHost, machine
from tests.hosts.lan import Client, Lan

LIVE = {"live-restore": True}


@pytest.fixture
def firewalld_of(
    new_host: Callable[..., TestHost], lan: Lan, friend: Client, stranger: Client
) -> Callable[[str], Site]:
    """A host where firewalld lets everybody to both published ports: then ours decide."""

    def make(recipe: str) -> Site:
        site = Site(new_host(recipe), lan, friend, stranger)
        _running(site)
        ports = [f"--add-port={port}/tcp" for port in (8080, 8081)]
        site.host.exec(["firewall-cmd", "--permanent", *ports])
        site.host.exec(["firewall-cmd", "--reload"])
        site.serve(restart="always")
        wait(lambda: all(stranger.gets_all(site.doors())))
        return site

    return make


def _running(site: Site) -> None:
    wait(lambda: site.host.exec(["firewall-cmd", "--state"], check=False).returncode == 0)


def _firewalld(loop: Loop, *words: str) -> None:
    """A command of firewalld. In a reload it drops what is new, and the client asks again."""
    with loop.outage("error 113"):  # it rejects what comes before its own ports are open again
        loop.site.host.exec(list(words))
        _running(loop.site)


def test_a_reload_of_firewalld_opens_and_closes_nothing(
    firewalld_of: Callable[[str], Site],
) -> None:
    site = firewalld_of("debian-13-firewalld")
    assert site.host.exec(["firewall-cmd", "--version"]).stdout.startswith("2.")
    site.apply(site.spec())
    assert site.apply(site.spec())["changes"] == []
    assert not any(site.reached(site.stranger).values())
    rules = _ours(site)
    with looped(site) as loop:
        for _ in range(3):
            _firewalld(loop, "firewall-cmd", "--reload")
    assert _ours(site) == rules
    assert site.apply(site.spec())["changes"] == []
    site.host.exec(["sed", "-i", "s/^FirewallBackend=.*/FirewallBackend=iptables/", _CONF])
    answer = site.answer(site.spec())
    assert "(iptables) flushes the rules of others" in answer["message"] and not answer["changed"]


_CONF = "/etc/firewalld/firewalld.conf"


def _ours(site: Site) -> list[str]:
    return sorted(line for line in site.rules().splitlines() if "DOCKWRIGHT" in line)


@pytest.mark.full
def test_restarts_and_a_reboot_with_firewalld(firewalld_of: Callable[[str], Site]) -> None:
    site = firewalld_of("debian-13-firewalld")
    document = {"daemon": LIVE, "firewall": site.spec()}
    site.apply(document)
    with looped(site) as loop:
        _firewalld(loop, "firewall-cmd", "--complete-reload")
        _firewalld(loop, "systemctl", "restart", "firewalld")
        with loop.outage():
            site.host.restart_engine()
        with loop.outage():
            machine.docker("restart", site.host.name)
            site.host.wait_engine(90)
            _running(site)
        assert site.apply(document)["changes"] == []
    with looped(site) as loop, loop.outage():
        site.host.exec(["systemctl", "stop", "firewalld"])
    assert site.apply(document)["changes"] == []


@pytest.mark.full
def test_an_old_firewalld_is_refused_for_what_it_does(firewalld_of: Callable[[str], Site]) -> None:
    site = firewalld_of("debian-12-firewalld")
    answer = site.answer(site.spec())
    assert "firewalld 1." in answer["message"] and "flushes the rules" in answer["message"]
    assert not answer["changed"] and _ours(site) == []
    # That is what it does.
    theirs = ["-t", "mangle", "-A", "FORWARD", "-s", "198.51.100.0/24", "-j", "DROP"]
    site.host.exec(["iptables", *theirs])
    site.host.exec(["firewall-cmd", "--reload"])
    assert "198.51.100.0/24" not in site.rules()
    # Without it there is nothing to refuse.
    site.host.exec(["systemctl", "disable", "--now", "firewalld"])
    site.host.restart_engine()
    site.apply(site.spec())
    assert not any(site.reached(site.stranger).values())
