"""The logins that are wanted, and the credentials that the same document's pulls use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ... import options
from ...errors import Problem, SpecError
from ...model import Want
from ..image.credentials import host_of
from ..image.reference import is_registry
from .options import ROWS

NEEDED = ("username", "password")


def parse(name: Any, spec: Mapping[str, Any] | None, where: str) -> Want:
    """One entry of ``registries``: the registry is its name. Raises SpecError with all problems."""
    problems: list[Problem] = []
    host = host_of(str(name).strip())
    if not is_registry(host):
        fix = "a registry is HOST or HOST:PORT; Docker Hub is docker.io"
        problems.append(Problem(where, f"'{name}' is not a registry", fix))
    entry = options.collect(problems, options.parse, ROWS, spec, where)
    if entry is not None:
        problems.extend(_contradictions(entry, where))
    if problems:
        raise SpecError(problems)
    state = entry.pop("state", "present")
    fields = {key: entry.pop(key) for key in NEEDED if key in entry}
    return Want("registry_login", host, where, fields, entry, state)


def _contradictions(entry: Mapping[str, Any], where: str) -> Iterable[Problem]:
    if entry.get("state") == "absent":
        for key in ("password", "verify", "store"):
            if key in entry:
                text = "means nothing for a login that is to be absent"
                yield Problem(f"{where}.{key}", text, "remove it")
        return
    for key in NEEDED:
        if not entry.get(key):
            fix = f"give the {key}, or take the login away with `state: absent`"
            yield Problem(f"{where}.{key}", "is missing", fix)
    if ":" in entry.get("username", ""):
        text = "holds a colon, which ends the user name in config.json and at registries"
        yield Problem(f"{where}.username", text, "check user name and password")
    if "verify" in entry and entry.get("store") is False:
        text = "means nothing for a login that is not stored"
        yield Problem(f"{where}.verify", text, "remove it")


def is_kept(want: Want) -> bool:
    """Whether something is to be stored or erased."""
    return want.state == "absent" or bool(want.inputs.get("store", True))


def is_verified(want: Want) -> bool:
    """Whether the registry is to be asked before the login is stored."""
    return want.state == "present" and bool(want.inputs.get("verify", True))


def credentials(wants: Iterable[Want]) -> dict[str, dict[str, str]]:
    """What pulls use, by registry."""
    return {want.name: dict(want.fields) for want in wants if want.state == "present"}
