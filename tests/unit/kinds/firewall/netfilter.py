"""Netfilter in memory: takes what iptables-restore --noflush takes, and refuses the rest."""

from __future__ import annotations

import copy
from typing import Any

from dockwright.kinds.firewall.have import FirewallHave
from dockwright.kinds.firewall.rules import Ways

BUILT_IN = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
Tables = dict[str, dict[str, list[str]]]
MODES = {family: f"com.docker.network.bridge.gateway_mode_ipv{family}" for family in (4, 6)}
ROUTED = dict.fromkeys(MODES.values(), "routed")


def fresh(docker: bool = True) -> Tables:
    """The tables of a host, with what a daemon makes."""
    found: Tables = {name: {chain: [] for chain in BUILT_IN} for name in ("mangle", "filter")}
    if docker:
        found["filter"]["DOCKER-USER"] = ["-j RETURN"]
        found["filter"]["FORWARD"] = ["-j DOCKER-USER", "-o docker0 -j DOCKER"]
    return found


def restored(tables: Tables, text: str) -> Tables:
    """The tables after a restore; AssertionError for what the real one refuses."""
    found = copy.deepcopy(tables)
    table: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*"):
            table = found.setdefault(line[1:], {})
        elif line.startswith(":"):
            table[words[0][1:]] = []
        elif words[0] in ("-A", "-I"):
            rest = words[3:] if words[0] == "-I" else words[2:]
            place = int(words[2]) - 1 if words[0] == "-I" else len(table[words[1]])
            assert rest[-1].isupper() or rest[-2] not in ("-j", "-g"), line
            table[words[1]].insert(place, line.split(" ", 3 if words[0] == "-I" else 2)[-1])
        elif words[0] == "-D":
            table[words[1]].remove(" ".join(words[2:]))
        elif words[0] == "-X":
            used = [r for rules in table.values() for r in rules if r.split()[-1] == words[1]]
            assert not used and not table[words[1]], line
            del table[words[1]]
        else:
            assert words == ["COMMIT"], line
    return found


def have_of(saved: dict[int, Tables], **more: Any) -> FirewallHave:
    """A host with these rules, whose docker-proxy takes connections over IPv6."""
    ways = Ways(frozenset({6}), ("shop0",), ("br-lan",))
    interfaces = ("br-lan", "docker0", "eth0", "lo", "wg0")
    values = {"ways": ways, "interfaces": interfaces, **more}
    return FirewallHave(saved=saved, **values)


class Networks:
    """An engine with one network of that mode."""

    def __init__(self, version: str, mode: str = "routed") -> None:
        self.info = {"ServerVersion": version}
        options = {**ROUTED, MODES[4]: mode}
        network = {"Driver": "bridge", "Id": "a1" * 32, "Name": "n", "Options": options}
        self.networks: list[dict[str, Any]] = [network]

    def get(self, path: str) -> Any:
        return self.info if path == "/info" else self.networks
