"""A whole host as it is seen from outside, after playbooks/site.yml."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest


def _ask(host: Any, path: str) -> Any:
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def _address(host: Any) -> str:
    return str(host.backend.get_variables()["ansible_host"])


def test_the_engine_is_held_and_runs(host: Any) -> None:
    service = host.service("docker")
    assert (service.is_running, service.is_enabled) == (True, True)
    assert "docker.io" in host.check_output("apt-mark showhold").split()
    assert "docker" in host.user("operator").groups


def test_each_writer_has_its_keys(host: Any) -> None:
    assert json.loads(host.file("/etc/docker/daemon.json").content_string) == {
        "dns": ["192.0.2.53"],
        "dns-search": ["site.example"],
        "live-restore": True,
        "log-driver": "local",
    }


def test_containers_of_before_and_of_the_site_run(host: Any) -> None:
    running = {name for item in _ask(host, "/containers/json") for name in item["Names"]}
    assert running == {"/before", "/plain", "/shop-web"}


def test_a_new_container_asks_the_new_server(host: Any) -> None:
    path = _ask(host, "/containers/shop-web/json")["ResolvConfPath"]
    assert "search site.example" in host.file(path).content_string


def test_the_site_is_reached_from_another_machine(host: Any) -> None:
    with urllib.request.urlopen(f"http://{_address(host)}:8081/", timeout=10) as answer:
        assert answer.read() == b"hello from busybox\n"


def test_what_nobody_allowed_is_not_reached(host: Any) -> None:
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        urllib.request.urlopen(f"http://{_address(host)}:8080/", timeout=5)
