"""An engine behind ssh, played by a script that joins its standard streams with a unix socket."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import Endpoint
from dockwright.engine.parallel import each
from dockwright.engine.ssh import ssh_arguments
from dockwright.errors import EngineTimeout, EngineUnreachable
from tests.unit.engine.server import Server

JOIN = """\
import os, socket, sys, threading
with open({notes!r}, "a") as notes:
    notes.write("\\n".join(sys.argv[1:]) + "\\n")
line = socket.socket(socket.AF_UNIX)
line.connect({target!r})
def send():
    while True:
        data = os.read(0, 65536)
        if not data:
            break
        line.sendall(data)
    line.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while True:
    data = line.recv(65536)
    if not data:
        break
    os.write(1, data)
"""


def install(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program named ssh first on the PATH."""
    script = folder / "ssh"
    script.write_text(text)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture
def ssh(
    unix_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Server, Path]:
    notes = tmp_path / "arguments"
    target = unix_server.url.partition("://")[2]
    text = JOIN.format(notes=str(notes), target=target)
    install(tmp_path, f"#!{sys.executable} -S\n{text}", monkeypatch)
    return unix_server, notes


def endpoint(url: str = "ssh://me@host") -> Endpoint:
    return Endpoint(url, None, "docker_host option")


@pytest.mark.parametrize(
    ("url", "limit", "tail"),
    [
        ("ssh://host", 60, ["-T", "--", "host", "docker", "system", "dial-stdio"]),
        (
            "ssh://me@host:2222",
            60,
            ["-T", "-l", "me", "-p", "2222", "--", "host", "docker", "system", "dial-stdio"],
        ),
        (
            "ssh://host/run/my docker.sock",
            60,
            [
                *["-T", "--", "host", "docker", "--host", "'unix:///run/my docker.sock'"],
                *["system", "dial-stdio"],
            ],
        ),
    ],
)
def test_the_command_line(url: str, limit: float, tail: list[str]) -> None:
    head = ["ssh", "-o", "ConnectTimeout=30", "-o", "BatchMode=yes"]
    assert ssh_arguments(url, limit) == head + tail


def test_the_limit_bounds_the_connecting() -> None:
    assert "ConnectTimeout=7" in ssh_arguments("ssh://host", 7.9)
    assert "ConnectTimeout=1" in ssh_arguments("ssh://host", 0.1)


def test_requests(ssh: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockwright.engine.ssh._GRACE", 60.0)
    server, notes = ssh
    server.routes["POST /x"] = Server.json({"a": 1})
    engine = Engine(endpoint(), timeout=10)
    assert engine.engine_version == "28.5.2"
    assert [engine.post("/x", {"b": "c" * 100_000}) for _ in range(3)] == [{"a": 1}] * 3
    assert notes.read_text().split().count("dial-stdio") == 1, "one process, kept"
    start = time.monotonic()
    engine.close()
    assert time.monotonic() - start < 30, "ssh ends when its standard input does"


def test_many_threads(ssh: tuple[Server, Path]) -> None:
    server, _ = ssh
    server.routes["GET /x"] = Server.json(1)
    engine = Engine(endpoint(), timeout=20)
    engine.negotiate()
    assert each(lambda _: engine.get("/x"), range(40), workers=4) == [1] * 40
    engine.close()


def test_connection_close(ssh: tuple[Server, Path]) -> None:
    server, _ = ssh
    body = b'"' + b"x" * 500_000 + b'"'
    server.routes["GET /x"] = lambda handler: handler.reply(200, body, Connection="close")
    engine = Engine(endpoint(), timeout=10)
    assert len(engine.get("/x")) == 500_000
    assert len(engine.get("/x")) == 500_000


def test_events(ssh: tuple[Server, Path]) -> None:
    server, _ = ssh

    def events(handler: object) -> None:
        handler.begin()
        handler.chunk(b'{"Action":"start"}\n')
        handler.rfile.read(1)

    server.routes["GET /events"] = events
    engine = Engine(endpoint(), timeout=10)
    with engine.events({}) as stream:
        assert next(stream.until(5)) == {"Action": "start"}
    engine.close()


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        ("me@host: Permission denied (publickey).", "ssh -o BatchMode=yes -p 22 me@host docker"),
        ("ssh: Could not resolve hostname host: Name or service not known", "ssh -o BatchMode"),
        ("Host key verification failed.", "host key known"),
        ("bash: line 1: docker: command not found", "install the docker command line"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", "engine runs there"),
    ],
)
def test_what_ssh_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, fix: str
) -> None:
    install(tmp_path, f"#!/bin/sh\necho '{words}' >&2\nexit 255\n", monkeypatch)
    with pytest.raises(EngineUnreachable) as caught:
        Engine(endpoint("ssh://me@host:22"), timeout=10).get("/info")
    assert words in caught.value.message
    assert "ssh://me@host:22 (from the docker_host option)" in caught.value.message
    assert fix in caught.value.fix


def test_no_ssh_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnreachable, match=r"no ssh program.*OpenSSH"):
        Engine(endpoint()).get("/info")


def test_an_ssh_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "#!/bin/sh\nexec sleep 60\n", monkeypatch)
    start = time.monotonic()
    with pytest.raises(EngineTimeout, match="GET /_ping"):
        Engine(endpoint(), timeout=0.3).get("/info")
    assert time.monotonic() - start < 40
