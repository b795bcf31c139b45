"""A restart that was put off: the way back, should the daemon not start when it happens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, HostError
from ...host.machine import Host
from ...host.memory import Memory
from ...model import Action, Change
from . import proof, what_ran
from .flags import flagged_keys
from .have import parsed_file

KIND = "daemon"
JOURNAL = "deferred"


@dataclass(frozen=True)
class Deferred:
    """What is noted where keys are written that wait, until the daemon has started with them."""

    daemon: str = ""  # the process that works with the old file (Service.identity)
    before: str | None = None  # the old file; None: there was none
    after: str = ""  # the file that waits
    started: int = 0  # Service.became_active of that process
    owned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # as before, by writer
    undoing: bool = False
    ended: float | None = None  # when the daemon did, for a run that is killed while it undoes


def of(host: Host) -> Deferred | None:
    """What waits for a restart, if anything does."""
    journal = host.journal(JOURNAL)
    if not journal.is_there():
        return None
    known = {item.name for item in fields(Deferred)}
    return Deferred(**{name: v for name, v in journal.read().items() if name in known})


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
        now = replace(known, after=now.after, owned={**now.owned, **known.owned})
    if now.before == now.after:
        clear(host)
    else:
        host.journal(JOURNAL).write(asdict(now))


def clear(host: Host) -> None:
    """The daemon has started since, or nothing waits any more."""
    host.journal(JOURNAL).clear()


def interrupted(host: Host, limit: float) -> Change | None:
    """What putting back will do; None where the daemon has not failed with what waited."""
    found = of(host)
    if found is None or not _has_failed(found, host, limit):
        return None
    reason = "the daemon does not start with the keys that waited for its restart"
    reason += ": the old file is put back and the daemon started with it"
    return Change(KIND, KIND, Action.RECOVER, reason=reason)


def _has_failed(found: Deferred, host: Host, limit: float) -> bool:
    """Whether the daemon is down, and was never up since with the file that waited."""
    service = host.service
    if not (found.undoing or host.files.read_text(host.config) == found.after):
        return False
    if service.became_active() not in (0, found.started):
        return False
    state = service.wait_settled(limit)
    if state == "activating" and not service.is_retried():
        raise HostError(f"{service.unit} is still starting", fix="run again when it has ended")
    return state in ("failed", "activating") or (found.undoing and state != "active")


def recover(host: Host, engine: Engine | None, memory: Memory, timeout: float) -> bool:
    """Go back to the old file where the daemon has failed with the new one; whether it had to be.

    Raises ApplyFailed where it does not start with the old one either.
    """
    found = of(host)
    if found is None or not _has_failed(found, host, timeout):
        settle(host, memory)
        return False
    ended = found.ended if found.undoing else host.service.ended_at()
    found = replace(found, undoing=True, ended=ended)
    host.journal(JOURNAL).write(asdict(found))
    if found.before is None:
        host.files.remove(host.config)
    else:
        host.files.write_atomic(host.config, found.before)
    own_again(found, memory)
    try:
        _start(found, host, engine, timeout)
    finally:  # what is wrong now is not what we deferred, and a spec must be able to repair it
        clear(host)
    return True


def settle(host: Host, memory: Memory) -> None:
    """Forget what does not wait any more: it was undone, or the daemon has started with it."""
    found = of(host)
    if found is None:
        return
    now, service = host.files.read_text(host.config), host.service
    if now == found.before:
        own_again(found, memory)
        clear(host)
    elif service.is_active() and service.identity() != found.daemon:
        clear(host)


def _start(found: Deferred, host: Host, engine: Engine | None, timeout: float) -> None:
    since, flags = time.time(), host.service.flags()
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
    if found.ended is not None:
        worked, _ = parsed_file(found.after, "")  # at a reload; else the old file says the same
        lived_on = worked.get("live-restore") is True or "live-restore" in flagged_keys(flags)
        ran = what_ran.before(engine, found.ended)
        what_ran.bring_back(engine, ran, all_stopped=not lived_on)


def own_again(found: Deferred, memory: Memory) -> None:
    """The keys of the old file are ours as they were, also should we be killed right after."""
    for writer, marks in found.owned.items():
        memory.own_marks(marks, writer)
    memory.set_waiting("", frozenset())
    memory.save()
