"""Going back to a spec that was applied earlier: the same plan, apply and verify as ever.

The document is the one that was applied then. What later specs of the same history have made, and
it does not have, goes again; volumes only with ``max_disruption: destroy``, as with ``purge``.
Sections of the host itself that it does not have are as the spec before it had them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable

from .connection import Connection
from .errors import DockwrightError
from .host.history import Entry, History
from .host.machine import Host, state_folder
from .kinds.plugin.want import name_of as plugin_name
from .masking import without_secrets
from .model import Report
from .named_tuple import NamedTuple
from .origin import Origin
from .reconcile import converge
from .spec import GONE

# Which daemon.json is meant goes with the keys.
_WITH_DAEMON = ("scope", "config_file", "unit", "pidfile", "manage_unit", "foreign")
_SECTIONS = ("daemon", "storage", "firewall", "registries", "compose")
_TAKEN_AWAY: Mapping[str, Any] = {"daemon": {}, "firewall": {"state": "absent"}}


class Choice(NamedTuple):
    """Which spec: of which project (None: the only one there is), and which number of it.

    Without a number it is the last one that succeeded and is another than the one in force.
    """

    project: str | None = None
    number: int | None = None


def history(connection: Connection, project: str | None = None) -> dict[str, Any]:
    """What was applied, for people and machines: no spec, no secret. Raises DockwrightError."""
    found = _history(connection)
    projects = found.projects() if project is None else (project,)
    listed = [
        {"project": name, "entries": [_shown(entry) for entry in found.entries(name)]}
        for name in projects
    ]
    return {
        "changed": False,
        "failed": False,
        "histories": [item for item in listed if item["entries"]],
        "warnings": [found.warning] if found.warning else [],
    }


def rollback(
    connection: Connection,
    choice: Choice,
    options: Mapping[str, Any],
    *,
    check: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Bring the host back to an earlier spec, with these options of a run before its own.

    Raises DockwrightError where there is no such spec; else as `converge`.
    """
    found = _history(connection)
    project = _project(found, choice.project)
    entries = found.entries(project)
    target = _target(entries, choice.number, project)
    later = [entry for entry in entries if entry.number > target.number]
    document, warnings = then(target, entries, later, options)
    gone, kept = _gone(later, document)
    origin = Origin("rollback", "host", target, gone)
    if progress:
        progress(f"back to {target.number}: {_name(project)}, applied {target.at} by {target.by}")
    report = converge(
        document, connection=connection, check=check, origin=origin, progress=progress
    )
    known = report.state.get("volumes", {})
    warnings += [
        f"volume {name}: a later spec has made it; it stays, with what is in it,"
        " unless max_disruption is destroy"
        for name in kept
        if name not in known
    ]
    report.warnings += without_secrets(warnings, document)
    return report


def _history(connection: Connection) -> History:
    url = connection.endpoint().url
    if not url.startswith("unix:"):
        message = f"the engine is at {url}, and what was applied is kept on its own machine"
        fix = "run dockwright there, or apply the earlier spec from where you keep it"
        raise DockwrightError(message, fix=fix)
    return Host(memory=state_folder(os.environ, os.geteuid() == 0)).history(url)


def _project(found: History, wanted: str | None) -> str:
    projects = found.projects()
    if wanted is not None or len(projects) == 1:
        return projects[0] if wanted is None else wanted
    if not projects:
        raise _nothing("on this host")
    names = ", ".join(map(_name, projects))
    fix = 'choose one with --project NAME; --project "" is the one without a project'
    raise DockwrightError(f"there is more than one history: {names}", fix=fix)


def _target(entries: Sequence[Entry], number: int | None, project: str) -> Entry:
    if not entries:
        raise _nothing(f"of {_name(project)}")
    if number is not None:
        for entry in entries:
            if entry.number == number:
                return entry
        known = ", ".join(str(entry.number) for entry in entries)
        fix = f"there are {known}; see dockwright rollback --list"
        raise DockwrightError(f"there is no {number} of {_name(project)}", fix=fix)
    last = _about(entries[-1].document)
    others = [
        item
        for item in entries
        if not item.failed
        and item.mark != entries[-1].mark
        and (project or last & _about(item.document))  # else they may have nothing in common
    ]
    if others:
        return others[-1]
    raise DockwrightError(
        f"there is no spec of {_name(project)} before the one in force",
        fix="nothing to go back to; see dockwright rollback --list",
    )


