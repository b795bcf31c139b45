"""Listening ports as the kernel writes them."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from dockwright.host.machine import Host

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


@pytest.mark.skipif(sys.byteorder != "little", reason="the samples are of a little-endian machine")
def test_tables_of_the_kernel(tmp_path: Path) -> None:
    net = tmp_path / "proc/net"
    net.mkdir(parents=True)
    (net / "tcp").write_text(
        HEAD
        + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0\n"
        + "   1: 0100007F:1F91 0100007F:C001 01 00000000:00000000 00:00000000 00000000  0\n"
    )
    (net / "tcp6").write_text(
        HEAD + "   0: 00000000000000000000000001000000:0050 "
        "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 0 0\n"
    )
    (net / "udp").write_text(HEAD + "  10: 00000000:0035 00000000:0000 07 0:0 00:0 0  0\n")
    assert Host(str(tmp_path)).listening_ports() == {
        ("tcp", "127.0.0.1", 8080),
        ("tcp", "::1", 80),
        ("udp", "0.0.0.0", 53),
    }


def test_a_real_socket_is_found() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert ("tcp", "127.0.0.1", server.getsockname()[1]) in Host().listening_ports()
