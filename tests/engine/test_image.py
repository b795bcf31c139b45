"""Images on real engines, with a real registry: what the plan says is what is done."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import docker
import pytest

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import Endpoint
from dockwright.errors import ApplyFailed, Problem
from dockwright.kinds.image import apply, have, plan, want
from dockwright.kinds.image.credentials import Registries
from dockwright.kinds.image.have import ImageHave
from dockwright.kinds.image.retry import Retry
from dockwright.model import UNKNOWN, Action, Change
from tests.hosts import TestHost, push, start_registry, tiny_tar
from tests.hosts.registry import stop_registry

REGISTRY = "localhost:5000"
FRONT = "localhost:5080"
PRIVATE = "localhost:5081"
DEAD = "localhost:5999"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
HASTY = Retry(attempts=3, sleep=lambda seconds: None)


class Seen(NamedTuple):
    """One observation and its plan."""

    have: ImageHave
    changes: tuple[Change, ...]
    problems: list[Problem]

    @property
    def actions(self) -> list[Action]:
        return [change.action for change in self.changes]


def opened(path: str) -> IO[bytes]:
    """Our own files stand for the managed host's."""
    return open(path, "rb")


class Bench:
    """One engine as the core sees it."""

    def __init__(self, host: TestHost, client: docker.DockerClient) -> None:
        self.host = host
        self.client = client
        self.engine = Engine(Endpoint(host.docker_host, None, "test"))
        self.registries: Registries = {}
        self.told: list[str] = []

    def look(self, name: str, **spec: Any) -> Seen:
        wanted = want.parse(name, spec, f"images.{name}")
        edges = have.Edges(self.engine, self.registries, opened, HASTY)
        found = have.observe(edges, wanted)
        return Seen(found, plan.plan(wanted, found), plan.problems(wanted, found))

    def do(self, name: str, **spec: Any) -> Seen:
        """Plan and apply; the second plan must be empty. Gives the first."""
        seen = self.look(name, **spec)
        assert not seen.problems
        for change in seen.changes:
            self.act(change.action, name, **spec)
        again = self.look(name, **spec)
        assert (again.changes, again.problems) == ((), [])
        return seen

    def act(self, action: Action, name: str, **spec: Any) -> ImageHave:
        wanted = want.parse(name, spec, f"images.{name}")
        if action is Action.PULL:
            return apply.pull(self.engine, wanted, self.registries, self.told.append, HASTY)
        if action is Action.LOAD:
            return apply.load(self.engine, wanted, opened, self.told.append)
        return apply.remove(self.engine, wanted)

    def ids(self) -> set[str]:
        return {image.id for image in self.client.images.list(all=True)}

    def offer(self, name: str, version: str) -> tuple[str, str]:
        """Push an image as `REGISTRY/name` and forget it here; gives its ID and its digest."""
        tag = "dockwright/offered:1"
        self.host.load_tiny(tag, Labels={"version": version, "name": name})
        identity = self.client.images.get(tag).id
        pushed = push(self.host, tag, name)
        self.client.images.remove(tag)
        assert identity not in self.ids()
        return identity, pushed.digest

    def move(self, repository: str, source: str, target: str) -> None:
        """Let a tag of the registry point to the image of another, without an engine."""
        base, kind = f"http://{REGISTRY}/v2/{repository}/manifests", _MANIFEST
        script = (
            f"curl -fsS -H 'Accept: {kind}' {base}/{source} |"
            f" curl -fsS -X PUT -H 'Content-Type: {kind}' --data-binary @- {base}/{target}"
        )
        self.host.exec(["sh", "-ec", script])


@pytest.fixture
def bench(any_host: TestHost) -> Iterator[Bench]:
    start_registry(any_host)
    _start_front(any_host)
    with contextlib.closing(any_host.sdk()) as client:
        bench = Bench(any_host, client)
        before = bench.ids()
        yield bench
        bench.engine.close()
        for container in client.containers.list(all=True):
            container.remove(force=True)
        for identity in bench.ids() - before:
            with contextlib.suppress(docker.errors.NotFound):
                client.images.remove(identity, force=True)


