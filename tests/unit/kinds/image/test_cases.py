"""What is planned for images, as data in tests/cases/image; done on the fake, then planned again.

A case: ``want`` (the ``images`` of a document), ``images`` of the host, what the ``registry``
offers (or ``remote_error``, what it answers), ``tars``; then ``changes`` as [action, name, before,
after], or ``problems`` as [where, part of the message]. "ID of NAME" is the ID of that image in
the case's tars.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO, Any

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.errors import Problem, SpecError
from dockwright.kinds.image import apply, plan
from dockwright.kinds.image.have import Edges, ImageHave, observe
from dockwright.kinds.image.retry import Retry
from dockwright.kinds.image.want import merged, parse
from dockwright.model import Action, Change, Want
from tests.unit.kinds.image.tars import identity_of, tar_of

FILES = sorted((Path(__file__).parents[3] / "cases/image").glob("*.json"))
HASTY = Retry(attempts=2, sleep=lambda seconds: None)


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{case['name']}".replace(" ", "-"))
        for file in FILES
        for case in json.loads(file.read_text())["cases"]
    ]


class World:
    """The fake engine and the files of one case."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.engine = FakeEngine()
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
        identity = entry.get("id", "").replace("sha256:", "")
        return str(put(entry["name"], identity, None, entry.get("digest", "")))

    def _dress(self, image: dict[str, Any], entry: dict[str, Any]) -> None:
        image.update(entry.get("platform", {}))
        if "repo_digests" in entry:
            image["RepoDigests"] = entry["repo_digests"]

    def open_file(self, path: str) -> IO[bytes]:
        if path not in self.tars:
            raise FileNotFoundError(2, "No such file or directory", path)
        return io.BytesIO(self.tars[path])

    def look(self, want: Want) -> ImageHave:
        return observe(Edges(self.engine, {}, self.open_file, HASTY), want)

    def act(self, want: Want, change: Change) -> ImageHave:
        if change.action is Action.PULL:
            return apply.pull(self.engine, want, {}, retry=HASTY)
        if change.action is Action.LOAD:
            return apply.load(self.engine, want, self.open_file)
        return apply.remove(self.engine, want)


def named(case: dict[str, Any]) -> dict[str, Any]:
    """The case with "ID of NAME" replaced by the ID."""
    text = json.dumps(case)
    for images in case.get("tars", {}).values():
        for image in images:
            for tag in image["tags"]:
                text = text.replace(f"ID of {tag}", identity_of(image))
    return dict(json.loads(text))


def shown(problems: list[Problem] | tuple[Problem, ...], case: dict[str, Any]) -> None:
    assert [problem.where for problem in problems] == [where for where, _ in case["problems"]]
    for problem, (_, part) in zip(problems, case["problems"]):
        assert part in problem.message


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    case = named(case)
    world = World(case)
    try:
        wants = merged(parse(name, spec, f"images.{name}") for name, spec in case["want"].items())
    except SpecError as error:
        shown(error.problems(), case)
        return
    (want,) = wants.values()
    have = world.look(want)
    assert all(entry.startswith("GET ") for entry in world.engine.log)
    if "requests" in case:
        assert [e for e in world.engine.log if e != "GET /version"] == case["requests"]
    changes, problems = plan.plan(want, have), plan.problems(want, have)
    if "problems" in case:
        shown(problems, case)
        assert changes == ()
        return
    assert problems == []
    found = [[c.action.value, c.name, c.before, _text(c.after)] for c in changes]
    assert found == case["changes"]
    for change in changes:
        assert change.reason
        assert change.reason == case.get("reason", change.reason)
        after = world.act(want, change)
        assert bool(after.id) == (change.action is not Action.DELETE)
    again = world.look(want)
    assert (plan.plan(want, again), plan.problems(want, again)) == ((), [])


def _text(value: object) -> object:
    return value if isinstance(value, str) or value is None else repr(value)


def test_every_option_has_a_case_file() -> None:
    from dockwright.kinds.image.options import ROWS

    assert {row.name for row in ROWS} - {"state"} <= {file.stem for file in FILES}
