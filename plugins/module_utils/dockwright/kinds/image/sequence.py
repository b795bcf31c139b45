"""All images of a document, in the order in which they come: bases first. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import Problem
from ...model import ARRIVALS, Change, EngineFacts, Want
from . import plan as plans
from .have import ImageHave


def plan_all(
    wants: Mapping[str, Want],
    haves: Mapping[str, ImageHave],
    facts: EngineFacts | None,
    *,
    settled: bool,
) -> list[Change]:
    """The changes of all images. What `problems` finds is not in them."""
    changes: list[Change] = []
    coming: set[str] = set()
    for key in in_order(wants):
        want, have = wants[key], haves[key]
        if plans.is_built(want):
            from . import building, importing

            if want.inputs.get("build"):
                made = building.plan(want, have, haves, coming)
            else:
                made = importing.plan(want, have)
            own = [made] if made else []
        else:
            own = list(plans.plan(want, have, facts, settled=settled))
        is_coming = any(change.action in ARRIVALS for change in own)
        if is_coming:
            coming.add(key)
        if has_names(want):
            from . import names

            own += names.plan(want, have, is_coming=is_coming)
        if is_saved(want):
            from . import saving

            own += saving.plan(want, have, is_coming=is_coming)
        changes += own
    return changes


def problems(want: Want, have: ImageHave, *, settled: bool) -> list[Problem]:
    """Why an image cannot be had, named or pushed."""
    if plans.is_built(want):
        from . import building, importing

        is_import = want.inputs.get("import")
        found = importing.problems(want, have) if is_import else building.problems(want, have)
    else:
        found = plans.problems(want, have, settled=settled)
    if have.unverified:
        from . import verifying

        found += verifying.problems(want, have)
    if has_names(want):
        from . import names

        found += names.problems(want, have, settled)
    if is_saved(want):
        from . import saving

        found += saving.problems(want, have)
    return found


def is_saved(want: Want) -> bool:
    """Whether the image is saved to a tar."""
    return want.state != "absent" and bool(want.inputs.get("save"))


def has_names(want: Want) -> bool:
    """Whether the image has further names, or is pushed."""
    is_named = bool(want.inputs.get("tags") or want.inputs.get("push"))
    return is_named and want.state != "absent"


def in_order(wants: Mapping[str, Want]) -> list[str]:
    """The keys: what is not built as it is written, then what is built after its bases."""
    built = [key for key, want in wants.items() if plans.is_built(want)]
    rest = [key for key in wants if key not in built]
    ordered: list[str] = []

    def add(key: str, path: tuple[str, ...]) -> None:
        if key in ordered or key in path:  # a cycle: the engine takes the base that is there
            return
        for base in wants[key].inputs.get("bases", ()):
            if base in built:
                add(base, (*path, key))
        ordered.append(key)

    for key in built:
        add(key, ())
    return [*rest, *ordered]
