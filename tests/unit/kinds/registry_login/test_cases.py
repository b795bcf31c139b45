"""Every option of a login: same, changed, removed, bad value, as data in tests/cases.

A case: ``want`` (an entry of ``registries``, of ``registry``), ``config`` (config.json, or its
``text``) with ``mode``, ``kept`` (what the credential helper has), ``answer`` (of the registry),
``token`` (that it gives for a login); then ``changes`` as [action, path, before, after] or
``problem`` and ``words``, and what is there once they are applied.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright import reconcile
from dockwright.api import Connection, Report, converge, to_dict
from dockwright.engine.fake import FakeEngine
from dockwright.errors import HostError
from dockwright.host.commands import Completed
from dockwright.host.machine import Host
from dockwright.kinds.image import credentials, retry
from dockwright.kinds.registry_login.options import ROWS

FILES = sorted((Path(__file__).parents[3] / "cases/registry_login").glob("*.json"))
REGISTRY = "registry.example"
CONFIG = "/home/me/.docker/config.json"


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{case['name']}".replace(" ", "-"))
        for file in FILES
        for case in json.loads(file.read_text())["cases"]
    ]


class World:
    """A host's folder, an engine and a credential helper; all in memory but the folder."""

    def __init__(self, case: dict[str, Any], root: Path) -> None:
        self.case = case
        self.engine = FakeEngine()
        self.engine.info["ID"] = "E"
        self.file = root / case.get("path", CONFIG).lstrip("/")
        self.kept = {server: tuple(pair) for server, pair in case.get("kept", {}).items()}
        self.commands: list[tuple[str, ...]] = []
        self.host = Host(root=str(root), runner=self._run)
        text = case.get("text", json.dumps(case["config"]) if "config" in case else None)
        if text is not None:
            self.file.parent.mkdir(parents=True)
            self.file.write_text(text)
            self.file.chmod(int(case.get("mode", "0600"), 8))
        self.engine.host.tokens[REGISTRY] = case.get("token", "")
        if "answer" in case:
            self.engine.fail_on("POST", "^/auth", *case["answer"], times=100)

    def converge(self, *, check: bool = False) -> Report:
        want = {self.case.get("registry", REGISTRY): self.case["want"]}
        return converge(
            {"registries": want}, connection=Connection("unix:///x"), host=self.host, check=check
        )

    def _run(
        self, argv: Sequence[str], *, input: str | None = None, timeout: float = 60.0
    ) -> Completed:
        """A credential helper as Docker's are."""
        self.commands.append(tuple(argv))
        program, verb = argv
        if program != "docker-credential-test":
            raise HostError(f"cannot run `{program}`: No such file or directory")
        given = input or ""
        if verb == "store":
            content = json.loads(given)
            self.kept[content["ServerURL"]] = (content["Username"], content["Secret"])
        elif given not in self.kept:
            return Completed(tuple(argv), 1, "credentials not found in native keychain\n", "")
        elif verb == "erase":
            del self.kept[given]
        else:
            names = ("Username", "Secret")
            answer = {"ServerURL": given, **dict(zip(names, self.kept[given]))}
            return Completed(tuple(argv), 0, json.dumps(answer), "")
        return Completed(tuple(argv), 0, "", "")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses take no time, and the user has a home of their own."""
    monkeypatch.setattr(retry.Retry, "sleep", lambda self, seconds: None)
    monkeypatch.setenv("DOCKER_CONFIG", str(Path(CONFIG).parent))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(case, tmp_path)
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: world.engine)
    before = snapshot(tmp_path)
    planned = world.converge(check=True)
    assert snapshot(tmp_path) == before
    assert not [words for words in world.commands if words[1] != "get"]
    assert world.engine.log.count("POST /auth") == case.get("asked", 0)
    if "problem" in case:
        refused(case, planned)
        return
    assert not planned.failed, planned.problems
    found = [[c.action.value, c.path, c.before, c.after] for c in planned.plan.changes]
    assert found == json.loads(json.dumps(case["changes"]).replace("PATH", CONFIG))
    assert is_quiet(case, planned, world)
    done = world.converge()
    assert not done.failed, done.problems
    assert done.plan.changes == planned.plan.changes
    if "then" in case:
        assert json.loads(world.file.read_text()) == case["then"]
    if "mode then" in case:
        assert f"{world.file.stat().st_mode & 0o7777:04o}" == case["mode then"]
    if "kept then" in case:
        assert world.kept == {server: tuple(pair) for server, pair in case["kept then"].items()}
    assert world.converge(check=True).plan.changes == ()


def refused(case: dict[str, Any], report: Report) -> None:
    assert report.failed
    assert [problem.where for problem in report.problems] == [case["problem"]]
    text = "\n".join(problem.text() for problem in report.problems)
    assert case.get("words", "") in text
    password = case["want"].get("password")
    assert not (password and isinstance(password, str)) or password not in json.dumps(
        to_dict(report)
    )


def is_quiet(case: dict[str, Any], report: Report, world: World) -> bool:
    """Whether the password is neither shown nor given to a command as an argument."""
    secrets = (case["want"].get("password", "\0"), case.get("token", "\0"))
    told = json.dumps(to_dict(report), ensure_ascii=False) + repr(report) + repr(world.commands)
    return not any(secret in told for secret in secrets)


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in files}


def test_every_option_has_its_cases() -> None:
    named = {
        file.stem: [c["name"] for c in json.loads(file.read_text())["cases"]] for file in FILES
    }
    assert set(named) == {row.name for row in ROWS}
    for row, names in named.items():
        assert "bad value" in names and len(names) >= 4, row


@pytest.mark.usefixtures("hasty")
def test_causes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = {"want": {"username": "ci", "password": "good-1", "verify": False}}
    world = World(case, tmp_path)
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: world.engine)

    def causes(password: str) -> list[str]:
        case["want"]["password"] = password
        return [change.cause.value for change in world.converge(check=True).plan.changes]

    assert causes("good-1") == ["spec"]
    assert not world.converge().failed
    assert causes("good-2") == ["spec"]
    world.file.write_text(world.file.read_text().replace("auths", "other"))
    assert causes("good-1") == ["drift"]
    kept = "".join(p.read_text() for p in (tmp_path / "var/lib/dockwright").glob("*.json"))
    assert "good-1" not in kept


@pytest.mark.usefixtures("hasty")
def test_without_verify_no_engine_is_needed(tmp_path: Path) -> None:
    case = {"want": {"username": "ci", "password": "good-1", "verify": False}}
    world = World(case, tmp_path)
    assert not world.converge().failed  # unix:///x is nowhere
    assert world.file.exists()
    del case["want"]["verify"]
    case["want"]["password"] = "good-2"
    assert not world.converge(check=True).failed  # planned for an engine that is still to come
    assert world.converge().failed
    assert "good-2" not in world.file.read_text()


@pytest.mark.usefixtures("hasty")
def test_a_registry_twice_is_refused() -> None:
    entry = {"username": "ci", "password": "good-1"}
    report = converge({"registries": {"docker.io": entry, "index.docker.io": entry}}, check=True)
    (problem,) = report.problems
    assert problem.where == "registries.index.docker.io"
    assert "docker.io" in problem.message


@pytest.mark.usefixtures("hasty")
def test_a_token_counts_as_the_login_it_was_given_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case: dict[str, Any] = {"want": {"username": "ci", "password": "good-1"}, "token": "tok-1"}
    world = World(case, tmp_path)
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: world.engine)
    assert world.converge().changed
    asked = world.engine.log.count("POST /auth")
    assert not world.converge().changed
    assert world.engine.log.count("POST /auth") == asked  # what is stored costs no question
    world.engine.host.tokens[REGISTRY] = "tok-2"
    case["want"]["password"] = "good-2"
    assert [change.path for change in world.converge().plan.changes] == ["password"]
    assert json.loads(world.file.read_text())["auths"][REGISTRY]["identitytoken"] == "tok-2"
    # Without a memory nothing tells what the token was given for: asked and stored anew.
    for kept in (tmp_path / "var/lib/dockwright").glob("*.json"):
        kept.unlink()
    assert world.converge().changed
    assert not world.converge().changed


@pytest.mark.usefixtures("hasty")
@pytest.mark.usefixtures("hasty")
def test_each_file_has_a_token_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same registry in the files of two users: by one login, then by another each."""
    case: dict[str, Any] = {"want": {}}
    world = World(case, tmp_path)
    monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: world.engine)
    places = [f"/home/{user}/.docker/config.json" for user in ("one", "two")]
    # A token for both, another when both have a new password, then a user of each file's own.
    for token, logins in (
        ("tok-1", (("ci", "good-1"), ("ci", "good-1"))),
        ("tok-2", (("ci", "good-2"), ("ci", "good-2"))),
        ("tok-3", (("ci", "good-2"), ("me", "good-3"))),
    ):
        world.engine.host.tokens[REGISTRY] = token
        for changes in (True, False):
            for number, (place, (user, password)) in enumerate(zip(places, logins)):
                login = {"username": user, "password": password, "config_path": place}
                case["want"] = login
                is_new = token != "tok-3" or number == 1
                assert world.converge().changed is (changes and is_new), (token, place)
                stored = json.loads((tmp_path / place.lstrip("/")).read_text())["auths"][REGISTRY]
                assert stored["identitytoken"] == (token if is_new else "tok-2")


@pytest.mark.usefixtures("hasty")
def test_pulls_use_a_token_of_the_file_and_of_a_helper(tmp_path: Path) -> None:
    server = {"auths": {REGISTRY: {"auth": "Y2k6", "identitytoken": "tok-1"}}}
    for config, kept in ((server, {}), ({"credsStore": "test"}, {REGISTRY: ["<token>", "tok-1"]})):
        folder = tmp_path / ("file" if not kept else "helper")
        world = World({"want": {}, "config": config, "kept": kept}, folder)
        header = credentials.headers(credentials.of_user({}, world.host), REGISTRY)
        sent = json.loads(base64.urlsafe_b64decode(header["X-Registry-Auth"]))
        assert sent == {"identitytoken": "tok-1", "serveraddress": REGISTRY}
