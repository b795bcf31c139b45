"""Keys of daemon.json next to the host's network: collisions, and what then is missing. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import Problem
from ...host.network import HostNetwork, Place, subnet_of

# Keys whose plan needs the host's addresses and routes.
NAMES = frozenset({"bip", "fixed-cidr", "default-address-pools"})


def are_asked(wanted: Mapping[str, Any], now: Mapping[str, Any], owned: Iterable[str]) -> bool:
    """Whether the host's addresses and routes matter: beside docker0's own, for new values only."""
    names = NAMES & {*wanted, *owned}
    if "bip" in names or (names and "bip" in now):
        return True
    return any(wanted.get(name) != now.get(name) for name in names)


def collisions(
    wanted: Mapping[str, Any], now: Mapping[str, Any], network: HostNetwork, where: str
) -> list[Problem]:
    """Subnets that are new in the file and that the host uses otherwise."""
    new = {name: value for name, value in wanted.items() if now.get(name) != value}
    found = []
    bip = new.get("bip")
    if bip:
        others = [place for place in network.places if place.interface != "docker0"]
        found += _overlaps(subnet_of(bip), others, f"{where}.bip")
    for index, pool in enumerate(new.get("default-address-pools") or ()):
        others = [place for place in network.places if not _is_ours(place)]
        path = f"{where}.default-address-pools[{index}].base"
        found += _overlaps(ipaddress.ip_network(pool["base"]), others, path)
    fixed = new.get("fixed-cidr")
    if fixed and not wanted.get("bip", now.get("bip")) and network.bridge:
        outer: Any = subnet_of(network.bridge)
        if not ipaddress.ip_network(fixed).subnet_of(outer):
            text = f"{fixed} is not inside docker0's subnet, {outer}"
            fix = f"choose a part of {outer}, or set bip"
            found.append(Problem(f"{where}.fixed-cidr", text, fix))
    return found


def warnings(
    wanted: Mapping[str, Any], file: Mapping[str, Any], network: HostNetwork, *, is_running: bool
) -> Iterator[str]:
    """What the values mean here and do not say. ``file`` is what the file has otherwise."""
    known = {**file, **wanted}
    if wanted.get("iptables") is False:
        yield (
            "iptables: false: the daemon masquerades nothing, so containers reach nobody outside"
            " by IPv4 without rules of your own, and ports are published by docker-proxy alone"
        )
    off = [name for name in ("iptables", "ip-forward") if known.get(name) is False]
    if off and not network.forwards and set(off) & wanted.keys():
        yield f"{off[-1]}: false: net.ipv4.ip_forward is 0, so the host forwards no packet"
    bip = wanted.get("bip")
    if bip and is_running and file.get("bip") == bip and network.bridge not in ("", bip):
        yield f"docker0 has {network.bridge}: it takes bip {bip} at a start without containers"
    if file.get("bip") and not bip and "bip" in file and network.bridge == file["bip"]:
        yield f"docker0 keeps {network.bridge} also without bip: set the address that you want"
    if network.stubs and not known.get("dns"):
        listed = ", ".join(network.stubs)
        yield (
            f"the host's name server {listed} is on its loopback, where containers cannot reach it;"
            " without dns they are given public ones: set dns"
        )


def _overlaps(subnet: Any, places: list[Place], path: str) -> list[Problem]:
    for place in places:
        try:
            other = subnet_of(place.subnet)
        except ValueError:
            continue
        if other.version == subnet.version and other.overlaps(subnet) and not other.is_loopback:
            owner = "a docker network's" if _is_ours(place) else f"{place.interface}'s"
            text = f"{subnet} overlaps {owner} {place.what} {place.subnet}"
            fix = "choose a subnet that this host does not use (see `ip route`)"
            return [Problem(path, text, fix)]
    return []


def _is_ours(place: Place) -> bool:
    return place.interface == "docker0" or place.interface.startswith("br-")
