"""Logins at real registries with TLS and a password, and pulls that need them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright.model import Report
from tests.engine.private_registry import EXPIRED, GOOD, PASSWORD, USER, start_private, stop_private
from tests.engine.world import World, changes, told
from tests.hosts import TestHost, push, start_registry

FRONT, BUSY, TOKENS = "localhost:5090", "localhost:5092", "localhost:5093"
LOGIN = {"username": USER, "password": PASSWORD}
HELPER = """\
#!/bin/sh
# A credential helper that keeps its logins in a file, and tells with which words it was started.
kept="$(dirname "$0")/kept"
echo "$*" >> "$(dirname "$0")/words"
case $1 in
    store) cat > "$kept" ;;
    get) cat > /dev/null; cat "$kept" 2> /dev/null || { echo credentials not found; exit 1; } ;;
    erase) cat > /dev/null; rm -f "$kept" ;;
esac
"""


@pytest.fixture(scope="module")
def private26(host26: TestHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHost]:
    """The engine 26.1 beside registries with TLS, and a bad one."""
    start_private(host26, tmp_path_factory.mktemp("certificates"))
    unit, script = "dockwright-login-front", "/opt/dockwright/tests/engine/registry_front.py"
    host26.exec(["rm", "-f", "/run/dockwright-front-was-cut"])
    # It comes back some time after it was cut off in the middle of a pull.
    restart = ["-p", "Restart=always", "-p", "RestartSec=2"]
    start = ["systemd-run", "-q", "--unit", unit, *restart, "--collect", "python3", script]
    host26.exec([*start, FRONT.rpartition(":")[2], "5000"])
    probe = f"for i in $(seq 100); do curl -s http://{FRONT}/v2/ && exit; sleep 0.1; done"
    host26.exec(["sh", "-c", f"{probe}; exit 1"])
    yield host26
    host26.exec(["systemctl", "stop", unit], check=False)
    stop_private(host26)


@pytest.fixture
def world(
    private26: TestHost,
    world_of: Callable[[TestHost], World],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "memory"))
    return world_of(private26)


def offer(world: World, name: str, **config: Any) -> str:
    """An image in the registries that the engine itself does not have; its ID."""
    tag = "dockwright/offered:1"
    start_registry(world.host)
    world.host.load_tiny(tag, Labels={"name": name}, **config)
    identity = world.client.images.get(tag).id
    push(world.host, tag, name)
    world.client.images.remove(tag)
    return str(identity)


def offer_layer(world: World, name: str) -> str:
    """The same with a layer that no other image has, so that a pull has to get it."""
    tag = "dockwright/offered:layer"
    start_registry(world.host)
    identity = world.host.load_layer(tag)
    push(world.host, tag, name)
    world.client.images.remove(tag)
    return identity


def login(registry: str, **more: Any) -> dict[str, Any]:
    return {"registries": {registry: {**LOGIN, **more}}}


def config(tmp_path: Path) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "docker/config.json").read_text()))


def is_silent(report: Report, *secrets: str) -> bool:
    text = json.dumps(api.to_dict(report)) + "\n".join(api.lines(report)) + repr(report)
    return not any(secret in text for secret in secrets)


def test_a_login_is_checked_stored_and_used(world: World, tmp_path: Path) -> None:
    identity = offer(world, "login/web:1")
    name = f"{GOOD}/login/web:1"
    (problem,) = world.fail({"images": {name: {}}}).problems
    assert f"user name and password for {GOOD}" in problem.fix
    document = {**login(GOOD), "images": {name: {}}}
    report = world.apply(document)
    kinds = [(change["kind"], change["action"]) for change in changes(report)]
    assert kinds == [("registry_login", "create"), ("image", "pull")]
    assert is_silent(report, PASSWORD)
    assert world.client.images.get(name).id == identity
    text = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert config(tmp_path) == {"auths": {GOOD: {"auth": text}}}
    assert (tmp_path / "docker/config.json").stat().st_mode & 0o7777 == 0o600
    # Stored, it serves runs that say nothing of it; and it costs no question.
    world.client.images.remove(name)
    world.apply({"images": {name: {}}})
    world.check(login(GOOD))
    assert "POST /auth" not in world.log
    world.client.images.remove(name)


def test_the_docker_command_takes_what_we_stored(world: World, tmp_path: Path) -> None:
    offer(world, "login/cli:1")
    world.apply(login(GOOD))
    world.host.write("/root/.docker/config.json", (tmp_path / "docker/config.json").read_text())
    pulled = world.host.exec(["docker", "pull", "-q", f"{GOOD}/login/cli:1"])
    assert pulled.stdout.strip() == f"{GOOD}/login/cli:1"
    world.client.images.remove(f"{GOOD}/login/cli:1")
    world.host.exec(["docker", "logout", GOOD])
    world.host.exec(["docker", "login", "-u", USER, "--password-stdin", GOOD], input=PASSWORD)
    (tmp_path / "docker/config.json").write_text(world.host.read("/root/.docker/config.json"))
    assert changes(world.check(login(GOOD))) == []
    world.host.exec(["rm", "-rf", "/root/.docker"])


def test_a_wrong_password_is_refused_before_anything_is_touched(
    world: World, tmp_path: Path
) -> None:
    wrong = {**login(GOOD, password="wrong-word-7"), "volumes": {"data": {}}}
    for check in (True, False):
        report = world.run(wrong, check=check)
        (problem,) = report.problems
        assert problem.where == f"registries.{GOOD}"
        assert "unauthorized" in problem.message.lower()
        assert f"user name and password for {GOOD}" in problem.fix
        assert is_silent(report, "wrong-word-7")
    assert not (tmp_path / "docker").exists()
    assert "data" not in world.volumes()
    report = world.apply(login(GOOD, password="wrong-word-7", verify=False))
    assert "POST /auth" not in world.log
    assert [(c["action"], c["path"]) for c in changes(world.check(login(GOOD)))] == [
        ("update", "password")
    ]
    world.apply(login(GOOD))


def test_a_certificate_whose_time_is_up(world: World, tmp_path: Path) -> None:
    (problem,) = world.fail(login(EXPIRED)).problems
    assert "certificate has expired" in problem.message
    assert f"renew the certificate of {EXPIRED}" in problem.fix
    assert world.log.count("POST /auth") == 1  # another try would not help
    assert not (tmp_path / "docker").exists()
    (problem,) = world.fail({"images": {f"{EXPIRED}/login/web:1": {}}}).problems
    assert "renew the certificate" in problem.fix


def test_a_helper_keeps_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity, name = offer(world, "login/helped:1"), f"{GOOD}/login/helped:1"
    program = tmp_path / "bin/docker-credential-testing"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(json.dumps({"credHelpers": {GOOD: "testing"}}))
    world.apply(login(GOOD))
    assert PASSWORD in (program.parent / "kept").read_text()
    assert config(tmp_path) == {"credHelpers": {GOOD: "testing"}, "auths": {GOOD: {}}}
    world.apply({"images": {name: {}}})  # the pull asks the helper
    assert world.client.images.get(name).id == identity
    world.client.images.remove(name)
    world.apply({"registries": {GOOD: {"state": "absent"}}})
    assert not (program.parent / "kept").exists()
    assert set((program.parent / "words").read_text().split()) == {"store", "get", "erase"}


def test_a_registry_that_gives_a_token_for_the_password(world: World, tmp_path: Path) -> None:
    """It is stored as the docker command does, and serves pulls; the password is nowhere."""
    identity = offer(world, "login/token:1")
    name = f"{TOKENS}/login/token:1"
    document = {"registries": {TOKENS: {"username": "ci", "password": "secret"}}}
    assert world.fail({"images": {name: {}}})
    report = world.apply(document)
    assert is_silent(report, "token-of-a-login")
    stored = config(tmp_path)
    assert stored["auths"][TOKENS]["identitytoken"] == "token-of-a-login"
    world.host.exec(["docker", "login", "-u", "ci", "--password-stdin", TOKENS], input="secret")
    theirs = json.loads(world.host.read("/root/.docker/config.json"))
    world.host.exec(["rm", "-rf", "/root/.docker"])
    assert stored["auths"] == theirs["auths"]
    world.apply({"images": {name: {}}})
    assert world.client.images.get(name).id == identity
    world.client.images.remove(name)
    world.check(document)
    assert "POST /auth" not in world.log


def test_absent_takes_one_login_away(world: World, tmp_path: Path) -> None:
    both = {"registries": {GOOD: LOGIN, "other.test": {**LOGIN, "verify": False}}}
    world.apply(both)
    world.apply({"registries": {GOOD: {"state": "absent"}}})
    assert list(config(tmp_path)["auths"]) == ["other.test"]


def test_a_registry_that_wants_us_to_wait(world: World) -> None:
    identity, name = offer(world, "busy/web:1"), f"{FRONT}/busy/web:1"
    began = time.monotonic()
    report = world.run(
        {"registries": {BUSY: {"username": "ci", "password": "secret"}}, "images": {name: {}}}
    )
    assert not report.failed, told(report)
    assert world.log.count("POST /auth") == 3
    assert time.monotonic() - began > 1  # at least as long as the registry wants
    assert world.client.images.get(name).id == identity
    world.client.images.remove(name)


def test_a_registry_that_goes_down_in_the_middle_of_a_pull(world: World) -> None:
    identity, name = offer_layer(world, "cut/web:1"), f"{FRONT}/cut/web:1"
    report = world.run({"images": {name: {}}})
    assert not report.failed, told(report)
    assert world.host.exec(["cat", "/run/dockwright-front-was-cut"]).returncode == 0
    assert world.client.images.get(name).id == identity
