"""The verbs of the command line for actions, on a real engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.world import World, container, project

COMMAND = [sys.executable, "-m", "dockwright_cli"]


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.apply(project({"web": container(environment={"TOKEN": "hidden-word-5"})}))
    return lean_world


def call(world: World, verb: str, *argv: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    words = [*COMMAND, verb, "--docker-host", world.host.docker_host, *argv]
    return subprocess.run(words, capture_output=True, check=False, **options)


def test_a_command_is_as_it_is_with_docker(world: World) -> None:
    noise = bytes(range(256)) * 300
    done = call(
        world, "exec", "-i", "web", "--", "sh", "-c", "cat; echo err >&2; exit 3", input=noise
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, noise, b"err\n")
    done = call(world, "exec", "--success", "3", "web", "sh", "-c", "exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    script = 'id -u; pwd; echo "$WORD"'
    options = ["-u", "7", "-w", "/tmp", "-e", "WORD=a b"]
    assert call(world, "exec", *options, "web", "sh", "-c", script).stdout == b"7\n/tmp\na b\n"
    # Nobody reads what it is given, and it reads nothing where nothing is given.
    assert call(world, "exec", "-i", "web", "true", input=b"x" * 3_000_000).returncode == 0
    assert call(world, "exec", "web", "cat", input=b"x").stdout == b""

    for name, words in (("web", "/no/such"), ("nobody", "there is no container nobody")):
        done = call(world, "exec", name, "/no/such")
        # The engines differ in whether a program that is not there is an exit code or a refusal.
        assert done.returncode in ((125,) if name == "nobody" else (125, 126, 127))
        assert words in (done.stdout + done.stderr).decode()
    done = call(world, "exec", "--limit", "1s", "web", "sleep", "100000")
    assert (done.returncode, b"did not end within 1 s" in done.stderr) == (125, True)


def test_a_command_is_run_only_where_it_has_to_be(world: World) -> None:
    make = ["--creates", "/made", "web", "touch", "/made"]
    with world.untouched():
        done = call(world, "exec", "--check", *make)
    assert (done.returncode, done.stdout) == (0, b"would run `touch /made`\n")
    done = call(world, "exec", *make)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    done = call(world, "exec", *make)
    assert (done.returncode, done.stderr) == (0, b"dockwright: not run: /made is there\n")
    answer = json.loads(call(world, "exec", "--json", "-e", "A=hidden-word-6", "web", "env").stdout)
    assert (answer["rc"], "A=********\n" in answer["stdout"]) == (0, True)


def test_what_a_command_writes_comes_at_once(world: World) -> None:
    script = "echo ready; while ! test -e /go; do sleep 0.1; done; exit 4"
    words = [*COMMAND, "exec", "--docker-host", world.host.docker_host, "web", "sh", "-c", script]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert process.poll() is None
        assert world.does("web", "touch", "/go")
        assert process.wait(60) == 4
    with subprocess.Popen(
        [*words[:-1], "while echo y; do :; done"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(2) == b"y\n"
        process.stdout.close()  # the reader has gone
        assert process.wait(60) == 125
        assert process.stderr.read() == b""


def test_copies(world: World, tmp_path: Path) -> None:
    source = tmp_path / "page"
    source.write_text("one\n")
    into = [str(source), "web:/etc/"]
    with world.untouched():
        done = call(world, "copy", "--check", "--diff", "--detailed-exitcodes", *into)
    assert done.returncode == 2
    told = done.stdout.decode()
    assert told.startswith("would write /etc/page: it is not there\n")
    assert "+mode: 0644\n+one\n" in told
    assert call(world, "copy", "--mode", "0640", "--owner", "7:8", *into).returncode == 0
    assert world.does("web", "sh", "-c", "test $(stat -c %a:%u:%g /etc/page) = 640:7:8")
    done = call(world, "copy", "--detailed-exitcodes", *into)
    assert (done.returncode, done.stdout) == (0, b"/etc/page is as it should be\n")
    piped = call(world, "copy", "/dev/stdin", "web:/etc/piped", input=b"\0\xff")
    assert piped.returncode == 0, piped.stderr

    folder = tmp_path / "folder"
    folder.mkdir()
    for dest, found in (
        ("folder", "folder/page"),
        ("folder/other", "folder/other"),
        ("page.2", "page.2"),
    ):
        done = call(world, "copy", "web:/etc/page", dest, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / found).read_text() == "one\n"
    assert call(world, "copy", "web:/etc/piped", str(folder)).returncode == 0
    assert (folder / "piped").read_bytes() == b"\0\xff"
    done = call(world, "copy", "folder/", "web:/srv/site", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert world.does("web", "cmp", "/srv/site/other", "/etc/page")
    done = call(world, "copy", str(source), "web:/etc")
    assert done.returncode == 1
    assert b"/etc is a folder. Name the file in it; with a slash" in done.stderr
    done = call(world, "export", "--detailed-exitcodes", "web", "web.tar", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "web.tar").stat().st_size > 10_000) == (2, True)


def test_prune_and_info(world: World) -> None:
    world.client.volumes.create("of-nobody")
    world.client.networks.create("of-nobody", labels={"a": "b=c"})
    argv = ["--volumes", "unused", "--networks", "--detailed-exitcodes"]
    with world.untouched():
        done = call(world, "prune", "--check", *argv)
    assert done.returncode == 2, done.stderr
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert rows[:2] == [["KIND", "NAME", "SIZE"], ["networks", "of-nobody", "0", "B"]]
    assert rows[2][:2] == ["volumes", "of-nobody"]
    assert " ".join(rows[3]).startswith("would be removed: 1 networks, 1 volumes; at least")

    done = call(world, "info", "network", "-f", "label=a=b=c")
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == ["NAME", "of-nobody"]
    assert call(world, "prune", *argv).returncode == 2
    done = call(world, "prune", *argv)
    assert (done.returncode, done.stdout) == (0, b"nothing to remove\n")
    assert world.client.volumes.list() == []

    done = call(world, "info", "container", "web", "-f", "state=running", "--inspect")
    (found,) = json.loads(done.stdout)["containers"]
    assert found["inspect"]["Id"] == world.id("web")
    assert b"hidden-word-5" not in done.stdout
    done = call(world, "info", "container", "web", "nobody")
    assert (done.returncode, done.stderr) == (1, b"dockwright: there is no container nobody\n")
    assert done.stdout.split(b"\n")[1].split()[0] == b"web"
    done = call(world, "info", "container", "-f", "stat=x")
    assert (done.returncode, b"One of label, project, state" in done.stderr) == (1, True)
