"""What is planned for images, as data in tests/cases/image; done on the fake, then planned again.

A case: ``want`` (the ``images`` of a document), ``images`` of the host, what the ``registry``
offers (or ``remote_error``, what it answers), ``tars``; then ``changes`` as [action, name, before,
after], or ``problems`` as [where, part of the message]. "ID of NAME" is the ID of that image in
the case's tars. ``engines`` where it is not about all. ``files`` are those of the folder FOLDER,
that an image is built from.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO, Any

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.engine.versions import api_of
from dockwright.errors import Problem, SpecError
from dockwright.host.files import Files
from dockwright.host.memory import Memory
from dockwright.kinds.image import apply, building, importing, names, saving, sequence
from dockwright.kinds.image.have import BuildSite, Edges, ImageHave, observe
from dockwright.kinds.image.retry import Retry
from dockwright.kinds.image.want import merged, parse
from dockwright.model import Action, Change, Want
from tests.unit.kinds.image.tars import identity_of, tar_of

FILES = sorted((Path(__file__).parents[3] / "cases/image").glob("*.json"))
ENGINES = ("20.10.24", "29.0.0")  # 29 has its images in containerd: an ID is a registry's digest
NEGOTIATION = ("GET /_ping", "GET /version")  # the latter with an engine newer than we are
HASTY = Retry(attempts=2, sleep=lambda seconds: None)


def cases() -> list[Any]:
    return [
        pytest.param(case, engine, id=f"{file.stem}-{case['name']}-{engine}".replace(" ", "-"))
        for file in FILES
        for case in json.loads(file.read_text())["cases"]
        for engine in case.get("engines", ENGINES)
    ]


class World:
    """The fake engine and the files of one case."""

    def __init__(self, case: dict[str, Any], folder: Path, version: str = "20.10.24") -> None:
        self.engine = FakeEngine(api=api_of(version), version=version)
        self.folder = folder
        memory = Memory(Files(), str(folder / "memory"))
        site = BuildSite(str, memory)
        self.edges = Edges(self.engine, {}, self.open_file, HASTY, site)
        for path, text in case.get("files", {}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        self.tars = {path: tar_of(images) for path, images in case.get("tars", {}).items()}
        for entry in case.get("images", ()):
            self._dress(self.engine.host.images[self._add(self.engine.add_image, entry)], entry)
        for entry in case.get("registry", ()):
            self._add(self.engine.offer_image, entry)
            self._dress(self.engine.host.registry[entry["name"]], entry)
        if "remote_error" in case:
            status, words = case["remote_error"]
            self.engine.fail_on("GET", "^/distribution/", status, words, times=2)
        if "container" in case:
            self.engine.post("/containers/create", {"Image": case["container"]}, {"name": "user"})
        self.engine.log.clear()

    def _add(self, put: Any, entry: dict[str, Any]) -> str:
        identity, digest = entry.get("id", "").replace("sha256:", ""), entry.get("digest", "")
        if digest and self.engine.host.has_manifests:  # it is the ID
            identity = ""
        return str(put(entry["name"], identity, None, digest))

    def _dress(self, image: dict[str, Any], entry: dict[str, Any]) -> None:
        image.update(entry.get("platform", {}))
        if "repo_digests" in entry:
            image["RepoDigests"] = entry["repo_digests"]

    def open_file(self, path: str) -> IO[bytes]:
        if path not in self.tars:
            raise FileNotFoundError(2, "No such file or directory", path)
        return io.BytesIO(self.tars[path])

    def real_path(self, path: str) -> str:
        return f"{self.folder}/{path.replace('/', '_')}"

    def look(self, want: Want) -> ImageHave:
        return observe(self.edges, want)

    def act(self, want: Want, have: ImageHave, change: Change) -> ImageHave:
        name = change.path.partition(".")[2]
        if change.action is Action.BUILD:
            building.build(self.engine, want, have, self.edges.site, lambda text: None)
        if change.action is Action.IMPORT:
            return importing.bring(self.engine, want, str, lambda text: None)
        if change.action is Action.SAVE:
            path = want.inputs["save"]
            saving.save(self.engine, want, self.real_path, lambda text: None)
            self.tars[path] = Path(self.real_path(path)).read_bytes()
        if change.action is Action.TAG:
            names.tag(self.engine, want, name)
        if change.action is Action.PUSH:
            names.push(self.edges, want, name, lambda text: None)
        if change.action in (Action.BUILD, Action.TAG, Action.PUSH, Action.SAVE):
            return self.look(want)
        if change.action is Action.PULL:
            return apply.pull(self.engine, want, {}, retry=HASTY)
        if change.action is Action.LOAD:
            return apply.load(self.engine, want, self.open_file)
        return apply.remove(self.engine, want)


def named(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The case with FOLDER, and "ID of NAME" replaced by the ID."""
    text = json.dumps(case).replace("FOLDER", str(folder))
    for images in case.get("tars", {}).values():
        for image in images:
            for tag in image["tags"]:
                text = text.replace(f"ID of {tag}", identity_of(image))
    return dict(json.loads(text))


def shown(problems: list[Problem] | tuple[Problem, ...], case: dict[str, Any]) -> None:
    assert [problem.where for problem in problems] == [where for where, _ in case["problems"]]
    for problem, (_, part) in zip(problems, case["problems"]):
        assert part in problem.message


@pytest.mark.parametrize(("case", "version"), cases())
def test_case(case: dict[str, Any], version: str, tmp_path: Path) -> None:
    case = named(case, tmp_path)
    world = World(case, tmp_path, version)
    try:
        wants = merged(parse(name, spec, f"images.{name}") for name, spec in case["want"].items())
    except SpecError as error:
        shown(error.problems(), case)
        return
    (want,) = wants.values()
    have = world.look(want)
    assert all(entry.startswith("GET ") for entry in world.engine.log)
    if "requests" in case:
        assert [e for e in world.engine.log if e not in NEGOTIATION] == case["requests"]
    changes, problems = planned(want, have)
    if "problems" in case:
        shown(problems, case)
        return
    assert problems == []
    found = [[c.action.value, c.name, c.before, _text(c.after), c.path] for c in changes]
    found = [entry if entry[4] else entry[:4] for entry in found]
    assert found == case["changes"]
    for change in changes:
        assert change.reason
        assert change.reason == case.get("reason", change.reason)
        after = world.act(want, have, change)
        assert bool(after.id) == (change.action is not Action.DELETE)
    again = world.look(want)
    assert planned(want, again) == ([], [])


def planned(want: Want, have: ImageHave) -> tuple[list[Change], list[Problem]]:
    wants, haves = {"it": want}, {"it": have}
    problems = sequence.problems(want, have, settled=True)
    return sequence.plan_all(wants, haves, None, settled=True), problems


def _text(value: object) -> object:
    return value if isinstance(value, str) or value is None else repr(value)


def test_every_option_has_a_case_file() -> None:
    from dockwright.kinds.image.options import ROWS

    assert {row.name for row in ROWS} - {"state"} <= {file.stem for file in FILES}
