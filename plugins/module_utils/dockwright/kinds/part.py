"""The form of a kind of the host itself (storage, firewall, daemon): what a run asks of it.

Objects of the engine share one differ and one observation. What belongs to the host has records
of its own behind the same five verbs, and this is their common signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..errors import HostError, PlanRefused, Problem, SpecError
from ..model import Change, EngineFacts, Plan
from ..options import collect

if TYPE_CHECKING:
    from ..host.machine import Host
    from .site import Site

    Found = list[tuple["Part", Optional[Change]]]

# In the order in which they are planned and applied: what moves the data-root comes before what
# only configures, and a port is guarded before the daemon opens it.
OF_ENGINE = ("storage", "firewall", "daemon")
# What belongs to the machine and the user of the run, wherever the engine is; the daemon may have
# to learn first how a registry is reached.
OF_USER = ("registry_login",)
ORDER = (*OF_ENGINE, *OF_USER)


class Part:
    """One kind of the host in one run: holds its want, what it saw and its plan.

    Where a killed run has left a journal, a part of its own recovers before all others, also of a
    kind that the document does not name: ``want`` is None then.
    """

    kind = ""

    def __init__(self, want: Any, site: Site) -> None:
        self.want = want
        self.site = site

    def look(self) -> None:
        """Have: read what there is; changes nothing."""
        raise NotImplementedError

    def plan(self) -> Plan:
        """The ordered changes from what was seen, pure. Raises SpecError and PlanRefused."""
        raise NotImplementedError

    def interrupted(self) -> Change | None:
        """What putting a killed run right will do (action RECOVER); None where none was killed."""
        return None

    def recover(self) -> bool:
        """Finish or undo what a killed run has begun; before `look`, never in check mode.

        Whether there was something to do. Raises DockwrightError where that cannot be done; the
        journal stays then.
        """
        return False

    def settle(self) -> None:
        """Forget a journal that nothing is to be done about any more; never in check mode."""

    def moved(self) -> tuple[Any, ...]:
        """The defaults of containers that this plan, or an earlier run, has moved (stale.Moved)."""
        return ()

    def facts_after(self, facts: EngineFacts) -> EngineFacts:
        """The engine's facts as this plan makes them, for the objects planned after it."""
        return facts

    def apply(self, changes: Sequence[Change], did: Callable[[Sequence[Change]], None]) -> None:
        """Carry out this part's changes of the plan, telling ``did`` what is done as it is.

        Raises DockwrightError; then things are as before, or the error says what is where.
        """
        raise NotImplementedError

    def verify(self) -> None:
        """Read again what was changed. Raises ApplyFailed where it is not as planned."""

    def remember(self) -> None:
        """Note in the memory what is ours now; the caller saves it."""


def left_of_killed(
    look: Callable[[], Found], host: Host | None, limit: float, warnings: list[str]
) -> Found:
    """What looking finds half done, in check mode: told from what a living run is at.

    That takes no lock; the journal of a run that ends may be gone when it is read. Raises
    LockTimeout, which has ``limit`` in its words, while there is a run, and HostError.
    """
    known = len(warnings)
    try:
        found = look()
    except HostError:
        found = look()
    if host and any(change for _, change in found):
        del warnings[known:]
        host.lock(limit).refuse_taken()
        found = look()
    return found


def interrupted(host: Host | None) -> list[str]:
    """The parts whose work a killed run has left in the middle."""
    names = {"daemon": ("daemon", "deferred")}
    return [
        kind
        for kind in (*OF_ENGINE, "volume")
        if host and any(host.journal(name).is_there() for name in names.get(kind, (kind,)))
    ]


def plan_all(parts: Iterable[Part]) -> Plan:
    """Look at all parts and plan them. Raises SpecError with the problems of all together."""
    problems: list[Problem] = []
    whole = Plan()
    for part in parts:
        part.look()
        whole += collect(problems, part.plan) or Plan()
    if problems:
        raise SpecError(problems)
    return whole


def facts_after(parts: Iterable[Part], facts: EngineFacts) -> EngineFacts:
    """The engine's facts as the plans of all parts make them."""
    for part in parts:
        facts = part.facts_after(facts)
    return facts


def refuse_elsewhere(kinds: Iterable[str]) -> None:
    """Raise PlanRefused for what needs the engine's own machine, where there is only the engine."""
    fix = "run on that host (as Ansible does), or leave `{}` out"
    message = "needs the engine's own machine, and the engine is reached over the network"
    found = [Problem(kind, message, fix.format(kind)) for kind in kinds if kind not in OF_USER]
    if found:
        raise PlanRefused(found)


def is_engineless(wants: Mapping[str, Any]) -> bool:
    """Whether these parts, and there are some, can be had without asking any engine."""
    if not wants or wants.keys() - set(OF_USER):
        return False
    from .registry_login.want import is_verified

    return not any(is_verified(want) for want in wants["registry_login"].values())


def part_of(kind: str, want: Any, site: Site) -> Part:
    """The part of a kind, imported only where a document names it."""
    if kind == "firewall":
        from .firewall.part import FirewallPart

        return FirewallPart(want, site)
    if kind == "storage":
        from .storage.part import StoragePart

        return StoragePart(want, site)
    if kind == "registry_login":
        from .registry_login.part import LoginPart

        return LoginPart(want, site)
    if kind == "volume":
        from .volume.part import VolumePart

        return VolumePart(want, site)
    from .daemon.part import DaemonPart

    return DaemonPart(want, site)


def parse_part(kind: str, given: Any, problems: list[Any]) -> Any:
    """What a document says of a part; what is wrong with it is added to ``problems``."""
    if kind == "firewall":
        from .firewall.want import parse as parse_firewall

        return parse_firewall(given, kind, problems)
    if kind == "storage":
        from .storage.want import parse_storage

        return parse_storage(given, kind, problems)
    from .daemon.want import parse as parse_daemon

    return parse_daemon(given, kind, problems)
