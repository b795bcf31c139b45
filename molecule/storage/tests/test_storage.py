"""A data-root that has moved, as it is seen from outside, after role storage."""

from __future__ import annotations

import json
from typing import Any


def _ask(host: Any, path: str) -> Any:
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def test_the_daemon_works_in_the_new_place(host: Any) -> None:
    assert _ask(host, "/info")["DockerRootDir"] == "/srv/docker"
    wanted = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert wanted["data-root"] == "/srv/docker"


def test_images_are_the_same(host: Any) -> None:
    before = json.loads(host.file("/root/images.json").content_string)
    after = _ask(host, "/images/json")
    assert {(item["Id"], *item["RepoTags"]) for item in before} == {
        (item["Id"], *item["RepoTags"]) for item in after
    }


def test_containers_run_as_before(host: Any) -> None:
    running = {name for item in _ask(host, "/containers/json") for name in item["Names"]}
    assert running == {"/before", "/plain", "/writer"}
    assert "hello" in host.check_output("curl -fsS --max-time 5 http://127.0.0.1:8080/")


def test_the_data_is_the_same_and_is_written_on(host: Any) -> None:
    volume = _ask(host, "/volumes/data")["Mountpoint"]
    assert volume.startswith("/srv/docker/")
    kept = host.check_output(f"sha256sum < {volume}/kept")
    assert kept == host.file("/root/kept.sha256").content_string.strip()
    assert host.file(f"{volume}/log").size > 0
