"""An engine that was not there, as it is seen from outside after role engine."""

from __future__ import annotations

import json
from typing import Any


def _ask(host: Any, path: str) -> Any:
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def test_the_engine_is_installed_enabled_and_running(host: Any) -> None:
    assert host.package("docker.io").is_installed
    service = host.service("docker")
    assert (service.is_running, service.is_enabled) == (True, True)


def test_its_configuration_was_there_before_its_first_start(host: Any) -> None:
    assert _ask(host, "/info")["Labels"] == ["first-start=yes"]
    starts = "journalctl -u docker -o cat | grep -c 'Started docker.service'"
    # Once before the removal, and once after the installation: no restart was needed.
    assert host.check_output(starts) == "2"


def test_the_packages_are_held(host: Any) -> None:
    assert "docker.io" in host.check_output("apt-mark showhold").split()


def test_a_user_is_in_the_group(host: Any) -> None:
    assert "docker" in host.user("operator").groups


def test_the_removal_before_kept_images_and_containers(host: Any) -> None:
    names = {name for item in _ask(host, "/containers/json?all=1") for name in item["Names"]}
    assert {"/before", "/plain"} <= names
    tags = {tag for item in _ask(host, "/images/json") for tag in item["RepoTags"] or ()}
    assert "dockwright/busybox:1" in tags
