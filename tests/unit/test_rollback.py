"""Which document a rollback converges to: the earlier one, and what it did not say then."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import DockwrightError
from dockwright.host.history import Entry
from dockwright.rollback import _gone, _target, then

LOCAL = {"log-driver": "local"}


def entry(number: int, document: dict[str, Any], *made: tuple[str, str]) -> Entry:
    return Entry(number, f"{number:x}", "", "2026-01-01T00:00:00+00:00", "me", document, made=made)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([{}, {"daemon": LOCAL}], {"daemon": {}}),
        ([{}, {"daemon": LOCAL, "scope": "logs"}], {"daemon": {}, "scope": "logs"}),
        ([{"daemon": {}}, {}, {"daemon": LOCAL}], {"daemon": {}}),
        ([{"daemon": LOCAL}, {}, {"daemon": {}}], {"daemon": LOCAL}),
        ([{}, {"firewall": {"default": "drop"}}], {"firewall": {"state": "absent"}}),
        ([{"firewall": {"default": "drop"}}, {}], None),
        ([{"daemon": LOCAL}, {"daemon": {}}], None),
        ([{"max_disruption": "destroy"}, {}], {}),
        ([{"max_disruption": "reload"}, {}], None),
    ],
)
def test_sections_of_the_host(documents: list[dict[str, Any]], expected: Any) -> None:
    entries = [entry(number, item) for number, item in enumerate(documents, 1)]
    target = entries[-2]
    document, warnings = then(target, entries, entries[-1:])
    assert document == (target.document if expected is None else expected)
    assert warnings == []


def test_logins_that_came_later_go() -> None:
    entries = [
        entry(1, {"registries": {"a.example": {"username": "u"}}}),
        entry(2, {}, ("registry_login", "a.example"), ("registry_login", "b.example")),
    ]
    document, _ = then(entries[0], entries, entries[1:])
    assert document["registries"] == {
        "a.example": {"username": "u"},
        "b.example": {"state": "absent"},
    }
    assert entries[0].document["registries"] == {"a.example": {"username": "u"}}


def test_storage_is_told_to_stay() -> None:
    entries = [entry(1, {}), entry(2, {"storage": {"driver": "overlay2"}})]
    document, warnings = then(entries[0], entries, entries[1:])
    assert "storage" not in document
    assert warnings == ["storage stays as a later spec has made it"]


def test_what_older_specs_said_is_not_known_for_ever() -> None:
    """The list is cut: nobody knows who set the firewall first, so it is not taken down."""
    entries = [entry(7, {}), entry(8, {"firewall": {"default": "drop"}})]
    document, warnings = then(entries[0], entries, entries[1:])
    assert "firewall" not in document
    assert warnings == ["firewall stays as a later spec has made it"]


def test_a_spec_that_failed_sets_no_daemon() -> None:
    bad = entry(2, {"daemon": {"log-driver": "bad"}})._replace(failed=True)
    entries = [entry(1, {"daemon": LOCAL}), bad, entry(3, {}), entry(4, {"daemon": {}})]
    document, _ = then(entries[2], entries, entries[3:])
    assert document["daemon"] == LOCAL


def test_what_has_been_deleted_since_is_somebody_elses() -> None:
    cron = ("container", "cron")
    gone = entry(3, {})._replace(changes=("delete container cron",))
    assert _gone([entry(2, {}, cron)], {}) == ((cron,), [])
    assert _gone([entry(2, {}, cron), gone], {}) == ((), [])
    assert _gone([entry(2, {}, cron), gone, entry(4, {}, cron)], {}) == ((cron,), [])


def test_specs_without_a_project_have_to_have_something_in_common() -> None:
    web, db = {"containers": {"web": {}}}, {"containers": {"db": {}}}
    entries = [entry(1, web), entry(2, db)]
    with pytest.raises(DockwrightError, match="no spec"):
        _target(entries, None, "")
    assert _target(entries, None, "shop").number == 1
    assert _target([*entries, entry(3, {**web, "purge": True})], None, "").number == 1
