"""A test host behind the firewall, and what its clients see."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.hosts import TINY, HostCommandError, TestHost, engine_clean, reset_daemon
from tests.hosts.lan import Client, Lan

RUN = "/opt/dockwright/tests/engine/firewall_run.py"
SERVER = ["httpd", "-f", "-p", "80", "-h", "/www"]
ABSENT = {"state": "absent"}
# The tiny image has no server for UDP: Python of the host, with the network of the container.
UDP_SERVER = [
    "chroot",
    "/host",
    "python3",
    "-c",
    """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 53))
while True:
    text, client = server.recvfrom(100)
    server.sendto(text, client)
""",
]
_ASKS = """
import json, socket, sys, threading
def ask(door):
    with socket.socket(door[0], socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.7)
        for _ in range(4):
            try:
                asking.sendto(b"?", door[4])
                return asking.recv(100) == b"?"
            except OSError:
                pass
    return False
doors = [socket.getaddrinfo(*door, 0, socket.SOCK_DGRAM)[0] for door in json.loads(sys.argv[1])]
found = [False] * len(doors)
def note(number):
    found[number] = ask(doors[number])
threads = [threading.Thread(target=note, args=[number]) for number in range(len(doors))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(found))
"""


def answered(client: Client, doors: Sequence[tuple[str, int]]) -> list[bool]:
    """Whether a packet of UDP is answered by each of these addresses and ports."""
    done = client.exec(["python3", "-c", _ASKS, json.dumps(doors)])
    return [bool(item) for item in json.loads(done.stdout)]


class Site:
    """A test host in the network of the clients, with two of its ports published."""

    def __init__(self, host: TestHost, lan: Lan, friend: Client, stranger: Client) -> None:
        self.host = host
        self.friend = friend
        self.stranger = stranger
        self.ipv4, self.ipv6 = lan.join(host)
        self.direct = ""

    def serve(self, restart: str = "no") -> None:
        """Publish 8080 from the default network and 8081 from one of its own."""
        policy = {"Name": restart}
        with contextlib.closing(self.host.sdk()) as client:
            client.networks.create("back")
            run = client.containers.run
            common: dict[str, Any] = {"detach": True, "restart_policy": policy, "init": True}
            web = run(TINY, SERVER, name="web", ports={"80/tcp": 8080}, **common)
            run(TINY, SERVER, name="api", ports={"80/tcp": 8081}, network="back", **common)
            web.reload()
            self.direct = web.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        for guest in (self.friend, self.stranger):
            guest.exec(["ip", "route", "replace", f"{self.direct}/32", "via", self.ipv4])

    def apply(self, spec: dict[str, Any], check: bool = False, **env: str) -> dict[str, Any]:
        """The report of a run that is to succeed."""
        answer = self.answer(spec, check, **env)
        assert not answer["failed"], answer["message"]
        return answer

    def answer(self, spec: dict[str, Any], check: bool = False, **env: str) -> dict[str, Any]:
        document = spec if "firewall" in spec else {"firewall": spec}
        request = json.dumps({"document": document, "check": check})
        return dict(json.loads(self.host.core([RUN], input=request, env=env).stdout))

    def spec(self, **more: Any) -> dict[str, Any]:
        """Nobody but the friend gets to 8080."""
        friend = [self.friend.ipv4, self.friend.ipv6]
        allow = [{"port": 8080, "from": friend}]
        return {"default": "drop", "host_ports": [22], "allow": allow, **more}

    def rules(self) -> str:
        script = "for s in iptables-save ip6tables-save; do $s | sed '/^#/d'; done"
        lines = self.host.exec(["sh", "-c", script]).stdout.splitlines()
        return "\n".join(line.partition(" [")[0] for line in lines)

    def doors(self, port: int = 8080) -> list[tuple[str, int]]:
        return [(self.ipv4, port), (self.ipv6, port)]

    def reached(self, client: Client) -> dict[str, bool]:
        """Which ways to the published ports are open for a client."""
        ways = {
            "v4": (self.ipv4, 8080),
            "v6": (self.ipv6, 8080),
            "other": (self.ipv4, 8081),
            "other v6": (self.ipv6, 8081),
            "direct": (self.direct, 80),
        }
        return dict(zip(ways, client.gets_all(list(ways.values()))))


def clean(site: Site) -> None:
    with contextlib.suppress(HostCommandError):  # the host may be gone already
        engine_clean(site.host)
        site.answer({**ABSENT, "confirm": True})
        site.host.exec(["rm", "-rf", "/var/lib/dockwright", "/etc/dockwright"])
        reset_daemon(site.host)


def wait(is_so: Callable[[], Any], limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


class Loop:
    """Two clients that connect to the published port again and again, over both families.

    The one who is denied may never get through. The one who is let in may fail in an outage that
    is Docker's own, and nowhere else.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.denied = site.stranger.knocks(*site.doors(), (site.direct, 80), pause=0.005)
        # Longer than any of our steps takes: whoever is let in gets there by asking again.
        self.allowed = site.friend.knocks(*site.doors(), pause=0.05, limit=15)
        self._outages: list[tuple[float, float, str]] = []

    @contextlib.contextmanager
    def outage(self, why: str = "") -> Iterator[None]:
        """The port is down through no fault of ours, until it answers from the host itself.

        ``why``: how connections fail in it; all others count.
        """
        began = time.time()
        yield
        # A client, too, but on the host itself, where rules of ours are not asked.
        itself = Client(self.site.host.name, self.site.ipv4, self.site.ipv6)
        wait(lambda: all(itself.gets_all(self.site.doors())), 120)
        self._outages.append((began, time.time(), why))

    def ours(self) -> list[str]:
        """The failures of who is let in that no outage explains."""
        return [line for line in self.allowed.failed if not self._is_explained(line)]

    def _is_explained(self, line: str) -> bool:
        began, why = float(line.split()[2]), line.split(" ", 3)[3]
        return any(
            first <= began <= last and why.startswith(words) for first, last, words in self._outages
        )


@contextlib.contextmanager
def looped(site: Site) -> Iterator[Loop]:
    """Clients connect in a loop, and nothing happens to them that should not."""
    loop = Loop(site)
    with loop.denied as denied, loop.allowed as allowed:
        yield loop
    assert denied.tried > 100 and denied.opened == []
    assert loop.ours() == []
    assert len(allowed.opened) > 20
    assert {line.split()[0] for line in allowed.opened} == {site.ipv4, site.ipv6}
