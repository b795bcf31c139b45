"""An answer as it comes over a connection: of HTTP/1.1 what an engine speaks. Raises OSError.

``http.client`` would do, but it loads ssl and reads each head as one of an e-mail: for a no-op
of many objects that takes longer than all that the engine does.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

_BLOCK = 16384
_LONGEST = 65536  # bytes of a head, or of the line before a chunk
_BODILESS = (204, 304)


class Garbled(Exception):
    """What came is no HTTP."""


class Reader:
    """What comes over a connected socket, in lines and blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.rest = b""  # what has come and was not taken yet

    def head(self) -> list[bytes]:
        """The lines up to an empty one."""
        while b"\r\n\r\n" not in self.rest:
            self._more("the connection was closed before an answer")
            if not self.rest.startswith(b"HTTP/"[: len(self.rest)]):
                raise Garbled(f"it begins with {self.rest[:20]!r}")
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head.split(b"\r\n")

    def line(self) -> bytes:
        """The next line."""
        while b"\r\n" not in self.rest:
            self._more("the answer broke off")
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def some(self, most: int) -> bytes:
        """What is there or comes next; empty at the end."""
        if not self.rest:
            return self._sock.recv(min(most, _BLOCK))
        block, self.rest = self.rest[:most], self.rest[most:]
        return block

    def _more(self, ended: str) -> None:
        block = self._sock.recv(_BLOCK)
        if not block:
            raise ConnectionResetError(ended)
        self.rest += block
        if len(self.rest) > _LONGEST:
            raise Garbled("a line or a head has no end")


class Answer:
    """Status and headers (names in lower case), read at once; the body is read by ``blocks``."""

    def __init__(self, reader: Reader, method: str) -> None:
        self._reader = reader
        version, self.status, self.headers = _head(reader.head())
        while self.status < 200:  # "100 Continue" announces another
            version, self.status, self.headers = _head(reader.head())
        self._is_chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        self._length = _length(self.headers)
        if method == "HEAD" or self.status in _BODILESS:
            self._is_chunked, self._length = False, 0
        says = self.headers.get("connection", "").lower()
        has_end = self._is_chunked or self._length is not None
        self.is_last = says == "close" or not has_end or (version < "HTTP/1.1" and not says)

    def blocks(self) -> Iterator[bytes]:
        """The body as it comes."""
        if self._is_chunked:
            return self._chunks()
        if self._length is not None:
            return self._counted(self._length)
        return iter(lambda: self._reader.some(_BLOCK), b"")

    def _chunks(self) -> Iterator[bytes]:
        while True:
            size = _number(self._reader.line().partition(b";")[0], 16)
            if not size:
                break
            yield from self._counted(size)
            self._reader.line()
        while self._reader.line():
            pass  # trailers

    def _counted(self, size: int) -> Iterator[bytes]:
        while size:
            block = self._reader.some(size)
            if not block:
                raise ConnectionResetError("the answer broke off")
            size -= len(block)
            yield block


def _head(lines: list[bytes]) -> tuple[str, int, dict[str, str]]:
    """Version, status and headers."""
    version, _, rest = lines[0].decode("latin-1").partition(" ")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return version, _number(rest[:3].encode("latin-1"), 10), headers


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length")
    return None if text is None else _number(text.encode("latin-1"), 10)


def _number(text: bytes, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise Garbled(f"{text[:20]!r} is no number")
    return number
