"""A restart that was put off: the way back, should the daemon not start when it happens."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError
from ...host.machine import Host
from ...host.memory import Memory
from ...model import Action, Change
from . import proof, what_ran
from .have import parsed_file

KIND = "daemon"
JOURNAL = "deferred"
_DOWN = ("failed", "activating")  # while systemd still tries


@dataclass(frozen=True)
class Deferred:
    """What is noted where keys are written that wait, until the daemon has started with them."""

    daemon: str = ""  # the process that works with the old file (Service.identity)
    before: str | None = None  # the old file; None: there was none
    after: str = ""  # the file that waits
    writer: str = KIND
    owned: tuple[str, ...] = ()  # its keys before
    undoing: bool = False
    ended: float | None = None  # when the daemon did, for a run that is killed while it undoes

    def values_before(self) -> dict[str, Any]:
        """The keys that were the writer's before, as the old file has them."""
        raw, _ = parsed_file(self.before, "")
        return {name: raw[name] for name in self.owned if name in raw}


def of(host: Host) -> Deferred | None:
    """What waits for a restart, if anything does."""
    journal = host.journal(JOURNAL)
    if not journal.is_there():
        return None
    known = {item.name for item in fields(Deferred)}
    found = Deferred(**{name: v for name, v in journal.read().items() if name in known})
    return replace(found, owned=tuple(found.owned))


def waiting(host: Host) -> Deferred | None:
    """What waits for a restart of the very daemon that runs now."""
    found = of(host)
    if found is None or found.daemon != host.service.identity():
        return None
    return found if host.files.read_text(host.config) == found.after else None


def note(host: Host, now: Deferred) -> None:
    """Note what to go back to; of several changes that wait, what was before the first."""
    known = of(host)
    known = known if known and known.daemon == now.daemon and known.after == now.before else None
    if known:
        now = replace(known, after=now.after)
    if now.before == now.after:
        clear(host)
    else:
        host.journal(JOURNAL).write(asdict(now))


def clear(host: Host) -> None:
    """The daemon has started since, or nothing waits any more."""
    host.journal(JOURNAL).clear()


def interrupted(host: Host) -> Change | None:
    """What putting back will do; None where the daemon has not failed with what waited."""
    found = of(host)
    if found is None or not _has_failed(found, host, host.service.state()):
        return None
    reason = "the daemon does not start with the keys that waited for its restart"
    reason += ": the old file is put back and the daemon started with it"
    return Change(KIND, KIND, Action.RECOVER, reason=reason)


def _has_failed(found: Deferred, host: Host, state: str) -> bool:
    is_ours = found.undoing or host.files.read_text(host.config) == found.after
    is_down = state in _DOWN or (found.undoing and state != "active")
    return is_ours and is_down


def recover(host: Host, engine: Engine | None, timeout: float) -> Deferred | None:
    """Go back to the old file where the daemon has failed with the new one; what was gone back to.

    Raises ApplyFailed where it does not start with the old one either.
    """
    found = of(host)
    if found is None:
        return None
    if not found.undoing and host.files.read_text(host.config) != found.after:
        clear(host)  # it was undone, or another hand has written
        return None
    if not _has_failed(found, host, host.service.wait_settled(timeout)):
        return None
    ended = found.ended if found.undoing else host.service.ended_at()
    host.journal(JOURNAL).write(asdict(replace(found, undoing=True, ended=ended)))
    if found.before is None:
        host.files.remove(host.config)
    else:
        host.files.write_atomic(host.config, found.before)
    try:
        _start(host, engine, ended, timeout)
    finally:  # what is wrong now is not what we deferred, and a spec must be able to repair it
        clear(host)
    return found


def _start(host: Host, engine: Engine | None, ended: float | None, timeout: float) -> None:
    since = time.time()
    host.service.reset_failed()
    try:
        host.service.start(timeout)
        if engine is None:
            return
        proof.wait_answer(engine, timeout, host)
    except DockwrightError as error:
        words = proof.daemon_words(host, since)
        text = f"the daemon does not start with the file before a deferred restart either: {words}"
        raise ApplyFailed(text, changed=True, fix="correct what it names") from error
    if ended is not None:
        what_ran.bring_back(engine, what_ran.before(engine, ended), all_stopped=True)


def own_again(found: Deferred, memory: Memory) -> None:
    """The keys of the old file are ours as they were (the caller saves the memory)."""
    memory.own_keys(found.values_before(), found.writer)
    memory.set_waiting("", frozenset())
