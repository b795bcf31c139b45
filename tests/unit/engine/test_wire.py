"""Queries, bodies, answers and JSON streams."""

from __future__ import annotations

import pytest

from dockwright.engine.wire import Reply, decoded, encoded, json_lines, target
from dockwright.errors import EngineError, EngineRefused


@pytest.mark.parametrize(
    ("path", "query", "api", "wanted"),
    [
        ("/info", None, "", "/info"),
        ("/info", {}, "1.41", "/v1.41/info"),
        ("/c", {"all": True, "v": False, "gone": None}, "", "/c?all=true&v=false"),
        ("/c", {"t": 10, "name": "a b"}, "", "/c?t=10&name=a+b"),
        ("/c", {"filters": {"a": ["b"]}}, "", "/c?filters=%7B%22a%22%3A%5B%22b%22%5D%7D"),
        ("/c", {"names": ["x"]}, "", "/c?names=%5B%22x%22%5D"),
        ("/images/r:5000/a/b:1@sha256:f/json", None, "", "/images/r:5000/a/b:1@sha256:f/json"),
        ("/containers/a?b c/json", None, "", "/containers/a%3Fb%20c/json"),
        ("/networks/a\nHost: x", None, "", "/networks/a%0AHost:%20x"),
    ],
)
def test_target(path: str, query: dict[str, object] | None, api: str, wanted: str) -> None:
    assert target(path, query, api) == wanted


def test_encoded() -> None:
    assert encoded({"a": None}) == (b'{"a":null}', "application/json")
    assert encoded(b"\0") == (b"\0", "application/x-tar")


def test_decoded() -> None:
    assert decoded("GET", "/x", Reply(200, {}, b'{"a": 1}\n')) == {"a": 1}
    assert decoded("POST", "/x", Reply(304, {}, b"")) is None
    with pytest.raises(EngineError, match=r"GET /x: .* not JSON"):
        decoded("GET", "/x", Reply(200, {}, b"OK"))
    with pytest.raises(EngineRefused, match="empty"):
        decoded("GET", "/containers//json", Reply(301, {}, b"<a>"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"No such container: x"}\n', "No such container: x"),
        (b"client version 1.10 is too old\n", "client version 1.10 is too old"),
        (b"", "HTTP status 404 without a message"),
        (b'["odd"]', '["odd"]'),
        (b"\xff", "�"),
    ],
)
def test_refusals_in_the_words_of_the_engine(body: bytes, message: str) -> None:
    with pytest.raises(EngineRefused) as caught:
        decoded("GET", "/x", Reply(404, {}, body))
    assert (caught.value.status, caught.value.message) == (404, message)


def test_json_lines_cut_anywhere() -> None:
    text = '{"a":"é"}\r\n{"b":2}{"c":3}\r\n\n{"d":4}'.encode()
    wanted = [{"a": "é"}, {"b": 2}, {"c": 3}, {"d": 4}]
    for size in range(1, len(text) + 1):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(json_lines(chunks)) == wanted


@pytest.mark.parametrize(
    "line",
    [
        b'{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}',
        b'{"errorDetail":{"code":1,"message":"unexpected EOF"}}',
        b'{"error":"unexpected EOF"}',
    ],
)
def test_error_lines(line: bytes) -> None:
    stream = json_lines([b'{"status":"x"}\n' + line + b"\n"])
    assert next(stream) == {"status": "x"}
    with pytest.raises(EngineRefused, match=r"^unexpected EOF$") as caught:
        next(stream)
    assert caught.value.status == 200


def test_a_line_that_is_no_json() -> None:
    with pytest.raises(EngineError, match="not JSON"):
        list(json_lines([b"panic\n"]))
