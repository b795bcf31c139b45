"""Env files and label files of services, read and put into ``environment`` and ``labels``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ...errors import Problem, SpecError
from ...options import collect
from ...values import pairs, parse_boolean, parse_list, parse_mapping, parse_text, wrong
from .env_file import parse_env_file, parse_raw
from .interpolation import Warn
from .service import environment as resolved

Read = Callable[[str], "str | None"]


class Reading:
    """How files are read: with what variables, by whom, and who hears of unset ones."""

    def __init__(self, environment: Mapping[str, str], read: Read, warn: Warn) -> None:
        self.environment = environment
        self.read = read
        self.warn = warn

    def parsed(
        self, entry: Any, known: Mapping[str, str], earlier: Mapping[str, str], where: str
    ) -> dict[str, str]:
        """The variables of one entry of ``env_file`` or ``label_file``.

        ``known`` are those that go before the file's own, ``earlier`` those of the files before.
        """
        options = parse_mapping(entry, where) if isinstance(entry, Mapping) else {"path": entry}
        path = parse_text(options.get("path") or "", where)
        form = options.get("format")
        if form not in (None, "raw"):
            raise wrong(f"{where}.format", f"is '{form}'", "leave it out, or write raw")
        text = self.read(path)
        if text is None:
            if not parse_boolean(options.get("required", True), f"{where}.required"):
                return {}
            raise wrong(where, f"there is no file {path} here", "make it, or set required: false")
        before = {**known, **self.environment}
        if form == "raw":
            return parse_raw(text, path, {**earlier, **before})
        return parse_env_file(text, path, before, self.warn, earlier)


def inlined(content: Mapping[str, Any], reading: Reading, where: str) -> dict[str, Any]:
    """A copy of a Compose file's content that needs no file and no variable from here."""
    result = dict(content)
    services = result.get("services")
    if not isinstance(services, Mapping):
        return result
    problems: list[Problem] = []
    result["services"] = {
        name: collect(problems, _service, service, reading, f"{where}.services.{name}")
        for name, service in services.items()
    }
    if problems:
        raise SpecError(problems)
    return result


def _service(service: Any, reading: Reading, where: str) -> Any:
    if not isinstance(service, Mapping):
        return service
    result = dict(service)
    own = pairs(result.get("environment") or {}, f"{where}.environment")
    known = {key: str(item) for key, item in own.items() if item is not None}
    variables = _files(result.pop("env_file", None), reading, known, f"{where}.env_file")
    if variables or own:
        # A name that has no value anywhere is not set at all, also not by a file.
        files = {key: item for key, item in variables.items() if own.get(key, "") is not None}
        result["environment"] = {
            **files,
            **resolved(own, reading.environment, f"{where}.environment"),
        }
    labels = _files(result.pop("label_file", None), reading, {}, f"{where}.label_file")
    if labels:
        given = pairs(result.get("labels") or {}, f"{where}.labels")
        result["labels"] = {**labels, **given}
    return result


def _files(value: Any, reading: Reading, known: Mapping[str, str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    entries = parse_list(value, where) if value is not None else []
    for index, entry in enumerate(entries):
        found.update(reading.parsed(entry, known, found, f"{where}[{index}]"))
    return found
