"""Where the parts of a run work: the host, its engine, what the run is told and has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from ..engine.client import Engine
    from ..host.machine import Host
    from ..host.memory import Memory
    from ..run_options import RunOptions
    from .network.bridges import Bridge

Progress = Callable[[str], None]


@dataclass
class Site:
    """Where the parts of one run work. ``engine`` is None when it does not answer (in `recover` it
    is always there, and may not answer).

    ``wants`` is what the document says of every part, by kind.
    """

    host: Host
    engine: Engine | None
    memory: Callable[[], Memory]
    run: RunOptions
    known_info: Mapping[str, Any] | None = None
    wants: Mapping[str, Any] = field(default_factory=dict)
    bridges: tuple[Bridge, ...] = ()  # of the networks that this run makes or removes
    known_networks: Sequence[Mapping[str, Any]] | None = None
    plugins: tuple[str, ...] = ()  # that are to run
    check: bool = False
    is_local: bool = True  # the engine is reached by this machine's own socket
    tell: Progress = lambda text: None
    warn: Progress = lambda text: None

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """The answer of GET /info, asked for at most once; empty without an engine."""
        if self.engine is None:
            return {}
        return self.known_info or self.engine.get("/info") or {}

    @cached_property
    def networks(self) -> Sequence[Mapping[str, Any]]:
        """The answer of GET /networks, asked for at most once; empty without an engine."""
        if self.engine is None:
            return ()
        return self.known_networks or self.engine.get("/networks") or ()

    def forget_info(self) -> None:
        """The engine is another one now: ask again."""
        self.known_info = None
        self.__dict__.pop("info", None)
