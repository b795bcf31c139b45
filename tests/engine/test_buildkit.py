"""Images that BuildKit builds, with secrets that nobody sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.storage_world import run
from tests.hosts import TINY, TestHost

NAME = "dwbuild/kit:1"
FOLDER = "/var/lib/containerd/kit"
DOCKERFILE = f"""\
FROM {TINY} AS made
ARG WORD=none
COPY a.txt /a.txt
RUN --mount=type=secret,id=file --mount=type=secret,id=text \\
    cat /run/secrets/file /run/secrets/text | wc -c > /size; echo "$WORD" > /word
FROM made AS unwanted
RUN false
FROM made AS last
"""
# Notes what arguments each docker command gets, and does as it does.
SPY = """#!/bin/sh
echo "$*" >> /var/lib/containerd/spied
exec /usr/bin/docker "$@"
"""
HIDDEN = "hidden-word-7"
BUILD: dict[str, Any] = {
    "context": FOLDER,
    "builder": "buildkit",
    "target": "last",
    "args": {"WORD": "hidden-word-5"},
    "secrets": {"file": {"file": "/root/kit-secret"}, "text": {"content": HIDDEN}},
}


def document(**more: Any) -> dict[str, Any]:
    return {"images": {NAME: {"build": {**BUILD, **more}, "platform": "linux"}}}


def prepare(host: TestHost) -> None:
    host.load_tiny()
    host.exec(["mkdir", "-p", FOLDER])
    host.write(f"{FOLDER}/Dockerfile", DOCKERFILE)
    host.write(f"{FOLDER}/a.txt", "one")
    host.write("/root/kit-secret", "hidden-word-6")
    host.write("/usr/local/bin/docker", SPY, mode=0o755)


def inside(host: TestHost, command: str) -> str:
    return host.exec(["/usr/bin/docker", "run", "--rm", NAME, "sh", "-c", command]).stdout


@pytest.mark.parametrize(
    "recipe", ["debian-13-buildx", pytest.param("debian-12", marks=pytest.mark.full)]
)
def test_it_is_built_once_and_no_secret_is_seen(
    new_host: Callable[..., TestHost], recipe: str
) -> None:
    host = new_host(recipe)
    prepare(host)
    planned = run(host, "plan", document())
    assert [c["action"] for c in planned["changes"]] == ["build"], planned["message"]
    done = run(host, "apply", document())
    assert not done["failed"], done["message"]
    assert inside(host, "cat /a.txt /size /word").split() == ["one26", "hidden-word-5"]
    assert run(host, "plan", document())["changes"] == []
    # Secrets change how it is built, not what it is; files, arguments and the target do.
    other = {"secrets": {"file": {"content": "x"}, "text": {"content": "y"}}}
    assert run(host, "plan", document(**other))["changes"] == []
    for wish in ({"args": {"WORD": "other"}}, {"target": "made"}):
        assert [c["action"] for c in run(host, "plan", document(**wish))["changes"]] == ["build"]
    host.write(f"{FOLDER}/a.txt", "two")
    done = run(host, "apply", document())
    assert not done["failed"], done["message"]
    assert inside(host, "cat /a.txt") == "two"
    # A step that fails is told, with what it wrote, but not what is secret.
    loud = DOCKERFILE.replace("| wc -c > /size;", "; echo; exit 3;")
    host.write(f"{FOLDER}/Dockerfile", loud)
    failed = run(host, "apply", document(no_cache=True))
    assert failed["failed"]
    assert "exit code: 3" in failed["message"]
    assert inside(host, "cat /a.txt") == "two"
    spied = host.read("/var/lib/containerd/spied")
    assert "--secret" in spied
    history = host.exec(["/usr/bin/docker", "history", "--no-trunc", NAME]).stdout
    for word in (HIDDEN, "hidden-word-6"):
        assert word not in spied + history + json.dumps([planned, done, failed])
    assert "hidden-word-5" not in spied + json.dumps([planned, done, failed])


def test_without_the_plugin_it_is_refused_by_name(host26: TestHost) -> None:
    host26.exec(["mkdir", "-p", FOLDER])
    host26.write(f"{FOLDER}/Dockerfile", DOCKERFILE)
    refused = run(host26, "plan", document())
    assert refused["failed"]
    assert "docker-buildx" in refused["message"]
