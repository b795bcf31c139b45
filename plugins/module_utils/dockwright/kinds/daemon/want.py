"""What the user wants of daemon.json: parsed, in normal form, with every problem of it named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Problem, SpecError, nearest
from ...named_tuple import NamedTuple
from ...values import kind_of
from .conflicts import conflicts
from .options import BY_NAME, TRAPS

_FROM_FILE = frozenset(
    {"default-runtime", "log-opts", "log-driver", "tlscert", "tlskey", "tlsverify"}
)


class DaemonWant(NamedTuple):
    """The wanted keys of daemon.json. A key that is not here is not wanted."""

    values: Mapping[str, Any] = {}  # normal forms
    where: str = "daemon"
    proxies: Mapping[str, str] | None = None  # for the unit, of old engines; None: not said

    @property
    def ours(self) -> Mapping[str, Any]:
        """All that is ours once it is applied, in the file or in the unit."""
        said = self.proxies is not None
        return {**self.values, "proxies": self.proxies} if said else self.values


def parse(spec: Any, where: str = "daemon", problems: list[Problem] | None = None) -> DaemonWant:
    """Read the keys of daemon.json as the user gave them; null counts as not given.

    Problems are added to ``problems``; without such a list they are raised together.
    """
    found: list[Problem] = []
    values: dict[str, Any] = {}
    if spec is None:
        spec = {}
    if not isinstance(spec, Mapping):
        found.append(Problem(where, f"must be a mapping, not {kind_of(spec)}"))
        spec = {}
    for name, value in spec.items():
        path = f"{where}.{name}"
        key = BY_NAME.get(name)
        if key is None:
            found.append(_unknown(str(name), path))
        elif value is not None:
            try:
                values[key.name] = key.type.parse(value, path)
            except SpecError as error:
                found.extend(error.problems())
    # What the file may still supply is checked again with it, when the plan is made.
    found.extend(
        problem
        for problem in conflicts(values, where)
        if problem.where.split(".")[len(where.split("."))] not in _FROM_FILE
    )
    if problems is None:
        if found:
            raise SpecError(found)
    else:
        problems.extend(found)
    return DaemonWant(values, where)


def _unknown(name: str, path: str) -> Problem:
    if name in TRAPS:
        message, fix = TRAPS[name]
        return Problem(path, f"is no key of daemon.json: {message}", fix)
    fix = nearest(name, BY_NAME) or "remove it: the engine would not start, or ignore it"
    return Problem(path, "unknown key of daemon.json", fix)
