"""Whether the data of volumes that a plan moves are within reach, and nothing else stands against.

Looks, and changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import PlanRefused, Problem
from ...host.machine import Host
from ...model import Action, Change, Have
from ..container.have import own_anonymous
from ..container.losses import removes_itself
from .places import aside_of
from .users import users_of

if TYPE_CHECKING:
    from ...observe import Observation

KIND = "volume"


def refuse(changes: Iterable[Change], seen: Observation, host: Host | None) -> None:
    """Raise PlanRefused, naming each volume whose data cannot move."""
    moving = {c.name for c in changes if c.kind == KIND and c.action is Action.REPLACE}
    haves = {**seen.others, **seen.containers}
    problems = []
    for name in sorted(moving):
        where = f"volumes.{name}.migrate"
        place = str(seen.volumes[name].raw.get("Mountpoint") or "")
        is_here = host is not None and seen.facts.name == os.uname().nodename
        if host is None or not is_here or not os.path.isdir(place):
            text = f"the data of volume {name} move on the engine's own machine, as root"
            fix = "run on that host (as Ansible does), as root, or leave migrate out"
            problems.append(Problem(where, text, fix))
        elif host.journal(KIND).is_there():
            text = "an earlier run on another engine of this host was interrupted at such work"
            problems.append(Problem(where, text, "run against that engine first"))
        problems += [_losing(where, have) for have in users_of(name, haves) if _loses(have)]
    if problems:
        raise PlanRefused(problems)


def _loses(have: Have) -> bool:
    return removes_itself(have) and bool(own_anonymous(have))


def _losing(where: str, have: Have) -> Problem:
    text = f"container {have.name} removes itself with its anonymous volume as soon as it stops"
    return Problem(where, text, "stop it first, if nobody needs what is in that volume")


def refuse_forgotten(names: Iterable[str], info: Mapping[str, Any], host: Host | None) -> None:
    """Raise PlanRefused where old data wait of which no journal tells: they may be the only ones.

    What a killed run leaves is put right before; only where its journal was lost is it seen here.
    """
    root, problems = str(info.get("DockerRootDir") or ""), []
    for name in names if root and host and info.get("Name") == os.uname().nodename else ():
        aside = aside_of(root, name)
        if os.path.lexists(aside):
            text = f"the data that volume {name} had are in {aside}, and nothing tells why"
            fix = f"see which data are right: put them into the volume, or remove {aside}"
            problems.append(Problem(f"volumes.{name}", text, fix))
    if problems:
        raise PlanRefused(problems)