def _start_front(host: TestHost) -> None:
    unit = "dockwright-registry-front"
    if host.exec(["systemctl", "is-active", "-q", unit], check=False).returncode:
        script = "/opt/dockwright/tests/engine/registry_front.py"
        command = ["systemd-run", "-q", "--unit", unit, "--collect", "python3", script]
        host.exec([*command, FRONT.rpartition(":")[2], REGISTRY.rpartition(":")[2]])
        probe = f"for i in $(seq 100); do curl -s http://{FRONT}/v2/ && exit; sleep 0.1; done"
        host.exec(["sh", "-c", f"{probe}; exit 1"])


def test_a_missing_image_is_pulled_once(bench: Bench) -> None:
    identity, digest = bench.offer("img/web:1", "1")
    seen = bench.do(f"{REGISTRY}/img/web:1")
    (change,) = seen.changes
    assert (change.action, change.before, change.after) == (Action.PULL, None, digest)
    assert change.reason == "is not on the host"
    image = bench.client.images.get(f"{REGISTRY}/img/web:1")
    assert (image.id, image.attrs["RepoDigests"]) == (identity, [f"{REGISTRY}/img/web@{digest}"])
    found = bench.look(f"{REGISTRY}/img/web:1").have
    assert found.config == image.attrs["Config"]
    assert any("layers" in text for text in bench.told)


def test_what_is_there_costs_one_request_and_asks_no_registry(bench: Bench) -> None:
    bench.host.load_tiny("dwimg/local:1")
    bench.engine.negotiate()
    bench.engine.log.clear()
    assert bench.look("docker.io/dwimg/local:1").changes == ()
    assert bench.look("dwimg/local:1", pull_policy="never").changes == ()
    assert bench.engine.log == ["GET /images/dwimg/local:1/json"] * 2


def test_a_moved_tag_is_seen_and_pulled_by_always_alone(bench: Bench) -> None:
    name = f"{REGISTRY}/img/moving"
    (_, first), (identity, second) = (bench.offer(f"img/moving:{n}", n) for n in "12")
    bench.move("img/moving", "1", "latest")
    assert bench.do(name, pull_policy="always").actions == [Action.PULL]
    bench.move("img/moving", "2", "latest")
    assert bench.look(name).changes == ()
    (change,) = bench.do(name, pull_policy="always").changes
    assert (change.action, change.before, change.after) == (Action.PULL, first, second)
    assert "moved" in change.reason
    image = bench.client.images.get(f"{name}:latest")
    assert image.id == identity
    assert image.attrs["RepoDigests"] == [f"{name}@{second}"]


def test_an_image_without_a_digest_is_pulled_by_always_and_then_has_one(bench: Bench) -> None:
    bench.offer("img/loaded:1", "registry")
    bench.host.load_tiny(f"{REGISTRY}/img/loaded:1", Labels={"version": "local"})
    (change,) = bench.do(f"{REGISTRY}/img/loaded:1", pull_policy="always").changes
    assert "not from the registry" in change.reason


@pytest.mark.parametrize("tag", ["", ":1"])
def test_a_digest_is_exact_and_survives_a_prune(bench: Bench, tag: str) -> None:
    name = f"{REGISTRY}/img/pinned{tag}"
    identity, first = bench.offer("img/pinned:1", "1")
    _, second = bench.offer("img/pinned:1", "2")
    (change,) = bench.do(f"{name}@{first}").changes
    assert (change.action, change.after) == (Action.PULL, first)
    pinned = f"{REGISTRY}/img/pinned:{'1-' if tag else ''}pinned"
    assert bench.client.images.get(pinned).id == identity
    bench.client.images.prune()
    assert bench.look(f"{name}@{first}", pull_policy="always").changes == ()
    assert bench.do(f"{name}@{second}").actions == [Action.PULL]
    assert bench.client.images.get(pinned).id != identity
    pruned = bench.client.images.prune()
    assert {"Deleted": identity} in (pruned["ImagesDeleted"] or [])
    assert bench.do(f"{name}@{second}", state="absent").actions == [Action.DELETE]
    assert not bench.client.images.list(f"{REGISTRY}/img/pinned")


def test_a_digest_of_another_repository_is_another_image(bench: Bench) -> None:
    _, digest = bench.offer("img/here:1", "1")
    bench.do(f"{REGISTRY}/img/here@{digest}")
    seen = bench.look(f"{REGISTRY}/img/there@{digest}")
    assert "manifest unknown" in seen.problems[0].message or seen.have.remote_is_final


