"""What runs of one process share: connections, and what the engine told, kept true.

A front end that converges many documents one after the other (the states of a Salt run, the
requests of ``dockwright serve``) makes one Session and hands it to each ``converge``:

    session = Session()
    report = converge(document, connection=connection, session=session)
    session.undisturbed()      # only where the caller knows that nobody else has acted since
    report = converge(another, connection=connection, session=session)
    session.close()

Each thing is then asked once for all runs. At the start of a run one request (the engine's events
since then) tells what has changed, by us or by anybody, and only that is asked again. After
``undisturbed`` the next run does without this request, for at most ``patience`` seconds since the
last one; a run that finds something to change makes it all the same before it changes anything.
Files of the host and the memory are read in each run. A Session may be used by several threads (a
run that finds it busy asks for itself) and in a forked process (whose runs ask for themselves).
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from .engine.endpoint import Endpoint

if TYPE_CHECKING:
    from .engine.keeping import KeepingEngine

PATIENCE = 5.0


class Session:
    """Shared by runs of one process; making one connects nowhere."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pid = os.getpid()
        self._busy = threading.Lock()
        self._undisturbed = False
        self._engines: dict[tuple[Endpoint, float], KeepingEngine] = {}

    def undisturbed(self) -> None:
        """Say that nobody else has acted since the last run, as far as the caller can know."""
        self._undisturbed = True

    def close(self) -> None:
        """Hang up, and keep nothing; the session can be used again afterwards."""
        if os.getpid() == self._pid:  # else the connections are the parent's
            for engine in self._engines.values():
                engine.close()
        self._engines = {}

    # --- for converge ----------------------------------------------------------------------------

    def take(self, endpoint: Endpoint, timeout: float) -> KeepingEngine | None:
        """The engine for one run, which must be given back; None where the run needs its own."""
        if os.getpid() != self._pid or not self._busy.acquire(blocking=False):
            return None
        key = (endpoint, timeout)
        if key not in self._engines:
            from .engine.keeping import KeepingEngine

            self._engines[key] = KeepingEngine(endpoint, timeout=timeout)
        return self._engines[key]

    def begin(self, engine: KeepingEngine, *, only_objects: bool) -> bool:
        """A run begins to look; whether it trusts unchecked answers.

        What is of the host itself (daemon, storage, firewall) is always checked.
        """
        trusts, self._undisturbed = self._undisturbed, False
        return engine.begin(self._patience if trusts and only_objects else 0.0)

    def give_back(self, engine: KeepingEngine) -> None:
        """The run is over."""
        engine.end()
        self._busy.release()
