"""The rules that a want means, in the very words in which iptables-save shows them. Pure.

The same chains stand in two tables. In ``filter`` they hang on DOCKER-USER (and INPUT), where
people look for them. The daemon takes DOCKER-USER out of FORWARD for a moment at its start, others
flush ``filter`` as a whole, or accept before it: so they hang on FORWARD (and INPUT) of ``mangle``
too, which every packet passes first and where what was dropped stays dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...named_tuple import NamedTuple
from .forms import RawRule, Rule
from .want import FirewallWant

MAIN = "DOCKWRIGHT"
OUTSIDE, PORTS, DIRECT = f"{MAIN}-OUTSIDE", f"{MAIN}-PORTS", f"{MAIN}-DIRECT"
INPUT, HOST, DROP = f"{MAIN}-INPUT", f"{MAIN}-HOST", f"{MAIN}-DROP"
CHAINS = (MAIN, OUTSIDE, PORTS, DIRECT, INPUT, HOST, DROP)
TABLES = ("mangle", "filter")  # in this order a packet passes them
FAMILIES = (4, 6)
NAMES = {4: "ipv4", 6: "ipv6"}
_KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
_BRIDGES = ("docker0", "docker_gwbridge", "br-+")
_HOOKS = {"mangle": ("FORWARD", "INPUT"), "filter": ("DOCKER-USER", "INPUT")}
# What a host needs to have an address at all.
_ADDRESSES = {4: "-p udp -m udp --dport 68", 6: "-p udp -m udp --dport 546"}
_REJECT = re.compile(r"-j REJECT\b.*$")
_LOG = re.compile(r"-j (N?F?LOG|ULOG)\b")

Chains = Mapping[str, "tuple[str, ...]"]


class Ways(NamedTuple):
    """What the rules need to know of the host: by which ways packets come to containers."""

    proxied: frozenset[int] = frozenset()  # families in which docker-proxy takes connections
    bridges: tuple[str, ...] = ()  # bridges of networks that are not named as usual
    foreign: tuple[str, ...] = ()  # interfaces named like Docker's bridges that are the host's
    routed: tuple[tuple[int, str], ...] = ()  # family and bridge of networks that are not NATed


class Table(NamedTuple):
    """Our chains in one table, and where they hang on: (chain of others, chain of ours)."""

    chains: Chains
    hooks: tuple[tuple[str, str], ...]
    raw: Mapping[str, tuple[str, ...]]  # the lines of `raw` in a chain of ours


def tables(want: FirewallWant, family: int, ways: Ways) -> Mapping[str, Table]:
    """All that is wanted in one family, by table."""
    raw = want.raw.get(NAMES[family], ())
    is_proxied = family in ways.proxied and bool(want.drops or want.deny)
    found = {}
    for name in TABLES:
        forward = tuple(_raw(raw, "FORWARD", name))
        incoming = tuple(_raw(raw, "INPUT", name))
        chains = {
            MAIN: (_KNOWN, *forward, *_origins(ways, OUTSIDE)),
            OUTSIDE: tuple(_outside(want, family, ways)),
            PORTS: tuple(_ports(want, family)),
            DIRECT: tuple(_direct(want, family)),
            INPUT: (),
            HOST: (),
            DROP: (*_logged(want), "-j DROP"),
        }
        chain, entry = _HOOKS[name]
        hooks = [(chain, MAIN)]
        if incoming or is_proxied:
            hooks.append((entry, INPUT))
            rest = _origins(ways, HOST) if is_proxied else ()
            chains[INPUT] = (_KNOWN, "-i lo -j RETURN", *incoming, *rest)
        if is_proxied:
            chains[HOST] = tuple(_host(want, family))
        found[name] = Table(chains, tuple(hooks), {MAIN: forward, INPUT: incoming})
    return found


def _raw(lines: Iterable[RawRule], chain: str, table: str) -> Iterable[str]:
    for line in lines:
        if line.chain != chain:
            continue
        if table == "mangle":  # it knows no REJECT, and one line in the log is enough
            if not _LOG.search(line.text):
                yield _REJECT.sub("-j ACCEPT", line.text)
        else:
            yield line.text


def _origins(ways: Ways, outside: str) -> tuple[str, ...]:
    """Containers' own packets are let alone, all others go on to ``outside``."""
    foreign = (f"-i {name} -g {outside}" for name in ways.foreign)
    ours = (f"-i {name} -j RETURN" for name in (*_BRIDGES, *ways.bridges))
    return (*foreign, *ours, f"-g {outside}")


