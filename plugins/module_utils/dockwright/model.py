"""The nouns of dockwright: what a change, a plan and a report are. Knows no kind, does nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Any

from .named_tuple import NamedTuple


class Disruption(IntEnum):
    """What a change costs what runs now, ordered from nothing to data loss."""

    NONE = 0  # create, start, live update
    RELOAD = 1  # the daemon re-reads its file
    RECONNECT = 2  # the network of a running container blinks
    RESTART = 3  # the daemon restarts, containers live on
    REPLACE = 4  # some containers stop
    OUTAGE = 5  # all containers stop
    REBUILD = 6  # the contents of the data-root are re-created
    DESTROY = 7  # data is gone

    @property
    def word(self) -> str:
        """The name that users write and read."""
        return self.name.lower()


class Cause(str, Enum):
    """Why have differs from want."""

    SPEC = "spec"  # the user changed the spec
    DRIFT = "drift"  # the host changed
    DEFAULT = "default"  # a default of engine or image moved
    UNKNOWN = "unknown"  # there is no memory of the last apply


class Action(str, Enum):
    """What is done to the object."""

    CREATE = "create"
    UPDATE = "update"
    RECONNECT = "reconnect"
    REPLACE = "replace"
    DELETE = "delete"
    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    PULL = "pull"
    LOAD = "load"
    BUILD = "build"
    IMPORT = "import"
    TAG = "tag"
    PUSH = "push"
    SAVE = "save"
    RELOAD = "reload"
    RESTART = "restart"
    RECOVER = "recover"  # finish or undo what a killed run left behind


ARRIVALS = frozenset({Action.PULL, Action.LOAD, Action.BUILD, Action.IMPORT})  # of an image


class _Unknown:
    """A value that only applying the plan can tell (an image that is still to be pulled)."""

    def __repr__(self) -> str:
        return "known after pull"


UNKNOWN = _Unknown()


class Change(NamedTuple):
    """One difference between want and have, and what will be done about it.

    ``name`` is the engine's name of the object, ``path`` the field inside it (Compose spelling,
    dotted; empty when the whole object is meant), ``before`` and ``after`` are normalised values
    (None: not there).
    """

    kind: str
    name: str
    action: Action
    path: str = ""
    before: Any = None
    after: Any = None
    reason: str = ""
    cause: Cause = Cause.UNKNOWN
    disruption: Disruption = Disruption.NONE
    secret: bool = False  # before and after are shown masked


class EngineFacts(NamedTuple):
    """What planning needs to know of an engine: from ``GET /version`` and ``GET /info``.

    ``assumed`` tells that there is no engine yet and which one the plan is made for.
    """

    id: str = ""
    name: str = ""  # the engine's host name
    api: str = "1.41"
    engine: str = "20.10.0"
    os: str = "linux"
    arch: str = "x86_64"
    log_driver: str = "json-file"
    log_drivers: tuple[str, ...] = ()
    runtime: str = "runc"
    runtimes: tuple[str, ...] = ()
    cgroup: str = ""  # the cgroup namespace that containers get, where the engine tells it
    cgroup_version: str = "1"
    storage_driver: str = ""
    live_restore: bool = False
    swarm: bool = False
    assumed: bool = False

    def api_at_least(self, version: str) -> bool:
        """Whether the negotiated API is ``version`` ("1.44") or newer."""
        return _numbers(self.api) >= _numbers(version)


@functools.lru_cache(maxsize=64)
def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split("+")[0].split("-")[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())


class Want(NamedTuple):
    """The desired state of one object, in normal form; only what the spec says.

    ``fields`` are the options that exist on the host and are compared, ``inputs`` the ones that
    only steer us (``depends_on``, ``pull_policy``). ``where`` is the object's path in the spec.
    """

    kind: str
    name: str
    where: str
    fields: Mapping[str, Any] = {}
    inputs: Mapping[str, Any] = {}
    state: str = "present"
    project: str = ""
    service: str = ""  # the name in the spec, when replicas or Compose make the real name another
    external: bool = False  # must be there, is never touched


class Have(NamedTuple):
    """The observed state of one object in the same normal form, and what the engine said."""

    kind: str
    name: str
    id: str = ""
    fields: Mapping[str, Any] = {}
    explicit: frozenset[str] = frozenset()  # baked options that were set on purpose
    project: str = ""  # from the owner label
    service: str = ""
    raw: Mapping[str, Any] = {}


class Notice(NamedTuple):
    """What is no change and is to be known: stale values, ignored differences, what is blocked."""

    kind: str
    name: str
    path: str
    message: str
    before: Any = None
    after: Any = None


class Plan(NamedTuple):
    """The ordered changes of one run; empty means converged."""

    changes: tuple[Change, ...] = ()
    stale: tuple[Notice, ...] = ()
    ignored: tuple[Notice, ...] = ()
    blocked: tuple[Notice, ...] = ()
    pending: tuple[Notice, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def disruption(self) -> Disruption:
        """The strongest disruption in the plan."""
        return max((change.disruption for change in self.changes), default=Disruption.NONE)

    def __add__(self, other: Any) -> Plan:
        """Both as one, the changes of this one first."""
        return Plan(
            self.changes + other.changes,
            self.stale + other.stale,
            self.ignored + other.ignored,
            self.blocked + other.blocked,
            self.pending + other.pending,
            self.warnings + other.warnings,
        )

    def of(self, kind: str, name: str) -> tuple[Change, ...]:
        """The changes of one object."""
        return tuple(c for c in self.changes if c.kind == kind and c.name == name)


class Report:
    """What a run planned, did and did not do, and the state afterwards.

    ``changed`` is what the front ends report: in check mode whether the plan has changes, in a
    real run whether anything was changed on the host. ``failed`` comes with ``problems``.
    """

    def __init__(self, plan: Plan | None = None, **given: Any) -> None:
        """``given`` is what it begins with of the following, by name. Raises TypeError."""
        self.plan = plan or Plan()
        self.check = False
        self.changed = False
        self.failed = False
        self.done: list[Change] = []
        self.not_done: list[Change] = []
        self.problems: list[Any] = []  # errors.Problem
        self.warnings: list[str] = []
        self.state: dict[str, Any] = {}
        self.engine: Mapping[str, Any] = {}
        self.fingerprint = ""  # of a plan that is to be saved
        if unknown := sorted(set(given) - set(vars(self))):
            raise TypeError(f"a Report has no {', '.join(unknown)}")
        vars(self).update(given)
