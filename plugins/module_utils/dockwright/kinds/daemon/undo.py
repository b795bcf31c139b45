"""The way back from a change of daemon.json: for one that failed, and for a run that was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, HostError
from ...host.machine import Host
from ...model import Action, Change, Disruption
from . import proof, unit, what_ran
from .document import text_of
from .have import parsed_file
from .record import RELOAD, RESTART, START, WRITE, Record

KIND = "daemon"
RELOAD_LIMIT = 10.0
FINISH = "finish"


class Undo:
    """Puts one change back. ``record`` tells what was; the journal says that we are at it."""

    def __init__(self, record: Record, host: Host, engine: Engine | None, timeout: float) -> None:
        self.record = record
        self.host = host
        self.engine = engine
        self.timeout = timeout

    def run(self) -> None:
        """The old file, and the daemon working with it again. Raises DockwrightError."""
        record = replace(self.record, undoing=True)
        with contextlib.suppress(HostError):  # the disk is full: the journal is there, though
            self.host.journal(KIND).write(record.as_data())
        self.carry_out(_way_back(record, self.host.service.wait_settled(self.timeout)))

    def carry_out(self, way: str) -> None:
        """``way`` is what the daemon needs: nothing (WRITE), RELOAD or RESTART."""
        if self.record.unit:
            unit.write(self.host, self.record.unit, self.record.drop_in)
        if way == WRITE or self.engine is None:
            self._write_old()
        elif way == RELOAD:
            self._reload_old(self.engine)
        else:
            self._start_old(self.engine)

    def _write_text(self, text: str | None) -> None:
        if text is None:
            self.host.files.remove(self.host.config)
        elif text != self.host.files.read_text(self.host.config):
            self.host.files.write_atomic(self.host.config, text)

    def _write_old(self) -> None:
        self._write_text(self.record.before)

    def _write(self, document: Mapping[str, Any]) -> None:
        self.host.files.write_atomic(self.host.config, text_of(document))

    def _reload_old(self, engine: Engine) -> None:
        """A reload with the old file; where it cannot say so, the daemon never took the new one."""
        if self.record.resets:  # what the old file has not would keep its new value
            old, _ = parsed_file(self.record.before, self.host.config)
            self._write({**self.record.resets, **old})
        else:
            self._write_old()
        try:
            proof.reload(self.host, engine, RELOAD_LIMIT)
        except ApplyFailed:
            proof.wait_answer(engine, self.timeout, self.host)
        if self.record.resets:
            self._write_old()

    def _start_old(self, engine: Engine) -> None:
        """Start with the old file; containers that live on need live-restore until it is up.

        Keys that waited for this start are given up too, for it may be they that are bad.
        """
        text = self.record.before_restart
        old, _ = parsed_file(text, self.host.config)
        if self.record.lent:
            self._write({**old, "live-restore": True})
        else:
            self._write_text(text)
        service = self.host.service
        service.reset_failed()
        service.restart(self.timeout)
        proof.wait_answer(engine, self.timeout, self.host)
        what_ran.bring_back(engine, _ran(self.record), all_stopped=True)
        if self.record.lent:
            self._write({**old, "live-restore": False})
            proof.reload(self.host, engine, RELOAD_LIMIT)
            self._write_text(text)


def interrupted(host: Host) -> Change | None:
    """What putting a killed run right will do; None when none was killed."""
    journal = host.journal(KIND)
    if not journal.is_there():
        return None
    record = Record.of(journal.read())
    state = host.service.state()
    way = _way(record, host, state)
    cost = Disruption.NONE
    if way == FINISH:
        what = "the daemon works with the new file, what ran before is started"
    elif way == WRITE:
        what = "the old file is put back"
    elif way == RELOAD:
        what, cost = "the old file is put back and the daemon reloaded", Disruption.RELOAD
    else:
        what = "the old file is put back and the daemon started with it"
        if state == "active":
            cost = Disruption.OUTAGE if record.all_stop else Disruption.RESTART
    reason = f"an earlier run was interrupted: {what}"
    return Change(KIND, KIND, Action.RECOVER, reason=reason, disruption=cost)


def recover(host: Host, engine: Engine | None, timeout: float) -> Record | None:
    """Finish or undo what a killed run has begun; its record if it is finished: its keys are ours.

    Raises DockwrightError, the journal stays then.
    """
    journal = host.journal(KIND)
    record = Record.of(journal.read())
    way = _way(record, host, host.service.wait_settled(timeout))
    if way == FINISH:
        if engine is not None and record.was_up:
            proof.wait_answer(engine, timeout, host)
            what_ran.bring_back(engine, _ran(record), all_stopped=record.all_stop)
    else:
        undo = Undo(record, host, engine, timeout)
        journal.write(replace(record, undoing=True).as_data())
        undo.carry_out(way)
    journal.clear()
    return record if way == FINISH else None


def _way(record: Record, host: Host, state: str) -> str:
    """How a killed run is put right, from what is there now."""
    is_new = host.files.read_text(host.config) == record.after
    is_other = host.service.identity() != record.daemon
    if is_new and not record.undoing and (not record.was_up or is_other) and state == "active":
        return FINISH  # the daemon has started with the new file
    if is_new and not record.undoing and not record.was_up and record.step == WRITE:
        return FINISH  # only the file was to be written
    if record.step == RESTART and not is_other and not record.undoing:
        return before_restart(record).step  # killed before it began
    return _way_back(record, state)


def before_restart(record: Record) -> Record:
    """The record of a change whose restart has not begun: the daemon works with what it had."""
    if record.step != RESTART:
        return record
    return replace(record, step=RELOAD if record.lent else WRITE)


def _way_back(record: Record, state: str) -> str:
    if not record.was_up or record.step in (WRITE, START):
        return WRITE
    return RELOAD if record.step == RELOAD and state == "active" else RESTART


def _ran(record: Record) -> what_ran.WhatRan:
    return what_ran.WhatRan(record.running, record.stopped_always)
