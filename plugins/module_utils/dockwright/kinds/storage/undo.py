"""Undoing: from any step back to the world that was, which no step has touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import ApplyFailed, EngineRefused
from ...observe import facts_from
from .have import REMAPPED
from .kept import remove_tree
from .restore import Restorer
from .save import unmark
from .work import Work, refuse_other
from .worlds import containers_of_driver, entries_of_root, put_back


def undo(work: Work) -> None:
    """Bring back file, daemon and containers as they were; works from every step, and again.

    Raises DockwrightError where that fails; the journal stays then, for the next run.
    """
    record = work.record
    host = work.host
    is_switched = host.files.read_text(host.config) != record["before"]
    touched = is_switched or record.get("halted")
    if touched:
        work.tell("go back to the storage that was")
        if is_switched and not record.get("moves"):
            _remove_new_containers(work)
        work.halt()
        work.write_config(record["before"])
        _remove_new_world(work)
        work.record["halted"] = True
    info = work.answers() if not touched else {}
    info = info or work.start()
    was = record["was"]
    refuse_other(info, was["driver"], was["store"], was["base"])
    definitions = work.noted("containers")
    if definitions is not None:
        facts = facts_from(info, work.engine)
        restorer = Restorer(work, facts, definitions, {}, {})
        restorer.create()
        failures = restorer.start()
        if failures:
            text = f"containers that ran before do not start: {'; '.join(failures)}"
            raise ApplyFailed(text, changed=True)
    unmark(work)
    for tag in record.get("commits", {}).values():
        _untag(work, tag)
    work.finish()


def _remove_new_containers(work: Work) -> None:
    """What the new world has is ours alone, for it was empty."""
    info = work.answers()
    was = work.record["was"]
    if not info or _is_old(info, was):
        return
    for item in work.engine.get("/containers/json", {"all": True}):
        try:
            work.engine.delete(f"/containers/{item['Id']}", {"force": True, "v": False})
        except EngineRefused as error:
            if error.status not in (404, 409):
                raise


def _is_old(info: Mapping[str, Any], was: Mapping[str, str]) -> bool:
    return (info.get("DockerRootDir"), info.get("Driver")) == (was["root"], was["driver"])


def _remove_new_world(work: Work) -> None:
    """Remove what was made for the new world, then move back what slept in its place."""
    record = work.record
    if record.get("root") and record.get("cleared"):
        for path in _made(work, record["root"]):
            remove_tree(work.host, path)
    aside = record.get("aside")
    if aside:
        put_back(work.host, aside["root"], aside["folder"], aside["names"])


def _made(work: Work, root: str) -> list[str]:
    """What is of the new world alone: the journal has said that the place was empty before."""
    record, files = work.record, work.host.files
    was, to = record["was"], record["to"]
    if record.get("moves"):
        return [f"{root}/{name}" for name in files.list(root) if name != "lost+found"]
    if root != was["root"]:
        made = [f"{root}/{name}" for name in entries_of_root(files, root)]
        return made + ([root] if REMAPPED.match(os.path.basename(root)) else [])
    ids = containers_of_driver(files, root, to["live_driver"])
    made = [f"{root}/containers/{id}" for id in ids]
    if to["store"] == "graphdriver":
        made += [f"{root}/{to['driver']}", f"{root}/image/{to['driver']}"]
    return made


def _untag(work: Work, tag: str) -> None:
    try:
        work.engine.delete(f"/images/{tag}")
    except EngineRefused as error:
        if error.status not in (404, 409):
            raise
