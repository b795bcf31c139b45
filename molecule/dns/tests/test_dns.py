"""Name resolution of containers as it is seen from outside, after roles daemon and dns."""

from __future__ import annotations

import json
from typing import Any


def _ask(host: Any, path: str) -> Any:
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def _in_container(host: Any, name: str, command: str) -> str:
    """What a command prints in a container; the engine's own client need not be there."""
    pid = _ask(host, f"/containers/{name}/json")["State"]["Pid"]
    return str(host.check_output(f"nsenter -t {pid} -m -n /bin/busybox {command}"))


def _server(host: Any) -> str:
    """Where containers reach the host, and its name server."""
    return str(host.check_output("ip -4 -o addr show dev docker0")).split()[3].split("/")[0]


def test_both_writers_have_their_keys(host: Any) -> None:
    assert json.loads(host.file("/etc/docker/daemon.json").content_string) == {
        "dns": [_server(host)],
        "dns-opts": ["timeout:2"],
        "dns-search": ["internal.example"],
        "labels": ["site=here"],
        "live-restore": True,
    }


def test_what_ran_before_asks_the_new_server(host: Any) -> None:
    for name in ("before", "plain"):
        lines = _in_container(host, name, "cat /etc/resolv.conf").splitlines()
        words = [line for line in lines if line and not line.startswith("#")]
        assert sorted(words) == [
            f"nameserver {_server(host)}",
            "options timeout:2",
            "search internal.example",
        ]
        assert "10.9.8.7" in _in_container(host, name, "nslookup registry.internal.example")


def test_nothing_is_left_behind(host: Any) -> None:
    names = {name for item in _ask(host, "/containers/json?all=1") for name in item["Names"]}
    assert names == {"/before", "/plain"}
    tags = [tag for item in _ask(host, "/images/json") for tag in item["RepoTags"] or ()]
    assert tags == ["dockwright/busybox:1"]
    assert _ask(host, "/volumes")["Volumes"] in (None, [])


def test_the_host_itself_is_as_it_was(host: Any) -> None:
    assert host.file("/etc/resolv.conf").content_string == "nameserver 127.0.0.1\n"
