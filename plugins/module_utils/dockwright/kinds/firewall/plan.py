"""The plan for the firewall: which rules change, and what is kept for the next boot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import PlanRefused, Problem, SpecError
from ...model import Action, Cause, Change, Plan
from . import checks, files, saved
from .have import FirewallHave
from .rules import NAMES, TABLES, Table, tables
from .want import FirewallWant

KIND = "firewall"
BOOT, CONFIRM = "boot", "confirm"


def plan(want: FirewallWant, have: FirewallHave) -> Plan:
    """The ordered changes. Raises SpecError for bad options, PlanRefused for what may not be."""
    impossible = checks.impossible(want, have)
    if impossible:
        raise PlanRefused(impossible)
    found = checks.problems(want, have)
    if found:
        raise SpecError(found)
    refused = checks.refusals(want, have)
    if refused:
        raise PlanRefused(refused)
    live = have.saved if have.is_live else ()
    changes = [change for family in live for change in _family(want, have, family) if change]
    changes += _boot(want, have)
    own = have.own
    warnings = []
    if own.is_pending and changes and not (want.confirm or want.confirm_within):
        text = "an earlier change waits for its confirmation, and would be undone with this one"
        fix = "confirm it first (`confirm: true`), or give `confirm_within` here too"
        raise PlanRefused([Problem(want.where, text, fix)])
    if own.is_pending and want.confirm:
        reason = "the rules from before do not come back"
        confirmed = ("pending", "confirmed", reason)
        changes.append(Change(KIND, KIND, Action.UPDATE, CONFIRM, *confirmed))
    elif own.is_pending:
        warnings.append("the rules from before come back soon, unless a task has `confirm: true`")
    if want.present and not have.has_systemd:
        warnings.append("without systemd nothing loads the rules at the next boot")
    return Plan(changes=tuple(changes), warnings=tuple(warnings))


def wanted(want: FirewallWant, have: FirewallHave) -> Mapping[int, Mapping[str, Table]]:
    """The tables that are wanted, by family; none of them without rules of ours."""
    if not want.present:
        return {family: {} for family in have.saved}
    return {family: tables(want, family, have.ways) for family in have.saved}


def wanted_files(want: FirewallWant, have: FirewallHave) -> Mapping[str, str]:
    """The files that are wanted, by path."""
    if not want.present or not have.has_systemd:
        return {}
    how = (have.variant, have.unit)
    return files.wanted(want, wanted(want, have), have.ways, how)


def _family(want: FirewallWant, have: FirewallHave, family: int) -> list[Change]:
    name = NAMES[family]
    there = have.saved[family]
    readings = have.own.readings.get(name) or {}
    found = saved.differences(there, wanted(want, have)[family], readings)
    if not (found.before or found.after):
        return []
    action = Action.UPDATE if saved.is_there(there) else Action.CREATE
    action = action if want.present else Action.DELETE
    cause = _cause(have, name, mark(want, have, family))
    before, after = (_shown(lines) or None for lines in (found.before, found.after))
    return [Change(KIND, KIND, action, name, before, after, "", cause)]


def _shown(lines: Sequence[str]) -> list[str]:
    """The rules as people read them: what is the same in both tables stands there once."""
    tables_of: dict[str, list[str]] = {}
    for line in lines:
        table, _, rule = line.partition(" ")
        tables_of.setdefault(rule, []).append(table)
    every = set(TABLES)
    return [
        rule if set(named) == every else f"{named[0]} {rule}" for rule, named in tables_of.items()
    ]


def mark(want: FirewallWant, have: FirewallHave, family: int) -> str:
    """The fingerprint of what is wanted in a family."""
    tables_wanted = wanted(want, have)[family]
    return have.mark({name: [t.chains, t.hooks] for name, t in tables_wanted.items()})


def _cause(have: FirewallHave, path: str, wanted_mark: str) -> Cause:
    if path not in have.remembered:
        return Cause.UNKNOWN
    # The memory marks the mark again, as it does with every value.
    same = have.remembered[path] == have.mark(wanted_mark)
    return Cause.DRIFT if same else Cause.SPEC


def _boot(want: FirewallWant, have: FirewallHave) -> list[Change]:
    meant = wanted_files(want, have)
    there = have.own.texts
    before = sorted(path for path, text in there.items() if meant.get(path) != text)
    after = sorted(path for path, text in meant.items() if there.get(path) != text)
    if meant and not have.own.is_enabled:
        after += files.UNITS
    if not (before or after):
        return []
    action = Action.UPDATE if there else Action.CREATE
    action = action if want.present else Action.DELETE
    reason = "what loads the rules at the next boot, before the daemon opens a port"
    return [Change(KIND, KIND, action, BOOT, before or None, after or None, reason)]