def test_load_brings_the_image_of_the_tar(bench: Bench, tmp_path: Path) -> None:
    first, second = (tiny_tar("dwimg/tar:1", Labels={"tar": n}) for n in ("1", "2"))
    path = tmp_path / "web.tar"
    shutil.copy(first, path)
    (change,) = bench.do("dwimg/tar:1", load=str(path)).changes
    image = bench.client.images.get("dwimg/tar:1")
    assert (change.action, change.before, change.after) == (Action.LOAD, None, image.id)
    shutil.copy(second, path)
    (change,) = bench.do("dwimg/tar:1", load=str(path)).changes
    assert (change.action, change.before) == (Action.LOAD, image.id)
    assert bench.client.images.get("dwimg/tar:1").id == change.after
    with gzip.open(tmp_path / "web.tar.gz", "wb", 1) as file:
        file.write(first.read_bytes())
    assert bench.do("dwimg/tar:1", load=f"{path}.gz").actions == [Action.LOAD]


def test_load_of_what_the_engine_itself_saved(bench: Bench, tmp_path: Path) -> None:
    bench.host.load_tiny("dwimg/saved:1", Labels={"saved": "1"})
    identity = bench.client.images.get("dwimg/saved:1").id
    for name, saved in (("dwimg/saved:1", "dwimg/saved:1"), (identity, identity)):
        path = tmp_path / f"{len(name)}.tar"
        with path.open("wb") as file:
            for chunk in bench.client.api.get_image(saved):
                file.write(chunk)
        assert bench.look(name, load=str(path)).changes == ()
        bench.client.images.remove(identity, force=True)
        (change,) = bench.do(name, load=str(path)).changes
        assert change.after == identity
        assert bench.client.images.get(name).id == identity
    short = identity[:19]
    assert bench.look(short, pull_policy="never").changes == ()
    assert bench.do(short, state="absent").actions == [Action.DELETE]


def test_a_bad_tar_is_a_problem_of_the_plan(bench: Bench, tmp_path: Path) -> None:
    whole = tiny_tar("dwimg/whole:1")
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (problem,) = bench.look("dwimg/whole:1", load=str(cut)).problems
    assert problem.where == "images.dwimg/whole:1.load"
    assert "is not a whole tar" in problem.message
    (problem,) = bench.look("dwimg/other:1", load=str(whole)).problems
    assert problem.fix == "it holds docker.io/dwimg/whole:1"
    (problem,) = bench.look("dwimg/whole:1", load=str(tmp_path / "none.tar")).problems
    assert "no such file" in problem.message
    with pytest.raises(ApplyFailed, match="Check that the file is whole"):
        bench.act(Action.LOAD, "dwimg/whole:1", load=str(cut))


def test_absent_takes_a_name_away_but_not_from_under_a_container(bench: Bench) -> None:
    bench.host.load_tiny("dwimg/used:1", Labels={"used": "1"})
    container = bench.client.containers.create("dwimg/used:1")
    assert bench.look("dwimg/used:1", state="absent").actions == [Action.DELETE]
    with pytest.raises(ApplyFailed) as caught:
        bench.act(Action.DELETE, "dwimg/used:1", state="absent")
    assert caught.value.where == "images.dwimg/used:1"
    assert "remove the container first" in caught.value.fix
    bench.do("dwimg/used:1", state="absent", force=True)
    assert bench.client.containers.get(container.id)
    assert bench.look("dwimg/used:1", state="absent").changes == ()
    bench.act(Action.DELETE, "dwimg/used:1", state="absent")  # gone already: no error


def test_an_unknown_tag_is_a_problem_of_the_plan_and_is_not_tried_twice(bench: Bench) -> None:
    bench.offer("img/known:1", "1")
    (problem,) = bench.look(f"{REGISTRY}/img/known:2").problems
    assert "manifest unknown" in problem.message
    assert problem.fix == f"check that {REGISTRY} has this name and tag"
    bench.engine.log.clear()
    with pytest.raises(ApplyFailed, match="manifest unknown"):
        bench.act(Action.PULL, f"{REGISTRY}/img/known:2")
    assert bench.engine.log == ["POST /images/create"]


