"""What BuildKit is called with: nothing that may be secret; what is told of a failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.errors import ApplyFailed, HostError
from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.memory import Memory
from dockwright.kinds.image import buildkit
from dockwright.kinds.image.have import BuildSite
from dockwright.kinds.image.want import parse

SECRET = "hidden-word-8"


class Commands:
    """Answers for the docker command, and keeps what it was called with."""

    def __init__(self, code: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.calls: list[tuple[list[str], dict[str, str]]] = []
        self.answer = (code, stdout, stderr)

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.calls.append((list(argv), dict(options.get("env") or {})))
        return Completed(tuple(argv), *self.answer)


def build(commands: Commands, folder: Path, **more: Any) -> None:
    spec = {"build": {"context": "/srv/web", "builder": "buildkit", **more}}
    site = BuildSite(str, Memory(Files(), str(folder)), commands)
    buildkit.build(FakeEngine(), parse("web:1", spec, "images.web:1"), {"a": "b"}, site)


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


@pytest.mark.parametrize("source", [{"file": "/nowhere"}, {"environment": "NO_SUCH_VARIABLE"}])
def test_a_secret_that_is_not_there(tmp_path: Path, source: dict[str, str]) -> None:
    commands = Commands()
    with pytest.raises(ApplyFailed) as caught:
        build(commands, tmp_path, secrets={"k": source})
    assert caught.value.where == "images.web:1.build.secrets.k"
    assert commands.calls == []


def test_whether_there_is_buildkit() -> None:
    assert buildkit.missing(Commands(0, "Docker version 20.10.24, build 1")) == ""
    assert buildkit.missing(Commands(0, "Docker version 26.1.5, build 1")) == ""
    assert "no buildx" in buildkit.missing(Commands(1, "Docker version 26.1.5, build 1"))

    def lost(argv: Sequence[str], **_: Any) -> Completed:
        raise HostError("cannot run it")

    assert "no docker command" in buildkit.missing(lost)
