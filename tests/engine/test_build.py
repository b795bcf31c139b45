"""Images that are built, named and pushed on a real engine: only when they have to be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from tests.engine.world import World, container, differences, project, titles
from tests.hosts import TINY, push, start_registry
from tests.hosts.registry import stop_registry

NAME = "dwbuild/web:1"
REGISTRY = "localhost:5000"
DOCKERFILE = f"""\
ARG BASE={TINY}
FROM ${{BASE}}
ARG WORD=none
COPY . /app
RUN echo "$WORD" > /word
"""


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.host.load_tiny()
    for image in lean_world.client.images.list():
        for tag in (tag for tag in image.tags if "dwbuild/" in tag):
            lean_world.client.images.remove(tag, force=True)
    return lean_world


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A folder with a Dockerfile, files that belong in the image, and one that does not."""
    folder = tmp_path / "context"
    (folder / "sub").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / ".dockerignore").write_text("*.log\nDockerfile\n")
    (folder / "a.txt").write_text("one")
    (folder / "sub/b.log").write_text("kept: the pattern is for the top")
    (folder / "debug.log").write_text("left out")
    (folder / "link").symlink_to("a.txt")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


def built(folder: Path, **more: Any) -> dict[str, Any]:
    return {"images": {NAME: {"build": {"context": str(folder), **more}}}}


def inside(world: World, command: str, image: str = NAME) -> str:
    """What a command in a container of the image prints."""
    run = world.client.containers.run(image, ["sh", "-c", command], detach=True)
    run.wait()
    text = run.logs().decode()
    run.remove(force=True)
    return str(text)


def test_an_image_is_built_once_and_again_when_something_is_another(
    world: World, context: Path
) -> None:
    with world.untouched():
        (change,) = world.check(built(context)).plan.changes
        assert (change.action.value, change.reason) == ("build", "is not on the host")
    world.apply(built(context))
    assert [line for line in world.told if line.startswith(f"{NAME}: Step 1/")]
    image = world.client.images.get(NAME)
    listed = inside(world, "cd /app; find . | sort; ls -l run.sh; readlink link; cat /word")
    names = ["./.dockerignore", "./a.txt", "./link", "./run.sh", "./sub", "./sub/b.log"]
    assert listed.split()[:7] == [".", *names]
    assert "-rwxr-xr-x" in listed
    assert listed.endswith("a.txt\nnone\n")

    def is_built_anew(reason: str, **more: Any) -> None:
        (change,) = world.check(built(context, **more)).plan.changes
        assert reason in change.reason
        world.apply(built(context, **more))

    os.utime(context / "a.txt", (1, 1))
    (context / "debug.log").write_text("something else that is left out")
    assert titles(world.check(built(context))) == []
    assert world.client.images.get(NAME).id == image.id
    (context / "a.txt").write_text("two")
    is_built_anew("files of the context")
    assert inside(world, "cat /app/a.txt") == "two"
    (context / "run.sh").chmod(0o700)
    is_built_anew("files of the context")
    is_built_anew("arguments of the build", args={"WORD": "hidden-word-1"})
    assert inside(world, "cat /word") == "hidden-word-1\n"
    is_built_anew("options of the build", args={"WORD": "hidden-word-1"}, labels={"a": "b"})
    assert world.client.images.get(NAME).labels["a"] == "b"


def test_a_base_that_moved_is_seen(world: World, context: Path) -> None:
    world.host.load_tiny("dwbuild/base:1", Labels={"base": "1"})
    args = {"args": {"BASE": "dwbuild/base:1"}}
    world.apply(built(context, **args))
    world.host.load_tiny("dwbuild/base:1", Labels={"base": "2"})
    (change,) = world.check(built(context, **args)).plan.changes
    assert change.reason == "a base image is another"
    world.apply(built(context, **args))
    assert world.client.images.get(NAME).labels["base"] == "2"


