"""Replacements that a killed run left half done: what is there, and how it will be put right. Pure.

The journal of a replacement is the engine itself. The new container is made under the name
``NAME.dockwright-new`` and carries a label that says which container it replaces and how that one
ran; the old one is moved to ``NAME.dockwright-old`` before the new one takes the name.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any

from ... import owner
from ...named_tuple import NamedTuple

NEW, OLD = ".dockwright-new", ".dockwright-old"


class Journal(NamedTuple):
    """What the label on the new container says of the old one."""

    id: str
    running: bool
    restart: Mapping[str, Any]  # its RestartPolicy
    start: bool  # whether the new one is to run
    drop: Iterable[str] = ()  # anonymous volumes that go with it
    paused: bool = False
    by: str = ""  # the process that replaces it, see `host.runner`

    def text(self) -> str:
        """The label's value."""
        return json.dumps(self._asdict(), separators=(",", ":"), sort_keys=True)


class Recovery(NamedTuple):
    """A replacement to finish or to undo. IDs are empty where there is no such container."""

    name: str
    old: str
    new: str
    finish: bool  # the new one had won: only the old one is still to be removed
    journal: Journal

    @property
    def survivor(self) -> str:
        """The ID of the container that will run under the name."""
        return self.new if self.finish else self.old


def name_of(listed: Mapping[str, Any]) -> str:
    """The name in a list answer: links give a container further names with a second slash."""
    names: list[str] = [name.lstrip("/") for name in listed.get("Names") or ()]
    if len(names) == 1:  # nearly always, and asked for often
        return names[0]
    return min((name for name in names if "/" not in name), default=min(names, default=""))


def is_old(raw: Mapping[str, Any], journal: Journal) -> bool:
    """Whether a container under the spare name is the old one, or the copy that we made of it.

    A stranger may have such a name too: it is left alone.
    """
    if raw["Id"] == journal.id or is_labelled(raw):
        return True
    state = raw.get("State")
    return (state.get("Status") if isinstance(state, Mapping) else state) == "created"


def is_labelled(raw: Mapping[str, Any]) -> bool:
    """Whether we made the container."""
    return any(label.startswith(owner.PREFIX) for label in owner.labels_of(raw))


def read_journal(labels: Mapping[str, str]) -> Journal | None:
    """The journal on a container, if it has one that can be read."""
    try:
        return Journal(**json.loads(labels[owner.REPLACES]))
    except (KeyError, TypeError, ValueError):
        return None


def recoveries(
    listing: Iterable[Mapping[str, Any]], volumes: Iterable[str] = ()
) -> dict[str, Recovery]:
    """The replacements that are half done, by the container's real name.

    ``volumes`` are the names of all volumes: the last of the old container may still be there.
    """
    listing = tuple(listing)
    by_name = {name_of(item): item for item in listing}
    found = {}
    for name, item in by_name.items():
        base, suffix = _split(name)
        if suffix == NEW:
            found[base] = _unfinished(base, item, by_name)
        elif suffix == OLD and base not in found and base + NEW not in by_name:
            recovery = _swapped(base, item, by_name)
            if recovery:
                found[base] = recovery
    for name, recovery in _with_volumes(by_name, frozenset(volumes)):
        found.setdefault(name, recovery)
    return {name: recovery for name, recovery in found.items() if recovery}


def lost(listing: Iterable[Mapping[str, Any]], found: Iterable[Recovery]) -> dict[str, str]:
    """IDs of containers that were replaced and are no more (or not for long) -> their names.

    Others may still refer to them, when the run that replaced them was interrupted.
    """
    listing = tuple(listing)
    going = {item.old for item in found if item.finish}
    present = {item["Id"] for item in listing} - going
    journals = ((name_of(item), read_journal(owner.labels_of(item))) for item in listing)
    return {
        journal.id: _split(name)[0]
        for name, journal in journals
        if journal and journal.id
        if journal.id not in present
    }


def is_leftover(name: str, found: Container[str]) -> bool:
    """Whether a name is a temporary one of what is recovered: such a container will be gone."""
    base, suffix = _split(name)
    return bool(suffix) and base in found


def _split(name: str) -> tuple[str, str]:
    for suffix in (NEW, OLD):
        if name.endswith(suffix):
            return name[: -len(suffix)], suffix
    return name, ""


_GONE = Journal("", False, {}, False)


def _unfinished(
    base: str, new: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]]
) -> Recovery | None:
    """The new one did not get the name yet: undone."""
    journal = read_journal(owner.labels_of(new))
    if journal is None:
        return None  # not ours
    at_name, moved = by_name.get(base) or {}, by_name.get(base + OLD) or {}
    moved = moved if moved and is_old(moved, journal) else {}
    stopped = journal.running and at_name.get("State") != "running"
    old = moved if moved and (stopped or at_name.get("Id") != journal.id) else at_name
    return Recovery(base, old.get("Id", ""), new["Id"], False, journal)


def _swapped(
    base: str, old: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]]
) -> Recovery | None:
    """The old one gave its name away: finished if the new one runs well, else undone."""
    new = by_name.get(base)
    if new is None:
        if not is_labelled(old):
            return None  # nothing tells that it is ours
        return Recovery(base, old["Id"], "", False, _GONE._replace(id=old["Id"]))
    journal = read_journal(owner.labels_of(new))
    if journal is None or not is_old(old, journal):
        return None  # somebody else made one of the two
    status = new.get("Status") or ""
    healthy = "(unhealthy)" not in status and "(health: starting)" not in status
    runs = new.get("State") == "running" and healthy
    finish = runs or status.startswith("Exited (0)") or not journal.start
    return Recovery(base, old["Id"], new["Id"], finish, journal)


def _with_volumes(
    by_name: Mapping[str, Mapping[str, Any]], volumes: frozenset[str]
) -> Iterable[tuple[str, Recovery]]:
    """Containers that have won, with volumes of the one before them that nobody uses."""
    used = {mount.get("Name") for item in by_name.values() for mount in item.get("Mounts") or ()}
    for name, item in by_name.items():
        journal = read_journal(owner.labels_of(item))
        won = journal and not _split(name)[1] and name + OLD not in by_name
        if journal and won and volumes.intersection(journal.drop) - used:
            yield name, Recovery(name, "", item["Id"], True, journal)


# It is still to be started: after everything that runs now. A moment as engines write them.
LATER = "9999-12-31T23:59:59Z"


def as_recovered(raw: Mapping[str, Any], recovery: Recovery) -> dict[str, Any]:
    """The survivor's inspect answer as it will be after the recovery."""
    result = {**raw, "Name": f"/{recovery.name}"}
    if recovery.finish or not recovery.journal.id:
        return result
    before = raw.get("State") or {}
    if recovery.journal.running and not before.get("Running"):
        paused = recovery.journal.paused
        status = "paused" if paused else "running"
        started = {"Status": status, "Running": True, "Paused": paused, "StartedAt": LATER}
        before = {key: value for key, value in before.items() if key != "Health"}
        result["State"] = {**before, **started, "Restarting": False}
    if recovery.journal.restart:
        host = {**(raw.get("HostConfig") or {}), "RestartPolicy": recovery.journal.restart}
        result["HostConfig"] = host
    return result
