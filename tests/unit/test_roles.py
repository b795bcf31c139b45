"""The roles: what they say of themselves is what they are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockwright import api

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
_OF_ALL_ROLES = ("max_disruption", "reveal", "wait_timeout", "lock_timeout")  # by role host
_LEVELS = ["none", "reload", "reconnect", "restart", "replace", "outage", "rebuild", "destroy"]


def _yaml(role: str, path: str) -> Any:
    return yaml.safe_load((ROOT / "roles" / role / path).read_text())


def _options(role: str) -> dict[str, Any]:
    options: dict[str, Any] = _yaml(role, "meta/argument_specs.yml")["argument_specs"]["main"][
        "options"
    ]
    return options


def _tasks(items: Any) -> list[dict[str, Any]]:
    """Every task, those in blocks too."""
    found = []
    for task in items or ():
        found.append(task)
        for part in ("block", "rescue", "always"):
            found.extend(_tasks(task.get(part)))
    return found


def test_the_roles_are_these() -> None:
    assert ROLES == ["daemon", "dns", "engine", "firewall", "host", "storage"]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_argument_specs(role: str) -> None:
    options = _options(role)
    defaults = _yaml(role, "defaults/main.yml") or {}
    said = {name: option["default"] for name, option in options.items() if "default" in option}
    assert defaults == said
    for name, option in options.items():
        assert "default" in option or option.get("required") is not None, name
        assert name.startswith(f"{role}_")
        assert option["description"]
        assert option["type"] != "list" or "elements" in option, name


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_tells_each_variable_with_its_default(role: str) -> None:
    readme = (ROOT / "roles" / role / "README.md").read_text()
    assert readme.startswith(f"# Role {role}\n")
    for name, option in _options(role).items():
        row = re.search(rf"^\| `{name}` \| (.*?) \|", readme, re.MULTILINE)
        assert row, f"{name} has no row"
        if "default" in option:
            assert yaml.safe_load(row[1].strip("`")) == option["default"], name


@pytest.mark.parametrize("role", ROLES)
def test_the_meta_data_is_complete(role: str) -> None:
    about = _yaml(role, "meta/main.yml")["galaxy_info"]
    assert {"author", "description", "license", "min_ansible_version", "platforms"} <= set(about)
    assert about["min_ansible_version"] == "2.17"
    names = {platform["name"] for platform in about["platforms"]}
    assert {"Debian", "Ubuntu", "EL", "Fedora", "SLES", "opensuse"} == names
    spec = _yaml(role, "meta/argument_specs.yml")["argument_specs"]["main"]
    assert spec["short_description"] == about["description"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_a_table_of_contents(role: str) -> None:
    """main.yml only imports or includes, each topic under a tag; files are short."""
    for task in _yaml(role, "tasks/main.yml"):
        kinds = {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"}
        kinds |= {"ansible.builtin.include_role", "ansible.builtin.import_role"}
        assert kinds & set(task), task
        assert {"dockwright", role} <= set(task["tags"]), task
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        assert len(path.read_text().splitlines()) <= 80, path
        for task in _tasks(yaml.safe_load(path.read_text())):
            assert "ignore_errors" not in task
            assert re.match(r"[A-Z][a-z]+ \w", task["name"]), task
            named = [key for key in task if "." in key]
            assert "block" in task or len(named) == 1, f"no full name of a module: {task}"
            assert not {"lineinfile", "replace"} & {key.split(".")[-1] for key in named}


@pytest.mark.parametrize("role", ROLES)
def test_choices_are_those_of_the_core(role: str) -> None:
    kind = role if role in api.KINDS else "daemon"
    rows = {row.name: row for row in api.options_of(kind)}
    for name, option in _options(role).items():
        row = rows.get(name.removeprefix(f"{role}_"))
        if name.endswith("max_disruption"):
            assert option["choices"] == _LEVELS
        elif row is not None and "enum" in row.type.schema and "choices" in option:
            known = [choice for choice in option["choices"] if choice]  # '' leaves it alone
            assert known == list(row.type.schema["enum"])


def test_levels_are_those_of_the_core() -> None:
    row = next(row for row in api.options_of("daemon") if row.name == "max_disruption")
    assert row.type.schema["enum"] == _LEVELS


@pytest.mark.parametrize("role", [role for role in ROLES if role != "host"])
def test_role_host_hands_every_variable_on_with_its_default(role: str) -> None:
    (task,) = _yaml("host", f"tasks/{role}.yml")
    given = task["vars"]
    not_there = {"dns_scope"}  # role host sets those keys with the daemon's
    assert set(_options(role)) - not_there <= set(given)
    known = _yaml("host", "vars/main.yml")["host_section_options"].get(role, [])
    for name, option in _options(role).items():
        key = name.removeprefix(f"{role}_")
        source = "host_daemon_options" if role == "daemon" else f"host_spec.{role}"
        if f"{source}.{key} |" not in str(given.get(name, "")) and name in given:
            of_all = {f"{{{{ host_{common} }}}}" for common in _OF_ALL_ROLES}
            assert given[name] in {
                False,
                "{{ host_first_keys }}",
                "{{ host_daemon_keys }}",
                *of_all,
            }
        elif name in given:
            default = re.search(r"default\((.*)\) }}$", given[name])
            assert default, name
            said = None if default[1] == "none" else yaml.safe_load(default[1])
            assert said == option["default"], name
            assert role == "daemon" or key in known


# Where the engine is: for a whole play, by `module_defaults` of the group of all our modules.
_OF_A_PLAY = {row.name for row in api.CONNECTION}


def _uses(role: str, module: str) -> list[dict[str, Any]]:
    """The options of every task of a role that has this module."""
    found = []
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        for task in _tasks(yaml.safe_load(path.read_text())):
            found += [task[name] for name in task if name == f"dockwright.docker.{module}"]
    return found


@pytest.mark.parametrize("role", ["daemon", "firewall", "storage"])
def test_every_option_of_a_kind_can_be_given_through_its_role(role: str) -> None:
    tasks = _uses(role, role)
    assert tasks
    by_itself = {"confirm", "confirm_within"}  # role firewall: the first task, and the second one
    for row in api.options_of(role):
        if row.name in _OF_A_PLAY - set(tasks[0]):
            continue
        given = [task[row.name] for task in tasks if row.name in task]
        assert given and (len(given) == len(tasks) or row.name in by_itself), row.name
        if row.name != "confirm":
            assert all(f"{role}_{row.name}" in text for text in given), row.name
            assert f"{role}_{row.name}" in _options(role), row.name


def test_every_option_of_a_host_can_be_given_through_its_role() -> None:
    about = _yaml("host", "vars/main.yml")
    (task,) = _uses("host", "host")
    sections = {"daemon", "firewall", "storage"}  # those have roles of their own
    daemon = _yaml("host", "tasks/daemon.yml")[0]["vars"]
    for row in api.options_of("host"):
        if row.name in sections | _OF_A_PLAY | {"dockwright"}:
            continue
        if row.name in about["host_object_sections"]:
            assert f"host_objects.{row.name} |" in task[row.name]
        elif f"host_{row.name}" in _options("host"):
            assert f"host_{row.name}" in task[row.name]
        else:
            assert f"host_daemon_options.{row.name} |" in daemon[f"daemon_{row.name}"]


@pytest.mark.parametrize("role", ["daemon", "firewall", "host", "storage"])
def test_the_readme_tells_how_to_say_where_the_engine_is(role: str) -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    assert {"daemon", "firewall", "host", "host_info", "storage"} <= set(groups["docker"])
    assert "`module_defaults`" in (ROOT / "roles" / role / "README.md").read_text()


def _meant(folder: Path, tasks: list[dict[str, Any]], **given: Any) -> tuple[str, Any]:
    """What Ansible says of these tasks, and what they have told; nothing is done."""
    tell = {"content": "{{ told | to_json }}", "dest": f"{folder}/told.json", "mode": "0600"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, **given},
        "vars_files": [str(ROOT / "roles/host/vars/main.yml")],
        "tasks": [*tasks, {"ansible.builtin.copy": tell}],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "play.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = folder / "told.json"
    said = done.stdout + done.stderr
    return said, json.loads(told.read_text()) if told.exists() else None


_CHECK = {"ansible.builtin.import_tasks": f"{ROOT}/roles/host/tasks/check.yml"}


def test_host_ports_of_the_firewall_can_be_none_or_left_to_the_module(tmp_path: Path) -> None:
    # By way of role host; every task of role firewall has the same expression.
    handed = _yaml("host", "tasks/firewall.yml")[0]["vars"]["firewall_host_ports"]
    passed = {task["host_ports"] for task in _uses("firewall", "firewall")}
    assert len(passed) == 1
    cases = [("a", {}), ("b", {"host_ports": []}), ("c", {"host_ports": [22]})]
    tasks = []
    for name, section in cases:
        variables = {"firewall_host_ports": handed, "host_spec": {"firewall": section}}
        tasks.append(
            {
                "ansible.builtin.set_fact": {name: passed.copy().pop(), "is_there": True},
                "vars": variables,
            }
        )
    names = ["a", "b", "c"]
    there = {name: f"{{{{ {name} | default('omitted') }}}}" for name in names}
    said, told = _meant(
        tmp_path, [_CHECK, *tasks], host_spec={}, host_daemon_options={}, told=there
    )
    assert told == {"a": "omitted", "b": [], "c": [22]}, said


def test_keys_of_a_second_daemon_are_not_the_first_ones(tmp_path: Path) -> None:
    keys = {"live-restore": True}
    spec = {"daemon": keys, "ignore": ["daemon.debug", "containers.web.labels"], "containers": {}}
    shown = ("first_keys", "daemon_keys", "ignored_keys", "ignored_objects")
    told = {name: f"{{{{ host_{name} }}}}" for name in shown}
    second = {"config_file": "/etc/docker-b/daemon.json"}
    given = {"host_spec": spec, "told": told}
    said, first = _meant(tmp_path, [_CHECK], host_daemon_options={}, **given)
    assert first and first["first_keys"] == first["daemon_keys"] == keys, said
    assert first["ignored_keys"] == ["debug"]
    assert first["ignored_objects"] == ["containers.web.labels"]
    said, other = _meant(tmp_path, [_CHECK], host_daemon_options=second, **given)
    assert other and (other["first_keys"], other["daemon_keys"]) == ({}, keys), said
    (tmp_path / "told.json").unlink()
    given["host_spec"] = {"firewall": {}, "daemon": keys}
    for options in (second, {"unit": "docker-b.service"}, {"docker_host": "unix:///run/b.sock"}):
        said, other = _meant(tmp_path, [_CHECK], host_daemon_options=options, **given)
        assert other is None and "has firewall, which would act on" in " ".join(said.split())


def test_ignored_keys_of_the_daemon_reach_its_role() -> None:
    daemon = _yaml("host", "tasks/daemon.yml")[0]["vars"]
    assert daemon["daemon_ignore"].startswith("{{ host_ignored_keys + ")
