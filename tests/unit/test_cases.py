"""Every row of containers, networks and volumes against its cases, in memory; and the cases' worth.

A mutant that reads one row wrongly must make one of the row's cases fail.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dockwright import observe, reconcile
from dockwright.api import Connection, Report, converge
from dockwright.engine.fake import FakeEngine
from dockwright.host.machine import Host
from dockwright.kinds.container import have as container_have
from dockwright.kinds.container import replace
from dockwright.model import Action
from dockwright.options import Option
from tests.case_files import (
    IMAGE,
    KINDS,
    NAME,
    SECTIONS,
    STEERING,
    Case,
    actions,
    cases,
    flat,
    is_like,
    load,
)

ENGINES = {
    "20.10": ("1.41", "20.10.24"),
    "26.1": ("1.45", "26.1.5"),
    "28.5": ("1.51", "28.5.2"),
    "29": ("1.52", "29.0.0"),
}
REQUIRED = ("same", "changed", "removed")
INHERITED = ("inherited", "overridden", "inherited again")
READ_BY: dict[str, tuple[Any, str]] = {
    "container": (container_have, "ROWS"),
    "network": (observe, "NETWORK"),
    "volume": (observe, "VOLUME"),
}


class Bench(NamedTuple):
    """An engine in memory, and the folder that stands for the host's files."""

    engine: FakeEngine
    root: Path

    def converge(self, document: dict[str, Any], *, check: bool = False) -> Report:
        return converge(
            document,
            connection=Connection(docker_host="unix:///fake"),
            host=Host(root=str(self.root)),
            check=check,
        )


