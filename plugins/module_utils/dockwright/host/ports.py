"""Listening sockets of the host, read from /proc/net: who already holds a port."""

from __future__ import annotations

import ipaddress
import struct

from ..named_tuple import NamedTuple
from .files import Files

_LISTENING = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN, and an unconnected UDP socket


class Port(NamedTuple):
    """A port that a process of the host listens on."""

    protocol: str
    address: str
    number: int


def listening_ports(files: Files) -> frozenset[Port]:
    """All TCP and UDP sockets that wait for clients, IPv4 and IPv6."""
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        protocol = table[:3]
        for line in (files.read_text(f"/proc/net/{table}") or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == _LISTENING[protocol]:
                address, _, number = fields[1].partition(":")
                found.add(Port(protocol, _address(address), int(number, 16)))
    return frozenset(found)


def _address(text: str) -> str:
    """The kernel writes 32-bit words in the machine's byte order, in hexadecimal."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
