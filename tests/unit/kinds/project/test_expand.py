"""Compose files as documents: the cases in tests/cases/compose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.project.compose import expand
from dockwright.kinds.project.yaml_text import load_yaml
from dockwright.kinds.volume.plan import plan_all
from dockwright.model import Cause, EngineFacts
from dockwright.spec import parse_document

CASES = Path(__file__).parents[3] / "cases/compose"


def _cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.yml")):
        for case in load_yaml(path.read_text(), path.name):
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def _document(case: dict[str, Any]) -> dict[str, Any]:
    """The case as a whole document."""
    return {
        "project": case.get("project", "shop"),
        "compose": case["compose"],
        "compose_directory": case.get("directory", "/srv/shop"),
        "compose_environment": case.get("environment", {}),
    }


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any]) -> None:
    document = _document(case)
    if "refused" in case:
        with pytest.raises(SpecError) as caught:
            parse_document(document, lambda path: None)
        places = [problem.where for problem in caught.value.problems()]
        assert sorted(set(places)) == sorted(case["refused"])
        return
    warnings: list[str] = []
    arguments = [document[f"compose{part}"] for part in ("", "_environment", "_directory")]
    try:
        expanded = expand(
            arguments[0], document["project"], arguments[1], arguments[2], warnings.append
        )
    except SpecError as error:
        assert [problem.text() for problem in error.problems()] == case.get("problems")
        return
    wanted = {"project": "shop", "networks": {}, "volumes": {}, "containers": {}}
    assert expanded.document == {**wanted, **case["document"]}
    assert warnings == case.get("warnings", [])
    # The document is one that the rest of the core takes.
    parse_document(document, case.get("files", {}).get)


def test_order_of_containers_and_mounts_is_kept_networks_are_in_that_of_their_keys() -> None:
    text = """
    services:
      c: {image: a, networks: [z, a], volumes: [v:/v, a:/a]}
      a: {image: a}
    networks: {z: , a: }
    volumes: {v: , a: }
    """
    document = expand(load_yaml(text, ""), "p", {}, "", lambda _: None).document
    assert list(document["containers"]) == ["p-c-1", "p-a-1"]
    assert list(document["containers"]["p-c-1"]["networks"]) == ["p_a", "p_z"]
    assert document["containers"]["p-c-1"]["volumes"] == ["p_v:/v", "p_a:/a"]


REST = {
    "services": {
        "web": {"image": "a", "volumes": ["used:/used"]},
        "tool": {"image": "a", "volumes": ["rest:/rest"], "profiles": ["tools"]},
    },
    "volumes": {"used": {}, "rest": {}, "nobody": {}},
}


def test_volumes_of_resting_services_are_kept_but_not_made() -> None:
    spec: dict[str, Any] = {"project": "shop", "compose": REST}
    document = parse_document(spec, lambda path: None)
    states = {name: want.state for name, want in document.volumes.items()}
    assert states == {"shop_used": "present", "shop_rest": "kept", "shop_nobody": "kept"}
    facts = EngineFacts()
    planned, _ = plan_all(document.volumes, {}, facts, lambda *args: Cause.SPEC)
    assert [change.name for change in planned] == ["shop_used"]
    awake = parse_document(
        {**spec, "compose_environment": {"COMPOSE_PROFILES": "tools"}}, lambda path: None
    )
    assert awake.volumes["shop_rest"].state == "present"
    beside = {"containers": {"own": {"image": "a", "volumes": ["shop_nobody:/n"]}}}
    used = parse_document({**spec, **beside}, lambda path: None)
    assert used.volumes["shop_nobody"].state == "present"


def test_the_input_is_not_changed() -> None:
    text = """
    x: &x
      image: a
      volumes: [{type: bind, source: ./b, target: /b}]
      networks: {n: {aliases: [q]}}
    services: {a: *x, b: *x}
    networks: {n: {external: true}}
    """
    compose = load_yaml(text, "")
    del compose["x"]
    expand(compose, "p", {}, "/d", lambda _: None)
    again = load_yaml(text, "")
    del again["x"]
    assert compose == again


def test_beside_other_objects_of_a_document() -> None:
    spec = {
        "project": "shop",
        "compose": {"services": {"web": {"image": "a", "network_mode": "none"}}},
        "containers": {"other": {"image": "b", "network_mode": "none"}},
    }
    assert set(parse_document(spec, lambda path: None).containers) == {"shop-web-1", "other"}
    spec["containers"] = {"shop-web-1": {"image": "b"}}
    with pytest.raises(SpecError, match="is in the Compose file too"):
        parse_document(spec, lambda path: None)


def test_a_path_is_no_content() -> None:
    with pytest.raises(SpecError, match="compose: is text, and no file is read here"):
        parse_document({"compose": "compose.yml"}, lambda path: None)
    spec = {"compose": {"name": "a"}, "compose_env_files": ["x"]}
    with pytest.raises(SpecError, match="compose_env_files: no file is read here"):
        parse_document(spec, lambda path: None)
