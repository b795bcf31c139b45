"""The host as one object: files, commands, the engine's service, ports, memory and lock.

Root, runner, unit, config path, memory folder and pidfile are inputs, so that tests, image roots,
rootless and second daemons need no code of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from .commands import Completed, Runner, run_command
from .files import Files
from .journal import Journal
from .lock import Lock
from .memory import Memory, safe_name
from .ports import Port, listening_ports

if TYPE_CHECKING:
    from .history import History
    from .service import Service

_Host = TypeVar("_Host", bound="Host")


def state_folder(environ: Mapping[str, str], is_root: bool) -> str:
    """Where memory and lock are kept: ``DOCKWRIGHT_STATE_DIR``, else the system's or the user's."""
    if environ.get("DOCKWRIGHT_STATE_DIR"):
        return environ["DOCKWRIGHT_STATE_DIR"]
    if is_root:
        return "/var/lib/dockwright"
    home = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME', '')}/.local/state"
    return f"{home}/dockwright"


def _whose(unit: str) -> tuple[str, str]:
    """The user of USER@/NAME, and the unit's name."""
    user, _, name = unit.rpartition("@/")
    return user, name


class Host:
    """The machine that the engine runs on. Making one touches nothing."""

    is_image = False  # of a machine that does not run: see image_root.py

    def __init__(  # noqa: PLR0913 (every input has its default; all are injected)
        self,
        root: str = "/",
        runner: Runner | None = None,
        unit: str = "docker.service",
        config: str = "/etc/docker/daemon.json",
        memory: str = "/var/lib/dockwright",
        pidfile: str = "/var/run/docker.pid",
    ) -> None:
        """``unit`` is NAME, or USER@/NAME for one of a user's own systemd."""
        self.root = root
        self.config = config
        self.memory_folder = memory
        self.files = Files(root)
        self._runner: Runner = runner or run_command
        self._unit = unit
        self._pidfile = pidfile

    def with_daemon(self: _Host, unit: str = "", config: str = "", pidfile: str = "") -> _Host:
        """The same machine with another daemon of it; what is left out is as usual."""
        unit = unit or "docker.service"
        user, name = _whose(unit)
        if not pidfile:
            from .service import uid_of

            folder = f"/run/user/{uid_of(user)}" if user else "/var/run"
            pidfile = f"{folder}/{name.rpartition('.')[0]}.pid"
        config = config or self.config
        return type(self)(self.root, self._runner, unit, config, self.memory_folder, pidfile)

    @cached_property
    def service(self) -> Service:
        """The engine's service: few runs ask for it."""
        from .service import Service

        user, name = _whose(self._unit)
        return Service(self.files, self._runner, unit=name, pidfile=self._pidfile, user=user)

    def run(
        self,
        argv: Sequence[str],
        input: str | None = None,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command to its end; ``.checked()`` on the answer raises when it failed."""
        if env:
            return self._runner(argv, input=input, timeout=timeout, env=env)
        return self._runner(argv, input=input, timeout=timeout)

    def listening_ports(self) -> frozenset[Port]:
        """The ports that processes of the host hold, as (protocol, address, number)."""
        return listening_ports(self.files)

    def memory(self, engine_id: str = "") -> Memory:
        """What this host remembers of us and this engine; reads nothing before it is asked."""
        return Memory(self.files, self.memory_folder, engine_id, config=self.config)

    def history(self, address: str) -> History:
        """The specs that were applied to the engine at an address."""
        from .history import History

        return History(self.files, f"{self.memory_folder}/applied/{safe_name(address)}")

    def journal(self, kind: str) -> Journal:
        """The journal of a kind's work on this host; like the memory's keys it goes by the file."""
        name = f"journal-{kind}-{safe_name(self.config)}.json"
        return Journal(self.files, f"{self.memory_folder}/{name}")

    def lock(self, limit: float = 60.0) -> Lock:
        """The lock that runs take before they apply (never in check mode)."""
        return Lock(f"{self.files.path(self.memory_folder)}/lock", limit)
