"""Who reaches published ports after role firewall, tried from this machine and another host."""

from __future__ import annotations

import contextlib
import http.server
import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest


def _ask(host: Any, path: str) -> Any:
    url = f"http://docker{path}"
    return json.loads(host.check_output("curl -fsS --unix-socket /run/docker.sock %s", url))


def _address(host: Any) -> str:
    return str(host.backend.get_variables()["ansible_host"])


def _from_here(address: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/", timeout=10) as answer:
            return bool(answer.read() == b"hello from busybox\n")
    except (TimeoutError, urllib.error.URLError):
        return False


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """Another host on the same network, which nobody has let in."""
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    images = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    image = next(name for name in images if name.startswith("dockwright-test/debian-13:"))
    run = [
        "docker",
        "run",
        "--detach",
        "--rm",
        "--cap-add",
        "NET_ADMIN",
        "--entrypoint",
        "sleep",
        image,
        "600",
    ]
    name = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    yield name
    subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)


def _from_other(other: str, address: str, port: int) -> bool:
    curl = ["curl", "-fsS", "--max-time", "5", f"http://{address}:{port}/"]
    done = subprocess.run(
        ["docker", "exec", other, *curl], capture_output=True, text=True, check=False
    )
    return done.stdout == "hello from busybox\n"


def test_we_are_let_in(host: Any) -> None:
    assert _from_here(_address(host), 8080)
    assert _from_here(_address(host), 8082)


def test_another_host_gets_what_is_open_to_all_and_no_more(host: Any, other: str) -> None:
    assert _from_other(other, _address(host), 8082)
    assert not _from_other(other, _address(host), 8080)


def test_it_does_not_get_there_by_the_address_of_the_container_either(
    host: Any, other: str
) -> None:
    network = _ask(host, "/containers/before/json")["NetworkSettings"]["Networks"]["bridge"]
    route = ["ip", "route", "replace", f"{network['IPAddress']}/32", "via", _address(host)]
    subprocess.run(["docker", "exec", other, *route], capture_output=True, check=True)
    assert not _from_other(other, network["IPAddress"], 80)


def test_containers_still_get_out(host: Any) -> None:
    gateway = host.check_output("ip -4 route show default").split()[2]
    pid = _ask(host, "/containers/before/json")["State"]["Pid"]
    with _listening(gateway) as port:
        command = f"nsenter -t {pid} -m -n /bin/busybox wget -q -O - http://{gateway}:{port}/"
        assert host.check_output(command) == "from the machine"


@contextlib.contextmanager
def _listening(address: str) -> Iterator[int]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from the machine")

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((address, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_rules_hang_in_the_chain_for_them(host: Any) -> None:
    rules = host.check_output("iptables-save -t filter").splitlines()
    assert any(rule.startswith("-A DOCKER-USER") and "DOCKWRIGHT" in rule for rule in rules)
    # The engine's own chains are as they were.
    assert any(rule.startswith("-A FORWARD") and "DOCKER-USER" in rule for rule in rules)


def test_they_come_before_the_engine_when_the_host_starts(host: Any) -> None:
    before = host.check_output("systemctl show -p Before --value dockwright-firewall.service")
    assert host.service("dockwright-firewall.service").is_enabled
    assert "docker.service" in before


def test_nothing_waits_for_a_confirmation(host: Any) -> None:
    timers = host.check_output("systemctl list-timers --all --no-legend --plain")
    assert "dockwright" not in timers
