"""A rebuild: everything is saved, the daemon gets its other world, everything is put into it.

save images → stop containers → stop the daemon → set aside what sleeps in the new world's place →
write daemon.json, start → load → re-create → carry over how containers had ended → start them.
Until the last step undoing is going back to the old world, which nobody has touched.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ...errors import ApplyFailed, DockwrightError, HostError
from ...host.files import Files
from ...observe import facts_from
from .copying import limit_of
from .digests import note, pull_again
from .have import REMAPPED
from .inventory import Image, Inventory
from .kept import Kept, forget, keep
from .ownership import mapping_of, shift_tree, to_host
from .restore import Restorer, load
from .save import mark, save_images, unmark
from .states import carry_over
from .stopping import keep_written, noted_commits, record_and_stop
from .work import Work, refuse_other, world_of
from .worlds import (
    aside_folder,
    containers_of_driver,
    copy_shared,
    entries_of_driver,
    entries_of_root,
    seed_names,
    set_aside,
)

RUN = "run"  # the step from which a killed run is finished, not undone


def rebuild(work: Work, held: Inventory, info: Mapping[str, Any], writable: str) -> None:
    """Carry it out; ``work.record`` says from where to where. Raises for the caller to undo."""
    facts = facts_from(info, work.engine)
    work.step("save")
    saved = list(held.images)
    if work.record["to"]["store"] != work.record["was"]["store"]:
        saved = mark(work, saved)
    path = save_images(work, saved, "images")
    unmark(work)
    containers = record_and_stop(work, facts)
    keep_written(work, containers, writable)
    work.step("halt", halted=True)
    work.halt()
    info = _switch(work, held.volumes)
    work.step("load")
    _empty_store(work)
    images = load(work, path, saved)
    unmark(work)
    if work.record["to"]["store"] != work.record["was"]["store"]:
        _digests(work, held, images)
    more = noted_commits(work)
    load(work, more["path"], [_image(item) for item in more["images"]])
    work.note("ids", images)
    work.step("create")
    _restorer(work, info).create(passing=False)
    _carry_over(work)
    work.step(RUN)
    finish(work)


def _digests(work: Work, held: Inventory, ids: Mapping[str, str]) -> None:
    missing = pull_again(work.engine, held.images, work.tell)
    if missing:
        of = {digest: image.id for image in held.images for digest in image.digests}
        path = note(work.host, {digest: ids.get(of[digest], "") for digest in missing})
        text = f"not pulled again, and known by ID alone (see {path}): {', '.join(missing)}"
        work.tell(text)


def _image(item: list[Any]) -> Image:
    return Image(item[0], tuple(item[1]))


def finish(work: Work) -> None:
    """Start what ran, and note what is left; works again after it was killed."""
    info = work.answers() or work.start()
    restorer = _restorer(work, info)
    restorer.create()  # an engine that starts removes what is to go when it ends (--rm)
    failures = restorer.start()
    record = work.record
    if failures and record["root"] == record["was"]["root"] and not record.get("killed"):
        raise ApplyFailed(f"containers do not start: {'; '.join(failures)}", changed=True)
    was, aside = record["was"], record.get("aside")
    if aside:
        forget(work.host, aside["root"], aside["names"])
        keep(work.host, Kept(aside["root"], (aside["folder"],), record["why"]))
    keep(work.host, Kept(was["root"], tuple(record["left"]), record["why"]))
    work.finish()
    if failures:
        raise HostError(
            f"all is there, and these do not start: {'; '.join(failures)}",
            fix="correct what the engine names; the old data is still there",
        )


def _restorer(work: Work, info: Mapping[str, Any]) -> Restorer:
    facts = facts_from(info, work.engine)
    definitions = work.noted("containers") or []
    images = work.noted("ids") or {}
    return Restorer(work, facts, definitions, images, work.record.get("commits", {}))


# --- the switch ----------------------------------------------------------------------------------


def _switch(work: Work, volumes: int) -> Mapping[str, Any]:
    """From the old world to the new one, in which there is nothing yet; the new GET /info."""
    record, files = work.record, work.host.files
    was, to = record["was"], record["to"]
    root = expected_root(files, to)
    names = _sleeping(files, root, was, to) if root else []
    if root and names:
        folder = aside_folder(files, root)
        work.step("aside", aside={"root": root, "folder": folder, "names": names})
        set_aside(work.host, root, folder, names)
    left = _left(files, was, root)
    work.step("switch", root=root, cleared=bool(root), left=left)
    sleeping = [name for name in files.list(to["base"]) if REMAPPED.match(name)]
    if root == was["root"] and to["store"] == was["store"] == "graphdriver":
        seed_names(work.host, was, root, to["driver"])
    work.write_config(record["after"])
    info = work.start()
    refuse_other(info, to["driver"], to["store"], to["base"])
    live = world_of(info)
    to["live_driver"] = live["driver"]
    if root and live["root"] != root:
        raise ApplyFailed(f"the engine works in {live['root']} instead of {root}")
    if not root and posixpath.basename(live["root"]) in sleeping:
        raise ApplyFailed(f"{live['root']} has been there before, and nobody knows what is in it")
    work.step("started", root=live["root"], cleared=True)
    if live["root"] != was["root"]:
        info = _transplant(work, live, volumes)
    return info


def expected_root(files: Files, to: Mapping[str, str]) -> str:
    """Where the new world will be; empty where only the engine's first start can tell."""
    if not to["remap"]:
        return to["base"]
    try:
        mapping = mapping_of(files, to["remap"])
    except HostError:  # the engine makes the user itself
        return ""
    return f"{to['base']}/{to_host(0, mapping.users)}.{to_host(0, mapping.groups)}"


