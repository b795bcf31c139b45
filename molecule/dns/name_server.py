#!/usr/bin/env python3
"""A name server that knows one name, for the scenario's host."""

from __future__ import annotations

import socket
import struct

NAME = b"\x08registry\x08internal\x07example\x00"
ADDRESS = bytes([10, 9, 8, 7])


def answer(query: bytes) -> bytes:
    """The answer to one query: an address for our name, nothing of other types, no other names."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    known = question[:-4].lower() == NAME
    has_answer = known and question[-4:-2] == b"\0\1"
    flags = 0x8580 if known else 0x8583
    head = query[:2] + struct.pack(">5H", flags, 1, int(has_answer), 0, 0)
    record = b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + ADDRESS
    return head + question + (record if has_answer else b"")


def main() -> None:
    """Answer queries until the end."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 53))
    while True:
        query, client = server.recvfrom(4096)
        server.sendto(answer(query), client)


if __name__ == "__main__":
    main()