def test_a_registry_that_is_down(bench: Bench) -> None:
    _, port = DEAD.split(":")
    start_registry(bench.host, int(port))
    tag = "dwimg/down:1"
    bench.host.load_tiny(tag)
    push(bench.host, tag, "down:1", DEAD)
    bench.do(f"{DEAD}/down:1")
    stop_registry(bench.host, int(port))
    assert bench.look(f"{DEAD}/down:1").changes == ()
    (problem,) = bench.look(f"{DEAD}/down:1", pull_policy="always").problems
    assert "connection refused" in problem.message
    assert "can be reached from the engine's host" in problem.fix
    seen = bench.look(f"{DEAD}/down:2")
    (change,) = seen.changes
    assert change.after is UNKNOWN
    assert "connection refused" in seen.have.remote_error
    bench.engine.log.clear()
    with pytest.raises(ApplyFailed, match="tried 3 times") as caught:
        bench.act(Action.PULL, f"{DEAD}/down:2")
    assert "DNS, firewall" in caught.value.fix
    assert bench.engine.log == ["POST /images/create"] * 3


@pytest.mark.parametrize(
    ("status", "tries", "fix"),
    [
        (401, 1, "give user name and password for localhost:5080"),
        (403, 1, "give user name and password for localhost:5080"),
        (429, 1, "log in to localhost:5080"),
        (500, 3, "check that localhost:5080 is up"),
        (503, 3, "check that localhost:5080 is up"),
    ],
)
def test_what_a_registry_answers(bench: Bench, status: int, tries: int, fix: str) -> None:
    bench.registries = {}
    name = f"{FRONT}/s{status}/web:1"
    (problem,) = bench.look(name, pull_policy="always").problems
    assert fix in problem.fix, problem
    assert bench.engine.log.count(f"GET /distribution/{name}/json") == tries, problem
    bench.engine.log.clear()
    with pytest.raises(ApplyFailed) as caught:
        bench.act(Action.PULL, name)
    assert fix in caught.value.fix, caught.value
    assert bench.engine.log == ["POST /images/create"] * tries, caught.value


def test_credentials_open_a_private_repository(bench: Bench) -> None:
    identity, digest = bench.offer("img/secret:1", "1")
    name = f"{PRIVATE}/img/secret:1"
    (problem,) = bench.look(name).problems
    assert "registries" in problem.fix
    bench.registries = {PRIVATE: {"username": "ci", "password": "wrong-pass"}}
    (problem,) = bench.look(name).problems
    assert "user name and password for localhost:5081" in problem.fix
    assert "wrong-pass" not in problem.text()
    bench.registries = {PRIVATE: {"username": "ci", "password": "secret"}}
    (change,) = bench.do(name).changes
    assert change.after == digest
    assert bench.client.images.get(name).id == identity
    assert not any("secret" in entry.partition("img/secret")[2] for entry in bench.engine.log)


def test_another_platform_than_the_registry_has(bench: Bench) -> None:
    bench.offer("img/platform:1", "1")
    name = f"{REGISTRY}/img/platform:1"
    mine = bench.client.version()["Arch"]
    other = "arm64" if mine == "amd64" else "amd64"
    (problem,) = bench.look(name, platform=f"linux/{other}").problems
    assert problem.fix == f"it has linux/{mine}"
    assert bench.do(name, platform=mine).actions == [Action.PULL]
    (problem,) = bench.look(name, platform=other).problems
    assert "no image" in problem.message
    with pytest.raises(ApplyFailed) as caught:
        bench.act(Action.PULL, name, platform=other)
    assert caught.value.fix, caught.value


def test_looking_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.offer("img/look:1", "1")
    tar = tiny_tar("dwimg/look:1", Labels={"look": "1"})
    bench.host.load_tiny("dwimg/look:2")
    time.sleep(0.1)  # engines stamp the event of a load somewhat late
    since, before = time.time(), bench.ids()
    assert bench.look(f"{REGISTRY}/img/look:1", pull_policy="always").actions == [Action.PULL]
    assert bench.look("dwimg/look:1", load=str(tar)).actions == [Action.LOAD]
    assert bench.look("dwimg/look:2", state="absent").actions == [Action.DELETE]
    assert bench.look(f"{REGISTRY}/img/none:1").problems
    assert all(entry.startswith("GET ") for entry in bench.engine.log)
    assert bench.ids() == before
    events = bench.client.events(since=since, until=time.time(), decode=True)
    assert list(events) == []
