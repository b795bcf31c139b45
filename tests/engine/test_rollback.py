"""Going back to an earlier spec by the command line, on a real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright_cli.main import main
from tests.engine.world import World, container
from tests.hosts import TINY

SECRET = "dont-show-it"
Apply = Callable[..., int]


@pytest.fixture
def state(lean_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the memory of the engine that the command finds."""
    monkeypatch.setenv("DOCKER_HOST", lean_world.host.docker_host)
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def apply(state: Path, tmp_path: Path) -> Apply:
    """`apply({"web": …}, volumes=…)`: a project's spec, applied by the command line."""

    def run(containers: Mapping[str, Any], **more: Any) -> int:
        file = tmp_path / "site.json"
        file.write_text(json.dumps({"project": "shop", "containers": containers, **more}))
        return main(["apply", str(file), "--quiet"])

    return run


def names(world: World) -> set[str]:
    return {str(found.name) for found in world.client.containers.list(all=True)}


def listed(capsys: pytest.CaptureFixture, *more: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["rollback", "--list", "--json", *more]) == 0
    (found,) = json.loads(capsys.readouterr().out)["histories"]
    entries: list[dict[str, Any]] = found["entries"]
    return entries


def test_back_and_back_again(
    lean_world: World, apply: Apply, state: Path, capsys: pytest.CaptureFixture
) -> None:
    first = {"web": container(environment={"TOKEN": SECRET})}
    second = {
        "web": container(hostname="two", environment={"TOKEN": "another-one"}),
        "db": container(volumes=["data:/data"]),
    }
    assert apply(first) == 0
    web = lean_world.id("web")
    assert apply(second, volumes={"data": {}}, networks={"back": {}}) == 0

    assert main(["rollback", "--check", "--detailed-exitcodes"]) == 2
    told = capsys.readouterr()
    assert "db: delete" in told.out and "back: delete" in told.out and "hostname" in told.out
    assert SECRET not in told.out + told.err and "another-one" not in told.out + told.err
    assert names(lean_world) == {"web", "db"}

    assert main(["rollback", "--quiet"]) == 0
    assert "volume data: a later spec has made it; it stays" in capsys.readouterr().out
    assert names(lean_world) == {"web"}
    assert f"TOKEN={SECRET}" in lean_world.inspect("web")["Config"]["Env"]
    assert lean_world.id("web") != web
    assert "back" not in [found.name for found in lean_world.client.networks.list()]
    assert "data" in [found.name for found in lean_world.client.volumes.list()]
    assert main(["rollback", "1", "--check", "--detailed-exitcodes"]) == 0

    entries = listed(capsys)
    assert [(item["number"], item["returned"]) for item in entries] == [(1, 0), (2, 0), (3, 1)]
    assert [item["by"] for item in entries] == [*["the command line"] * 2, "rollback"]
    assert main(["rollback", "--list"]) == 0
    table = capsys.readouterr().out
    assert "back to 1, in force" in table and "create container web" in table
    assert SECRET not in table and SECRET not in json.dumps(entries)
    files = [path for path in state.rglob("*") if path.is_file() and SECRET in path.read_text()]
    assert files and {path.stat().st_mode & 0o777 for path in files} == {0o600}

    assert main(["rollback", "--quiet"]) == 0  # the last before the one in force is the second
    assert names(lean_world) == {"web", "db"}
    assert main(["rollback", "1", "--quiet", "--max-disruption", "destroy"]) == 0
    assert "data" not in [found.name for found in lean_world.client.volumes.list()]


