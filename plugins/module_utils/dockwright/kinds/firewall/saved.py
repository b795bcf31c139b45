"""What iptables-save tells, how it differs from what is wanted, and the restore that makes it so.

Pure. One text of iptables-restore changes one family: each table of it in one step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...named_tuple import NamedTuple
from .rules import CHAINS, OUTSIDE, PORTS, TABLES, Table

Saved = Mapping[str, Mapping[str, Sequence[str]]]  # table -> chain -> rules
# Readings of raw rules: table -> chain -> {"lines": as wanted, "read": as shown by iptables-save}.
Readings = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
_OUT = re.compile(r"-o (\S*[^+\s]) (-[gj] \S+)")
_ENDS = ("-j RETURN", "-j ACCEPT", "-j DROP")


class Difference(NamedTuple):
    """The rules of one family that are there and not wanted, wanted and not there."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def parse(text: str) -> dict[str, dict[str, list[str]]]:
    """The answer of iptables-save as rules by table and chain."""
    found: dict[str, dict[str, list[str]]] = {}
    chains: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            chains = found.setdefault(line[1:].strip(), {})
        elif line.startswith(":"):
            chains.setdefault(line[1:].split()[0], [])
        elif line.startswith("-A "):
            chain, _, rule = line[3:].partition(" ")
            chains.setdefault(chain, []).append(rule)
    return found


def ours(saved: Saved) -> Saved:
    """What is ours in it: our chains, and who jumps there."""
    found: dict[str, dict[str, list[str]]] = {}
    for table, chains in saved.items():
        for chain, rules in chains.items():
            kept = list(rules) if chain in CHAINS else [r for r in rules if _target(r) in CHAINS]
            if kept or chain in CHAINS:
                found.setdefault(table, {})[chain] = kept
    return found


def bridges(rules: Iterable[tuple[int, Saved]]) -> tuple[dict[str, set[int]], set[str]]:
    """What our own rules, by family, say of bridges.

    Those of networks, with the families in which they are routed; and those of the host's own.
    """
    ways: dict[str, set[int]] = {}
    foreign: set[str] = set()
    for family, saved in rules:
        for chains in saved.values():
            for rule in chains.get(OUTSIDE, ()):
                found = _OUT.fullmatch(rule)
                if found and found[2] == "-j RETURN":
                    foreign.add(found[1])
                elif found:
                    routed = ways.setdefault(found[1], set())
                    routed.update({family} if found[2] == f"-g {PORTS}" else ())
    return ways, foreign


def is_there(saved: Saved) -> bool:
    """Whether anything of ours is there."""
    return any(ours(saved).values())


def differences(saved: Saved, wanted: Mapping[str, Table], readings: Readings) -> Difference:
    """What has to change in one family; empty on both sides when nothing has to."""
    before: list[str] = []
    after: list[str] = []
    for name in TABLES:
        chains = saved.get(name, {})
        table = wanted.get(name)
        for chain in CHAINS:
            there = list(chains.get(chain, ()))
            meant = list(expected(table, chain, readings.get(name, {}))) if table else []
            missing = table is not None and chain not in chains
            if there != meant or missing or (table is None and chain in chains):
                before += [f"{name} {chain} {rule}" for rule in _without(there, meant)]
                after += [f"{name} {chain} {rule}" for rule in _without(meant, there)]
                if sorted(there) == sorted(meant):  # the order, or a chain that is empty
                    side = before if table is None else after
                    side.append(f"{name} {chain}: {len(meant)} rules in their order")
        for chain, target in _wrong_hooks(chains, table):
            before.append(f"{name} {chain} -j {target}")
        for chain, target in _missing_hooks(chains, table):
            after.append(f"{name} {chain} -j {target}")
    return Difference(tuple(before), tuple(after))


def expected(table: Table, chain: str, readings: Mapping[str, Any]) -> Iterable[str]:
    """The rules of a chain as iptables-save will show them, as far as that is known."""
    rules = table.chains.get(chain, ())
    raw = table.raw.get(chain, ())
    reading = readings.get(chain)
    if not raw or not reading or list(reading.get("lines", ())) != list(raw):
        return rules
    start = next(i for i in range(len(rules)) if tuple(rules[i : i + len(raw)]) == tuple(raw))
    return (*rules[:start], *reading["read"], *rules[start + len(raw) :])


