"""The front ends of the contract: each plans and applies all specs, and says what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.hosts import machine

SPECS = Path(__file__).with_name("specs")
PLAYBOOKS = machine.CHECKOUT / "playbooks"
LIMIT = 240  # seconds for one front end

# Which spec of a file, and whether it is applied.
PHASES = {
    "plan": ("spec", True),
    "apply": ("spec", False),
    "again": ("spec", True),
    "plan-then": ("then", True),
    "apply-then": ("then", False),
    "again-then": ("then", True),
}


class Outcome(NamedTuple):
    """What a front end said about one spec in one phase."""

    changed: bool
    failed: bool
    message: str
    fields: Mapping[str, Mapping[str, Any]]  # "container web" -> path -> [before, after]
    plan: Any = None  # (kind, name, action, path, cause, disruption) of each change, where told


Outcomes = dict[tuple[str, str], Outcome]  # by phase and name of the spec


def load_specs() -> dict[str, dict[str, Any]]:
    """Every spec by its file's name."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(SPECS.glob("*.yml"))}


def of_phase(specs: Mapping[str, Any], phase: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Kind and options of every spec that this phase is about; no second look at a refused one."""
    key = PHASES[phase][0]
    return {
        name: (spec["kind"], spec[key])
        for name, spec in specs.items()
        if key in spec and not (phase == "again" and "refused" in spec)
    }


def run(argv: list[Any], env: Mapping[str, str], **options: Any) -> str:
    """Run a front end; its two streams are kept, to look for secrets."""
    done = subprocess.run(
        [str(part) for part in argv],
        env={**os.environ, **env},
        cwd=machine.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        **options,
    )
    OUTPUT.append(done.stdout + done.stderr)
    if "Traceback" in done.stderr or not done.stdout.strip():
        raise AssertionError(f"{argv[0]} failed ({done.returncode}): {done.stderr[-3000:]}")
    return done.stdout


OUTPUT: list[str] = []


def told(report: Mapping[str, Any]) -> Outcome:
    """The outcome in a report's own form, as the command line and the modules give it."""
    changes = report.get("changes", [])
    plan = [
        tuple(change[key] for key in ("kind", "name", "action", "path", "cause", "disruption"))
        for change in changes
    ]
    return Outcome(
        bool(report.get("changed")),
        bool(report.get("failed")),
        report.get("message", report.get("msg", "")),
        _fields(changes),
        plan,
    )


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


def command_line(specs: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> Outcomes:
    """One request with all specs in each phase."""
    found: Outcomes = {}
    for phase, (_, check) in PHASES.items():
        asked = of_phase(specs, phase)
        resources = [{**options, "kind": kind} for kind, options in asked.values()]
        request = json.dumps({"api": 1, "resources": resources})
        verb = "plan" if check else "apply"
        argv = [sys.executable, "-m", "dockwright_cli.main", verb, "--json"]
        answer = json.loads(run(argv, env, input=request))
        for name, result in zip(asked, answer["resources"]):
            found[phase, name] = told(result)
    return found


# --- Ansible -------------------------------------------------------------------------------------


def ansible(specs: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> Outcomes:
    """Two playbooks side by side, half of the specs each: a task for a spec in a phase."""
    names = list(specs)
    halves = [{name: specs[name] for name in names[start::2]} for start in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(
            lambda number: _playbook(halves[number], env, folder / f"{number}.yml"), (0, 1)
        )
    return {**first, **second}


def _playbook(specs: Mapping[str, Any], env: Mapping[str, str], path: Path) -> Outcomes:
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
    python = {"ansible_python_interpreter": sys.executable}
    play = {"hosts": "localhost", "gather_facts": False, "vars": python, "tasks": tasks}
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    more = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    playbook = [machine.CHECKOUT / "scripts/playbook", os.path.relpath(path, PLAYBOOKS)]
    text = run(playbook, {**env, **more})
    found: Outcomes = {}
    for task in json.loads(text[text.index("{") :])["plays"][0]["tasks"]:
        phase, _, name = task["task"]["name"].partition(" ")
        found[phase, name] = told(task["hosts"]["localhost"])
    return found


# --- Salt ----------------------------------------------------------------------------------------


def salt(specs: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> Outcomes:
    """One process without a master: an SLS file for each phase, a state for each spec."""
    states = folder / "states"
    states.mkdir()
    for phase in PHASES:
        sls = {
            name: _state(kind, options) for name, (kind, options) in of_phase(specs, phase).items()
        }
        (states / f"{phase}.sls").write_text("#!yaml\n" + yaml.safe_dump(sls, sort_keys=False))
    python = machine.CHECKOUT / ".venv-salt/bin/python"
    tests = {phase: check for phase, (_, check) in PHASES.items()}
    script = Path(__file__).with_name("salt_caller.py")
    answer = json.loads(run([python, script, folder, json.dumps(tests)], env).splitlines()[-1])
    return {
        (phase, result["__id__"]): _from_salt(result)
        for phase, results in answer.items()
        for result in results.values()
    }


def _state(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    named = {"container": "running", "firewall": "configured", "host": "applied"}
    default = {**named, "project": "applied"}.get(kind, "present")
    left = {key: value for key, value in options.items() if key != "state"}
    function = f"dockwright_{kind}.{options.get('state', default)}"
    return {function: [{key: value} for key, value in left.items()]}


def _from_salt(result: Mapping[str, Any]) -> Outcome:
    fields = {
        subject: {path: [change["old"], change["new"]] for path, change in paths.items()}
        for subject, paths in result["changes"].items()
    }
    changed = result["result"] is None or bool(fields)
    return Outcome(changed, result["result"] is False, result["comment"], fields)


FRONT_ENDS = {"command line": command_line, "ansible": ansible, "salt": salt}
