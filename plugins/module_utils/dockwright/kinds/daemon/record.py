"""What the journal holds of a change of daemon.json: how things were, and how far it got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

WRITE, RELOAD, RESTART, START = "write", "reload", "restart", "start"


@dataclass(frozen=True)
class Record:
    """All that another run needs to undo the change, or to see that it is done."""

    before: str | None = None  # the file; None: there was none
    before_restart: str | None = None  # what the daemon started with: the same, unless keys wait
    after: str = ""
    step: str = WRITE  # what comes next, or is under way
    undoing: bool = False  # it failed, and is being put back
    was_up: bool = False  # the daemon ran before
    daemon: str = ""  # which process it was (Service.identity)
    lent: bool = False  # live-restore is on only for the restart, so that containers live on
    all_stop: bool = False  # the restart stops all containers
    running: Mapping[str, str] = field(default_factory=dict)  # what_ran.WhatRan
    stopped_always: Mapping[str, str] = field(default_factory=dict)
    resets: Mapping[str, Any] = field(default_factory=dict)  # defaults for a reload back
    unit: str = ""  # whose drop-in of ours is changed; empty: it is not
    drop_in: str | None = None  # the drop-in before
    writer: str = "daemon"  # whose keys they are
    values: Mapping[str, Any] = field(default_factory=dict)  # that are ours afterwards

    def as_data(self) -> dict[str, Any]:
        """The record as the journal writes it."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Record:
        """The record of a journal, also of one that an older version of us has written."""
        known = {item.name for item in fields(cls)}
        given = {"before_restart": data.get("before"), **data}
        return cls(**{name: value for name, value in given.items() if name in known})