@pytest.fixture
def bench_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Case, str], Bench]:
    """Makes the engine that a case is about."""
    root = tmp_path_factory.mktemp("host")
    monkeypatch.setattr(replace, "STAY", 0)  # nothing in memory fails a moment later
    monkeypatch.setattr(replace, "SETTLE", 0)

    def make(case: Case, version: str) -> Bench:
        api, engine_version = ENGINES[version]
        engine = FakeEngine(api=api, version=engine_version)
        engine.info["Runtimes"] = {"runc": {}, "io.containerd.runc.v2": {}}
        engine.info["Plugins"] = {"Log": ["json-file", "local"]}
        engine.info["ID"] = f"{case.id}-{random.random()}"  # a memory of its own
        engine.add_image(IMAGE, config=case.config)
        engine.add_image("dockwright/case:2", config=case.config)
        for path, text in case.file.get("files", {}).items():
            (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (root / path.lstrip("/")).write_text(text)
        monkeypatch.setattr(reconcile, "Engine", lambda *args, **more: engine)
        return Bench(engine, root)

    return make


def engines_of(case: Case) -> list[str]:
    only = case.data.get("engine")
    return [only] if only else list(ENGINES)


def every_case() -> Iterator[Any]:
    for kind in KINDS:
        for case in cases(kind):
            for version in engines_of(case):
                # For containers 29 is as 28.5, but for what an image is.
                marks = [pytest.mark.full] if (kind, version) == ("container", "29") else []
                yield pytest.param(case, version, id=f"{case.id}-{version}", marks=marks)


@pytest.mark.parametrize(("case", "version"), list(every_case()))
def test_case(case: Case, version: str, bench_of: Callable[[Case, str], Bench]) -> None:
    run(case, bench_of(case, version))


def run(case: Case, bench: Bench) -> None:
    """The case's assertions; a mutant of its row fails one of them."""
    if "problem" in case.data:
        _refused(case, bench.converge(case.document("want"), check=True))
        return
    if "have" in case.data:
        made = bench.converge(case.document("have"))
        assert not made.failed, made.problems
        _patch(case, bench.engine)
    planned = bench.converge(case.document("want"), check=True)
    _matches(case, planned)
    if "raw" in case.data or planned.plan.blocked:
        return
    done = bench.converge(case.document("want"))
    assert not done.failed, done.problems
    assert (done.changed, done.plan.changes) == (planned.changed, planned.plan.changes)
    left = bench.converge(case.document("want"), check=True).plan.changes
    assert [(c.name, c.path, c.after) for c in left] == actions(case.document("want"))
    assert bool(left) == bool(case.data.get("is_action"))  # those are done in every run


def _refused(case: Case, report: Report) -> None:
    path, words = case.data["problem"]
    where = f"{SECTIONS[case.kind]}.{NAME}" + (f".{path}" if path else "")
    found = [(problem.where, problem.message) for problem in report.problems]
    assert any(at == where and words in message for at, message in found), found
    assert not report.plan.changes


def _patch(case: Case, engine: FakeEngine) -> None:
    """What inspect says otherwise than we would have written it."""
    host = engine.host
    objects = {"container": host.containers, "network": host.networks, "volume": host.volumes}
    names = (NAME, f"/{NAME}")
    for path, value in case.data.get("raw", {}).items():
        raw = next(item for item in objects[case.kind].values() if item["Name"] in names)
        *parents, last = _split(raw, path)
        for part in parents:
            raw = raw[part]
        raw[last] = value


def _split(raw: Any, path: str) -> list[str]:
    for name in ("case-net", "cases_default"):
        head, found, tail = path.partition(f".{name}.")
        if found:
            return [*head.split("."), name, *tail.split(".")]
    return path.split(".")


def _matches(case: Case, report: Report) -> None:
    if report.plan.blocked:
        assert report.failed
    else:
        assert not report.failed, report.problems
    found = flat(report.plan)
    assert is_like(found, case.data["changes"]), found
    for key, action in (("creates", Action.CREATE), ("deletes", Action.DELETE)):
        if key in case.data:
            names = [
                c.name for c in report.plan.changes if (c.kind, c.action) == (case.kind, action)
            ]
            assert sorted(names) == case.data[key]


# --- the cases' worth ----------------------------------------------------------------------------


def test_every_row_has_its_cases() -> None:
    for kind, rows in KINDS.items():
        wanted = {row.name for row in rows} | set(STEERING if kind == "container" else ())
        assert load(kind).keys() == wanted


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in load(kind)])
def test_each_row_has_all_parts(kind: str, name: str) -> None:
    """Same, changed, removed, bad value; inheritance; and where the witness sees it."""
    found = {case.name: case for case in cases(kind) if case.row == name}
    rows = {row.name: row for row in KINDS[kind]}
    missing = {*REQUIRED, "bad value"} - found.keys()
    if name in rows and rows[name].inherit:
        missing |= set(INHERITED) - found.keys()
    assert not missing
    assert "problem" in found["bad value"].data
    if name not in rows:
        return
    assert found["same"].data["changes"] == []
    assert any(name in str(change[1]) for change in found["changed"].data["changes"])
    assert found["same"].inspect("26.1")
    if kind != "volume" and "problem" not in found["removed"].data:
        assert found["changed"].inspect("26.1") or found["removed"].inspect("26.1")


class _Reading(NamedTuple):
    """How a mutant reads its row."""

    name: str
    of: Callable[[Option], Any]


def _always_the_first(row: Option) -> Any:
    seen: list[Any] = []

    def read(inspect: Any) -> Any:
        if not seen:
            assert row.read
            seen.append(json.loads(json.dumps(row.read(inspect))))
        return seen[0]

    return read


MUTANTS = [
    _Reading("nothing", lambda row: lambda inspect: {} if row.type.keyed else None),
    _Reading("the default", lambda row: lambda inspect: {} if row.type.keyed else row.default),
    _Reading("always the same", _always_the_first),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
@pytest.mark.parametrize(("kind", "row"), [(kind, row) for kind in KINDS for row in KINDS[kind]])
def test_mutant_is_found(
    kind: str,
    row: Option,
    mutant: _Reading,
    bench_of: Callable[[Case, str], Bench],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A `have` that does not see this row: one of the row's own cases must tell."""
    broken = row._replace(read=mutant.of(row))
    rows = tuple(broken if other is row else other for other in KINDS[kind])
    monkeypatch.setattr(*READ_BY[kind], rows)
    for case in cases(kind):
        if case.row != row.name or "problem" in case.data:
            continue
        try:
            run(case, bench_of(case, engines_of(case)[0]))
        except AssertionError:
            return
    pytest.fail(f"no case of {kind} {row.name} sees that it is read as {mutant.name}")
