"""Every option with odd strings: refused with its path, or on the engine just as it was written."""

from __future__ import annotations

from typing import Any

from dockwright.errors import SpecError
from dockwright.kinds.container.options import OPTIONS
from dockwright.spec import parse_document
from tests.engine.world import BASE, World

ODD = ("it's", 'a "b"', "a\nb", "ü €", "$HOME ${X} $$")
# What says nothing about a string, or is no option of a container that stays.
_NOT_HERE = {"state", "recreate", "pull_policy", "platform", "scale"}


def entries() -> dict[str, tuple[str, dict[str, Any]]]:
    """A container for each option, string and shape: its name -> the option, the entry."""
    found = {}
    for row in OPTIONS:
        for number, odd in enumerate(ODD) if row.name not in _NOT_HERE else ():
            for shape, value in (("text", odd), ("list", [odd]), ("map", {"x": odd})):
                entry = {**BASE, "state": "stopped", row.name: value}
                found[f"{row.name}-{number}-{shape}"] = (row.name, entry)
    return found


def refused(problems: Any, containers: dict[str, Any]) -> set[str]:
    """The containers that the problems are about; each must name the very option."""
    names = set()
    for problem in problems:
        name = problem.where.split(".")[1]
        option, _ = containers[name]
        told_as = {"network_mode": "networks"}.get(option, option)  # a network is a network
        at = problem.where.split("[")[0].split(".")[2:3]
        assert at in ([option], [told_as], []), problem
        assert problem.message, problem
        names.add(name)
    return names


def test_odd_strings(lean_world: World) -> None:
    world = lean_world
    containers = entries()
    for name, (_, entry) in list(containers.items()):
        try:
            parse_document({"containers": {name: entry}}, lambda path: None)
        except SpecError as error:
            assert refused(error.problems(), containers) == {name}
            del containers[name]
    document = {"containers": {name: entry for name, (_, entry) in containers.items()}}
    for _ in range(4):  # by what is on the host; then by the engine, in its own words
        report = world.run(document)
        for name in refused(report.problems, containers):
            del document["containers"][name]
    world.apply(document)
    seen = {name.rpartition("-")[0].rpartition("-")[0] for name in document["containers"]}
    # Those that may hold any text are among those that went through.
    wanted = {"command", "entrypoint", "environment", "labels"}
    assert wanted <= seen
    for number, odd in enumerate(ODD):
        assert world.inspect(f"command-{number}-list")["Config"]["Cmd"] == [odd]
        assert f"x={odd}" in world.inspect(f"environment-{number}-map")["Config"]["Env"]
        assert world.inspect(f"labels-{number}-map")["Config"]["Labels"]["x"] == odd
