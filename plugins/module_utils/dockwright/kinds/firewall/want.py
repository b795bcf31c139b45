"""What the user wants of the firewall: parsed, in normal form, with every problem of it named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Problem, SpecError
from ...options import collect
from ...options import parse as parse_rows
from .forms import RawRule, Rule
from .options import ROWS

_SHORTEST = 10 * 10**9  # a second task over a new connection needs that long


@dataclass(frozen=True)
class FirewallWant:
    """Who may reach published ports."""

    where: str = "firewall"
    present: bool = True
    drops: bool = False  # the default
    allow: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()
    host_ports: tuple[str, ...] | None = None
    log: Mapping[str, Any] | None = None
    raw: Mapping[str, tuple[RawRule, ...]] = field(default_factory=dict)  # by ipv4, ipv6
    confirm_within: float = 0.0  # seconds
    confirm: bool = False
    force: bool = False

    @property
    def rules(self) -> tuple[tuple[str, Rule], ...]:
        """All rules with their places in the spec."""
        lists = (("allow", self.allow), ("deny", self.deny))
        return tuple(
            (f"{self.where}.{name}[{index}]", rule)
            for name, rules in lists
            for index, rule in enumerate(rules)
        )


def parse(
    spec: Any, where: str = "firewall", problems: list[Problem] | None = None
) -> FirewallWant:
    """The options as the user gave them; null counts as not given.

    Problems are added to ``problems``; without such a list they are raised together.
    """
    found: list[Problem] = []
    given = collect(found, parse_rows, ROWS, spec, where) or {}
    want = FirewallWant(
        where=where,
        present=given.get("state", "present") == "present",
        drops=given.get("default", "accept") == "drop",
        allow=tuple(given.get("allow", ())),
        deny=tuple(given.get("deny", ())),
        host_ports=tuple(given["host_ports"]) if "host_ports" in given else None,
        log=given.get("log"),
        raw={family: tuple(lines) for family, lines in given.get("raw", {}).items()},
        confirm_within=given.get("confirm_within", 0) / 10**9,
        confirm=given.get("confirm", False),
        force=given.get("force", False),
    )
    found.extend(_contradictions(want, given))
    if problems is None:
        if found:
            raise SpecError(found)
    else:
        problems.extend(found)
    return want


def _contradictions(want: FirewallWant, given: Mapping[str, Any]) -> list[Problem]:
    """Options that say nothing, or the opposite of each other."""
    found = []
    where = want.where
    if not want.present:
        named = [n for n in given if n not in ("state", "force", "confirm_within", "confirm")]
        found += [
            Problem(f"{where}.{name}", "has no meaning with `state: absent`", "leave it out")
            for name in named
        ]
    if want.confirm and want.confirm_within:
        text = "cannot be in the task that confirms"
        fix = "give `confirm: true` in a second task, which comes by a new connection"
        found.append(Problem(f"{where}.confirm_within", text, fix))
    if 0 < given.get("confirm_within", _SHORTEST) < _SHORTEST:
        fix = "give a second task the time to come: 60s"
        found.append(Problem(f"{where}.confirm_within", "is shorter than 10s", fix))
    if want.present and not want.drops:
        denied = [rule for rule in want.deny if not (rule.sources or rule.interface)]
        for index, rule in enumerate(want.allow):
            if not any(_overlap(rule, other) for other in denied):
                text = "has no effect: everybody is let in already (`default: accept`)"
                fix = "use `default: drop`, or deny that port to everybody else"
                found.append(Problem(f"{where}.allow[{index}]", text, fix))
    return found


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether a packet may be about the ports of both."""
    if one.protocol and other.protocol and one.protocol != other.protocol:
        return False
    first, second = bounds(one.port), bounds(other.port)
    return first[0] <= second[1] and second[0] <= first[1]


def bounds(port: str) -> tuple[int, int]:
    """The first and the last port that are meant."""
    first, _, last = port.partition(":")
    return (int(first), int(last or first)) if first else (1, 65535)
