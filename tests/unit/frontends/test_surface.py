"""From a front end's options to a document, and what may be shown of them."""

from __future__ import annotations

import pytest

from dockwright import api
from dockwright.errors import SpecError


def test_options_of_one_object_become_a_document() -> None:
    params = {
        "name": "web",
        "image": "nginx:1.27",
        "restart": "always",
        "tty": None,
        "project": "shop",
        "max_disruption": "none",
        "docker_host": "unix:///run/docker.sock",
    }
    assert api.document_of("container", params) == {
        "containers": {"web": {"image": "nginx:1.27", "restart": "always"}},
        "project": "shop",
        "max_disruption": "none",
    }


def test_daemon_and_project_have_their_own_names_for_two_options() -> None:
    assert api.document_of("daemon", {"config": {"debug": True}, "restart": "defer"}) == {
        "daemon": {"debug": True},
        "restart": "defer",
    }
    assert api.document_of("project", {"name": "shop", "purge": True}) == {
        "project": "shop",
        "purge": True,
    }


@pytest.mark.parametrize("kind", ["container", "image", "network", "volume", "project"])
@pytest.mark.parametrize("name", [None, ["web"], {"a": 1}])
def test_an_object_without_a_name_is_no_empty_document(kind: str, name: object) -> None:
    with pytest.raises(api.DockwrightError) as caught:
        (problem,) = api.problems_of(api.document_of(kind, {"name": name}))
        raise SpecError([problem])  # a project's name is parsed with the rest
    assert caught.value.problems()[0].where in ("name", "project")


def test_unknown_options_reach_the_parser() -> None:
    document = api.document_of("network", {"name": "back", "internl": True})
    (problem,) = api.problems_of(document)
    assert problem.where == "networks.back.internl"
    assert "internal" in problem.fix


@pytest.mark.parametrize(
    ("kind", "params", "shown"),
    [
        ("container", {"name": "web", "tty": True}, {"name": "web", "tty": True}),
        ("container", {"environment": {"A": "secret"}}, {"environment": {"A": "********"}}),
        ("container", {"environment": ["A=secret"]}, {"environment": "********"}),
        (
            "container",
            {"name": "web", "environment": {"A": "secret-1"}, "command": ["--with=secret-1"]},
            {"name": "web", "environment": {"A": "********"}, "command": ["--with=********"]},
        ),
        ("container", {"enviroment": "secret"}, {"enviroment": "********"}),
        ("volume", {"driver_opts": {"o": "password=x"}}, {"driver_opts": {"o": "********"}}),
        (
            "host",
            {"containers": {"web": {"image": "i", "environment": {"A": "secret"}}}},
            {"containers": {"web": {"image": "i", "environment": {"A": "********"}}}},
        ),
        ("host", {"compose": {"services": {}}}, {"compose": {"services": {}}}),
        (
            "host",
            {"registries": {"r": {"username": "u", "password": "secret"}}},
            {"registries": {"r": {"username": "********", "password": "********"}}},
        ),
        ("host", {"containers": {"web": "secret"}}, {"containers": {"web": "********"}}),
    ],
)
def test_masked_params(kind: str, params: dict, shown: dict) -> None:
    assert api.masked_params(kind, params) == shown


def test_a_bug_is_told_without_its_text() -> None:
    try:
        int("secret")
    except ValueError as error:
        told = api.bug(error).text()
    assert "ValueError at test_surface.py:" in told
    assert "secret" not in told.replace("without its secrets", "")


def test_a_failure_is_a_report() -> None:
    report = api.failure(api.DockwrightError("no", where="a.b", fix="yes"), check=True)
    assert report.failed
    assert report.check
    assert api.to_dict(report)["message"] == "a.b: no. Yes"


def test_schema_knows_every_section() -> None:
    schema = api.schema()
    assert set(schema["properties"]) == {row.name for row in api.KINDS["host"]}
    containers = schema["properties"]["containers"]["additionalProperties"]["properties"]
    assert containers["restart"]["description"]