def _sleeping(files: Files, root: str, was: Mapping[str, str], to: Mapping[str, str]) -> list[str]:
    """What is where the new world is to be, and is not of the old one."""
    if root != was["root"]:
        return entries_of_root(files, root)
    if to["store"] == "graphdriver":
        return entries_of_driver(files, root, to["driver"])
    return [f"containers/{id}" for id in containers_of_driver(files, root, to["live_driver"])]


def _left(files: Files, was: Mapping[str, str], root: str) -> list[str]:
    """What of the old world nobody needs once the new one works."""
    if root == was["root"]:
        return entries_of_driver(files, root, was["driver"])
    return entries_of_root(files, was["root"])


def _transplant(work: Work, live: Mapping[str, str], volumes: int) -> Mapping[str, Any]:
    """Volumes and networks into a data-root of another path, their owners mapped."""
    was, to = work.record["was"], work.record["to"]
    host = work.host
    work.halt()
    work.tell(f"copy volumes and networks to {live['root']}")
    copy_shared(host, was["root"], live["root"], limit_of(volumes))
    if to["remap"] != was["remap"]:
        work.tell("map the owners of files in volumes")
        before, after = mapping_of(host.files, was["remap"]), mapping_of(host.files, to["remap"])
        for name in host.files.list(f"{live['root']}/volumes"):
            path = f"{live['root']}/volumes/{name}/_data"
            if host.files.exists(path):
                shift_tree(host.files, path, before, after)
    if to["store"] == was["store"] == "graphdriver":
        seed_names(host, was, live["root"], to["driver"])
    info = work.start()
    refuse_other(info, to["driver"], to["store"], to["base"])
    return info


def _empty_store(work: Work) -> None:
    """Images that slept in containerd's store go, for they are older than what is loaded."""
    if work.record["to"]["store"] != "containerd":
        return
    for item in work.engine.get("/images/json"):
        for name in item.get("RepoTags") or (item["Id"],):
            try:
                work.engine.delete(f"/images/{name}", {"force": True})
            except DockwrightError:  # the last of several names took it along
                continue


# --- the past ------------------------------------------------------------------------------------


def _carry_over(work: Work) -> None:
    """How containers had ended, and their logs, into the new ones; none of them runs yet."""
    record, engine = work.record, work.engine
    definitions = work.noted("containers") or []
    listed = engine.get("/containers/json", {"all": True})
    ids = {item["Names"][0].lstrip("/"): item["Id"] for item in listed}
    work.step("past")
    work.halt()
    for item in definitions:
        if item["name"] in ids:
            id = ids[item["name"]]
            carry_over(work.host.files, record["was"]["root"], record["root"], item, id)
    work.start()