def readings_of(saved: Saved, wanted: Mapping[str, Table]) -> dict[str, Any]:
    """How iptables-save shows the raw rules that were just applied."""
    found: dict[str, Any] = {}
    for name, table in wanted.items():
        for chain, raw in table.raw.items():
            rules = list(table.chains.get(chain, ()))
            if not raw or not rules:
                continue
            there = list(saved.get(name, {}).get(chain, ()))
            start = next(i for i in range(len(rules)) if tuple(rules[i : i + len(raw)]) == raw)
            behind = len(rules) - start - len(raw)
            read = there[start : len(there) - behind]
            found.setdefault(name, {})[chain] = {"lines": list(raw), "read": read}
    return found


def restore_text(saved: Saved, wanted: Mapping[str, Table]) -> str:
    """What iptables-restore --noflush has to read; nothing wanted takes all of ours away."""
    lines: list[str] = []
    for name in TABLES:
        chains = saved.get(name, {})
        table = wanted.get(name)
        own = CHAINS if table else [chain for chain in CHAINS if chain in chains]
        wrong, missing = _wrong_hooks(chains, table), _missing_hooks(chains, table)
        if not (own or wrong or missing):
            continue
        lines.append(f"*{name}")
        lines += [f":{chain} - [0:0]" for chain in own]
        lines += [f":{c} - [0:0]" for c, _ in missing if c == "DOCKER-USER" and c not in chains]
        lines += [f"-D {chain} -j {target}" for chain, target in wrong]
        if table:
            for chain in CHAINS:
                lines += [f"-A {chain} {rule}" for rule in table.chains.get(chain, ())]
            lines += [f"-I {chain} 1 -j {target}" for chain, target in missing]
        else:
            lines += [f"-X {chain}" for chain in own]
        lines.append("COMMIT")
    return "\n".join([*lines, ""]) if lines else ""


def undo_text(before: Saved, now: Saved) -> str:
    """The restore that leads from what is there now back to what was ours before."""
    lines: list[str] = []
    for name in TABLES:
        old, new = ours(before).get(name, {}), ours(now).get(name, {})
        if old == new:
            continue
        had = [chain for chain in CHAINS if chain in old]
        has = [chain for chain in CHAINS if chain in new]
        lines.append(f"*{name}")
        lines += [f":{chain} - [0:0]" for chain in CHAINS if chain in (*had, *has)]
        lines += [f"-D {chain} -j {target}" for chain, target in _jumps(new)]
        lines += [f"-A {chain} {rule}" for chain in had for rule in old[chain]]
        lines += [f"-I {chain} 1 -j {target}" for chain, target in _jumps(old)]
        lines += [f"-X {chain}" for chain in has if chain not in had]
        lines.append("COMMIT")
    return "\n".join([*lines, ""]) if lines else ""


def _jumps(own: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(c, _target(rule)) for c, rules in own.items() if c not in CHAINS for rule in rules]


def _wrong_hooks(chains: Mapping[str, Sequence[str]], table: Table | None) -> list[tuple[str, str]]:
    """Jumps to chains of ours that are not wanted, doubled, or behind an end of their chain."""
    wanted = table.hooks if table else ()
    found = []
    for chain, rules in chains.items():
        if chain in CHAINS:
            continue
        for target in {_target(rule): None for rule in rules if _target(rule) in CHAINS}:
            count = sum(_target(rule) == target for rule in rules)
            if (chain, target) not in wanted or not _is_hooked(rules, target):
                found += [(chain, target)] * count
    return found


def _missing_hooks(
    chains: Mapping[str, Sequence[str]], table: Table | None
) -> list[tuple[str, str]]:
    wanted = table.hooks if table else ()
    return [(c, target) for c, target in wanted if not _is_hooked(chains.get(c, ()), target)]


def _is_hooked(rules: Sequence[str], target: str) -> bool:
    """Whether packets get there: one jump, and no end of the chain before it."""
    jump = f"-j {target}"
    if sum(_target(rule) == target for rule in rules) != 1 or jump not in rules:
        return False
    return not any(rule in _ENDS for rule in rules[: list(rules).index(jump)])


def _target(rule: str) -> str:
    words = rule.split()
    return words[-1] if len(words) > 1 and words[-2] in ("-j", "-g") else ""


def _without(some: Sequence[str], others: Sequence[str]) -> list[str]:
    return [rule for rule in some if rule not in others]
