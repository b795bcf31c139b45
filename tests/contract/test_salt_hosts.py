"""Salt on test hosts with the formula: without a master, and a master with two minions."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.engine.world import BASE
from tests.hosts import TINY, TestHost, machine, tiny_tar

VENV = machine.CHECKOUT / ".venv-salt"
RECIPES = {"3.11": "debian-12", "3.13": "debian-13"}  # whose Python that environment fits
HERE = "/opt/dockwright"
LIMIT = 600.0
PILLAR: dict[str, Any] = {
    "engine": {"packages": ["docker.io"]},
    "options": {"max_disruption": "outage"},
    "daemon": {"live-restore": True, "labels": ["by=salt"]},
    "dns": {"servers": ["10.99.0.53"]},
    "storage": {"driver": "overlay2"},
    "firewall": {"default": "drop", "allow": [{"port": 443}], "host_ports": [22]},
    "networks": {"back": {"internal": True}},
    "volumes": {"data": None},
    "containers": {"web": {**BASE, "networks": ["back"], "volumes": ["data:/data"]}},
    "projects": {"shop": {"containers": {"of-shop": dict(BASE)}, "purge": True}},
}


@pytest.fixture
def salt_host(new_host: Callable[..., TestHost]) -> Callable[[], TestHost]:
    """`salt_host()`: a new test host in which Salt's environment of this machine runs."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", "salt"], check=True)
    found = re.search(r"^version *= *(\d+\.\d+)", (VENV / "pyvenv.cfg").read_text(), re.MULTILINE)
    version = found[1] if found else ""
    if version not in RECIPES:
        pytest.skip(f"NOT RUN: no test host has Python {version}, of which .venv-salt is made")
    return lambda: new_host(RECIPES[version])


def environment() -> dict[str, str]:
    """The host's own Python with what .venv-salt has (whose Python may not be there)."""
    libraries = next(VENV.glob("lib/python3.*/site-packages")).relative_to(machine.CHECKOUT)
    parts = ("plugins/module_utils", "adapters/salt", libraries)
    path = ":".join(f"{HERE}/{part}" for part in parts)
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}


def salt(host: TestHost, program: str, *words: str, check: bool = True) -> str:
    """Run a program of Salt's in a host: `call`, `master`, `minion`, `main` (the master's)."""
    code = f"import sys; sys.argv[0] = 'salt'; from salt.scripts import {program} as run; run()"
    command = ["python3", "-c", code, *words]
    return host.exec(command, env=environment(), timeout=LIMIT, check=check).stdout


def configure(host: TestHost, pillar: dict[str, Any]) -> None:
    """A minion without a master, with the formula in its top file."""
    config = {
        "id": host.name,
        "file_client": "local",
        "file_roots": {"base": ["/srv/salt", f"{HERE}/adapters/salt/formula"]},
        "pillar_roots": {"base": ["/srv/pillar"]},
    }
    top = {"base": {"*": ["dockwright"]}}
    host.write("/etc/salt/minion", yaml.safe_dump(config))
    host.write("/srv/salt/top.sls", yaml.safe_dump(top))
    host.write("/srv/pillar/top.sls", yaml.safe_dump({"base": {"*": ["host"]}}))
    host.write("/srv/pillar/host.sls", yaml.safe_dump({"dockwright": pillar}))


def by_id(states: Any) -> dict[str, dict[str, Any]]:
    assert isinstance(states, dict), states
    return {state["__id__"]: state for state in states.values()}


def highstate(host: TestHost, *words: str) -> dict[str, dict[str, Any]]:
    text = salt(host, "salt_call", "--local", "--out=json", "state.apply", *words)
    return by_id(json.loads(text)["local"])


def changes(states: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: state["changes"] for name, state in states.items() if state["changes"]}


def comments(states: dict[str, dict[str, Any]]) -> str:
    return "\n".join(f"{name}: {state['comment']}" for name, state in states.items())


