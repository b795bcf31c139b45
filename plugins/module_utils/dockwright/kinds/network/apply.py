"""Applying the planned changes of a network; containers in it are connected again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ... import owner
from ...differ import carry_ignored, explicit_in
from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineRefused
from ...host.runner import at_work
from ...model import Action, Change, Have, Want
from .members import connect, disconnect
from .options import ROWS
from .recovery import Journal, Member, Recovery, definition


def apply(
    engine: Engine,
    changes: Iterable[Change],
    want: Want | None,
    have: Have | None,
    members: Iterable[Member],
) -> None:
    """Create, remove or make anew one network. Raises ApplyFailed; the old one is then back."""
    actions = {change.action for change in changes}
    name = next(change.name for change in changes)
    if Action.DELETE in actions:
        _delete(engine, name, have)
    elif Action.CREATE in actions and want:
        _create(engine, name, _body(want, None), want.where)
    elif want and have:
        _make_anew(engine, want, have, members)


def _body(want: Want, have: Have | None) -> dict[str, Any]:
    fields = dict(want.fields)
    if have:
        fields, _ = carry_ignored(ROWS, fields, have.fields, want.inputs.get("ignore", ()))
    labels = owner.ours(want.project, want.service, explicit_in(ROWS, want.fields))
    labels.update({owner.REPLACES: have.id} if have else {})
    body: dict[str, Any] = {"Name": want.name, "CheckDuplicate": True, "Labels": labels}
    for row in ROWS:
        value = fields.get(row.name)
        if row.write and value is not None and value != {}:
            row.write(body, value)
    return body


def _create(engine: Engine, name: str, body: Mapping[str, Any], where: str) -> str:
    try:
        return str(engine.post("/networks/create", body)["Id"])
    except EngineRefused as error:
        fix = "check its driver, options and subnets; a subnet may belong to one network only"
        message = f"network {name} could not be created: {error.message}"
        raise ApplyFailed(message, where=where, fix=fix) from error


def _delete(engine: Engine, name: str, have: Have | None) -> None:
    try:
        engine.delete(f"/networks/{have.id if have else name}")
    except EngineRefused as error:
        if error.status != 404:
            fix = "remove the containers in it first, or disconnect them"
            message = f"network {name} could not be removed: {error.message}"
            raise ApplyFailed(message, fix=fix) from error


def _make_anew(engine: Engine, want: Want, have: Have, members: Iterable[Member]) -> None:
    """The old network goes, the new one comes; between the two a journal tells what there was."""
    with at_work() as by:
        journal = Journal(have.name, have.id, definition(have.raw), tuple(members), by)
        _remake(engine, want, have, journal)


def _remake(engine: Engine, want: Want, have: Have, journal: Journal) -> None:
    _keep(engine, journal, want)
    try:
        for member in journal.members:
            disconnect(engine, have.id, member.id)
        _delete(engine, want.name, have)
        made = _create(engine, want.name, _body(want, have), want.where)
        _connect_all(engine, made, Recovery(journal, made, finish=True))
    except DockwrightError as error:
        message, fix = _undo(engine, journal, error)
        raise ApplyFailed(message, where=want.where, fix=fix, changed=True) from error
    _drop(engine, journal)


def _keep(engine: Engine, journal: Journal, want: Want) -> None:
    """Write the journal. Raises ApplyFailed; nothing was touched then."""
    labels = {owner.REPLACES: journal.text()}
    try:
        kept = engine.post("/volumes/create", {"Name": journal.volume, "Labels": labels})
    except EngineRefused as error:
        message = f"network {want.name} could not be made anew: {error.message}"
        raise ApplyFailed(message, where=want.where, fix=error.fix) from error
    if owner.labels_of(kept) != labels:  # the engine gives the volume of that name, whosever it is
        message = f"network {want.name} is being made anew by somebody else"
        fix = f"run again; if nobody is at it, remove the volume {journal.volume}"
        raise ApplyFailed(message, where=want.where, fix=fix)


def _drop(engine: Engine, journal: Journal) -> None:
    try:
        engine.delete(f"/volumes/{journal.volume}")
    except EngineRefused as error:
        if error.status != 404:
            message = f"network {journal.name} is made anew, and what was kept of the old one stays"
            fix = f"remove the volume {journal.volume}"
            raise ApplyFailed(f"{message}: {error.message}", fix=fix, changed=True) from error


def _undo(engine: Engine, journal: Journal, error: DockwrightError) -> tuple[str, str]:
    """Bring the old network back; what to say of it all, and what to do."""
    try:
        _bring_back(engine, journal)
        _drop(engine, journal)
    except DockwrightError as second:
        message = f"{error.message}; bringing the old network back failed too: {second.message}"
        return message, "run again: the next run tries again to bring it back"
    return f"{error.message}; the old network is back, with its containers", error.fix


def _bring_back(engine: Engine, journal: Journal) -> str:
    """The network as it was, under its name, with everybody in it; its ID."""
    now = [raw for raw in engine.get("/networks") if raw["Name"] == journal.name]
    for raw in [raw for raw in now if journal.is_successor(raw)]:  # the new one, half filled
        for member in journal.members:
            disconnect(engine, raw["Id"], member.id)
        engine.delete(f"/networks/{raw['Id']}")
        now.remove(raw)
    identity = now[0]["Id"] if now else engine.post("/networks/create", journal.definition)["Id"]
    _connect_all(engine, identity, Recovery(journal, identity, finish=False))
    return str(identity)


def _connect_all(engine: Engine, network: str, recovery: Recovery) -> None:
    """Everybody gets an endpoint. Raises ApplyFailed naming those that the engine refuses.

    Fixed addresses come first, before the engine gives them to somebody else.
    """
    ends = [(member, recovery.endpoint_of(member)) for member in recovery.journal.members]
    refused = []
    for member, end in sorted(
        ends, key=lambda pair: not any("address" in k for k in pair[1] or ())
    ):
        try:
            if end is not None:
                connect(engine, network, member.id, end)
        except EngineRefused as error:
            if error.status != 404:  # it was removed meanwhile
                refused.append(f"container {member.name} is not connected: {error.message}")
    if refused:
        raise ApplyFailed("; ".join(refused), fix="connect it by hand, or remove it", changed=True)


def recover(engine: Engine, recovery: Recovery) -> str:
    """Finish or undo what a killed run has half done; the network's ID. Raises ApplyFailed."""
    journal = recovery.journal
    try:
        identity = recovery.present
        if recovery.finish:
            _connect_all(engine, identity, recovery)
        else:
            identity = _bring_back(engine, journal)
    except EngineRefused as error:
        message = f"network {journal.name} could not be put right: {error.message}"
        fix = (
            f"put it right by hand and remove the volume {journal.volume}, which tells what it was"
        )
        raise ApplyFailed(message, fix=fix, changed=True) from error
    _drop(engine, journal)
    return identity
