"""The types of the firewall's options: ports, networks, rules, rates; what is wrong is named."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...named_tuple import NamedTuple
from ...options import Option, collect, parse
from ...values import Type, kind_of, one_of, parse_list, parse_mapping, parse_text, wrong

_MOST_PORTS = 65535
_INTERFACE = re.compile(r"[^\s/+!\x00-\x1f]{1,15}")
_RATE = re.compile(r"(\d{1,5})\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day)")
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_PREFIX = re.compile(r"[ -~]{1,28}")
# What a raw rule may not begin with, or hold: it would leave its chain.
_ORDERS = frozenset(
    (
        *("-D", "-I", "-R", "-F", "-X", "-N", "-P", "-E", "-Z", "-L", "-S", "-C", "-t"),
        *("--table", "--append", "--delete", "--insert", "--replace", "--flush", "--zero"),
        *("--new-chain", "--delete-chain", "--policy", "--rename-chain", "--list", "--check"),
    )
)


class Rule(NamedTuple):
    """One line of ``allow`` or ``deny`` in normal form."""

    port: str = ""  # "443", "8000:8010", or empty for every port
    protocol: str = ""  # empty: all
    sources: tuple[str, ...] = ()  # networks; empty: everybody
    interface: str = ""

    def of_family(self, family: int) -> tuple[str, ...] | None:
        """The sources of one family ("" is everybody); None when the rule is not about it."""
        if not self.sources:
            return ("",)
        found = [s for s in self.sources if ipaddress.ip_network(s).version == family]
        return tuple("" if s.endswith("/0") else s for s in found) or None


class RawRule(NamedTuple):
    """A line of ``raw``: the chain it is for, and the rule as iptables takes it."""

    chain: str  # FORWARD or INPUT
    text: str


def parse_ports(value: Any, where: str) -> str:
    """A port, or a range such as ``8000-8010``."""
    text = parse_text(value, where).strip()
    match = re.fullmatch(r"(\d{1,5})(?:\s*[-:]\s*(\d{1,5}))?", text)
    fix = "write a number from 1 to 65535, or a range such as 8000-8010"
    if isinstance(value, bool) or not match:
        raise wrong(where, f"is no port: '{text}'", fix)
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    if not 1 <= first <= _MOST_PORTS or not 1 <= last <= _MOST_PORTS:
        raise wrong(where, f"is no port: '{text}'", fix)
    if last < first:
        raise wrong(where, f"ends before it begins: '{text}'", f"write {last}-{first}")
    return str(first) if first == last else f"{first}:{last}"


def parse_network(value: Any, where: str) -> str:
    """A network or a single address in its shortest spelling."""
    text = parse_text(value, where).strip()
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        meant = str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        fix = "write it as 10.0.0.0/8, 192.0.2.7 or fd00::/8"
        raise wrong(where, f"is no network: '{text}'", fix) from None
    raise wrong(
        where,
        f"'{text}' has bits behind its mask",
        f"write {meant} for the network, or {text.partition('/')[0]} for that one address",
    )


def parse_networks(value: Any, where: str) -> list[str]:
    """Networks: sorted, each once. An empty list would mean everybody, and is refused."""
    items = parse_list(value, where)
    problems: list[Problem] = []
    found = [
        collect(problems, parse_network, item, f"{where}[{index}]")
        for index, item in enumerate(items)
    ]
    if problems:
        raise SpecError(problems)
    if not found:
        raise wrong(where, "is empty", "leave it out for everybody, or remove the rule for nobody")
    return sorted(set(found), key=lambda text: _order(text))


def _order(text: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(text)
    return network.version, int(network.network_address), network.prefixlen


def parse_interface(value: Any, where: str) -> str:
    """The name of an interface."""
    text = parse_text(value, where)
    if not _INTERFACE.fullmatch(text):
        raise wrong(where, f"'{text}' is no name of an interface", "see `ip link` for the names")
    return text


RULE_ROWS: tuple[Option, ...] = (
    Option(
        "port",
        Type("port", parse_ports, "raw", {"type": ["integer", "string"]}),
        "The published port or a range, as clients see it. Left out: every port.",
        example="8000-8010",
    ),
    Option("protocol", one_of("tcp", "udp", "sctp"), "Left out: all of them."),
    Option(
        "from",
        Type("list of networks", parse_networks, "raw", {"type": ["array", "string"]}),
        "Networks or addresses of the clients, IPv4 and IPv6. Left out: everybody.",
        example=["10.0.0.0/8", "fd00::/8"],
    ),
    Option(
        "interface",
        Type("interface", parse_interface, "str", {"type": "string"}),
        "The interface of the host that the packets come in by.",
        example="eth0",
    ),
)


def parse_rules(value: Any, where: str) -> list[Rule]:
    """The lines of ``allow`` or ``deny``, the order kept."""
    if isinstance(value, Mapping):
        raise wrong(where, "must be a list of rules, not a mapping", "begin it with a dash")
    problems: list[Problem] = []
    found = []
    for index, item in enumerate(parse_list(value, where)):
        place = f"{where}[{index}]"
        rule = collect(problems, _rule, item, place)
        if rule is not None:
            found.append(rule)
    if problems:
        raise SpecError(problems)
    return found


def _rule(item: Any, where: str) -> Rule:
    if not isinstance(item, Mapping):
        fix = "write {port: 443, from: [10.0.0.0/8]}"
        raise wrong(where, f"must be a mapping, not {kind_of(item)}", fix)
    given = parse(RULE_ROWS, item, where)
    if not given:
        raise wrong(where, "says nothing", "name a port, a protocol, networks or an interface")
    return Rule(
        given.get("port", ""),
        given.get("protocol", ""),
        tuple(given.get("from", ())),
        given.get("interface", ""),
    )


def parse_port_list(value: Any, where: str) -> list[str]:
    """Ports and ranges: sorted, each once."""
    problems: list[Problem] = []
    found = [
        collect(problems, parse_ports, item, f"{where}[{index}]")
        for index, item in enumerate(parse_list(value, where))
    ]
    if problems:
        raise SpecError(problems)
    return sorted(set(found), key=lambda text: [int(part) for part in text.split(":")])


def parse_rate(value: Any, where: str) -> str:
    """A rate such as ``10/minute``."""
    text = parse_text(value, where).strip()
    match = _RATE.fullmatch(text)
    if not match or not 1 <= int(match.group(1)) <= 10000:
        fix = "write it as 10/minute (second, minute, hour or day; at most 10000)"
        raise wrong(where, f"is no rate: '{text}'", fix)
    return f"{int(match.group(1))}/{_UNITS[match.group(2)[0]]}"


def parse_prefix(value: Any, where: str) -> str:
    """The words before each logged packet; a blank is set behind them."""
    text = parse_text(value, where).rstrip()
    if not _PREFIX.fullmatch(text) or {'"', "\\"} & set(text):
        fix = "at most 28 plain letters, without quotes and backslashes"
        raise wrong(where, f"cannot be a prefix: '{text}'", fix)
    return f"{text} "


def parse_burst(value: Any, where: str) -> int:
    """How many packets are logged before the rate holds."""
    text = parse_text(value, where)
    if isinstance(value, bool) or not text.isdigit() or not 1 <= int(text) <= 10000:
        raise wrong(where, f"must be a whole number from 1 to 10000, not '{text}'")
    return int(text)


LOG_ROWS: tuple[Option, ...] = (
    Option(
        "rate",
        Type("rate", parse_rate, "str", {"type": "string"}),
        "How many dropped packets are logged at most.",
        default="10/minute",
    ),
    Option(
        "burst",
        Type("integer", parse_burst, "int", {"type": ["integer", "string"]}),
        "How many are logged before the rate holds.",
        default=5,
    ),
    Option(
        "prefix",
        Type("text", parse_prefix, "str", {"type": "string"}),
        "The words in front of each.",
        default="dockwright drop:",
    ),
)


def parse_log(value: Any, where: str) -> dict[str, Any]:
    """The logging of what is dropped, with its defaults."""
    defaults = {"rate": "10/minute", "burst": 5, "prefix": "dockwright drop: "}
    return {**defaults, **parse(LOG_ROWS, value, where)}


def parse_raw(value: Any, where: str) -> dict[str, list[RawRule]]:
    """Rules in iptables' own words, by family."""
    given = parse_mapping(value, where)
    problems: list[Problem] = []
    found: dict[str, list[RawRule]] = {}
    for family, lines in given.items():
        if family not in ("ipv4", "ipv6"):
            problems.append(Problem(f"{where}.{family}", "unknown key", "ipv4 or ipv6"))
            continue
        for index, line in enumerate(parse_list(lines if lines is not None else [], where)):
            rule = collect(problems, _raw_rule, line, f"{where}.{family}[{index}]")
            if rule is not None:
                found.setdefault(family, []).append(rule)
    if problems:
        raise SpecError(problems)
    return found


