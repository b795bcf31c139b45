"""A network of the machine with clients in it, IPv4 and IPv6: what a test host's ports are for."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import machine, recipes
from .host import TestHost, _owner, remove_leftovers

_PATIENCE = 2.5  # seconds: one lost packet is sent again
_KNOCK = Path(__file__).with_name("knock.py")


class Client:
    """A container in the network that connects to others."""

    def __init__(self, name: str, ipv4: str, ipv6: str) -> None:
        self.name = name
        self.ipv4 = ipv4
        self.ipv6 = ipv6

    def exec(self, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in the client."""
        return machine.docker("exec", "-i", self.name, *argv, **options)

    def gets(self, address: str, port: int = 80) -> bool:
        """Whether a page comes from there."""
        return self.gets_all([(address, port)])[0]

    def gets_all(self, doors: Sequence[tuple[str, int]]) -> list[bool]:
        """Whether a page comes from each of these addresses and ports."""
        words = []
        for number, (address, port) in enumerate(doors):
            place = f"[{address}]" if ":" in address else address
            get = f"curl -s -m {_PATIENCE} -o /dev/null http://{place}:{port}/"
            words.append(f"{{ {get} && echo {number}; }} &")
        found = self.exec(["sh", "-c", f"{' '.join(words)} wait"], check=False).stdout.split()
        return [str(number) in found for number in range(len(doors))]

    def knocks(self, *doors: tuple[str, int], pause: float = 0.02, limit: float = 3.0) -> Knocking:
        """Begin to connect to all these addresses and ports again and again.

        ``limit``: the longest wait for an answer. A server that is busy answers when the question
        comes for the second or third time, which is after one and after three seconds.
        """
        return Knocking(self, doors, pause, limit)


class Knocking:
    """Connections tried in a loop; ``with client.knocks(…) as seen: …`` and then ``seen``."""

    def __init__(
        self, client: Client, doors: Sequence[tuple[str, int]], pause: float, limit: float
    ) -> None:
        self._request = json.dumps({"doors": doors, "pause": pause, "limit": limit}) + "\n"
        self._client = client
        self.tried = 0
        self.opened: list[str] = []  # a handshake was completed: address and time
        self.failed: list[str] = []  # none was within the limit

    def __enter__(self) -> Knocking:
        argv = ["docker", "-H", f"unix://{machine.SOCKET}", "exec", "-i", self._client.name]
        self._process = subprocess.Popen(
            [*argv, "python3", "-c", _KNOCK.read_text()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(self._request)
        self._process.stdin.flush()
        self._process.stdout.readline()  # it has begun
        return self

    def __exit__(self, *error: object) -> None:
        out, _ = self._process.communicate(timeout=60)
        answer = json.loads(out or "{}")
        self.tried = answer.get("tried", 0)
        self.opened, self.failed = answer.get("opened", []), answer.get("failed", [])


class Lan:
    """The network. ``join`` gives a test host an address in it, ``client`` makes a client."""

    def __init__(self) -> None:
        machine.ensure_engine()
        remove_leftovers()
        self.name = f"dockwright-test-lan-{os.getpid()}-{random.randrange(10**6)}"
        self._folder = Path(tempfile.mkdtemp(prefix="dockwright-", dir="/tmp"))
        self._clients: list[Client] = []
        self._hosts: list[TestHost] = []
        self._make()

    def _make(self) -> None:
        """Make the network; another run may have the addresses that we draw."""
        label = f"{machine.LABEL}.lan={_owner(os.getpid())}"
        self._remove_left_over()
        for attempt in range(10):
            self._part = random.randrange(1, 255)
            subnets = (f"10.231.{self._part}.0/24", f"fd77:{self._part:x}::/64")
            options = [part for subnet in subnets for part in ("--subnet", subnet)]
            argv = ("network", "create", "--ipv6", *options, "--label", label, self.name)
            done = machine.docker(*argv, check=False)
            if done.returncode == 0:
                return
            if attempt == 9:
                raise machine.MachineError(f"no network for the clients: {done.stderr}")

    def _remove_left_over(self) -> None:
        label = f"{machine.LABEL}.lan"
        form = f'{{{{.Name}}}}\t{{{{.Label "{label}"}}}}'
        argv = ("network", "ls", "--filter", f"label={label}", "--format", form)
        for line in machine.docker(*argv).stdout.splitlines():
            name, _, owner = line.partition("\t")
            if owner and owner != _owner(int(owner.partition(":")[0])):
                machine.docker("network", "rm", name, check=False)

    def join(self, host: TestHost) -> tuple[str, str]:
        """Give the host a place in the network: its addresses there, IPv4 and IPv6."""
        known = len(self._hosts)
        if host in self._hosts:
            known = self._hosts.index(host)
        ipv4, ipv6 = (f"10.231.{self._part}.{10 + known}", f"fd77:{self._part:x}::{10 + known}")
        if host not in self._hosts:
            argv = ("network", "connect", "--ip", ipv4, "--ip6", ipv6, self.name, host.name)
            names = host.read("/etc/resolv.conf")
            machine.docker(*argv)
            # The network brings a name server on loopback; the host's own is not what this is for.
            host.write("/etc/resolv.conf", names)
            self._hosts.append(host)
            # A daemon that has published a port before knows of no IPv6, and never asks again.
            host.restart_engine()
        return ipv4, ipv6

    def client(self, name: str) -> Client:
        """A new client, on the network and nowhere else."""
        number = 100 + len(self._clients)
        ipv4, ipv6 = f"10.231.{self._part}.{number}", f"fd77:{self._part:x}::{number}"
        image = recipes.build("debian-13")
        full = f"{self.name}-{name}"
        machine.docker(
            *("run", "--detach", "--name", full, "--network", self.name, "--ip", ipv4),
            *("--ip6", ipv6, "--cap-add", "NET_ADMIN", "--init"),
            *("--label", f"{machine.LABEL}.owner={_owner(os.getpid())}"),
            *("--label", f"{machine.LABEL}.folder={self._folder}"),
            *("--entrypoint", "sleep", image, "infinity"),
        )
        self._clients.append(Client(full, ipv4, ipv6))
        return self._clients[-1]

    def close(self) -> None:
        """Take everything away again; the hosts stay, without the network."""
        for client in self._clients:
            machine.docker("rm", "--force", client.name, check=False)
        for host in self._hosts:
            argv = ("network", "disconnect", "--force", self.name, host.name)
            machine.docker(*argv, check=False)
        for _ in range(20):
            if machine.docker("network", "rm", self.name, check=False).returncode == 0:
                break
            time.sleep(0.2)
        self._folder.rmdir()
