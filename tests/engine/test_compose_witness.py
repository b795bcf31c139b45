"""Compose itself as a witness: what it makes of a file is what we make of it.

``docker compose config`` prints a file with everything resolved, again as a Compose file. Both that
and the file itself, through our parser, must give the same objects. The program is that of the
newest test host.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dockwright.kinds.project.reading import Here, read_compose
from dockwright.kinds.project.yaml_text import load_yaml
from dockwright.spec import Document, parse_document
from tests.hosts import TestHost

CASES = Path(__file__).parents[1] / "cases/compose"


@pytest.fixture(scope="module")
def compose(host28: TestHost, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program; it is static but for the C library, so it runs outside its host as well."""
    program = tmp_path_factory.mktemp("compose") / "docker-compose"
    host28.copy_out("/usr/libexec/docker/cli-plugins/docker-compose", program)
    return str(program)


def _theirs(
    compose: str, files: list[str], directory: Path, environment: dict[str, str]
) -> dict[str, Any]:
    arguments = [part for name in files for part in ("-f", name)]
    run = subprocess.run(
        [compose, "-p", "shop", *arguments, "config", "--format", "json"],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "HOME": "/nobody", **environment},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    for service in found["services"].values():
        for key in ("command", "entrypoint"):
            if service.get(key, ...) is None:
                del service[key]
    return found


def _ours(files: list[str], directory: Path, environment: dict[str, str]) -> dict[str, Any]:
    def read(path: str) -> str | None:
        return Path(path).read_text() if Path(path).exists() else None

    here = Here(lambda name: str(directory / name), read, environment, True)
    params = {"compose": files, "project": "shop"}
    return read_compose(params, here, lambda _: None)


def _compared(document: Document) -> dict[str, Any]:
    """What must be the same: every object but the volumes that nobody mounts, which we keep."""
    mounted = {
        mount.get("source")
        for want in document.containers.values()
        for mount in want.fields.get("volumes", {}).values()
    }
    return {
        "containers": {
            name: (dict(want.fields), want.inputs["depends_on"], want.service)
            for name, want in document.containers.items()
        },
        "networks": {
            name: (want.fields, want.external) for name, want in document.networks.items()
        },
        "volumes": {
            name: (want.fields, want.external)
            for name, want in document.volumes.items()
            if name in mounted
        },
    }


def _check(compose: str, files: list[str], directory: Path, environment: dict[str, str]) -> None:
    theirs = _theirs(compose, files, directory, environment)
    ours = _ours(files, directory, environment)

    def parsed(spec: dict[str, Any]) -> dict[str, Any]:
        return _compared(parse_document(spec, lambda path: None))

    spec = {**ours, "compose": theirs}
    assert parsed(ours) == parsed(spec)


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yml"))
        for case in load_yaml(path.read_text(), path.name)
        if "document" in case and case["compose"] and "witness" not in case
    ]


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any], compose: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(json.dumps(case["compose"]))
    for path, text in case.get("files", {}).items():
        (tmp_path / Path(path).name).write_text(text)
    _check(compose, ["compose.yml"], tmp_path, case.get("environment", {}))


def _projects() -> list[Any]:
    paths = sorted((CASES / "projects").iterdir())
    return [pytest.param(path, id=path.name) for path in paths]


@pytest.mark.parametrize("project", _projects())
def test_project(project: Path, compose: str) -> None:
    files = sorted(path.name for path in project.glob("compose*.yml"))
    _check(compose, files, project, {"FROM_ENV": "e$nv", "BOTH": "env"})


# What the merged files leave out, so that Compose takes them.
FRAME = {
    "services": {name: {"image": "a"} for name in ("web", "db", "q", "a", "b", "c")},
    "networks": {"back": {}, "front": {}},
    "volumes": {"data": {}},
    "secrets": {name: {"file": f"/{name}"} for name in "stu"},
    "configs": {"c": {"file": "/c"}},
}
MERGES = json.loads((CASES / "merge.json").read_text())


@pytest.mark.parametrize(
    "case",
    [case for case in MERGES if "merged" in case and "witness" not in case],
    ids=lambda case: case["name"],
)
def test_merge(case: dict[str, Any], compose: str, tmp_path: Path) -> None:
    files = {"a.yml": case["base"], "b.yml": case["over"], "merged.yml": case["merged"]}
    for name, content in {**files, "frame.yml": FRAME}.items():
        (tmp_path / name).write_text(json.dumps(content))
    for name in ("a.env", "b.env"):
        (tmp_path / name).write_text("")
    environment = {"COMPOSE_PROFILES": "*"}
    merged = _theirs(compose, ["frame.yml", "merged.yml"], tmp_path, environment)
    assert _theirs(compose, ["frame.yml", "a.yml", "b.yml"], tmp_path, environment) == merged
