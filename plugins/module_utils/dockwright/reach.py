"""How a run reaches its engine: alone, or through what a session shares with other runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, TypeVar

from .connection import Connection
from .engine.client import Engine
from .engine.endpoint import Endpoint
from .engine.faults import is_absent
from .errors import EngineUnreachable, LockTimeout

if TYPE_CHECKING:
    from .engine.keeping import KeepingEngine
    from .host.machine import Host
    from .session import Session

_T = TypeVar("_T")

# Where the engine of this host itself listens.
OWN_SOCKETS = ("unix:///var/run/docker.sock", "unix:///run/docker.sock")


# How often work that another run has half done is looked at again, in seconds.
PAUSE = 0.5


class Reach:
    """One run's way to the engine; without a session it does nothing beside naming the address."""

    def __init__(self, connection: Connection | None, session: Session | None) -> None:
        self.connection = connection or Connection()
        self._session = session
        self._shared: KeepingEngine | None = None
        self._trusts = False

    def endpoint(self) -> Endpoint:
        """The engine's address. Raises SpecError."""
        return self.connection.endpoint()

    def shared(self, endpoint: Endpoint) -> Engine | None:
        """The session's engine, to be given back by ``end``; None where the run has its own."""
        if self._session:
            self._shared = self._session.take(endpoint, self.connection.timeout)
        return self._shared

    def begin(self, *, only_objects: bool) -> None:
        """What was kept is checked as the session has it."""
        if self._session and self._shared:
            self._trusts = self._session.begin(self._shared, only_objects=only_objects)

    def has_moved(self) -> bool:
        """Whether somebody else has acted since answers that a plan was made of unchecked."""
        return self._trusts and self._shared is not None and self._shared.check()

    def acts(self) -> None:
        """The run writes from here on: what it reads has to be what is there."""
        if self._shared:
            self._shared.pass_through()

    def end(self, engine: Engine | None) -> None:
        """The run is over."""
        if self._session and self._shared:
            self._session.give_back(self._shared)
        elif engine:
            engine.close()


def patiently(look: Callable[[], _T], reach: Reach, limit: float) -> _T:
    """What looking gives; look again while another run is at what we look at.

    Raises LockTimeout where that takes more than ``limit`` seconds.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return look()
        except LockTimeout:
            if time.monotonic() >= deadline:
                raise
        reach.acts()  # what was kept tells of the moment before
        time.sleep(PAUSE)


def missing(
    engine: Engine, host: Host | None, *, check: bool, only_daemon: bool
) -> EngineUnreachable | None:
    """Ask the engine for its version; the error where it may be missing on this host.

    Raises EngineUnreachable where it is not.
    """
    if check and is_asleep(engine.endpoint.url, host):
        return EngineUnreachable(
            f"the Docker Engine at {engine.endpoint.url} is stopped",
            fix="start it, as the check only looks",
        )
    try:
        engine.negotiate()
    except EngineUnreachable as error:
        # One that runs, and is not reached, is no missing one: nobody can tell what it has.
        if host is None or host.service.is_active():
            raise
        # A daemon that does not come up with its file can be repaired by a spec of that file.
        if not (only_daemon or is_absent(error)):
            raise
        return error
    return None


def is_asleep(url: str, host: Host | None) -> bool:
    """Whether merely asking would start the engine: systemd listens on its socket for it."""
    if host is None or url not in OWN_SOCKETS or not host.service.has_systemd():
        return False
    return host.service.main_pid() is None  # of the pidfile, mostly: systemd is not asked
