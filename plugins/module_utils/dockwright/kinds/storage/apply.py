"""Apply a plan for the storage: a file that is written, a move, or a rebuild; or all undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ApplyFailed, DockwrightError
from ...host.machine import Host
from ..daemon import proof
from ..daemon.document import text_of
from ..site import Site
from . import move, rebuild
from .copying import end_copies
from .have import StorageHave
from .probe import probe_driver
from .target import Target, file_after
from .undo import undo
from .want import StorageWant
from .work import Work, refuse_other, world_of


def apply(want: StorageWant, have: StorageHave, target: Target, site: Site) -> None:
    """Carry out what the plan says of driver, store, mapping and data-root.

    Raises ApplyFailed; then the host is as before, or the error says what is where.
    """
    host, engine = site.host, site.engine
    text = text_of(file_after(have.daemon.raw, target.values))
    if host.files.read_text(have.daemon.path) != have.daemon.text:
        words = f"{have.daemon.path} was changed by another hand while we planned"
        raise ApplyFailed(words, where=want.where, fix="run again")
    host.files.make_directory(host.config.rpartition("/")[0])  # an engine's first start makes it
    _validate(want, have, host, text)
    changes_world = target.switches(have) or target.moves(have)
    if engine is None or not have.daemon.is_running or not changes_world:
        host.files.write_atomic(host.config, text)
        return
    why = f"{have.driver} in {have.base} became {target.driver or target.store} in {target.base}"
    record = {
        "before": have.daemon.text,
        "after": text,
        "was": {**world_of(site.info), "remap": have.remap},
        "to": _to(target),
        "moves": not target.switches(have),
        "why": why,
    }
    work = Work(host, engine, host.journal("storage"), site.tell, record)
    probe_driver(host, target)
    try:
        _carry_out(work, have, site.info, want.writable)
    except DockwrightError as error:
        raise _undone(work, error, want.where) from error


def _to(target: Target) -> dict[str, str]:
    found = {"driver": target.driver, "store": target.store}
    live = target.driver if target.store == "graphdriver" else "overlayfs"
    return {**found, "base": target.base, "remap": target.remap, "live_driver": live}


def _validate(want: StorageWant, have: StorageHave, host: Host, text: str) -> None:
    try:
        proof.validate(host, have.daemon.engine, have.daemon.path, text)
    except ApplyFailed as error:
        raise ApplyFailed(error.message, where=want.where, fix=error.fix) from error


def _carry_out(work: Work, have: StorageHave, info: Mapping[str, Any], writable: str) -> None:
    held = have.inventory
    if held is None:  # there is nothing to take along
        _restart(work)
    elif work.record["moves"]:
        move.move(work, held.whole, info)
    else:
        rebuild.rebuild(work, held, info, writable)


def _restart(work: Work) -> None:
    work.step("switch", halted=True)
    work.halt()
    work.write_config(work.record["after"])
    info = work.start()
    to = work.record["to"]
    refuse_other(info, to["driver"], to["store"], to["base"])
    work.finish()


def _undone(work: Work, error: DockwrightError, where: str) -> ApplyFailed:
    """Go back, and say what went wrong and where things are."""
    if not work.journal.is_there():  # all was done; something does not run
        return ApplyFailed(error.message, where=where, fix=error.fix, changed=True)
    try:
        undo(work)
    except DockwrightError as second:
        text = f"{error.message}; and going back failed too: {second.message}"
        return ApplyFailed(text, where=where, fix="run again: the next run goes on", changed=True)
    fix = "; ".join(filter(None, (error.fix, "the storage that was is in force again")))
    return ApplyFailed(error.message, where=where, fix=fix, changed=True)


def recover(work: Work) -> None:
    """Finish or undo what a killed run has begun. When that fails the journal stays."""
    work.record = {**work.journal.read(), "killed": True}
    end_copies(work.host, work.record["to"]["base"])
    if work.record.get("step") != rebuild.RUN:
        undo(work)
    elif work.record["moves"]:
        move.finish(work)
    else:
        rebuild.finish(work)
