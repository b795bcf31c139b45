"""Compose files given by their paths: read where the front end runs, made into one mapping.

That mapping says what the files say, as ``docker compose config`` prints it: files laid over one
another, variables filled in, env files read. What is left, names and paths of the managed host,
`compose.expand` does there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...values import kind_of, parse_list, parse_mapping, parse_text, parse_text_map, wrong
from . import extends, inline, relative
from .env_file import parse_env_file
from .interpolation import Warn, escape, interpolate, substitute
from .merge import merge
from .names import normal_project
from .reading import Here
from .yaml_text import load_yaml

_DEFAULT_ENV = ".env"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def read(params: Mapping[str, Any], here: Here, warn: Warn) -> dict[str, Any]:
    """See `reading.read_compose`."""
    result = dict(params)
    given = parse_text_map(result.get("compose_environment") or {}, "compose_environment")
    paths = result.pop("compose_env_files", None)
    if isinstance(result["compose"], Mapping):
        if paths:
            result["compose_environment"] = _environment(_located(paths, here), given, here, warn)
        return result
    files = _located(result["compose"], here, "compose")
    directory = posixpath.dirname(files[0])
    known = {**here.environment, **given}
    env_files = _located(paths, here) if paths else _beside(directory, here)
    environment = _environment(env_files, known, here, warn)
    reader = _Reader(here, directory, warn)
    environment["COMPOSE_PROJECT_NAME"] = (
        result.get("project") or result.get("name") or reader.name(files, environment)
    )
    content = reader.project(files, directory, environment, "compose")
    content["name"] = environment["COMPOSE_PROJECT_NAME"]
    reading = inline.Reading(environment, here.read, warn)
    result["compose"] = escape(inline.inlined(content, reading, "compose"))
    # Nothing is left to fill in: profiles need theirs, and problems name a variable, not its value.
    names = {"COMPOSE_PROFILES", *reader.variables()}
    result["compose_environment"] = {
        key: environment[key] for key in sorted(names) if environment.get(key)
    }
    if here.is_managed_host and not result.get("compose_directory"):
        result["compose_directory"] = directory
    return result


def _located(value: Any, here: Here, where: str = "compose_env_files") -> list[str]:
    if not value:
        raise wrong(where, "names no file", "give a path or a list of paths")
    items = parse_list(value, where)
    return [here.locate(parse_text(item, f"{where}[{i}]")) for i, item in enumerate(items)]


def _beside(directory: str, here: Here) -> list[str]:
    path = posixpath.join(directory, _DEFAULT_ENV)
    return [path] if here.read(path) is not None else []


def _environment(
    paths: list[str], known: Mapping[str, str], here: Here, warn: Warn
) -> dict[str, str]:
    """The variables for interpolation: of the files, and over them those that are known."""
    found: dict[str, str] = {}
    for path in paths:
        text = here.read(path)
        if text is None:
            raise wrong("compose_env_files", f"there is no file {path} here")
        found.update(parse_env_file(text, path, {**found, **known}, warn))
    return {**found, **known}


class _Reader:
    """Reads files and what they include and extend; knows where the project's directory is."""

    def __init__(self, here: Here, base: str, warn: Warn) -> None:
        self.here = here
        self.base = base
        self.warn = warn
        self.open: tuple[str, ...] = ()
        self.parsed: dict[str, Mapping[str, Any]] = {}

    def variables(self) -> set[str]:
        """The names of the variables that the files speak of."""
        return set(_VARIABLE.findall(repr(self.parsed)))

    def name(self, files: list[str], environment: Mapping[str, str]) -> str:
        """The project's name: the environment's, the last file's that has one, the directory's."""
        found = environment.get("COMPOSE_PROJECT_NAME", "")
        for path in reversed(files):
            content = self._parsed(path, "compose")
            if not found and content.get("name") is not None:
                text = parse_text(content["name"], "compose.name")
                found = substitute(text, environment, "compose.name", self.warn)
        return normal_project(found or posixpath.basename(self.base))

    def project(
        self, files: list[str], directory: str, environment: Mapping[str, str], where: str
    ) -> dict[str, Any]:
        """Several files laid over one another; relative paths in all start from ``directory``."""
        result: dict[str, Any] = {}
        for index, path in enumerate(files):
            at = where if len(files) == 1 else f"{where}[{index}]"
            result = merge(result, self.file(path, directory, environment, at), at)
        return result

    def file(
        self, path: str, directory: str, environment: Mapping[str, str], where: str
    ) -> dict[str, Any]:
        """One file: variables filled in, ``extends`` and ``include`` carried out."""
        if path in self.open:
            raise wrong(where, f"the file {path} includes or extends itself", "break the circle")
        before, self.open = self.open, (*self.open, path)
        content = self._content(path, directory, environment, where)
        other = self._other_file(directory, environment)
        services = content.get("services")
        if isinstance(services, Mapping):
            content["services"] = extends.resolve(services, f"{where}.services", other)
        for index, entry in enumerate(parse_list(content.pop("include", None) or [], where)):
            at = f"{where}.include[{index}]"
            content = _included(content, self._include(entry, directory, environment, at), at)
        self.open = before
        return content

    def _content(
        self, path: str, directory: str, environment: Mapping[str, str], where: str
    ) -> dict[str, Any]:
        filled = interpolate(self._parsed(path, where), environment, where, self.warn)
        return relative.rebased(filled, directory, self.base)

    def _parsed(self, path: str, where: str) -> Mapping[str, Any]:
        if path not in self.parsed:
            text = self.here.read(path)
            if text is None:
                raise wrong(where, f"there is no file {path} here", "correct the path")
            value = load_yaml(text, where)
            if not isinstance(value, Mapping):
                raise wrong(where, f"{path} must hold a mapping, not {kind_of(value)}")
            self.parsed[path] = value
        return self.parsed[path]

    def _other_file(self, directory: str, environment: Mapping[str, str]) -> extends.Other:
        def services_of(path: str, where: str) -> tuple[Mapping[str, Any], str]:
            full = posixpath.normpath(posixpath.join(directory, path))
            if full in self.open:
                raise wrong(where, f"the file {full} extends itself", "break the circle")
            at = posixpath.basename(full)
            before, self.open = self.open, (*self.open, full)
            folder = posixpath.dirname(full)
            content = self._content(full, folder, environment, at)
            services = parse_mapping(content.get("services") or {}, f"{at}.services")
            nested = self._other_file(folder, environment)
            resolved = extends.resolve(services, f"{at}.services", nested)
            self.open = before
            return resolved, f"{at}.services"

        return services_of

    def _include(
        self, entry: Any, directory: str, environment: Mapping[str, str], where: str
    ) -> dict[str, Any]:
        options = parse_mapping(entry, where) if isinstance(entry, Mapping) else {"path": entry}
        for key in options:
            if key not in ("path", "project_directory", "env_file"):
                fix = "known keys: path, project_directory, env_file"
                raise wrong(f"{where}.{key}", "unknown key", fix)
        files = _joined(directory, options.get("path") or [], f"{where}.path")
        if not files:
            raise wrong(where, "names no file", "give a path")
        folder = posixpath.dirname(files[0])
        if options.get("project_directory"):
            folder = _joined(directory, options["project_directory"], where)[0]
        env_files = _joined(directory, options.get("env_file") or [], f"{where}.env_file")
        env_files = env_files or _beside(folder, self.here)
        known = _environment(env_files, environment, self.here, self.warn)
        content = self.project(files, folder, known, where)
        content.pop("name", None)
        return content


def _joined(directory: str, value: Any, where: str) -> list[str]:
    return [
        posixpath.normpath(posixpath.join(directory, parse_text(item, where)))
        for item in parse_list(value, where)
    ]


def _included(content: dict[str, Any], other: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The content with an included one; the same name for different things is a conflict."""
    problems = []
    for section in ("services", "networks", "volumes", "secrets", "configs"):
        mine, theirs = content.get(section) or {}, other.get(section) or {}
        for name in theirs:
            if name in mine and mine[name] != theirs[name]:
                message = f"{section}.{name} is in this file too, and different"
                problems.append(Problem(where, message, "keep one of them"))
        if theirs:
            content[section] = {**theirs, **mine}
    if problems:
        raise SpecError(problems)
    return content
