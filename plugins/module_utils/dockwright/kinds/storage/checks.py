"""What this host cannot do, and what a change would lose without being told to. Pure."""

from __future__ import annotations

from ...errors import Problem
from ...host.disks import is_below
from ..daemon.options import version
from ..daemon.storage_options import Ground as Options
from ..daemon.storage_options import wrong_options
from .have import StorageHave
from .inventory import Inventory, is_passing
from .recommend import poor, unsuitable
from .sizes import shown
from .target import SNAPSHOTTER, Target, in_file
from .want import StorageWant

_FLAGS = {"storage-driver": "driver", "userns-remap": "userns_remap", "data-root": "data_root"}
_MARGIN = 1.05


def problems_of(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    """Every problem of the wanted storage on this host."""
    where, daemon = want.where, have.daemon
    problems = [
        Problem(
            f"{where}.{option}",
            f"is set by the flag {daemon.flags[key]} of the daemon, and the engine refuses both",
            "take the flag out of the unit by a drop-in first",
        )
        for key, option in _FLAGS.items()
        if key in daemon.flags and getattr(want, option) is not None
    ]
    if daemon.broken and any(value is not None for value in target.values.values()):
        problems.append(Problem(where, daemon.broken, "repair the file first"))
    problems += _driver(want, have, target)
    problems += _store(want, have, target)
    problems += _root(want, have, target)
    problems += _options(want, have, target)
    if have.remap_problem:
        fix = "make the user with its ranges, or write default"
        problems.append(Problem(f"{where}.userns_remap", have.remap_problem, fix))
    moves = target.moves(have)
    if target.remap and (moves or not have.remap) and target.ground.closed:
        text = f"a mapped root may not pass through {target.ground.closed}"
        option = "data_root" if moves else "userns_remap"
        fix = f"let it: chmod go+x {target.ground.closed}"
        problems.append(Problem(f"{where}.{option}", text, fix))
    return problems


def _driver(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    if target.store != "graphdriver" or not target.driver:
        return []
    if target.moves(have) and poor(target.ground):  # said of the data-root
        return []
    why = unsuitable(target.driver, target.ground, have.daemon.engine)
    if not why or (target.driver == have.driver and not target.moves(have)):
        return []
    option = "driver" if want.driver else "data_root"
    return [Problem(f"{want.where}.{option}", why, "choose another one, or driver: auto")]


def _options(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    """Options in the file that the new driver, or the same on new ground, does not start with."""
    options = have.daemon.raw.get("storage-opts")
    if target.store != "graphdriver" or not isinstance(options, list):
        return []
    is_other = target.driver != have.driver or target.switches(have)
    if not (is_other or target.moves(have)):
        return []
    option = "driver" if want.driver else "image_store" if is_other else "data_root"
    ground = Options(have.daemon.engine, target.ground.filesystem)
    fix = "take it out of storage-opts first, by a run of its own"
    return [
        Problem(f"{want.where}.{option}", f"storage-opts of {have.daemon.path}: {text}", fix)
        for _, text, _ in wrong_options(map(str, options), target.driver, ground)
    ]


def _store(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    if want.image_store != "containerd":
        if have.store == "containerd" and want.driver and want.image_store is None:
            text = "does nothing while containerd keeps the images"
            return [Problem(f"{want.where}.driver", text, "add image_store: graphdriver")]
        return []
    path = f"{want.where}.image_store"
    if not have.daemon.assumed and version(have.daemon.engine) < (25,):
        text = f"containerd keeps images from engine 25.0 on; this is {have.daemon.engine}"
        return [Problem(path, text, "leave it out, or upgrade the engine")]
    if target.remap:
        return [Problem(path, "containerd does not go with userns_remap", "set userns_remap: ''")]
    return []


def _root(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    if not target.moves(have):
        return []
    path, ground = f"{want.where}.data_root", target.ground
    if is_below(target.base, have.base) or is_below(have.base, target.base):
        text = f"{target.base} and {have.base}, the present one, are in each other"
        return [Problem(path, text, "name a folder beside it")]
    why = poor(ground)
    if why:
        return [Problem(path, why, "make room, or name another folder")]
    if not ground.is_empty:
        text = f"{target.base} is not empty"
        return [Problem(path, text, "empty it, or name another folder")]
    return []


def refusals_of(want: StorageWant, have: StorageHave, target: Target) -> list[Problem]:
    """What must not be done, or not without the word for it."""
    switches, moves = target.switches(have), target.moves(have)
    if not (switches or moves or _hides_stopped(have, target)) or not have.has_objects:
        return []
    where = want.where
    if not have.daemon.is_running:
        text = f"{have.base} has content, and the engine does not run"
        return [Problem(where, text, "start it first: what it has can only be taken along then")]
    if not want.migrate:
        daemon = have.daemon
        what = f"{daemon.images} images, {daemon.containers} containers, {have.volumes} volumes"
        text = f"would hide what is there: {what} and {have.networks} networks"
        return [Problem(where, text, "take them along with migrate: true")]
    if have.daemon.swarm:
        text = "this host is in a swarm, whose state belongs to its data-root"
        return [Problem(where, text, "leave the swarm first")]
    held = have.inventory
    if held is None:
        return []
    refused = _room(want, have, target, held)
    refused += _written(want, held)
    if moves and not switches:
        refused += _uncopiable(want, have)
    if target.remap and not have.remap:
        refused += _unmappable(want, held)
    return refused


def _hides_stopped(have: StorageHave, target: Target) -> bool:
    """Whether an engine that is down would start without the content that it has."""
    return have.daemon.has_stopped_content and any(
        in_file(have.daemon.raw, key) != target.values[key]
        for key in ("userns-remap", SNAPSHOTTER)
        if key in target.values
    )


def _room(want: StorageWant, have: StorageHave, target: Target, held: Inventory) -> list[Problem]:
    option = "data_root" if target.moves(have) else "driver"
    if not target.switches(have):
        needed = held.whole
    else:
        needed = (
            held.full if target.driver == "vfs" and target.store == "graphdriver" else held.layers
        )
        needed += held.volumes
        if have.room < held.layers * _MARGIN:
            text = f"saving the images needs about {shown(held.layers)}"
            where = f"{want.where}.migrate"
            fix = "make room on the file system of /var/lib/dockwright"
            return [Problem(where, f"{text}, {shown(have.room)} are free", fix)]
    if target.ground.free >= needed * _MARGIN:
        return []
    free = shown(target.ground.free)
    text = f"needs about {shown(needed)} on {target.ground.mount}, {free} are free"
    return [Problem(f"{want.where}.{option}", text, "make room, or name another data_root")]


def _written(want: StorageWant, held: Inventory) -> list[Problem]:
    if want.writable == "discard":
        return []
    passing = {have.name for have in held.containers if is_passing(have)}
    if want.writable == "commit":  # it is gone as soon as it stops
        fix = "run it without --rm, or give it up with writable: discard"
        return [
            Problem(f"{want.where}.writable", f"what {name} (--rm) wrote cannot be kept", fix)
            for name in sorted(passing & set(held.written))
        ]
    return [
        Problem(
            f"{want.where}.writable",
            f"container {name} wrote into its own layer: {_few(paths)}",
            "keep it with writable: commit, or give it up with writable: discard",
        )
        for name, paths in held.written.items()
    ]


def _few(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _uncopiable(want: StorageWant, have: StorageHave) -> list[Problem]:
    path = f"{want.where}.data_root"
    if have.store == "graphdriver" and have.driver in ("btrfs", "zfs"):
        text = f"layers of the driver {have.driver} are subvolumes, which no copy keeps"
        return [Problem(path, text, "go to driver: overlay2 in the same step")]
    if have.ground.inner:
        text = f"{', '.join(have.ground.inner)} is mounted below {have.base}"
        return [Problem(path, text, "unmount it, or take it out of the data-root")]
    return []


def _unmappable(want: StorageWant, held: Inventory) -> list[Problem]:
    refused = []
    for have in held.containers:
        host = have.raw.get("HostConfig") or {}
        if host.get("UsernsMode") == "host":
            continue
        reasons = {
            "privileged": bool(host.get("Privileged")),
            "in the host's network": host.get("NetworkMode") == "host",
            "in the host's process space": host.get("PidMode") == "host",
        }
        for text, is_so in reasons.items():
            if is_so:
                refused.append(
                    Problem(
                        f"{want.where}.userns_remap",
                        f"container {have.name} is {text}, which a mapped one cannot be",
                        "give it userns_mode: host, or remove it",
                    )
                )
    return refused
