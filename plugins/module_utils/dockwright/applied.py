"""What is kept of a run for `rollback`: the spec that was applied, who did it, what it changed.

A spec is kept once for each change of it. A run that changes nothing is not kept, nor is one that
repairs what others did; the first spec of all is, so that there is something to go back to. A run
that fails once it has a plan is kept as failed, and is not gone back to by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .host.history import Entry, History
from .model import Action, Change, Report
from .named_tuple import NamedTuple
from .origin import Origin
from .report import title

if TYPE_CHECKING:
    from .host.machine import Host
    from .spec import Document

_OBJECTS = ("container", "network", "volume", "registry_login", "plugin")
# They say how a run is to go and nothing of the host: another limit is no other spec.
_OF_THE_RUN = ("max_disruption", "reveal", "wait_timeout", "lock_timeout")
_TITLES = 50


class Stage(NamedTuple):
    """What is known of a run when it begins to apply."""

    origin: Origin
    host: Host | None
    address: str
    raw: Any
    document: Document | None
    report: Report


@contextmanager
def kept(stage: Stage) -> Iterator[None]:
    """Keep the spec of a run that applies, also when it fails half-way."""
    try:
        yield
    except BaseException:
        _keep(stage, failed=True)
        raise
    _keep(stage, failed=False)


def _keep(stage: Stage, *, failed: bool) -> None:
    origin, host, document = stage.origin, stage.host, stage.document
    if host is None or document is None:
        return
    done = stage.report.done
    if failed and not done and (origin.back or not stage.report.plan.changes):
        return  # it was refused, or a way back that was not begun
    history = host.history(stage.address)
    latest = history.latest(document.project)
    if not (done or failed) and latest is not None and not latest.failed:
        return
    spec = plain(origin.back.document if origin.back else stage.raw)
    memory = host.memory()
    memory.keep_key()
    entry = Entry(
        number=0,
        mark=memory.fingerprint(_meaning(spec)),
        project=document.project,
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        by=origin.tool,
        document=spec,
        changes=tuple(title(change) for change in done[:_TITLES]),
        made=tuple((change.kind, change.name) for change in done if _makes(change)),
        failed=failed,
        returned=origin.back.number if origin.back else 0,
    )
    _add(history, latest, entry)
    if history.warning:
        stage.report.warnings.append(history.warning)


def _add(history: History, latest: Entry | None, entry: Entry) -> None:
    """Add an entry; the same spec once more only tells how it went this time."""
    if latest is None or latest.mark != entry.mark:
        history.keep(entry)
    elif latest.failed:
        changes = (*latest.changes, *entry.changes)[:_TITLES]
        made = tuple(dict.fromkeys((*latest.made, *entry.made)))
        history.keep(entry._replace(changes=changes, made=made), instead=True)


def _makes(change: Change) -> bool:
    return change.action is Action.CREATE and not change.path and change.kind in _OBJECTS


def _meaning(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in document.items() if key not in _OF_THE_RUN}


def plain(value: Any) -> Any:
    """A document as JSON has it: keys become the texts that they are taken for."""
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
