"""How requests and answers of the Engine API are written: queries, bodies, JSON lines. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ..errors import EngineError, EngineRefused
from ..named_tuple import NamedTuple

_PATH_SAFE = "/:@+,~=%"  # what may stand in image references; % because names come quoted


class Reply(NamedTuple):
    """One answer of the engine; names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def target(path: str, query: Mapping[str, Any] | None, api: str = "") -> str:
    """What stands in the request line: path under its API version, and the encoded query.

    Values that are None are left out, booleans become ``true`` and ``false``, mappings and lists
    (filters) become JSON.
    """
    head = f"/v{api}" if api else ""
    given = {key: _value(value) for key, value in (query or {}).items() if value is not None}
    tail = f"?{urlencode(given)}" if given else ""
    return f"{head}{quote(path, safe=_PATH_SAFE)}{tail}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def encoded(body: Any) -> tuple[bytes, str]:
    """Bytes and content type of a request body; bytes go as they are, the rest as JSON."""
    if isinstance(body, (bytes, bytearray)):
        return bytes(body), "application/x-tar"
    return json.dumps(body, separators=(",", ":")).encode(), "application/json"


def decoded(method: str, path: str, reply: Reply) -> Any:
    """The JSON of an answer, None when it is empty.

    Raises EngineRefused for a status of 400 and above, and for a redirect: the engine redirects
    a path with an empty name to another object.
    """
    if reply.status >= 400:
        raise refused(reply)
    if reply.status in (301, 302, 307, 308):
        raise EngineRefused(
            f"{method} {path}: the engine sends us to another path; is a name in it empty?",
            status=reply.status,
        )
    if not reply.body.strip():
        return None
    try:
        return json.loads(reply.body)
    except ValueError as error:
        raise EngineError(f"{method} {path}: the engine's answer is not JSON: {error}") from error


def refused(reply: Reply) -> EngineRefused:
    """The error for an answer with a status of 400 or above, in the engine's own words."""
    return EngineRefused(message_of(reply), status=reply.status)


def message_of(reply: Reply) -> str:
    """The engine's words in an error answer: JSON ``message``, or plain text as 20.10 and 28 do."""
    text = reply.body.decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict) and isinstance(data.get("message"), str):
        text = data["message"].strip()
    return text or f"HTTP status {reply.status} without a message"


def json_lines(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a JSON stream, one a line (sometimes several: old engines omit newlines).

    Raises EngineRefused at an ``errorDetail`` or ``error`` line: failures of pull, load and build
    come inside an answer with status 200.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield from _objects(line)
    yield from _objects(rest)


def _objects(line: bytes) -> Iterator[dict[str, Any]]:
    text, decoder = line.decode("utf-8", "replace").strip(), json.JSONDecoder()
    while text:
        try:
            item, end = decoder.raw_decode(text)
        except ValueError as error:
            raise EngineError("the engine's stream holds a line that is not JSON") from error
        text = text[end:].lstrip()
        if isinstance(item, dict):
            _raise_error_in(item)
            yield item


def _raise_error_in(item: Mapping[str, Any]) -> None:
    detail = item.get("errorDetail")
    message = detail.get("message") if isinstance(detail, dict) else None
    message = message or item.get("error")
    if message:
        raise EngineRefused(str(message).strip(), status=200)