def _raw_rule(value: Any, where: str) -> RawRule:
    text = parse_text(value, where).strip()
    chain = "FORWARD"
    match = re.match(r"(?:-A|--append)\s+(\S+)\s+", text)
    if match:
        chain, text = match.group(1), text[match.end() :]
    fix = "write it as `-s 192.0.2.0/24 -j DROP`, for the host's own ports as `-A INPUT -s …`"
    if chain not in ("FORWARD", "INPUT"):
        raise wrong(where, f"is for the chain {chain}; only FORWARD and INPUT are taken", fix)
    if "\n" in text or not text.startswith(("-", "!")):
        raise wrong(where, f"is no rule of iptables: '{text[:60]}'", fix)
    order = next((word for word in text.split() if word in _ORDERS or word == "-A"), "")
    if order:
        raise wrong(where, f"gives the order {order}; only a rule is wanted", fix)
    return RawRule(chain, " ".join(text.split()) if '"' not in text else text)


_RULES_SCHEMA = {"type": "array", "items": {"type": "object"}}
RULES = Type("list of rules", parse_rules, "raw", _RULES_SCHEMA)
PORTS = Type("list of ports", parse_port_list, "raw", {"type": ["array", "integer", "string"]})
LOG = Type("mapping", parse_log, "dict", {"type": "object"})
RAW = Type("mapping", parse_raw, "dict", {"type": "object"})
STATE = one_of("present", "absent")
POLICY = one_of("accept", "drop")
