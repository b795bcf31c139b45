"""The host's addresses, routes and name servers: what its engine's networks must leave alone."""

from __future__ import annotations

import ipaddress
import json
from typing import Any, Union

from ..errors import HostError
from ..named_tuple import NamedTuple
from .commands import Runner
from .files import Files

Subnet = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
_UPSTREAM = "/run/systemd/resolve/resolv.conf"


class Place(NamedTuple):
    """A subnet that an interface of the host has or routes to."""

    subnet: str
    interface: str
    what: str  # address or route


class HostNetwork(NamedTuple):
    """What the host's network looks like; empty where nobody can tell."""

    places: tuple[Place, ...] = ()
    bridge: str = ""  # docker0's IPv4 address with its mask
    forwards: bool = True  # net.ipv4.ip_forward
    stubs: tuple[str, ...] = ()  # loopback name servers, where containers cannot have the host's


def read_network(files: Files, runner: Runner, *, everything: bool) -> HostNetwork:
    """Look at the host's network; ``everything``: addresses and routes too, which cost commands."""
    places: list[Place] = []
    bridge = ""
    if everything:
        for link in _asked(runner, "addr"):
            for item in link.get("addr_info") or ():
                text = f"{item.get('local')}/{item.get('prefixlen')}"
                places.append(Place(text, str(link.get("ifname")), "address"))
                if link.get("ifname") == "docker0" and item.get("family") == "inet":
                    bridge = text
        for family in ("-4", "-6"):
            for route in _asked(runner, family, "route"):
                if route.get("dst") not in (None, "default"):
                    places.append(Place(str(route["dst"]), str(route.get("dev")), "route"))
    forwards = (files.read_text("/proc/sys/net/ipv4/ip_forward") or "1").strip() != "0"
    return HostNetwork(tuple(places), bridge, forwards, _stubs(files))


def subnet_of(text: str) -> Subnet:
    """The subnet of an address with its mask."""
    return ipaddress.ip_interface(text).network


def _asked(runner: Runner, *words: str) -> list[dict[str, Any]]:
    try:
        done = runner(["ip", "-j", *words], timeout=10.0)
        found = json.loads(done.stdout or "[]") if done.returncode == 0 else []
    except (HostError, ValueError):  # no such tool here: nothing can be told
        return []
    return [item for item in found if isinstance(item, dict)]


def _stubs(files: Files) -> tuple[str, ...]:
    """The name servers of the host, if all are on its loopback and none is known behind them."""
    found = _servers(files.read_text("/etc/resolv.conf") or "")
    if found == ["127.0.0.53"]:  # systemd-resolved: the engine takes the servers behind it
        found = _servers(files.read_text(_UPSTREAM) or "") or found
    is_stub = bool(found) and all(_is_loopback(text) for text in found)
    return tuple(found) if is_stub else ()


def _servers(text: str) -> list[str]:
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False