def _outside(want: FirewallWant, family: int, ways: Ways) -> Iterable[str]:
    """What was sent to a published port, and what comes to a container's own address.

    That is the published port where a network is routed; the engine, where it has rules, opens no
    other one there.
    """
    yield f"-m conntrack --ctstate DNAT -g {PORTS}"
    yield from (f"-o {name} -j RETURN" for name in ways.foreign)
    if want.drops or want.deny:
        yield from (f"-o {name} -g {PORTS}" for which, name in ways.routed if which == family)
    yield from (f"-o {name} -g {DIRECT}" for name in (*_BRIDGES, *ways.bridges))


def _ports(want: FirewallWant, family: int) -> Iterable[str]:
    named = [rule for rule in want.deny if rule.sources or rule.interface]
    rest = [rule for rule in want.deny if not (rule.sources or rule.interface)]
    for rule in named:
        yield from _lines(rule, family, f"-g {DROP}")
    for rule in want.allow:
        yield from _lines(rule, family, "-j RETURN")
    for rule in rest:
        yield from _lines(rule, family, f"-g {DROP}")
    if want.drops:
        yield f"-g {DROP}"


def _lines(rule: Rule, family: int, target: str, *, ports: bool = True) -> Iterable[str]:
    for source in rule.of_family(family) or ():
        words = [f"-s {source}"] if source else []
        words += [f"-i {rule.interface}"] if rule.interface else []
        words += [f"-p {rule.protocol}"] if rule.protocol else []
        if rule.port and ports:
            words.append(f"-m conntrack --ctorigdstport {rule.port} --ctdir ORIGINAL")
        yield " ".join([*words, target])


def _direct(want: FirewallWant, family: int) -> Iterable[str]:
    """By its own address a container has no published port: who is denied one has no way there."""
    if want.drops:
        yield f"-g {DROP}"
        return
    for rule in want.deny:
        yield from _lines(rule, family, f"-g {DROP}", ports=False)


def _host(want: FirewallWant, family: int) -> Iterable[str]:
    """Ports of the host's own are those named; behind all others docker-proxy may listen."""
    if want.drops:
        yield f"{_ADDRESSES[family]} -j RETURN"
        for port in want.host_ports or ():
            yield f"-m conntrack --ctorigdstport {port} --ctdir ORIGINAL -j RETURN"
    for protocol in ("tcp", "udp", "sctp"):
        yield f"-p {protocol} -g {PORTS}"


def _logged(want: FirewallWant) -> Iterable[str]:
    if want.log is None:
        return
    limit = f"-m limit --limit {shown_rate(want.log['rate'])}"
    if want.log["burst"] != 5:
        limit += f" --limit-burst {want.log['burst']}"
    yield f'{limit} -j LOG --log-prefix "{want.log["prefix"]}"'


_SCALE = 10000
_SECONDS = (("day", 86400), ("hour", 3600), ("min", 60), ("sec", 1))


def shown_rate(rate: str) -> str:
    """A rate as the kernel keeps and iptables shows it: ``60/minute`` is ``1/sec``."""
    count, _, unit = rate.partition("/")
    period = _SCALE * {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[unit] // int(count)
    shown = _SECONDS[0]
    for name, seconds in _SECONDS[1:]:
        whole = _SCALE * seconds
        if period > whole or whole // period < whole % period:
            break
        shown = (name, seconds)
    return f"{_SCALE * shown[1] // period}/{shown[0]}"
