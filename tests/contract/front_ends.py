"""The front ends of the contract: each plans and applies all specs, and says what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .places import OUTPUT, Place

__all__ = ["OUTPUT"]
SPECS = Path(__file__).with_name("specs")

# Which spec of a file, and whether it is only planned.
PHASES = {
    "plan": ("spec", True),
    "apply": ("spec", False),
    "again": ("spec", True),
    "plan-then": ("then", True),
    "apply-then": ("then", False),
    "again-then": ("then", True),
}


class Outcome(NamedTuple):
    """What a front end said about one spec in one phase; None: that it does not tell."""

    changed: bool
    failed: bool
    message: str | None
    warnings: list[str]
    fields: Mapping[str, Mapping[str, Any]] | None  # "container web" -> path -> [before, after]
    plan: Any = None  # (kind, name, action, path, cause, disruption) of each change
    lines: str | None = None  # all changes in words


Outcomes = dict[tuple[str, str], Outcome]  # by phase and name of the spec


def load_specs() -> dict[str, dict[str, Any]]:
    """Every spec by its file's name."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(SPECS.glob("*.yml"))}


def of_phase(specs: Mapping[str, Any], phase: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Kind and options of every spec that this phase is about; no second look at a refused one."""
    key = PHASES[phase][0]
    refused = "refused-then" if key == "then" else "refused"
    return {
        name: (spec["kind"], spec[key])
        for name, spec in specs.items()
        if key in spec and not (phase.startswith("again") and refused in spec)
    }


def told(report: Mapping[str, Any]) -> Outcome:
    """The outcome in a report's own form, as the command line and the modules give it."""
    changes = report.get("changes", [])
    plan = [
        tuple(change[key] for key in ("kind", "name", "action", "path", "cause", "disruption"))
        for change in changes
    ]
    # Ansible shows warnings in its own way, and takes them out of the result.
    return Outcome(
        bool(report.get("changed")),
        bool(report.get("failed")),
        report.get("message", report.get("msg", "")),
        [*report.get("warnings", []), *_notes(report)],
        _fields(changes),
        plan,
        "; ".join(report["lines"]) if "lines" in report else None,
    )


def _notes(report: Mapping[str, Any]) -> list[str]:
    """What is stale or pending, in the form that other tools show it in."""
    return [
        f"{head}: {' '.join(dict.fromkeys([item['kind'], item['name'], item['path']]))}:"
        f" {item['message']}"
        for head in ("stale", "pending")
        for item in report.get(head, ())
    ]


def _fields(changes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every field that changes; those of an object that is made or removed one by one."""
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        fields = found.setdefault(f"{change['kind']} {change['name']}".strip(), {})
        before, after = change["before"], change["after"]
        if not change["path"] and isinstance(before or after or {}, dict):
            whole = {**(before or {}), **(after or {})}
            for path in whole:
                fields[path] = [(before or {}).get(path), (after or {}).get(path)]
            if not whole:
                fields[change["action"]] = [None, {}]
        else:
            fields[change["path"] or change["action"]] = [before, after]
    return found


# --- the command line ----------------------------------------------------------------------------


def command_line(specs: Mapping[str, Any], place: Place, folder: Path) -> Outcomes:
    """One request with all specs in each phase."""
    found: Outcomes = {}
    for phase, (_, check) in PHASES.items():
        asked = of_phase(specs, phase)
        resources = [{**options, "kind": kind} for kind, options in asked.values()]
        request = json.dumps({"api": 1, "resources": resources})
        verb = "plan" if check else "apply"
        answer = json.loads(place.dockwright(verb, "--json", folder=folder, input=request))
        for name, result in zip(asked, answer["resources"]):
            found[phase, name] = told(result)
    return found


# --- Ansible -------------------------------------------------------------------------------------


def ansible(specs: Mapping[str, Any], place: Place, folder: Path) -> Outcomes:
    """A playbook with a task for a spec in a phase."""
    tasks = [
        {
            "name": f"{phase} {name}",
            f"dockwright.docker.{kind}": options,
            "check_mode": PHASES[phase][1],
            "diff": True,
            "ignore_errors": True,
        }
        for phase in PHASES
        for name, (kind, options) in of_phase(specs, phase).items()
    ]
    # A first run that may write keeps the compiled code for all others.
    first: dict[str, Any] = {"name": "first", "ignore_errors": True}
    first["dockwright.docker.container"] = {"name": "nobody", "state": "absent"}
    play = {"hosts": "all", "gather_facts": False, "tasks": [first, *tasks]}
    path = folder / "site.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    found: Outcomes = {}
    for task in json.loads(place.ansible(path))["plays"][0]["tasks"][1:]:
        phase, _, name = task["task"]["name"].partition(" ")
        found[phase, name] = told(next(iter(task["hosts"].values())))
    return found


# --- Salt ----------------------------------------------------------------------------------------


def salt(specs: Mapping[str, Any], place: Place, folder: Path) -> Outcomes:
    """One process without a master: an SLS file for each phase, a state for each spec."""
    states = folder / "states"
    states.mkdir()
    for phase in PHASES:
        sls = {
            name: _state(kind, options) for name, (kind, options) in of_phase(specs, phase).items()
        }
        (states / f"{phase}.sls").write_text("#!yaml\n" + yaml.safe_dump(sls, sort_keys=False))
    tests = {phase: check for phase, (_, check) in PHASES.items() if of_phase(specs, phase)}
    answer = json.loads(place.salt(folder, tests).splitlines()[-1])
    return {
        (phase, result["__id__"]): _from_salt(result)
        for phase, results in answer.items()
        for result in results.values()
    }


def _state(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    applied = {"host": "applied", "project": "applied"}
    named = {"container": "running", "plugin": "enabled", **applied}
    configured = dict.fromkeys(("daemon", "firewall", "storage"), "configured")
    default = {**named, **configured}.get(kind, "present")
    left = {key: value for key, value in options.items() if key != "state"}
    function = f"dockwright_{kind}.{options.get('state', default)}"
    return {function: [{key: value} for key, value in left.items()]}


def _from_salt(result: Mapping[str, Any]) -> Outcome:
    fields = {
        subject: {path: [change["old"], change["new"]] for path, change in paths.items()}
        for subject, paths in result["changes"].items()
    }
    changed = result["result"] is None or bool(fields)
    failed, warnings = result["result"] is False, result.get("warnings", [])
    return Outcome(changed, failed, result["comment"], warnings, fields)


# --- Chef's library and Puppet --------------------------------------------------------------------


def chef(specs: Mapping[str, Any], place: Place, folder: Path) -> Outcomes:
    """The cookbook's library in one process of Ruby, without a Chef."""
    return _by_ruby("chef_specs.rb", specs, place)


def puppet(specs: Mapping[str, Any], place: Place, folder: Path) -> Outcomes:
    """A catalog for each phase, as an agent applies it, in one process of Ruby."""
    return _by_ruby("puppet_specs.rb", specs, place)


def _by_ruby(script: str, specs: Mapping[str, Any], place: Place) -> Outcomes:
    asked = [
        [phase, check, [[name, *rest] for name, rest in of_phase(specs, phase).items()]]
        for phase, (_, check) in PHASES.items()
    ]
    answer = json.loads(place.ruby(script, json.dumps(asked)).splitlines()[-1])
    return {
        (phase, name): _from_ruby(result) for phase, results in answer for name, result in results
    }


def _from_ruby(result: Mapping[str, Any]) -> Outcome:
    message = result["text"] if result["failed"] else None
    lines = None if result["failed"] else result["text"]
    changed = result["changed"]
    return Outcome(changed, result["failed"], message, result["warnings"], None, None, lines)


FRONT_ENDS = {
    "command line": command_line,
    "ansible": ansible,
    "salt": salt,
    "chef": chef,
    "puppet": puppet,
}
