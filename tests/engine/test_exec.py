"""Commands in containers of a real engine: when they are run, and what is told of them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from dockwright import api
from tests.engine.world import World, container, project


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.apply(project({"web": container()}))
    return lean_world


def act(world: World, *, check: bool = False, **params: Any) -> dict[str, Any]:
    connection = api.Connection(world.host.docker_host)
    return api.act("container_exec", {"name": "web", **params}, connection, check=check)


def test_streams_and_exit_code_are_apart(world: World) -> None:
    script = "echo out; echo err >&2; exit 3"
    done = act(world, command=["sh", "-c", script])
    assert (done["rc"], done["stdout"], done["stderr"]) == (3, "out\n", "err\n")
    assert (done["failed"], done["changed"]) == (True, True)
    assert "It said: err" in done["message"]
    done = act(world, command=["sh", "-c", script], success=[3])
    assert (done["failed"], done["changed"], done["rc"]) == (False, True, 3)


def test_much_output_comes_whole(world: World) -> None:
    done = act(world, command=["sh", "-c", "seq 100000; seq 5 >&2"])
    assert done["stdout"].split() == [str(number) for number in range(1, 100001)]
    assert done["stderr"] == "1\n2\n3\n4\n5\n"


def test_standard_input(world: World) -> None:
    for text in ("", "grüße\nno newline at the end", "x" * 3_000_000):
        done = act(world, command=["cat"], stdin=text)
        assert (done["rc"], done["stdout"] == text, done["stderr"]) == (0, True, "")
    # Nobody reads it, and the unless reads another one.
    assert act(world, command=["true"], stdin="x" * 3_000_000)["rc"] == 0
    script = 'read word && test "$word" = hello'
    wanted = ["sh", "-c", script]
    assert act(world, command=wanted, unless=wanted, stdin="hello\n")["rc"] == 0
    slow = act(world, command=["sleep", "1000"], stdin="x", limit="1s")
    assert "did not end within 1 s" in slow["message"]
    with world.untouched():
        assert act(world, check=True, command=["cat"], stdin="x")["changed"]


def test_user_folder_and_variables(world: World) -> None:
    done = act(
        world,
        command='sh -c "id -u; pwd; echo $WORD; echo $WORD >&2"',
        user="7",
        working_dir="/tmp",
        environment={"WORD": "hidden-word-9", "A": "B=C"},
    )
    assert done["stdout"].split() == ["7", "/tmp", "********"]
    assert "hidden-word-9" not in json.dumps(done)
    checked = act(world, command="echo 'a b' $X \"c\"", environment={"X": "no shell fills it in"})
    assert checked["stdout"] == "a b $X c\n"


def test_it_is_run_only_where_it_has_to_be(world: World) -> None:
    make = {"command": ["touch", "/made"], "creates": "/made"}
    with world.untouched():
        assert act(world, check=True, **make)["changed"]
    assert act(world, **make)["changed"]
    for check in (True, False):
        again = act(world, check=check, **make)
        assert (again["changed"], again["message"]) == (False, "not run: /made is there")
    assert act(world, command=["rm", "/made"], removes="/made")["changed"]
    assert not act(world, command=["rm", "/made"], removes="/made")["changed"]
    unless = {"command": ["touch", "/made"], "unless": ["test", "-e", "/made"]}
    with world.untouched():
        told = act(world, check=True, **unless)
    assert told["changed"]
    assert "unless the command of `unless` succeeds" in told["message"]
    assert [act(world, **unless)["changed"] for _ in range(2)] == [True, False]


def test_what_cannot_be_run_is_told(world: World) -> None:
    missing = act(world, command=["/no/such"])
    assert missing["failed"]
    assert "/no/such" in json.dumps(missing)
    gone = act(world, name="nobody", command=["true"])
    assert (gone["failed"], gone["changed"]) == (True, False)
    assert "there is no container nobody" in gone["message"]
    assert act(world, name="nobody", command=["true"], check=True)["warnings"]
    beginning = act(world, name=world.id("web")[:12], command=["true"])
    assert "there is no container" in beginning["message"]
    world.client.containers.get("web").stop(timeout=0)
    stopped = act(world, command=["true"])
    assert "container web is exited" in stopped["message"]
    bad = act(world, command=[], creates="made", limit="soon")
    assert [problem["where"] for problem in bad["problems"]] == ["creates", "limit"]


def test_a_command_that_takes_too_long(world: World) -> None:
    began = time.monotonic()
    done = act(world, command=["sleep", "300"], limit="1s")
    assert time.monotonic() - began < 60
    assert (done["failed"], done["changed"]) == (True, True)
    assert "did not end within 1 s" in done["message"]
