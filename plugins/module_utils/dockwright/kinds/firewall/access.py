"""The connection that this tool came by, and whether rules would cut it. Questions only."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import HostError
from ...named_tuple import NamedTuple
from .forms import RawRule, Rule
from .rules import NAMES
from .want import FirewallWant, bounds

if TYPE_CHECKING:
    from ...host.files import Files

_SSH = 22
_ESTABLISHED = "01"
_GENERATIONS = 32


class Peer(NamedTuple):
    """A client of a port of this host."""

    address: str
    port: int  # of the host
    client_port: int = 0

    @property
    def family(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version

    def text(self) -> str:
        """The connection in words."""
        return f"{self.address} to port {self.port}"


def came_by(files: Files, environ: Mapping[str, str], pid: int) -> Peer | None:
    """The SSH connection that we were started over: our own word, or that of who started us.

    sudo takes the variable away, so the processes above are asked too.
    """
    words = environ.get("SSH_CONNECTION", "")
    for _ in range(_GENERATIONS):
        if words or pid <= 1:
            break
        status = files.read_text(f"/proc/{pid}/status") or ""
        lines = dict(line.partition(":")[::2] for line in status.splitlines())
        parent = lines.get("PPid", "0").strip()
        pid = int(parent) if parent.isdigit() else 0
        try:
            data = files.read_bytes(f"/proc/{pid}/environ") or b""
        except HostError:  # not ours to look into: as if it said nothing
            return None
        for pair in data.decode("utf-8", "replace").split("\0"):
            if pair.startswith("SSH_CONNECTION="):
                words = pair.partition("=")[2]
    parts = words.split()
    if len(parts) != 4 or not (parts[1].isdigit() and parts[3].isdigit()):
        return None
    try:
        address = _plain(parts[0])
    except ValueError:
        return None
    return Peer(address, int(parts[3]), int(parts[1]))


def peers(files: Files) -> tuple[Peer, ...]:
    """Who has a connection to the host's sshd now, where we cannot tell which one is ours."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in (files.read_text(f"/proc/net/{table}") or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == _ESTABLISHED:
                local, remote = (_endpoint(text) for text in fields[1:3])
                if local[1] == _SSH and not ipaddress.ip_address(remote[0]).is_loopback:
                    found.append(Peer(remote[0], local[1], remote[1]))
    return tuple(sorted(set(found)))


def why_cut(want: FirewallWant, proxied: frozenset[int], peer: Peer) -> str:
    """The option that would keep the peer from connecting again; empty when none does."""
    for index, line in enumerate(want.raw.get(NAMES[peer.family], ())):
        if line.chain == "INPUT" and _may_drop(line, peer):
            return f"raw.{NAMES[peer.family]}[{index}]"
    if peer.family not in proxied or not (want.drops or want.deny):
        return ""
    if want.drops and any(_holds(port, peer.port) for port in want.host_ports or ()):
        return ""
    # A rule for one interface is taken to hit where it denies, and to miss where it allows.
    for is_named in (True, False):
        for index, rule in enumerate(want.deny):
            if bool(rule.sources or rule.interface) is is_named and _is_about(rule, peer):
                return f"deny[{index}]"
        if any(not rule.interface and _is_about(rule, peer) for rule in want.allow):
            return ""
    return "host_ports" if want.drops else ""


def _is_about(rule: Rule, peer: Peer) -> bool:
    if rule.protocol not in ("", "tcp") or not _holds(rule.port, peer.port):
        return False
    address = ipaddress.ip_address(peer.address)
    nets = [ipaddress.ip_network(source) for source in rule.sources]
    return not nets or any(address in net for net in nets)


def _holds(ports: str, port: int) -> bool:
    first, last = bounds(ports)
    return first <= port <= last


def _may_drop(line: RawRule, peer: Peer) -> bool:
    """Whether a raw rule drops the peer, as far as its plain words tell; in doubt it does."""
    words = line.text.split()
    target = _value(words, "-j", "--jump")
    if target not in ("DROP", "REJECT"):
        return False
    if _value(words, "-p", "--protocol") not in ("", "tcp", "6", "all"):
        return False
    if "!" in words:
        return True
    source = _value(words, "-s", "--source", "--src")
    ports = _value(words, "--dport", "--dports", "--destination-port", "--ctorigdstport")
    try:
        address = ipaddress.ip_address(peer.address)
        nets = [ipaddress.ip_network(s, strict=False) for s in source.split(",") if s]
        if nets and not any(address in net for net in nets):
            return False
        named = [part for part in ports.split(",") if part]
        return not named or any(_holds(part, peer.port) for part in named)
    except ValueError:  # a name: nobody can tell
        return True


def _value(words: list[str], *names: str) -> str:
    found = [words[i + 1] for i, word in enumerate(words[:-1]) if word in names]
    return found[-1] if found else ""


def _endpoint(text: str) -> tuple[str, int]:
    """The kernel writes 32-bit words in the machine's byte order, in hexadecimal."""
    address, _, port = text.partition(":")
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return _plain(str(ipaddress.ip_address(packed))), int(port, 16)


def _plain(text: str) -> str:
    """The address itself: IPv4 in IPv6 as IPv4, without the zone of a link-local one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
