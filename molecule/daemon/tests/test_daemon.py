"""The daemon as it is seen from outside, after role daemon."""

from __future__ import annotations

import json
from typing import Any

WANTED = {
    "default-address-pools": [{"base": "10.199.0.0/16", "size": 24}],
    "live-restore": True,
    "log-driver": "local",
    "log-opts": {"max-size": "5m"},
    "max-concurrent-downloads": 6,
}


def _ask(host: Any, path: str) -> Any:
    """An answer of the engine, by a program that shares nothing with us."""
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def test_the_file_is_exactly_what_was_asked_for(host: Any) -> None:
    file = host.file("/etc/docker/daemon.json")
    assert json.loads(file.content_string) == WANTED
    assert (file.user, file.mode & 0o022) == ("root", 0)


def test_the_daemon_works_with_it(host: Any) -> None:
    assert host.service("docker").is_running
    info = _ask(host, "/info")
    assert (info["LoggingDriver"], info["LiveRestoreEnabled"]) == ("local", True)
    assert info["DefaultAddressPools"] == [{"Base": "10.199.0.0/16", "Size": 24}]


def test_the_flag_that_collided_with_a_key_is_out_of_the_way(host: Any) -> None:
    pid = host.check_output("systemctl show -p MainPID --value docker.service")
    words = host.file(f"/proc/{pid}/cmdline").content_string.split("\0")
    assert words[0].endswith("dockerd")
    assert not any("max-concurrent-downloads" in word for word in words)
    # The file of the other one is as it was: a drop-in says what holds.
    assert "max-concurrent-downloads=4" in host.file("/etc/default/docker").content_string
    assert host.file("/etc/systemd/system/docker.service.d/zz-dockwright.conf").exists


def test_what_ran_before_has_not_been_stopped(host: Any) -> None:
    for name in ("before", "plain"):
        state = _ask(host, f"/containers/{name}/json")["State"]
        made = _ask(host, f"/containers/{name}/json")["Created"]
        assert state["Running"]
        # Started once, when it was made: the restart of the daemon did not touch it.
        assert state["StartedAt"][:16] == made[:16]
    assert "hello" in host.check_output("curl -fsS --max-time 5 http://127.0.0.1:8080/")


def test_nothing_of_a_transaction_is_left_over(host: Any) -> None:
    found = host.check_output("find /etc/docker -newer /etc/hostname -name 'daemon.json?*'")
    assert found == ""
