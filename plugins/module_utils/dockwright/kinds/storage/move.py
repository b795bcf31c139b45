"""A move of the data-root: a copy with the engine stopped, then the daemon works with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ApplyFailed, HostError
from ...observe import facts_from
from .copying import copy_root
from .kept import Kept, keep, kept_of
from .restore import Restorer
from .stopping import record_and_stop
from .work import Work, refuse_other

RUN = "run"


def move(work: Work, size: int, info: Mapping[str, Any]) -> None:
    """Carry it out. Raises for the caller to undo."""
    record = work.record
    was, to = record["was"], record["to"]
    work.step("save")
    record_and_stop(work, facts_from(info, work.engine))
    work.step("halt", halted=True)
    work.halt()
    left = [name for name in work.host.files.list(was["base"]) if name != "lost+found"]
    if [name for name in work.host.files.list(to["base"]) if name != "lost+found"]:
        raise ApplyFailed(f"{to['base']} is not empty any more", fix="empty it, and run again")
    work.step("copy", root=to["base"], cleared=True, left=left)
    copy_root(work.host, was["base"], to["base"], size, work.tell)
    work.step("switch")
    work.write_config(record["after"])
    info = work.start()
    refuse_other(info, to["driver"], to["store"], to["base"])
    _compare(work)
    work.step(RUN)
    finish(work)


def _compare(work: Work) -> None:
    """Containers and images have kept their IDs, for it is the same content."""
    there = {item["Id"] for item in work.engine.get("/containers/json", {"all": True})}
    auto = [d for d in work.noted("containers") or [] if not _is_passing(d["raw"])]
    lost = [item["name"] for item in auto if item["raw"]["Id"] not in there]
    if lost:
        raise ApplyFailed(f"containers are not in the copy: {', '.join(lost)}")


def _is_passing(raw: Mapping[str, Any]) -> bool:
    return bool((raw.get("HostConfig") or {}).get("AutoRemove"))


def finish(work: Work) -> None:
    """Start what ran, and note what is left; works again after it was killed."""
    info = work.answers() or work.start()
    record = work.record
    facts = facts_from(info, work.engine)
    restorer = Restorer(work, facts, work.noted("containers") or [], {}, {})
    restorer.create()  # what had to be removed when it was stopped (--rm)
    failures = restorer.start()
    old, new = record["was"]["base"], record["to"]["base"]
    for item in kept_of(work.host):  # what slept there has been copied too
        if item.root == old:
            keep(work.host, item._replace(root=new))
    keep(work.host, Kept(old, tuple(record["left"]), record["why"]))
    work.finish()
    if failures:
        raise HostError(
            f"the data-root is moved, and containers do not start: {'; '.join(failures)}",
            fix="correct what the engine names; the old data-root is still there",
        )
