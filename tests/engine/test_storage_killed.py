"""A change of the storage is killed on the way: the next run finishes or undoes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.engine.storage_world import (
    MOVED,
    Picture,
    acknowledged,
    apply,
    check_records,
    filled,
    info,
    picture,
    run,
    same,
)
from tests.hosts import TestHost

NewHost = Callable[..., TestHost]
Kill = tuple[str, str]
RUN = "/opt/dockwright/tests/engine/storage_run.py"
SHIFT = 100000  # what root in containers is to a host that maps it
# From where to where: by name, and with what the live engine tells of it.
WORLDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "driver": ({"driver": "vfs"}, {"driver": "overlay2"}),
    "data_root": ({"data_root": MOVED}, {"data_root": "/var/lib/docker"}),
    "userns_remap": ({"userns_remap": "default"}, {"userns_remap": ""}),
    "image_store": ({"image_store": "containerd"}, {"image_store": "graphdriver"}),
}


def killed(host: TestHost, document: dict[str, Any], kill: Kill) -> None:
    request = {"document": document, "at": kill[0], "when": kill[1]}
    done = host.core([RUN], input=json.dumps(request), check=False, timeout=600)
    assert done.returncode == 137, (kill, done.stdout + done.stderr)


def moments(host: TestHost, document: dict[str, Any]) -> list[Kill]:
    """Carry the change out, and tell every moment at which it might have been killed."""
    done = host.core([RUN], input=json.dumps({"document": document}), timeout=600)
    answer = json.loads(done.stdout)
    assert not answer["failed"], answer["message"]
    names = dict.fromkeys(name for name in answer["moments"] if name not in _REPEATED)
    return [("save", "before"), *((name, "after") for name in names)]


class Killed:
    """A host whose storage is changed to and fro, and how it was at first."""

    def __init__(self, host: TestHost) -> None:
        self.host = host
        self.before = picture(host)

    def resumes(self, storage: dict[str, Any], *kills: Kill) -> bool:
        """Change the storage, be killed, also while that is put right; whether it was finished.

        Afterwards all is as it was before, but for what was changed if it was finished.
        """
        host, was = self.host, self._live()
        last = acknowledged(host)
        killed(host, {"storage": {**storage, "migrate": True}}, kills[0])
        for kill in kills[1:]:
            killed(host, {"storage": {}}, kill)
        planned = run(host, "plan", {"storage": {}})
        assert not planned["failed"], (kills, planned["message"])
        assert {change["action"] for change in planned["changes"]} <= {"recover"}, kills
        finished = "work is finished" in str(planned["changes"])
        report = run(host, "apply", {"storage": {}})
        assert not report["failed"], (kills, report["message"])
        assert report["changes"] == planned["changes"]
        assert (self._live() != was) == finished, kills
        self.check(last)
        return finished

    def check(self, last: int) -> None:
        host = self.host
        check_records(host, last)
        driver, root = self._live()
        after = picture(host, SHIFT if root.endswith(f"/{SHIFT}.{SHIFT}") else 0)
        same(*_comparable(self.before, after, ids=driver != "overlayfs"))
        assert run(host, "plan", {"storage": {}})["changes"] == []
        left = host.exec(["ls", "-A", "/var/lib/dockwright"]).stdout
        assert "storage-work" not in left
        assert "journal" not in left

    def _live(self) -> tuple[str, str]:
        found = info(self.host)
        return found["Driver"], found["DockerRootDir"]


def _comparable(before: Picture, after: Picture, *, ids: bool) -> tuple[Picture, Picture]:
    """Image IDs are others in containerd's store: there names and files are compared."""
    if ids:
        return before, after
    first, second = (
        item._replace(
            images=dict.fromkeys(item.images, ""),
            untagged=set(),
            containers={k: {**v, "image": ""} for k, v in item.containers.items()},
        )
        for item in (before, after)
    )
    return first, second


def test_the_most_dangerous_moments(new_host: NewHost) -> None:
    """Of each sort of change: in the middle of it, with the new daemon up, and at the very end."""
    world = Killed(filled(new_host, "debian-13"))
    moved = WORLDS["data_root"][0]
    assert not world.resumes(WORLDS["driver"][0], ("create", "after"))
    assert not world.resumes(WORLDS["userns_remap"][0], ("copy_shared 1", "after"))
    assert not world.resumes(WORLDS["image_store"][0], ("load 1", "after"))
    assert not world.resumes(moved, ("copying", ""))
    assert world.host.exec(["ls", MOVED]).stdout == ""
    assert not world.resumes(moved, ("start 1", "after"))
    assert world.resumes(moved, ("run", "after"))


def test_a_copy_that_a_killed_run_left_is_ended(new_host: NewHost) -> None:
    """It would go on writing into the folder that the next run has emptied."""
    host = new_host("debian-13")
    script = (
        '#!/bin/sh\nfor last; do :; done\nwhile :; do mkdir -p "$last/late"; sleep 0.05; done\n'
    )
    host.write("/usr/local/bin/cp", script, mode=0o755)
    host.exec(["mkdir", "-p", MOVED])
    killed(host, {"storage": {"data_root": MOVED, "migrate": True}}, ("copying", ""))
    assert host.exec(["pgrep", "-f", "local/bin/cp"], check=False).returncode == 0
    report = run(host, "apply", {"storage": {}})
    assert not report["failed"], report["message"]
    assert host.exec(["pgrep", "-f", "local/bin/cp"], check=False).returncode == 1
    assert host.exec(["ls", MOVED]).stdout == ""


# The same for each container or entry: the first two tell enough.
_REPEATED = {f"{name} {n}" for name in ("carry_over", "_rename") for n in range(3, 100)}
# In the middle of what is put right: the daemon stopped, the old file back, the daemon up again.
_AGAIN: Sequence[Kill] = (("halt 1", "after"), ("write_config 1", "after"), ("start 1", "after"))


def go_back(host: TestHost, storage: dict[str, Any]) -> None:
    """Where it was at first, with nothing left over on either side."""
    apply(host, cleanup=True)
    apply(host, **storage, migrate=True)
    apply(host, cleanup=True)


@pytest.mark.full
@pytest.mark.parametrize(
    ("recipe", "option"),
    [
        *[("debian-13", option) for option in WORLDS],
        *[("debian-12", option) for option in WORLDS if option != "image_store"],
    ],
)
def test_every_moment(new_host: NewHost, recipe: str, option: str) -> None:
    world = Killed(filled(new_host, recipe))
    there, back = WORLDS[option]
    last = acknowledged(world.host)
    found = moments(world.host, {"storage": {**there, "migrate": True}})
    world.check(last)
    go_back(world.host, back)
    points: list[tuple[Kill, ...]] = [(kill,) for kill in found]
    points += [((name, "after"), again) for name in ("switch", "start 1") for again in _AGAIN]
    points += [(("copying", ""),)] if option in ("data_root", "userns_remap") else []
    for kills in points:
        print(option, kills, flush=True)
        if world.resumes(there, *kills):
            go_back(world.host, back)