def _about(document: Mapping[str, Any]) -> set[str]:
    """What a spec speaks of: its objects, and the sections of the host."""
    found = {key for key in _SECTIONS if key in document}
    for key in ("containers", "networks", "volumes", "images", "plugins"):
        items = document.get(key)
        found |= {f"{key}.{name}" for name in items} if isinstance(items, Mapping) else set()
    return found


def _nothing(where: str) -> DockwrightError:
    fix = "it begins with the first spec of a host or project that is applied from now on"
    return DockwrightError(f"there is no history {where}", fix=fix)


def _name(project: str) -> str:
    return f"project {project}" if project else "the specs without a project"


def then(
    target: Entry,
    entries: Sequence[Entry],
    later: Sequence[Entry],
    options: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[dict[str, Any], list[str]]:
    """The document that says all of what was then, and what cannot be as it was.

    ``options`` are of the run: with consent to lose volumes, also their plugins go.
    """
    document = dict(target.document)
    if document.get("max_disruption") == "destroy":
        del document["max_disruption"]  # that consent was for the run of then
    document.update(options)
    before = [
        entry.document
        for entry in entries
        if entry.number <= target.number and (not entry.failed or entry is target)
    ]
    stays = []
    for section, nothing in _TAKEN_AWAY.items():
        since = [entry.document for entry in later if section in entry.document]
        if section in document or not since:
            continue
        held = [item for item in before if section in item]
        if not held and entries[0].number > 1:  # what older specs said is not known any more
            stays.append(section)
            continue
        source = held[-1] if held else since[-1]
        document[section] = source[section] if held else nothing
        if section == "daemon":
            document.update({key: source[key] for key in _WITH_DAEMON if key in source})
    needed = _needed_plugins(later, document)
    for kind, section in (("registry_login", "registries"), ("plugin", "plugins")):
        made = {name for word, name in _made(later) if word == kind}
        known = document.get(section) or {}
        named = set(map(plugin_name, known)) if kind == "plugin" else set(known)
        if kind == "plugin":
            stays += [f"plugin {name}" for name in sorted(needed & made - named)]
            named |= needed
        away = {name: {"state": "absent"} for name in sorted(made - named)}
        if away:
            document[section] = {**known, **away}
    if any("storage" in entry.document for entry in later) and "storage" not in document:
        stays.append("storage")
    return document, [f"{section} stays as a later spec has made it" for section in stays]


def _made(later: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """Kind and name of what later specs have made and not removed again."""
    made: dict[tuple[str, str], None] = {}
    for entry in later:
        for kind, name in list(made):
            if f"delete {kind} {name}" in entry.changes:
                del made[kind, name]  # one that is there now is somebody else's
        made.update(dict.fromkeys(entry.made))
    return tuple(made)


def _needed_plugins(later: Sequence[Entry], document: Mapping[str, Any]) -> set[str]:
    """The plugins of volumes that stay: they cannot go."""
    if not _gone(later, document)[1]:
        return set()
    sections = [entry.document.get("volumes") for entry in later]
    volumes = [item for one in sections if isinstance(one, Mapping) for item in one.values()]
    drivers = {item.get("driver") for item in volumes if isinstance(item, Mapping)}
    return {plugin_name(str(driver)) for driver in drivers - {None, "local"}}


def _gone(
    later: Sequence[Entry], document: Mapping[str, Any]
) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """What goes again of what later specs made; and the volumes that stay."""
    made = [pair for pair in _made(later) if pair[0] in GONE]
    volumes = [name for kind, name in made if kind == "volume"]
    if document.get("max_disruption") == "destroy" or not volumes:
        return tuple(made), []
    return tuple(pair for pair in made if pair[0] != "volume"), volumes


def _shown(entry: Entry) -> dict[str, Any]:
    """An entry without its document."""
    shown: dict[str, Any] = {
        "number": entry.number,
        "at": entry.at,
        "by": entry.by,
        "changes": list(entry.changes),
        "failed": entry.failed,
        "returned": entry.returned,
    }
    covered: dict[str, Any] = without_secrets(shown, entry.document)
    return covered
