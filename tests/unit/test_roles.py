"""The roles: what they say of themselves is what they are."""

from __future__ import annotations

import re
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
            assert given[name] in {False, "{{ host_daemon_keys }}", *of_all}
        elif name in given:
            default = re.search(r"default\((.*)\) }}$", given[name])
            assert default and yaml.safe_load(default[1]) == option["default"], name
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