def test_images_are_built_upon_each_other_and_used(world: World, tmp_path: Path) -> None:
    for name, text in (("one", f"FROM {TINY}\nLABEL of=one"), ("two", "FROM dwbuild/one:1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(text)
    images = {
        "dwbuild/two:1": {"build": str(tmp_path / "two")},
        "dwbuild/one:1": {"build": str(tmp_path / "one")},
    }
    document = project({"web": container(image="dwbuild/two:1")}, images=images)
    report = world.apply(document)
    assert titles(report)[:2] == ["build image dwbuild/one:1", "build image dwbuild/two:1"]
    assert world.client.images.get("dwbuild/two:1").labels["of"] == "one"
    first = world.id("web")
    (tmp_path / "one/Dockerfile").write_text(f"FROM {TINY}\nLABEL of=three")
    world.apply(document)
    assert world.id("web") != first
    assert world.client.images.get("dwbuild/two:1").labels["of"] == "three"


def test_what_goes_wrong_is_told(world: World, context: Path) -> None:
    def problem(**more: Any) -> Any:
        report = world.run(built(context, **more))
        assert report.failed
        return report.problems[0]

    assert problem(context="/no/such").where == f"images.{NAME}.build.context"
    assert problem(dockerfile="None").where == f"images.{NAME}.build.dockerfile"
    with_secret = problem(secrets={"a": {"file": "/etc/hostname"}})
    assert with_secret.where == f"images.{NAME}.build.secrets"
    assert "builder: buildkit" in with_secret.fix
    (context / "Dockerfile").write_text("ARG x\n")
    assert "no FROM" in problem().message
    (context / "Dockerfile").write_text(f"FROM {TINY}\nARG T\nRUN echo $T-is-said && exit 7\n")
    failed = world.run(built(context, args={"T": "hidden-word-2"}))
    text = json.dumps(api.to_dict(failed))
    assert "returned a non-zero code: 7" in text
    assert "is-said" in text
    assert "hidden-word-2" not in text
    assert not world.client.images.list("dwbuild/web")
    (context / "Dockerfile").write_text(f"FROM {TINY}\nRUN --mount=type=cache,target=/x true\n")
    assert "builder: buildkit" in problem().fix


def test_further_names_and_pushes(world: World, context: Path) -> None:
    start_registry(world.host)
    more = f"{REGISTRY}/dwbuild/web:2"
    names = {"tags": ["dwbuild/web:latest", more]}
    document = {"images": {NAME: {"build": str(context), **names}}}
    report = world.apply(document)
    assert titles(report) == [
        f"build image {NAME}",
        f"tag image {NAME} tags.dwbuild/web:latest",
        f"tag image {NAME} tags.{more}",
    ]
    image = world.client.images.get(NAME)
    assert {NAME, more, "dwbuild/web:latest"} <= set(image.tags)
    world.host.load_tiny("dwbuild/web:latest", Labels={"other": "hand"})
    (change,) = world.check(document).plan.changes
    assert (change.path, change.after) == ("tags.dwbuild/web:latest", image.id)
    world.apply(document)
    pushed = {"images": {more: {"pull_policy": "never", "push": True}}}
    (change,) = world.check(pushed).plan.changes
    assert (change.action.value, change.reason) == ("push", "is not in the registry")
    world.apply(pushed)
    world.client.images.remove(more, force=True)
    world.apply({"images": {more: {}}})
    assert world.client.images.get(more).id == image.id
    (context / "a.txt").write_text("three")
    names["tags"] = [more]
    report = world.apply(
        {"images": {f"{REGISTRY}/dwbuild/web:3": {"build": str(context), **names, "push": True}}}
    )
    assert [title.split()[0] for title in titles(report)] == ["build", "tag", "push", "push"]
    assert "the registry has another image" in report.plan.changes[3].reason
    stop_registry(world.host)
    (problem,) = world.fail(pushed).problems
    assert problem.where == f"images.{more}.push"
    assert "can be reached from the engine's host" in problem.fix


def test_a_base_is_pulled_first(world: World, context: Path) -> None:
    start_registry(world.host)
    base = f"{REGISTRY}/dwbuild/base:1"
    for version in ("1", "2"):
        world.host.load_tiny(base, Labels={"base": version})
        world.apply({"images": {base: {"pull_policy": "never", "push": True}}})
        if version == "1":
            world.client.images.remove(base, force=True)
            report = world.apply(built(context, args={"BASE": base}))
            assert titles(report) == [f"pull image {base}", f"build image {NAME}"]
        else:
            world.host.load_tiny(base, Labels={"base": "1"})
            world.apply(built(context, args={"BASE": base}))
    report = world.apply(built(context, args={"BASE": base}, pull=True))
    assert titles(report) == [f"pull image {base}", f"build image {NAME}"]
    assert world.client.images.get(NAME).labels["base"] == "2"
    stop_registry(world.host)


def test_the_sdk_builds_the_same(world: World, context: Path) -> None:
    """The docker SDK as witness: the same folder gives the same files."""
    world.apply(built(context))
    world.client.images.build(path=str(context), tag="dwbuild/witness:1")
    listing = "cd /app; find . | sort; find . -type f | sort | xargs sha256sum; ls -ln"
    ours = inside(world, listing)
    assert differences(ours, inside(world, listing, "dwbuild/witness:1")) == []


def test_what_a_command_does_not_accept_is_not_had(world: World, tmp_path: Path) -> None:
    start_registry(world.host)
    name = f"{REGISTRY}/dwbuild/signed:1"

    def offered(version: str) -> str:
        world.host.load_tiny("dwbuild/offered:1", Labels={"version": version})
        digest = push(world.host, "dwbuild/offered:1", "dwbuild/signed:1").digest
        world.client.images.remove("dwbuild/offered:1", force=True)
        return f"{REGISTRY}/dwbuild/signed@{digest}"

    def wanted(**more: Any) -> dict[str, Any]:
        script = f'grep -qx "$1" {tmp_path}/signed && test "$1" = "$DOCKWRIGHT_IMAGE" && exit'
        command = ["sh", "-c", f"{script}; echo no signature >&2; exit 3", "verify"]
        image = {"verify": command, "pull_policy": "always"}
        return project({"web": container(image=name)}, images={name: {**image, **more}})

    first = offered("1")
    (tmp_path / "signed").write_text("")
    before = world.snapshot()
    for check in (True, False):
        report = world.run(wanted(), check=check)
        assert (report.failed, report.changed) == (True, False)
        (problem,) = report.problems
        assert problem.where == f"images.{name}.verify"
        assert "no signature (exit 3)" in problem.message
    assert world.snapshot() == before
    (tmp_path / "signed").write_text(f"{first}\n")
    world.apply(wanted())
    assert first in world.client.images.get(name).attrs["RepoDigests"]
    assert "dwbuild/signed:pinned" not in str(world.client.images.get(name).tags)
    offered("2")  # it moved, and nobody has signed that
    world.client.images.get(first).tag(f"{REGISTRY}/dwbuild/signed", "1")  # the push took it away
    report = world.fail(wanted())
    assert not report.changed
    assert first in world.client.images.get(name).attrs["RepoDigests"]
    assert world.is_running("web")
    (tmp_path / "signed").write_text("")  # revoked: what is there is looked at, too
    report = world.fail(wanted(pull_policy="missing"))
    assert "no signature" in report.problems[0].message
    report = world.fail(wanted(verify=["/nowhere/verify"]))
    assert "cannot run" in report.problems[0].message
