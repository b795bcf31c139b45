"""The case files of option rows: specs, hosts and plans as data, one file for each row.

A file has ``with`` (what the row cannot do without), ``document`` (networks, volumes and other
containers that it refers to) and ``cases``. A case has a ``name`` and:

- ``want``: the options of the object in the spec; ``have``: the spec that the object was made
  from (absent: there is no object); ``raw``: what inspect says otherwise, by path.
- ``changes``: the plan, ``[action, path, before, after, disruption]`` each (``blocked`` for what
  may not be repaired); or ``problem``: the path that is refused, and words of the message.
- ``inspect``: paths in `docker inspect` and the values there once ``want`` is applied;
  ``inspect 20.10`` and so on: where an engine differs.
- ``image``: the image's Config; ``engine``: the only engine that the case is about.
- ``in memory``: why the case is not run on real engines.
- ``creates``, ``deletes``: names of further containers that the plan makes or removes.

``files`` are files of the managed host. How rows share a container in the tests on real engines
is said by ``group`` (rows of one group share one; ``alone``: none is shared) and ``touches``
(further options that show in the changes); ``not started on`` names an engine that cannot start
such a container in a test host.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dockwright.kinds.container.options import INPUTS, ROWS
from dockwright.kinds.network.options import ROWS as NETWORK
from dockwright.kinds.volume.options import ROWS as VOLUME
from dockwright.model import Plan
from dockwright.options import Option

FOLDER = Path(__file__).parent / "cases"
KINDS: Mapping[str, tuple[Option, ...]] = {"container": ROWS, "network": NETWORK, "volume": VOLUME}
STEERING = tuple(row.name for row in INPUTS)
SECTIONS = {"container": "containers", "network": "networks", "volume": "volumes"}
PROJECT = "cases"
NAME = "case"
IMAGE = "dockwright/case:1"
# The first process of a container must handle the signals that are to stop it.
COMMAND = ["sh", "-c", "trap 'exit 0' TERM INT QUIT USR1; sleep 100000 & wait"]
REVEAL = ["A", "B", "C", "EMPTY", "LANG", "ODD", "PATH"]  # the variables in the cases
CONFIG = {"Env": ["PATH=/bin"], "Cmd": COMMAND}


class Case(NamedTuple):
    """One case with what its file says for all of them."""

    kind: str
    row: str
    file: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.row}-{self.name}".replace(" ", "-")

    @property
    def config(self) -> dict[str, Any]:
        """The Config of the image."""
        return {**CONFIG, **self.data.get("image", {})}

    def document(self, side: str) -> dict[str, Any]:
        """The document with the object as ``have`` or ``want`` has it."""
        return document(self.kind, {NAME: self.spec(side)}, self.file.get("document", {}))

    def spec(self, side: str) -> dict[str, Any]:
        """The object's options."""
        base = {"image": IMAGE} if self.kind == "container" else {}
        found = {**base, **self.file.get("with", {}), **self.data[side]}
        return {key: value for key, value in found.items() if value is not None}

    @property
    def inspect_paths(self) -> list[str]:
        """The paths in `docker inspect` that the case, or the row's first one, knows."""
        return [path for data in self.file["cases"] for path in data.get("inspect", ())]

    def inspect(self, engine: str) -> dict[str, Any]:
        """Paths in `docker inspect` and their values, on this engine."""
        special = {
            path: value
            for key, found in self.data.items()
            if key.startswith("inspect ") and engine.startswith(key.partition(" ")[2])
            for path, value in found.items()
        }
        return {**self.data.get("inspect", {}), **special}


def document(
    kind: str, objects: Mapping[str, Any], others: Mapping[str, Any], project: str = PROJECT
) -> dict[str, Any]:
    """A document with objects of one kind and what they refer to; no variable is masked."""
    section = SECTIONS[kind]
    return {
        "project": project,
        "reveal": REVEAL,
        **others,
        section: {**others.get(section, {}), **objects},
    }


def actions(spec: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What a spec asks of every run anew: containers, paths and values."""
    return [
        (name, path, value)
        for name, item in spec.get("containers", {}).items()
        for path, value in (("recreate", "always"), ("state", "restarted"))
        if item.get(path) == value
    ]


def load(kind: str) -> dict[str, dict[str, Any]]:
    """The files of a kind by the row's name."""
    files = sorted((FOLDER / kind).glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}


def cases(kind: str) -> Iterator[Case]:
    """Every case of a kind."""
    for row, file in load(kind).items():
        for data in file["cases"]:
            yield Case(kind, row, file, data)


def flat(plan: Plan, name: str = NAME) -> list[list[Any]]:
    """The changes of one object as the case files write them."""
    changed = [
        [c.action.value, c.path, c.before, c.after, c.disruption.word]
        for c in plan.changes
        if c.name == name and c.kind in SECTIONS
    ]
    blocked = [["blocked", n.path, n.before, n.after] for n in plan.blocked if n.name == name]
    return changed + blocked


def is_like(found: Any, wanted: Any) -> bool:
    """Equal, where ``*`` in a text stands for an ID."""
    if isinstance(wanted, str) and "*" in wanted:
        return fnmatch.fnmatchcase(str(found), wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(is_like, found, wanted))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return found.keys() == wanted.keys() and all(
            is_like(found[key], item) for key, item in wanted.items()
        )
    return bool(found == wanted)


def at(raw: Any, path: str) -> Any:
    """The value at a dotted path of an inspect answer, whose keys may hold dots themselves."""
    if not path or not isinstance(raw, Mapping):
        return None if path else raw
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        key = ".".join(parts[:count])
        if key in raw:
            return at(raw[key], ".".join(parts[count:]))
    return None