def test_a_limit_holds_for_it(
    lean_world: World, apply: Apply, capsys: pytest.CaptureFixture
) -> None:
    assert apply({"web": container()}) == 0
    assert apply({"web": container(hostname="two")}) == 0
    before = lean_world.inspect("web")
    assert main(["rollback", "--max-disruption", "reconnect", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["problems"][0]["fix"] == "allow it with max_disruption: replace"
    assert lean_world.inspect("web") == before


def test_what_changed_nothing_is_kept_once(
    lean_world: World, apply: Apply, capsys: pytest.CaptureFixture
) -> None:
    assert apply({"web": container()}) == 0
    assert apply({"web": container()}) == 0
    lean_world.client.containers.get("web").stop(timeout=0)
    assert apply({"web": container()}) == 0  # a repair
    assert [item["number"] for item in listed(capsys)] == [1]
    assert main(["rollback"]) == 1
    assert "there is no spec of project shop before the one in force" in capsys.readouterr().err


def test_a_failed_apply_is_gone_back_from(
    lean_world: World, apply: Apply, capsys: pytest.CaptureFixture
) -> None:
    assert apply({"web": container(hostname="one")}) == 0
    assert apply({"web": container(hostname="two")}) == 0
    broken = container(command=["/nowhere"])
    assert apply({"web": container(hostname="two"), "bad": broken}, networks={"new": {}}) == 1
    last = listed(capsys)[-1]
    assert last["failed"] and "create network new" in last["changes"]
    assert main(["rollback", "--quiet"]) == 0
    assert lean_world.inspect("web")["Config"]["Hostname"] == "two"
    assert "new" not in [found.name for found in lean_world.client.networks.list()]
    assert names(lean_world) == {"web"}


def test_an_apply_that_was_undone_is_no_step_too_far(lean_world: World, apply: Apply) -> None:
    assert apply({"web": container(hostname="one")}) == 0
    assert apply({"web": container(hostname="two")}) == 0
    kept = lean_world.id("web")
    assert apply({"web": container(hostname="three", command=["/nowhere"])}) == 1
    assert lean_world.id("web") == kept  # the old one is back
    assert main(["rollback", "--quiet"]) == 0
    assert lean_world.id("web") == kept  # that is what was in force


def test_what_others_made_stays(
    lean_world: World, apply: Apply, capsys: pytest.CaptureFixture
) -> None:
    assert apply({"web": container()}) == 0
    lean_world.client.containers.run(TINY, ["sleep", "1000"], name="old", detach=True)
    lean_world.client.containers.run(TINY, ["sleep", "1000"], name="other", detach=True)
    assert apply({"web": container(), "old": container()}) == 0  # taken over
    assert apply({"web": container(cpu_shares=300), "old": container()}) == 0
    assert main(["rollback", "1", "--quiet"]) == 0
    assert names(lean_world) == {"web", "old", "other"}


def test_an_image_that_is_gone_is_told_before_anything_changes(
    lean_world: World, apply: Apply, capsys: pytest.CaptureFixture
) -> None:
    tag = "dockwright-gone.invalid/app:1"
    lean_world.client.images.get(TINY).tag(tag)
    assert apply({"web": container(image=tag)}) == 0
    assert apply({"web": container(), "db": container()}) == 0
    lean_world.client.images.remove(tag)
    before = lean_world.snapshot()
    capsys.readouterr()
    assert main(["rollback", "--quiet"]) == 1
    told = capsys.readouterr().out
    assert tag in told
    assert lean_world.snapshot() == before
    assert listed(capsys)[-1]["number"] == 2


def test_each_project_goes_back_alone(
    lean_world: World, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for project in ("shop", "mail", None):
        for shares in (300, 400):
            name = f"of-{project}"
            spec = {"containers": {name: container(cpu_shares=shares)}}
            file = tmp_path / "site.json"
            file.write_text(json.dumps({**spec, **({"project": project} if project else {})}))
            assert main(["apply", str(file), "--quiet"]) == 0
    assert main(["rollback", "--quiet"]) == 1
    assert "--project NAME" in capsys.readouterr().err
    assert main(["rollback", "--quiet", "--project", "mail"]) == 0
    assert main(["rollback", "--quiet", "--project", ""]) == 0
    shares = {
        name: lean_world.inspect(name)["HostConfig"]["CpuShares"] for name in names(lean_world)
    }
    assert shares == {"of-shop": 400, "of-mail": 300, "of-None": 300}
    assert main(["rollback", "9", "--project", "shop"]) == 1
    assert "there is no 9 of project shop. There are 1, 2" in capsys.readouterr().err


def test_other_front_ends_are_kept_and_single_objects_are_not(
    lean_world: World, state: Path, capsys: pytest.CaptureFixture
) -> None:
    connection = api.Connection(docker_host=lean_world.host.docker_host)

    def run(kind: str, **params: Any) -> None:
        document = api.document_of(kind, params)
        report = api.converge(document, connection=connection, origin=api.Origin("Ansible", kind))
        assert not report.failed, report.problems

    run("project", name="shop", containers={"web": container()})
    run("container", name="single", project="shop", **container())
    run("container", name="single", project="shop", **container(cpu_shares=300))
    (entry,) = listed(capsys)
    assert entry["by"] == "Ansible"


def test_a_lost_memory_and_a_remote_engine_say_so(
    lean_world: World, state: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["rollback"]) == 1
    assert "there is no history on this host" in capsys.readouterr().err
    assert main(["rollback", "--list"]) == 0
    assert capsys.readouterr().out == "nothing has been applied yet\n"
    assert main(["rollback", "--docker-host", "tcp://192.0.2.1:2375"]) == 1
    assert "is kept on its own machine. Run dockwright there" in capsys.readouterr().err
