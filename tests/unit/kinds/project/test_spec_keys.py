"""Every key of the Compose specification is honoured or refused by name: none is unknown to us.

The list in tests/cases/compose/keys.json follows the specification's schema, place by place.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import Problem, SpecError
from dockwright.kinds.container.options import OPTIONS
from dockwright.kinds.container.refused import IN_COMPOSE, KEYS
from dockwright.spec import parse_document

_PLACES = json.loads((Path(__file__).parents[3] / "cases/compose/keys.json").read_text())
# What makes the place be looked at: the service uses what is declared.
_BASE: dict[str, Any] = {"services": {"web": {"image": "a"}, "db": {"image": "a"}}}
_USES = {
    "networks.net": {"networks": ["net"]},
    "services.web.networks": {},
    "volumes.data": {"volumes": ["data:/data"]},
    "secrets.key": {"secrets": ["key"]},
    "configs.conf": {"configs": ["conf"]},
}
# What an entry must have before anything else of it is looked at.
_NEEDED: dict[str, dict[str, Any]] = {
    "services.web.blkio_config.device_read_bps[]": {"path": "/dev/sda", "rate": 1},
    "services.web.blkio_config.weight_device[]": {"path": "/dev/sda", "weight": 10},
    "services.web.deploy.resources.reservations.devices[]": {"capabilities": ["gpu"]},
    "services.web.extends": {"service": "db"},
}
_UNKNOWN = re.compile("unknown key|and nothing else")
_MOUNT = {"bind": "/srv", "volume": "data", "image": "a", "tmpfs": None}


def _problems(place: str, key: str) -> list[Problem]:
    """What is said of a file with a key that has an odd value."""
    compose: dict[str, Any] = json.loads(json.dumps(_BASE))
    compose["services"]["web"].update(
        next((more for start, more in _USES.items() if place.startswith(start)), {})
    )
    if place.startswith("services.web.networks"):
        compose["networks"] = {"net": {}}
    if place.startswith(("secrets", "configs")):
        section, name = place.split(".")
        compose[section] = {name: {"file": "/etc/file"}}
    if place.startswith("services.web.volumes"):
        compose["volumes"] = {"data": {}}
    here = _at(compose, place)
    here.update(_NEEDED.get(place, {}))
    here.setdefault(key, "odd")
    document = {"project": "shop", "compose": compose, "compose_directory": "/srv"}
    try:
        parse_document(document, lambda path: "")
    except SpecError as error:
        return error.problems()
    return []


def _at(compose: dict[str, Any], place: str) -> dict[str, Any]:
    here: Any = compose
    for name, index in re.findall(r"(\w+)(?:\[(\w*)\])?", place):
        brackets = f"{name}[" in place
        if not brackets:
            here = here.setdefault(name, {}) if isinstance(here.get(name, {}), dict) else {}
            continue
        mount = {"type": index, "source": _MOUNT[index], "target": "/t"} if index else {}
        here[name] = [{key: item for key, item in mount.items() if item}]
        here = here[name][0]
    return here


@pytest.mark.parametrize("place", _PLACES)
def test_no_key_is_unknown(place: str) -> None:
    for key in _PLACES[place].split():
        found = _problems(place, key)
        unknown = [p.text() for p in found if _UNKNOWN.search(p.message)]
        assert not unknown, f"{place}.{key}"
    found = _problems(place, "odd_key")
    assert any(_UNKNOWN.search(p.message) for p in found), "the test would see nothing"


def test_a_key_is_an_option_or_refused_and_not_both() -> None:
    rows = {row.name for row in OPTIONS}
    assert not rows & {*KEYS, *IN_COMPOSE}
    assert set(_PLACES["services.web"].split()) <= rows | {*KEYS, *IN_COMPOSE}


@pytest.mark.parametrize("key", [*KEYS, *IN_COMPOSE])
def test_what_is_refused_has_a_way_out(key: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_document({"containers": {"web": {"image": "a", key: "x"}}}, lambda path: None)
    (problem,) = caught.value.problems()
    assert problem.where == f"containers.web.{key}"
    assert problem.fix


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("", "models"),
        ("services.web", "use_api_socket"),
        ("services.web.deploy", "placement"),
        ("services.web.deploy", "mode"),
        ("services.web.deploy.resources.reservations", "generic_resources"),
        ("services.web.deploy.restart_policy", "window"),
        ("services.web.volumes[volume].volume", "labels"),
        ("services.web.secrets[]", "uid"),
        ("secrets.key", "template_driver"),
        ("configs.conf", "content"),
    ],
)
def test_what_a_single_engine_cannot_do_is_refused_at_its_place(place: str, key: str) -> None:
    where = re.sub(r"\[\w*\]", "[0]", f"compose.{place}.{key}".replace("..", "."))
    assert [p.fix for p in _problems(place, key) if p.where == where], _problems(place, key)
