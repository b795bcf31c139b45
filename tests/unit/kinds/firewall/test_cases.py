"""Every option of the firewall: same, changed, removed, bad value, as data in tests/cases/firewall.

A case has ``want`` and ``have`` (the options that were applied before); then what the plan adds
and takes (``adds``, ``takes``: lines of IPv4; ``adds ipv6``, ``takes ipv6``), or ``problem``, the
path that is refused and words of the message. Without any of these nothing is to change.
``came by`` is the peer of the tool's connection, ``pending`` that of a change nobody confirmed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import DockwrightError
from dockwright.kinds.firewall import plan, saved
from dockwright.kinds.firewall.access import Peer
from dockwright.kinds.firewall.files import Own
from dockwright.kinds.firewall.options import ROWS
from dockwright.kinds.firewall.want import FirewallWant, parse

from .netfilter import Tables, fresh, have_of, restored

FILES = sorted((Path(__file__).parents[3] / "cases/firewall").glob("*.json"))
NAMES = {"same", "changed", "removed", "bad value"}
CASES = [
    pytest.param(case, id=f"{file.stem}-{case['name']}".replace(" ", "-"))
    for file in FILES
    for case in json.loads(file.read_text())["cases"]
]


def applied(want: FirewallWant, before: dict[int, Tables]) -> dict[int, Tables]:
    have = have_of(before)
    wanted = plan.wanted(want, have)
    return {
        family: restored(tables, saved.restore_text(tables, wanted[family]))
        for family, tables in before.items()
    }


def kept(want: FirewallWant, before: dict[int, Tables], **more: Any) -> Own:
    """Our files once this want was applied."""
    return Own(plan.wanted_files(want, have_of(before)), is_enabled=want.present, **more)


def both() -> dict[int, Tables]:
    return {4: fresh(), 6: fresh(docker=False)}


def more_of(case: dict[str, Any]) -> dict[str, Any]:
    peer = case.get("came by")
    return {"came_by": Peer(*peer)} if peer else {}


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    before = both()
    if case.get("no ipv6"):
        del before[6]
    if "have" in case:
        before = applied(parse(case["have"]), before)
    pending = {"pending": {"came_by": case.get("pending")}, "is_pending": True}
    own = kept(parse(case.get("have", {"state": "absent"})), before)
    if "pending" in case:
        own = replace(own, **pending)
    have = have_of(before, own=own, **more_of(case))
    if "problem" in case:
        with pytest.raises(DockwrightError) as error:
            plan.plan(parse(case["want"]), have)
        problem = error.value.problems()[0]
        assert problem.where == case["problem"][0]
        assert case["problem"][1].lower() in problem.text().lower()
        return
    want = parse(case["want"])
    made = plan.plan(want, have)
    changes = {change.path: change for change in made.changes}
    for name in ("ipv4", "ipv6"):
        found = changes.get(name)
        sides = {"adds": found and found.after, "takes": found and found.before}
        for side, lines in sides.items():
            key = side if name == "ipv4" else f"{side} ipv6"
            expected = case.get(key) if key in case else [] if _is_same(case) else None
            if expected is not None:
                assert sorted(lines or []) == sorted(expected), key
    has_rules = any(case.get(key) for key in case if key.startswith(("adds", "takes", "gone")))
    assert bool({"ipv4", "ipv6"} & set(changes)) == bool(has_rules)
    assert ("confirm" in changes) == case.get("confirms", False)
    after = applied(want, before)
    again = plan.plan(want, have_of(after, own=kept(want, before)))
    assert again.changes == ()
    if case.get("gone"):
        assert not any(saved.is_there(tables) for tables in after.values())


def _is_same(case: dict[str, Any]) -> bool:
    return not any(key.startswith(("adds", "takes", "gone")) for key in case)


def test_every_option_has_its_cases() -> None:
    found = {
        file.stem: {case["name"] for case in json.loads(file.read_text())["cases"]}
        for file in FILES
    }
    assert set(found) == {row.name for row in ROWS}
    assert [name for name, cases in found.items() if not cases >= NAMES] == []


WANTS = [
    case.values[0]["want"]
    for case in CASES
    if isinstance(case.values[0], dict) and "problem" not in case.values[0]
]
THEIRS = ["-s 198.51.100.0/24 -j DROP", "-j RETURN", "-i eth0 -j ACCEPT"]


@given(
    first=st.sampled_from(WANTS),
    second=st.sampled_from(WANTS),
    theirs=st.lists(st.sampled_from(THEIRS), max_size=3),
    place=st.sampled_from([("filter", "INPUT"), ("filter", "DOCKER-USER"), ("mangle", "FORWARD")]),
    harm=st.sampled_from(["", "flush", "delete"]),
)
def test_from_any_rules_to_any_others_and_back(
    first: Any, second: Any, theirs: list[str], place: tuple[str, str], harm: str
) -> None:
    before = applied(parse(first), both())
    table, chain = place
    if harm == "flush":
        before[4][table][chain].clear()
    elif harm == "delete" and before[4]["filter"].get("DOCKWRIGHT-PORTS"):
        before[4]["filter"]["DOCKWRIGHT-PORTS"].pop()
    before[4][table].setdefault(chain, [])[:0] = theirs
    want = parse(second)
    after = applied(want, before)
    assert plan.plan(want, have_of(after, own=kept(want, after))).changes == ()
    assert [r for r in after[4][table][chain] if r in THEIRS] == [
        r for r in before[4][table][chain] if r in THEIRS
    ]
    undone = restored(after[4], saved.undo_text(before[4], after[4]))
    assert saved.ours(undone) == saved.ours(before[4])


def test_what_iptables_save_tells_is_read() -> None:
    text = "# x\n*filter\n:INPUT ACCEPT [1:2]\n:A - [0:0]\n-A INPUT -s 10.0.0.0/8 -j A\nCOMMIT\n"
    assert saved.parse(text) == {"filter": {"INPUT": ["-s 10.0.0.0/8 -j A"], "A": []}}
