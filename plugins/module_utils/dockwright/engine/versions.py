"""Which API version both sides speak. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import EngineError
from ..named_tuple import NamedTuple

MAX_API = "1.51"  # the newest API that we know
MIN_API = "1.41"  # engine 20.10
ASSUMED = "28.5.0"  # where there is no engine: the newest that our tests run
_API = re.compile(r"\d+\.\d+")
# The API of an engine that is installed and does not run, by its first number.
_APIS = {"20": "1.41", "23": "1.42", "24": "1.43", "25": "1.44", "26": "1.45", "27": "1.46"}


class Versions(NamedTuple):
    """What an engine says of itself; ``api`` is the version that both sides speak."""

    api: str
    engine: str
    os: str
    arch: str = ""  # as ``GET /version`` has it


def api_of(engine: str) -> str:
    """The API version that an engine speaks, by its own version; the newest where it is newer."""
    return _APIS.get(engine.partition(".")[0], MAX_API)


def number(version: str) -> tuple[int, ...]:
    """An API version such as ``1.41`` in a form that can be compared."""
    return tuple(int(part) for part in version.split("."))


def agreed(url: str, answer: Mapping[str, Any]) -> Versions:
    """The newest version in common with the engine that answered ``GET /version``.

    Raises EngineError when there is none.
    """
    newest, oldest = str(answer["ApiVersion"]), str(answer.get("MinAPIVersion") or "1.12")
    engine = str(answer.get("Version", ""))
    head = f"engine {engine} at {url} speaks the API versions {oldest} to {newest}"
    if number(newest) < number(MIN_API):
        raise EngineError(
            f"{head}, dockwright needs {MIN_API}", fix="upgrade the engine to 20.10 or newer"
        )
    if number(oldest) > number(MAX_API):
        raise EngineError(f"{head}, dockwright knows {MAX_API} at most", fix="upgrade dockwright")
    api = min(newest, MAX_API, key=number)
    return Versions(api, engine, str(answer.get("Os", "")), str(answer.get("Arch", "")))


def told(headers: Mapping[str, str]) -> Versions | None:
    """What the head of an engine's answer tells, if that is all there is to know.

    It does not tell the oldest API, which matters only with engines that are newer than we are.
    """
    api, server = headers.get("api-version", ""), headers.get("server", "")
    is_known = _API.fullmatch(api) and number(MIN_API) <= number(api) <= number(MAX_API)
    if not (is_known and server.startswith("Docker/")):
        return None
    engine, system = server[len("Docker/") :].partition(" ")[0], headers.get("ostype", "")
    return Versions(api, engine, system) if engine and system else None
