"""The plan for the storage: what changes, what it costs, what cannot be kept. Pure."""

from __future__ import annotations

from ...errors import PlanRefused, SpecError
from ...model import Action, Cause, Change, Disruption, Plan
from .checks import problems_of, refusals_of
from .have import StorageHave
from .inventory import Inventory
from .sizes import shown
from .target import Target, in_file, target_of
from .want import StorageWant

KIND = "storage"
_OPTIONS = {
    "storage-driver": "driver",
    "features.containerd-snapshotter": "image_store",
    "userns-remap": "userns_remap",
    "data-root": "data_root",
}


def plan(want: StorageWant, have: StorageHave) -> Plan:
    """The changes; the old data's removal comes last.

    Raises SpecError for what this host cannot do, PlanRefused for what would lose something.
    """
    target = target_of(want, have)
    problems = problems_of(want, have, target)
    if problems:
        raise SpecError(problems)
    refused = refusals_of(want, have, target)
    if refused:
        raise PlanRefused(refused)
    changes = _changes(want, have, target)
    warnings = _warnings(want, have, target) if changes else []
    if want.cleanup and have.kept:
        changes.append(_cleanup(have))
    return Plan(changes=tuple(changes), warnings=tuple(warnings))


def _changes(want: StorageWant, have: StorageHave, target: Target) -> list[Change]:
    live = {
        "driver": (have.driver, target.driver),
        "image_store": (have.store, target.store),
        "userns_remap": (have.remap, target.remap),
        "data_root": (have.base, target.base),
    }
    found = []
    for path, value in target.values.items():
        option = _OPTIONS[path]
        before, after = live[option]
        differs = have.daemon.is_running and before != after
        if option == "driver" and have.store != target.store:
            differs = False  # the store's change says it
        if not differs and in_file(have.daemon.raw, path) == value:
            continue
        if option == "driver" and have.store != target.store:
            reason = "of the engine's own store" if value else "it would name a snapshotter"
            both = (have.driver, None) if value is None else (None, after)
            found.append(_change(path, both, reason, Disruption.NONE, have))
            continue
        reason, cost = _cost(option, have, target, differs=differs)
        found.append(_change(path, (before if differs else None, after), reason, cost, have))
    return found


def _change(
    path: str,
    values: tuple[str | None, str | None],
    reason: str,
    cost: Disruption,
    have: StorageHave,
) -> Change:
    before, after = values
    cause = Cause.UNKNOWN
    if path in have.owned:
        same = have.daemon.mark(after) == have.owned[path]
        cause = Cause.DRIFT if same else Cause.SPEC
    option = _OPTIONS[path]
    return Change(KIND, KIND, Action.UPDATE, option, before, after, reason, cause, cost)


def _cost(
    option: str, have: StorageHave, target: Target, *, differs: bool
) -> tuple[str, Disruption]:
    if not differs:
        if have.daemon.is_running:
            return "written to daemon.json; it is in force already", Disruption.NONE
        return "for the engine's next start", Disruption.NONE
    stops = f"{have.daemon.running} running containers stop"
    if not have.has_objects:
        return "the daemon is restarted; there is nothing to take along", Disruption.RESTART
    if option == "data_root" and not target.switches(have):
        return f"copied with the engine stopped; {stops}", Disruption.OUTAGE
    what = f"{have.daemon.images} images and {have.daemon.containers} containers are re-created"
    return f"{what}; {stops}", Disruption.REBUILD


def _cleanup(have: StorageHave) -> Change:
    paths = [f"{item.root}/{path}" for item in have.kept for path in item.paths]
    listed = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    reason = f"what earlier changes have left goes: {listed}"
    return Change(KIND, KIND, Action.DELETE, "cleanup", reason=reason)


def _warnings(want: StorageWant, have: StorageHave, target: Target) -> list[str]:
    """The preflight: what is stopped, what is lost, what is left where."""
    warnings = []
    held = have.inventory
    if target.driver == "vfs" and target.store == "graphdriver" and have.driver != "vfs":
        warnings.append("storage: vfs copies each layer in full: slow, and large")
    if held is None:
        return warnings
    names = [item.name for item in held.running]
    if names:
        warnings.append(f"storage: stopped while it lasts: {', '.join(names)}")
    if not target.switches(have):
        room = f"{shown(held.whole)} are copied, {shown(target.ground.free)} are free there"
        warnings.append(f"storage: {room}; {have.base} is left as it is until cleanup: true")
        return warnings
    room = f"the images are saved to about {shown(held.layers)}"
    warnings.append(f"storage: {room}; the old data is left until cleanup: true")
    return [*warnings, *_losses(want, have, target, held)]


def _losses(want: StorageWant, have: StorageHave, target: Target, held: Inventory) -> list[str]:
    lost = [
        "storage: containers get new IDs, and those that had ended or stopped keep their exit code"
    ]
    if held.intermediate or held.build_cache:
        count = held.intermediate + held.build_cache
        lost.append(f"storage: lost: the build cache ({count} entries)")
    if held.written:
        listed = ", ".join(held.written)
        texts = {
            "commit": f"storage: what these wrote becomes their image: {listed}",
            "discard": f"storage: lost: what these wrote into their own layer: {listed}",
        }
        lost += [texts[want.writable]] if want.writable in texts else []
    if have.store != target.store:
        lost.append("storage: image IDs are others in another store; compared by config digest")
        pinned = [image.digests[0] for image in held.images if image.digests]
        if pinned:
            text = "digests of a registry are pulled again where it answers, else only noted"
            lost.append(f"storage: {text}: {', '.join(pinned)}")
    if have.remap != target.remap:
        bound = [c.name for c in held.containers if _binds(c.raw)]
        if bound:
            text = "owners of files in bind mounts are not mapped"
            lost.append(f"storage: {text}: {', '.join(bound)}")
        if held.plugins:
            lost.append(f"storage: lost: plugins of the engine: {', '.join(held.plugins)}")
    return lost


def _binds(raw: object) -> bool:
    mounts = raw.get("Mounts") or () if isinstance(raw, dict) else ()
    return any(mount.get("Type") == "bind" for mount in mounts)
