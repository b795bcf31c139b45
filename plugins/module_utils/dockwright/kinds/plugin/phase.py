"""When plugins have their turn: what went with a data-root, and what shows only as they run.

An engine does not tell of the volumes of a plugin that is disabled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...errors import ApplyFailed
from ...model import Action, Cause, Change, Disruption, EngineFacts, Have, Want
from .checks import is_of
from .have import PluginHave
from .options import ABSENT, ENABLED
from .plan import leaves


def waking(wants: Mapping[str, Want], haves: Mapping[str, PluginHave]) -> list[str]:
    """The plugins that are there and disabled, and are to run."""
    found = [(want, haves.get(name)) for name, want in wants.items() if want.state == ENABLED]
    return [want.name for want, have in found if have and have.id and not have.is_enabled]


def unseen(
    wants: Mapping[str, Want], haves: Mapping[str, PluginHave], limit: Disruption | None
) -> Iterator[str]:
    """What a plan cannot tell of ``purge``."""
    for name in waking(wants, haves):
        text = f"plugin {name} is disabled: which volumes it has shows when it runs"
        those = "those of this project that are not in the spec"
        if limit is Disruption.DESTROY:
            yield f"{text}, and then {those} are removed, too"
        else:
            stay = "stay without max_disruption: destroy, and the run fails for them"
            yield f"{text}; {those} {stay}"


def has_turn(
    want: Want, have: PluginHave | None, changes: Iterable[Change], *, leaving: bool
) -> bool:
    """Whether there is work for a plugin, before volumes are made or after they are removed.

    One may be missing that was there before: the run itself has changed the data-root.
    """
    is_lost = want.state != ABSENT and not (have and have.id)
    return leaves(want) is leaving and (is_lost or any(changes))


def with_doubt(
    changes: Iterable[Change], wants: Mapping[str, Want], plugins: Iterable[str]
) -> list[Change]:
    """The changes of volumes; whether one of these plugins is there already is not known yet."""
    of = {name: plugin for name, want in wants.items() for plugin in plugins if is_of(want, plugin)}
    return [
        change._replace(reason=f"if plugin {of[change.name]}, which is disabled, does not have it")
        if change.action is Action.CREATE and change.name in of
        else change
        for change in changes
    ]


def found_there(
    changes: Iterable[Change],
    wants: Mapping[str, Want],
    haves: Mapping[str, Have],
    facts: EngineFacts,
) -> Iterator[Change]:
    """The volumes to be made that have shown themselves, and are right.

    Raises ApplyFailed where one is another: nothing was planned for that.
    """
    from ..volume.plan import plan_all

    for change in changes:
        want, have = wants.get(change.name), haves.get(change.name)
        if change.kind != "volume" or change.action is not Action.CREATE or not (want and have):
            continue
        planned, blocked = plan_all(
            {want.name: want}, {want.name: have}, facts, lambda *_: Cause.UNKNOWN
        )
        paths = ", ".join([*(item.path for item in planned), *(item.path for item in blocked)])
        if paths:
            text = f"volume {want.name} is there already, and is another: {paths}"
            fix = "run again: now that its plugin runs, the plan knows it"
            raise ApplyFailed(text, where=want.where, fix=fix, changed=True)
        yield change
