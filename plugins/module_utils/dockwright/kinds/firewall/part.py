"""The firewall as a part of its host: the five verbs over netfilter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from ...model import Change, Plan
from ..part import Part
from . import have as firewall_have
from . import plan as firewall_plan
from .have import FirewallHave
from .rules import NAMES
from .want import FirewallWant


class FirewallPart(Part):
    """Our chains, and what loads them at boot."""

    kind = "firewall"
    want: FirewallWant
    have: FirewallHave

    def look(self) -> None:
        firewall_have.refuse_elsewhere(self.site)
        is_strict = bool(self.want.drops or self.want.deny)
        self.have = firewall_have.read(self.site, is_strict=is_strict)

    def plan(self) -> Plan:
        return firewall_plan.plan(self.want, self.have)

    def apply(self, changes: Sequence[Change], did: Callable[[Sequence[Change]], None]) -> None:
        from .apply import apply  # what only looks does not need it

        apply(self.want, self.have, changes, self.site.host, self.site.tell)
        did(changes)

    def verify(self) -> None:
        from . import files
        from .apply import check

        host = self.site.host
        readings = files.read(host).readings
        wanted = firewall_plan.wanted(self.want, self.have)
        for family in self.have.saved if self.have.is_live else ():
            now = firewall_have.read_family(host, self.have.variant, family)
            known = readings.get(NAMES[family]) or {}
            check(wanted[family], now, known, family, self.want.where)

    def remember(self) -> None:
        marks = {
            NAMES[family]: firewall_plan.mark(self.want, self.have, family)
            for family in self.have.saved
        }
        self.site.memory().remember("firewall", "firewall", marks, lambda: marks)
