"""What cannot be held is refused, and so is what would cut us off. Pure."""

from __future__ import annotations

from ... import words
from ...errors import Problem, nearest
from ..daemon.options import version
from . import access
from .have import FirewallHave
from .rules import NAMES
from .want import FirewallWant


def impossible(want: FirewallWant, have: FirewallHave) -> list[Problem]:
    """Why there can be no rules of ours on this host at all."""
    where = want.where
    if have.missing:
        fix = f"{words.as_root()}, with the package iptables installed"
        return [Problem(where, f"the rules of the host cannot be read: {have.missing}", fix)]
    if not want.present:
        return []
    if have.nftables:
        text = "with `firewall-backend: nftables` the daemon (29 and newer) writes rules of its own"
        fix = "take `firewall-backend` back to iptables"
        return [Problem(where, f"{text}: rules of ours would not be asked", fix)]
    if have.firewalld and (version(have.firewalld) < (2,) or have.firewalld_backend != "nftables"):
        text = f"firewalld {have.firewalld} ({have.firewalld_backend}) flushes the rules of others"
        fix = "stop and disable firewalld, or use version 2 with FirewallBackend=nftables"
        return [Problem(where, f"{text} at every reload, so ours cannot be held", fix)]
    return []


def problems(want: FirewallWant, have: FirewallHave) -> list[Problem]:
    """What is wrong with the options on this very host."""
    if not want.present:
        return []
    found: list[Problem] = []
    for place, rule in want.rules:
        if have.is_live and rule.interface and rule.interface not in have.interfaces:
            names = [name for name in have.interfaces if name != "lo"]
            fix = nearest(rule.interface, names) or "there are " + ", ".join(names)
            text = f"this host has no interface {rule.interface}"
            found.append(Problem(f"{place}.interface", text, fix))
        if 6 not in have.saved:
            found += [
                Problem(f"{place}.from[{index}]", f"{source}: {_no_ipv6(have)}", "leave it out")
                for index, source in enumerate(rule.sources)
                if ":" in source
            ]
    if 6 not in have.saved and want.raw.get(NAMES[6]):
        found.append(Problem(f"{want.where}.raw.ipv6", _no_ipv6(have), "leave it out"))
    found += _not_held(want, have)
    if want.drops or want.deny:
        text = "is routed, and the firewall has to know its bridge before it is there"
        fix = "name it: driver_opts com.docker.network.bridge.name, such as br-NAME"
        found += [Problem(f"{place}.driver_opts", text, fix) for place in have.unnamed]
    if want.confirm_within and not have.has_systemd:
        text = "needs a timer of systemd, and this host has none"
        found.append(Problem(f"{want.where}.confirm_within", text, "leave it out"))
    return found


def _no_ipv6(have: FirewallHave) -> str:
    return "IPv6 cannot be held here: ip6tables does not work on this host"


def _not_held(want: FirewallWant, have: FirewallHave) -> list[Problem]:
    """Ways to a published port that would stay open."""
    proxied = have.ways.proxied
    if not (want.drops or want.deny):
        return []
    if 6 in proxied and 6 not in have.saved:
        text = "cannot be held for IPv6: docker-proxy listens there, and ip6tables does not work"
        fix = "install ip6tables, switch IPv6 off, or set `userland-proxy: false` in the daemon"
        return [Problem(f"{want.where}.default" if want.drops else want.where, text, fix)]
    if want.drops and proxied and want.host_ports is None:
        names = " and ".join({4: "IPv4", 6: "IPv6"}[family] for family in sorted(proxied))
        text = (
            f"is needed: over {names} clients reach docker-proxy on the host, so that the host's"
            " own INPUT has to be closed, but for the ports named here"
        )
        fix = "name the host's own ports, such as [22], or set `userland-proxy: false`"
        return [Problem(f"{want.where}.host_ports", text, fix)]
    return []


def refusals(want: FirewallWant, have: FirewallHave) -> list[Problem]:
    """What is possible, and is not done without consent."""
    found = []
    own, came_by = have.own, have.came_by
    if want.confirm and own.is_pending and came_by is not None:
        same = [came_by.address, came_by.client_port] == own.pending.get("came_by")
        if same:
            text = "comes by the connection of the task that it confirms, which proves nothing"
            fix = "connect anew (Ansible: `meta: reset_connection`)"
            found.append(Problem(f"{want.where}.confirm", text, fix))
    if want.present and not want.force:
        for peer in (came_by,) if came_by else have.peers:
            option = access.why_cut(want, have.ways.proxied, peer)
            if option:
                text = f"would cut the connection that we came by ({peer.text()})"
                fix = "let it in, or give `force: true`"
                found.append(Problem(f"{want.where}.{option}", text, fix))
                break
    return found
