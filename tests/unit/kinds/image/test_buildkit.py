"""What BuildKit is called with: nothing that may be secret; what is told of a failure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.endpoint import TLS, Endpoint
from dockwright.engine.fake import FakeEngine
from dockwright.errors import ApplyFailed, HostError
from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.memory import Memory
from dockwright.kinds.image import building, buildkit
from dockwright.kinds.image.have import BuildSite, Edges, observe
from dockwright.kinds.image.want import parse

SECRET = "hidden-word-8"
HERE = FakeEngine().endpoint


class Commands:
    """Answers for the docker command, and keeps what it was called with."""

    def __init__(self, code: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.calls: list[tuple[list[str], dict[str, str]]] = []
        self.answer = (code, stdout, stderr)

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.calls.append((list(argv), dict(options.get("env") or {})))
        return Completed(tuple(argv), *self.answer)


def build(commands: Commands, folder: Path, engine: FakeEngine | None = None, **more: Any) -> None:
    spec = {"build": {"context": "/srv/web", "builder": "buildkit", **more}}
    site = BuildSite(str, Memory(Files(), str(folder)), commands)
    want = parse("web:1", spec, "images.web:1")
    buildkit.build(engine or FakeEngine(), want, {"a": "b"}, site)


def test_secrets_and_arguments_are_variables(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    (tmp_path / "key").write_text(SECRET)
    commands = Commands()
    secrets = {
        "a": {"content": SECRET},
        "b": {"environment": "TOKEN"},
        "c": {"file": str(tmp_path / "key")},
    }
    build(commands, tmp_path, args={"WORD": SECRET}, secrets=secrets, cache_from=["web:0"])
    ((argv, env),) = commands.calls
    assert SECRET not in " ".join(argv)
    assert argv[:2] == ["docker", "build"]
    assert argv[-1] == "/srv/web"
    words = " ".join(argv)
    assert "--build-arg WORD " in words
    assert "--cache-from web:0" in words
    assert "--label a=b" in words
    assert f"--secret id=c,src={tmp_path}/key" in words
    held = {word.partition("env=")[2] for word in argv if "env=" in word}
    assert [env[name] for name in held] == [SECRET, SECRET]
    assert env["WORD"] == SECRET


def test_a_failure_is_told_without_what_is_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"first\n{SECRET}\n")
    said = f"#5 0.1 {SECRET}\nERROR: failed to solve: {SECRET}: exit code: 1\n"
    with pytest.raises(ApplyFailed) as caught:
        build(Commands(1, "", said), tmp_path, secrets={"k": {"file": str(tmp_path / "key")}})
    assert "exit code: 1" in caught.value.message
    assert SECRET not in caught.value.message


def test_no_piece_of_a_secret_is_told(tmp_path: Path) -> None:
    """Lines of the output are quoted without their margins; one secret may be in another."""
    (tmp_path / "key").write_text(f"key:\n    {SECRET}  \n    {SECRET}-and-more\n")
    said = f"#5 0.1\n    {SECRET}\n    {SECRET}-and-more\nERROR: failed\n"
    with pytest.raises(ApplyFailed) as caught:
        build(Commands(1, "", said), tmp_path, secrets={"k": {"file": str(tmp_path / "key")}})
    assert "ERROR: failed" in caught.value.message
    assert SECRET not in caught.value.message
    assert "and-more" not in caught.value.message


def test_a_path_may_hold_what_separates_fields(tmp_path: Path) -> None:
    path = tmp_path / 'a,"b",src=c'
    path.write_text(SECRET)
    commands = Commands()
    build(commands, tmp_path, secrets={"k": {"file": str(path)}})
    ((argv, _),) = commands.calls
    word = argv[argv.index("--secret") + 1]
    assert next(csv.reader([word])) == ["id=k", f"src={path}"]


@pytest.mark.parametrize(
    ("tls", "wanted"),
    [
        (None, ["", "", None]),
        (TLS("/keys/ca.pem", "/keys/cert.pem", "/keys/key.pem", True), ["", "1", "/keys"]),
        (TLS(None, "/keys/cert.pem", "/keys/key.pem", False), ["1", "", "/keys"]),
    ],
)
def test_the_command_meets_the_engine_as_we_do(
    tmp_path: Path, tls: TLS | None, wanted: list[str | None]
) -> None:
    engine, commands = FakeEngine(), Commands()
    engine.endpoint = Endpoint("tcp://engine:2376", tls, "docker_host option")
    build(commands, tmp_path, engine)
    ((_, env),) = commands.calls
    assert env["DOCKER_HOST"] == "tcp://engine:2376"
    found = [env.get(name) for name in ("DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")]
    assert found == wanted


def test_what_the_command_cannot_trust_is_refused() -> None:
    endpoint = Endpoint("tcp://engine:2376", TLS(None, None, None, True), "docker_host option")
    assert "ca.pem" in buildkit.missing(Commands(0, "Docker version 20.10.24, build 1"), endpoint)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ({"file": "/nowhere"}, "no file /nowhere"),
        ({"file": "/"}, "no file /"),
        ({"environment": "NO_SUCH_VARIABLE"}, "no variable NO_SUCH_VARIABLE"),
    ],
)
def test_a_lost_secret_is_seen_by_the_plan(
    tmp_path: Path, source: dict[str, str], part: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    kit = {"context": str(tmp_path), "builder": "buildkit", "secrets": {"k": source}}
    want = parse("web:1", {"build": kit}, "images.web:1")
    commands = Commands(0, "Docker version 20.10.24, build 1")
    site = BuildSite(str, Memory(Files(), str(tmp_path / "memory")), commands)
    engine = FakeEngine()
    have = observe(Edges(engine, {}, site=site), want)
    (problem,) = building.problems(want, have)
    assert problem.where == "images.web:1.build.secrets.k"
    assert part in problem.message
    # An image that is as it should be needs none.
    assert have.context is not None
    identity = engine.add_image("web:1")
    labels = building.recipe(want, have.context, (), have.args_mark)
    engine.host.images[identity]["Config"] = {"Labels": labels}
    have = observe(Edges(engine, {}, site=site), want)
    assert (have.id != "", building.problems(want, have)) == (True, [])
    assert building.plan(want, have, {}, ()) is None


@pytest.mark.parametrize("good_reads", [0, 1])
def test_a_secret_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_reads: int
) -> None:
    """Neither at the first look, nor when it is gone at the second, is it another error."""
    (tmp_path / "key").write_text(SECRET)
    reads: list[str] = []

    def text(path: str, site: BuildSite) -> str:
        reads.append(path)
        if len(reads) > good_reads:
            raise PermissionError(13, "Permission denied", path)
        return SECRET

    monkeypatch.setattr(buildkit, "_text", text)
    commands = Commands()
    with pytest.raises(ApplyFailed) as caught:
        build(commands, tmp_path, secrets={"k": {"file": str(tmp_path / "key")}})
    assert caught.value.where == "images.web:1.build.secrets.k"
    assert "Permission denied" in caught.value.message
    assert commands.calls == []


@pytest.mark.parametrize("source", [{"file": "/nowhere"}, {"environment": "NO_SUCH_VARIABLE"}])
def test_a_secret_that_is_not_there(tmp_path: Path, source: dict[str, str]) -> None:
    commands = Commands()
    with pytest.raises(ApplyFailed) as caught:
        build(commands, tmp_path, secrets={"k": source})
    assert caught.value.where == "images.web:1.build.secrets.k"
    assert commands.calls == []


def test_whether_there_is_buildkit() -> None:
    assert buildkit.missing(Commands(0, "Docker version 20.10.24, build 1"), HERE) == ""
    assert buildkit.missing(Commands(0, "Docker version 26.1.5, build 1"), HERE) == ""
    assert "no buildx" in buildkit.missing(Commands(1, "Docker version 26.1.5, build 1"), HERE)

    def lost(argv: Sequence[str], **_: Any) -> Completed:
        raise HostError("cannot run it")

    assert "no docker command" in buildkit.missing(lost, HERE)
