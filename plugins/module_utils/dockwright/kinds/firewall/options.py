"""The options of the firewall, one row each."""

from __future__ import annotations

from ...options import Option
from ...values import BOOLEAN, DURATION
from .forms import LOG, POLICY, PORTS, RAW, RULES, STATE

ROWS: tuple[Option, ...] = (
    Option(
        "state",
        STATE,
        "Whether there are rules of ours. C(absent) takes all of them away.",
        default="present",
    ),
    Option(
        "default",
        POLICY,
        "What happens to a new connection to a published port that no rule is about.",
        default="accept",
    ),
    Option(
        "allow",
        RULES,
        "Who is let in: C(port), C(protocol), C(from), C(interface), each of them may be left out.",
        example=[{"port": 443}, {"port": 5432, "from": ["10.0.0.0/8"]}],
    ),
    Option(
        "deny",
        RULES,
        "Who is not, in the same words. A C(deny) that names clients or an interface comes before"
        " C(allow), one for everybody comes after it.",
        example=[{"from": ["192.0.2.0/24"]}],
    ),
    Option(
        "host_ports",
        PORTS,
        "Ports of the host itself that stay open where its C(INPUT) has to be closed, because"
        " docker-proxy listens there.",
        example=[22],
    ),
    Option(
        "log",
        LOG,
        "Logs what is dropped: C(rate), C(burst), C(prefix).",
        example={"rate": "10/minute"},
    ),
    Option(
        "raw",
        RAW,
        "Rules in the words of iptables, by family (C(ipv4), C(ipv6)), before all others.",
        example={"ipv4": ["-i wg0 -j RETURN"]},
    ),
    Option(
        "confirm_within",
        DURATION,
        "The rules from before come back after this time, unless a second task confirms.",
        example="60s",
    ),
    Option(
        "confirm",
        BOOLEAN,
        "Confirms what an earlier task changed with C(confirm_within).",
        default=False,
    ),
    Option(
        "force",
        BOOLEAN,
        "Whether rules are applied that cut the connection this tool came by.",
        default=False,
    ),
)
