"""Answers in whatever pieces they come; what the standard library reads in them is the measure."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any, NamedTuple

import pytest

from dockwright.engine.answer import Answer, Garbled, Reader

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "with a length": OK + b"Content-Length: 5\r\nX-A: b: c \r\n\r\nhello",
    "empty": OK + b"Content-Length: 0\r\n\r\n",
    "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n",
    "with trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-B: c\r\n\r\n",
    "ends in a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
    "until the end": OK + b"Content-Type: text/plain\r\n\r\nhello\r\n\r\nworld",
    "after a continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "without words": b"HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno",
    "without a body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "and closed": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
    "of old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
}
HEADS = ["with a length", "in chunks", "until the end"]


class Pieces:
    """A socket that gives so many bytes at a time."""

    def __init__(self, text: bytes, size: int) -> None:
        self._file = io.BytesIO(text)
        self._size = size

    def recv(self, most: int) -> bytes:
        return self._file.read(min(most, self._size))

    def makefile(self, mode: str) -> io.BytesIO:
        return self._file


class Read(NamedTuple):
    """What was read."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_last: bool


def of_ours(text: bytes, size: int, method: str) -> Read:
    pieces: Any = Pieces(text, size)
    reader = Reader(pieces)
    answer = Answer(reader, method)
    body = b"".join(answer.blocks())
    return Read(answer.status, dict(answer.headers), body, answer.is_last)


def of_the_library(text: bytes, method: str) -> Read:
    pieces: Any = Pieces(text, len(text))
    response = HTTPResponse(pieces, method=method)
    response.begin()
    headers = {name.lower(): value.strip() for name, value in response.getheaders()}
    will_close = response.will_close
    return Read(response.status, headers, response.read(), will_close)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_the_library_reads_it(name: str, size: int) -> None:
    assert of_ours(ANSWERS[name], size, "GET") == of_the_library(ANSWERS[name], "GET")


@pytest.mark.parametrize("name", HEADS)
def test_the_answer_to_head_has_no_body(name: str) -> None:
    head = ANSWERS[name].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    found = of_ours(head, 1000, "HEAD")
    assert found == of_the_library(head, "HEAD")._replace(is_last=found.is_last)
    assert found.body == b""


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    "name", ["with a length", "in chunks", "with trailers", "after a continue"]
)
def test_wherever_it_breaks_off_it_is_noticed(name: str, size: int) -> None:
    for end in range(len(ANSWERS[name])):
        with pytest.raises(ConnectionResetError):
            of_ours(ANSWERS[name][:end], size, "GET")


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02F",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100000,
    ],
)
def test_what_is_no_http(text: bytes) -> None:
    with pytest.raises(Garbled):
        of_ours(text, 4096, "GET")


def test_blocks_come_as_they_are_sent() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        theirs.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        blocks: Iterator[bytes] = Answer(Reader(ours), "GET").blocks()
        assert next(blocks) == b"one"
        later = threading.Timer(0.01, theirs.sendall, [b"3\r\ntwo\r\n0\r\n\r\n"])
        later.start()
        assert list(blocks) == [b"two"]
        later.join()


def test_bytes_that_nobody_asked_for_stay_in_sight() -> None:
    pieces: Any = Pieces(ANSWERS["with a length"] + b"HTTP/1.1 200", 1000)
    reader = Reader(pieces)
    assert b"".join(Answer(reader, "GET").blocks()) == b"hello"
    assert reader.rest == b"HTTP/1.1 200"
