"""Every row on real engines: created, changed, removed; the docker SDK reads what the cases say.

Rows share containers (``group`` and ``touches`` of their case files), so that a step is one run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from dockwright.api import Connection, Report, converge
from dockwright.host.machine import Host
from tests.case_files import (
    CONFIG,
    IMAGE,
    NAME,
    STEERING,
    Case,
    actions,
    at,
    cases,
    document,
    flat,
    is_like,
)
from tests.hosts import TestHost

STEPS = ("same", "changed", "removed")
INHERITANCE = ("inherited", "overridden", "inherited again")
EMPTY = (None, "", [], {}, 0, False)

Rows = dict[str, dict[str, Case]]  # by row and name of the case


class Bench:
    """One engine: our runs on it, and the SDK as the witness."""

    def __init__(self, host: TestHost, client: docker.DockerClient, root: Path) -> None:
        self.host = host
        self.client = client
        self.docker_host = host.docker_host
        self.root = root
        self.version = str(client.version()["Version"])
        host.load_tiny(IMAGE, **CONFIG)
        host.load_tiny("dockwright/case:2", **CONFIG, OnBuild=["RUN true"])

    def converge(self, spec: Mapping[str, Any], *, check: bool = False) -> Report:
        """One run; the memory is in a folder of the test."""
        return converge(
            spec,
            connection=Connection(docker_host=self.docker_host),
            host=Host(root=str(self.root)),
            check=check,
        )

    def apply(self, spec: Mapping[str, Any]) -> Report:
        """Check mode, the run, check mode: what was shown is done, and only actions are left."""
        shown = self.converge(spec, check=True)
        done = self.converge(spec)
        assert not done.failed, done.problems
        assert done.plan.changes == shown.plan.changes
        assert (shown.changed, done.changed) == (bool(shown.plan.changes),) * 2
        left = self.converge(spec, check=True)
        found = [(c.name, c.path, c.after) for c in left.plan.changes]
        assert (found, left.problems) == (actions(spec), [])
        return done

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        api = self.client.api
        ask = {"container": api.inspect_container, "network": api.inspect_network}
        return dict(ask.get(kind, api.inspect_volume)(name))

    def witness(self, case: Case, name: str) -> None:
        """What the SDK reads is what the case says."""
        raw = self.inspect(case.kind, name)
        for path, wanted in case.inspect(self.version).items():
            found = at(raw, path)
            wanted = self._filled(wanted, raw)
            same = found == wanted or (found in EMPTY and wanted in EMPTY)
            assert same, f"{case.id}: {path} is {found!r}, not {wanted!r}"

    def _filled(self, value: Any, raw: Mapping[str, Any]) -> Any:
        if isinstance(value, list):
            return [self._filled(item, raw) for item in value]
        if not isinstance(value, str) or "$" not in value:
            return value
        if value.startswith("$image "):
            return self.client.images.get(value.partition(" ")[2]).id
        if "$peer" in value:
            return value.replace("$peer", self.inspect("container", "peer")["Id"])
        value = value.replace("$name", raw.get("Name", "").lstrip("/"))
        return value.replace("$short", raw["Id"][:12]) if value == "$short" else value


@pytest.fixture
def bench(clean_host: TestHost, tmp_path: Path) -> Iterator[Bench]:
    with contextlib.closing(clean_host.sdk()) as client:
        yield Bench(clean_host, client, tmp_path)


def rows_of(kind: str, names: tuple[str, ...], engine: str) -> Rows:
    """The cases of these names, of the rows that are on the host and known to the engine."""
    found: Rows = {}
    for case in cases(kind):
        real = not {"problem", "in memory"} & case.data.keys()
        real = real and engine.startswith(case.data.get("engine", ""))
        if case.name in names and real and case.inspect_paths:
            found.setdefault(case.row, {})[case.name] = case
    return {row: items for row, items in found.items() if names[0] in items}


def shared(rows: Rows) -> list[list[str]]:
    """The rows that can share a container: none says what another one says."""
    groups: list[tuple[str, set[str], dict[str, Any], list[str]]] = []
    for number, (row, items) in enumerate(rows.items()):
        case = next(iter(items.values()))
        mark = case.file.get("group", "replaced")
        used = {row, *case.file.get("touches", ())}
        for item in items.values():
            used |= {*item.file.get("with", ()), *item.data["have"], *item.data["want"]}
        config = case.data.get("image", {})
        if mark == "alone":
            mark = f"alone {number}"
        for group in groups:
            if group[0] == mark and not group[1] & used and not group[2].keys() & config.keys():
                break
        else:
            group = (mark, set(), {}, [])
            groups.append(group)
        group[1].update(used)
        group[2].update(config)
        group[3].append(row)
    return [group[3] for group in groups]


class Project:
    """Rows in as few containers as they fit in, all in one document."""

    def __init__(self, bench: Bench, rows: Rows) -> None:
        self.bench = bench
        self.rows = rows
        self.groups = shared(rows)
        self.now: dict[str, dict[str, Any]] = {}
        self.images = [self._image(number) for number in range(len(self.groups))]

    def _image(self, number: int) -> str:
        config: dict[str, Any] = {}
        for row in self.groups[number]:
            config.update(next(iter(self.rows[row].values())).data.get("image", {}))
        if not config:
            return IMAGE
        tag = f"dockwright/inherited:{number}"
        self.bench.host.load_tiny(tag, **{**CONFIG, **config})
        return tag

    def step(self, name: str) -> None:
        """Go through the cases of this name: the plan is theirs, and the witness agrees."""
        before, after = self._spec(name, "have"), self._spec(name, "want")
        if name != STEPS[0] and name != INHERITANCE[0] and before != self.now:
            self.bench.apply(before)
        done = self.bench.apply(after)
        self.now = after
        for number, group in enumerate(self.groups):
            present = [self.rows[row][name] for row in group if name in self.rows[row]]
            if self._is_change(name):
                wanted = [self._cost(case, c) for case in present for c in case.data["changes"]]
                found = flat(done.plan, f"{NAME}-{number}")
                assert _sorted(found) == _sorted(wanted), group
            for case in present:
                self.bench.witness(case, f"{NAME}-{number}")

    def _cost(self, case: Case, change: list[Any]) -> list[Any]:
        """The change in a container that runs, or in one that cannot run on this engine."""
        return [*change[:-1], "none"] if self._is_kept_stopped(case) else change

    def _is_kept_stopped(self, case: Case) -> bool:
        return self.bench.version.startswith(case.file.get("not started on", "never"))

    def _is_change(self, name: str) -> bool:
        return name not in (STEPS[0], INHERITANCE[0])

    def _spec(self, name: str, side: str) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        others: dict[str, dict[str, Any]] = {}
        for number, group in enumerate(self.groups):
            item: dict[str, Any] = {"image": self.images[number]}
            for row in group:
                case = self.rows[row].get(name) or self.rows[row]["changed"]
                side_of = side if name in self.rows[row] else "want"
                spec = case.spec(side_of)
                if row != "image":
                    spec.pop("image")
                if self._is_kept_stopped(case):
                    spec["state"] = "stopped"
                item.update(spec)
                for section, entries in case.file.get("document", {}).items():
                    others.setdefault(section, {}).update(entries)
            objects[f"{NAME}-{number}"] = item
        return document("container", objects, others)


def _sorted(changes: list[list[Any]]) -> list[str]:
    """Without what tells one image's ID from another's."""
    return sorted(
        str([str(part).partition(" (")[0] for part in change] if change[1] == "image" else change)
        for change in changes
    )


def test_containers(bench: Bench) -> None:
    """Every row: created, changed, removed."""
    project = Project(bench, rows_of("container", STEPS, bench.version))
    for name in STEPS:
        project.step(name)


def test_containers_inherit_from_images(bench: Bench) -> None:
    """What the image says holds, is overridden, and holds again."""
    project = Project(bench, rows_of("container", INHERITANCE, bench.version))
    for name in INHERITANCE:
        project.step(name)


def test_networks(bench: Bench) -> None:
    """Every row of a network, each in a network of its own."""
    rows = rows_of("network", STEPS, bench.version)
    for name in STEPS:
        for side in ("have", "want"):
            if (name, side) == ("same", "have"):
                continue
            objects = {
                f"case-{row}": items[name].spec(side)
                for row, items in rows.items()
                if name in items
            }
            done = bench.apply(document("network", objects, {}))
        for row, items in rows.items():
            if name not in items:
                continue
            if name != "same":
                assert flat(done.plan, f"case-{row}") == items[name].data["changes"]
            bench.witness(items[name], f"case-{row}")


def test_volumes(bench: Bench) -> None:
    """Every row of a volume: made, and blocked when it is to be another."""
    rows = rows_of("volume", ("same",), bench.version)
    assert rows
    objects = {f"case-{row}": items["same"].spec("want") for row, items in rows.items()}
    bench.apply(document("volume", objects, {}))
    for row, items in rows.items():
        bench.witness(items["same"], f"case-{row}")
    for case in cases("volume"):
        if case.name not in ("changed", "removed") or "raw" in case.data:
            continue
        objects = {"blocked": case.spec("have")}
        bench.apply(document("volume", objects, {}))
        refused = bench.converge(document("volume", {"blocked": case.spec("want")}, {}))
        assert (refused.failed, refused.changed) == (True, False)
        assert flat(refused.plan, "blocked") == case.data["changes"]
        bench.client.volumes.get("blocked").remove()


def test_drift(bench: Bench) -> None:
    """What another hand changed is seen as drift and put right."""
    common = {"image": IMAGE, "stop_grace_period": 0}
    spec = document(
        "container",
        {
            "limits": {**common, "mem_limit": "64m", "restart": "always", "cpu_shares": 512},
            "attached": {**common, "networks": {"case-net": {"aliases": ["web"]}}},
            "stopped": common,
            "paused": common,
            "removed": {**common, "hostname": "removed"},
            "replaced": {**common, "environment": {"A": "1"}, "labels": {"a": "1"}},
        },
        {"networks": {"case-net": {"labels": {"a": "1"}}}, "volumes": {}},
    )
    bench.apply(spec)
    get = bench.client.containers.get
    limits = get("limits")
    limits.update(mem_limit="96m", memswap_limit="192m", cpu_shares=256)
    limits.update(restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    bench.client.networks.get("case-net").disconnect("attached", force=True)
    get("stopped").kill()
    get("paused").pause()
    get("removed").remove(force=True)
    old = bench.inspect("container", "replaced")
    get("replaced").remove(force=True)
    labels = {**old["Config"]["Labels"], "a": "2"}
    bench.client.containers.run(
        IMAGE, name="replaced", detach=True, network="cases_default", labels=labels
    )
    done = bench.apply(spec)
    found = {
        (c.name, c.path): (c.action.value, c.before, c.after, c.cause.value)
        for c in done.plan.changes
    }
    assert found == {
        ("limits", "mem_limit"): ("update", "96m", "64m", "drift"),
        ("limits", "memswap_limit"): ("update", "192m", "128m", "drift"),
        ("limits", "cpu_shares"): ("update", 256, 512, "drift"),
        ("limits", "restart"): ("update", "on-failure:2", "always", "drift"),
        ("attached", "networks.case-net"): ("update", None, {"aliases": ["web"]}, "drift"),
        ("stopped", "state"): ("start", "exited", "running", "drift"),
        ("paused", "state"): ("start", "paused", "running", "drift"),
        ("removed", ""): ("create", None, found["removed", ""][2], "drift"),
        ("replaced", "environment.A"): ("replace", None, "1", "drift"),
        ("replaced", "labels.a"): ("replace", "2", "1", "drift"),
        ("replaced", "stop_grace_period"): ("replace", "10s", "0s", "drift"),
    }
    assert get("limits").id == limits.id


@pytest.mark.full
@pytest.mark.parametrize("row", sorted({case.row for case in cases("container")}))
def test_one_by_one(bench: Bench, row: str) -> None:
    """Each case of each row in a container of its own, which is created and not started."""
    for case in cases("container"):
        if case.row != row or {"raw", "problem", "files", "in memory"} & {*case.data, *case.file}:
            continue
        if not bench.version.startswith(case.data.get("engine", "")):
            continue
        bench.host.load_tiny(IMAGE, **{**CONFIG, **case.data.get("image", {})})
        specs = [case.document(side) for side in ("have", "want")]
        if row not in STEERING:
            for spec in specs:
                spec["containers"][NAME]["state"] = "stopped"
        bench.apply(specs[0])
        done = bench.apply(specs[1])
        # Where nothing runs nothing is disturbed.
        end = None if row in STEERING else -1
        found = [change[:end] for change in flat(done.plan) if change[1] != "image"]
        wanted = [change[:end] for change in case.data["changes"] if change[1] != "image"]
        assert is_like(found, wanted), (case.id, found)