def test_the_formula_on_a_host(salt_host: Callable[[], TestHost]) -> None:
    """Predicted, done, and the second time there is nothing to do."""
    host = salt_host()
    configure(host, PILLAR)
    predicted = highstate(host, "test=True")
    assert {state["result"] for state in predicted.values()} == {None, True}, comments(predicted)
    done = highstate(host)
    assert {state["result"] for state in done.values()} == {True}, comments(done)
    assert changes(done) == changes(predicted)
    order = sorted(done, key=lambda name: done[name]["__run_num__"])
    kinds = [name.split()[0].removeprefix("dockwright_") for name in order]
    assert kinds == ["daemon", "daemon", "pkg", "service", "storage", "firewall", "host", "project"]
    written = json.loads(host.read("/etc/docker/daemon.json"))
    assert (written["labels"], written["dns"]) == (["by=salt"], ["10.99.0.53"])
    assert "DROP" in host.exec(["iptables-save"]).stdout
    names = host.exec(["docker", "ps", "--format", "{{.Names}}"]).stdout.split()
    assert set(names) == {"web", "of-shop"}

    for words in ((), ("test=True",)):
        again = highstate(host, *words)
        assert {state["result"] for state in again.values()} == {True}, comments(again)
        assert changes(again) == {}


@pytest.mark.full
def test_the_formula_from_nothing(salt_host: Callable[[], TestHost]) -> None:
    """No engine yet: one highstate makes the host, and its first start has the configuration."""
    host = salt_host()
    host.exec(["systemctl", "stop", "docker.socket", "docker", "containerd"])
    host.exec(["apt-get", "-q", "-y", "purge", "--auto-remove", "docker.io", "runc"])
    host.exec(["sh", "-c", "rm -rf /etc/docker /var/lib/docker/* /var/lib/dockwright"])
    host.exec(["apt-get", "-q", "update"], timeout=LIMIT)
    host.copy_in(tiny_tar(TINY), "/srv/tiny.tar")
    pillar = {**PILLAR, "images": {TINY: {"load": "/srv/tiny.tar"}}}
    configure(host, pillar)
    predicted = highstate(host, "test=True")
    assert False not in {state["result"] for state in predicted.values()}, comments(predicted)
    done = highstate(host)
    assert {state["result"] for state in done.values()} == {True}, comments(done)
    started = host.exec(["journalctl", "-u", "docker", "-o", "cat"]).stdout
    assert started.count("Daemon has completed initialization") >= 1
    assert "by=salt" in host.exec(["docker", "info", "--format", "{{.Labels}}"]).stdout
    again = highstate(host)
    assert changes(again) == {}, comments(again)


@pytest.mark.full
def test_a_master_and_two_minions(salt_host: Callable[[], TestHost]) -> None:
    """A highstate of both, twice; the second changes nothing, and one that drifts is put right."""
    master, other = salt_host(), salt_host()
    config = {
        "interface": "0.0.0.0",
        "auto_accept": True,
        "user": "root",
        "file_roots": {"base": ["/srv/salt", f"{HERE}/adapters/salt/formula"]},
        "pillar_roots": {"base": ["/srv/pillar"]},
    }
    configure(master, PILLAR)
    master.write("/etc/salt/master", yaml.safe_dump(config))
    serve(master, "salt_master")
    for host in (master, other):
        minion = {"id": host.name, "master": master.address, "user": "root"}
        host.write("/etc/salt/minion", yaml.safe_dump(minion))
        serve(host, "salt_minion")
    both = {master.name, other.name}
    deadline = time.monotonic() + LIMIT
    while set(ask(master, "test.ping")) != both:
        assert time.monotonic() < deadline, master.exec(["journalctl", "-n", "30"]).stdout

    first = ask(master, "state.apply")
    assert set(first) == both
    for states in map(by_id, first.values()):
        assert {state["result"] for state in states.values()} == {True}, comments(states)
        assert "dockwright_project shop" in changes(states)
    for states in map(by_id, ask(master, "state.apply").values()):
        assert {state["result"] for state in states.values()} == {True}, comments(states)
        assert changes(states) == {}
    other.exec(["docker", "rm", "-f", "web"])
    third = {name: changes(by_id(states)) for name, states in ask(master, "state.apply").items()}
    assert third[master.name] == {}
    assert set(third[other.name]) == {"dockwright_host objects"}


def serve(host: TestHost, program: str) -> None:
    """Start a daemon of Salt's as a unit of the host."""
    code = f"from salt.scripts import {program} as run; run()"
    env = [f"--setenv={name}={value}" for name, value in environment().items()]
    host.exec(["systemd-run", f"--unit={program}", *env, "python3", "-c", code])


def ask(master: TestHost, *words: str) -> dict[str, Any]:
    """What the minions answer to their master, by their IDs."""
    options = ["--out=json", "--static", "--timeout=60", "*"]
    text = salt(master, "salt_main", *options, *words, check=False)
    try:
        answer = json.loads(text or "{}")
    except ValueError:  # nobody is there yet
        return {}
    return {name: value for name, value in answer.items() if value}
