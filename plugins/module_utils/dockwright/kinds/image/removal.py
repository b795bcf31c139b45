"""Which images the engine would not remove, since containers use them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import Problem
from ...model import Want
from ...named_tuple import NamedTuple
from .have import ImageHave
from .reference import Reference, normal, parse
from .want import reference_of


class User(NamedTuple):
    """A container that has an image when everything else is done."""

    name: str
    is_running: bool


def mounted_by(listed: Mapping[str, Any]) -> list[str]:
    """The images that a container of a list answer mounts, as their normal forms."""
    mounts = listed.get("Mounts") or ()
    return [normal(mount.get("Name") or "") for mount in mounts if mount.get("Type") == "image"]


def refusals(
    removals: Iterable[tuple[Want, ImageHave]], users: Mapping[str, Iterable[User]]
) -> list[Problem]:
    """The problems of removing images one after the other; ``users`` are by the image's ID.

    The engine keeps the last name of an image that a container uses, unless it is forced. An
    image that is named by its ID it removes from under containers that are stopped, by force.
    """
    found = []
    left: dict[str, set[Reference]] = {}
    for want, have in removals:
        names = left.setdefault(have.id, _names(have))
        reference, force = reference_of(want), bool(want.inputs.get("force"))
        holders = [user for user in users.get(have.id, ()) if user.is_running or not force]
        is_kept = bool(reference.id) or (_is_one(names) and not force)
        if holders and is_kept:
            text = ", ".join(sorted(user.name for user in holders))
            fix = "remove the container first"
            if not reference.id:
                fix += ", or add `force: true` to take only the name away"
            message = f"image {want.name} cannot be removed: {text} uses it"
            found.append(Problem(want.where, message, fix))
        _take(names, reference)
    return found


def _names(have: ImageHave) -> set[Reference]:
    named = (*have.repo_tags, *have.repo_digests)
    return {parse(name, "") for name in named if not name.startswith("<none>")}


def _is_one(names: Iterable[Reference]) -> bool:
    """Whether these names are one for the engine: a tag, or a tag and its digest."""
    listed = list(names)
    if len(listed) != 2:
        return len(listed) < 2
    first, second = listed
    return first.repository == second.repository and bool(first.digest) != bool(second.digest)


def _take(names: set[Reference], taken: Reference) -> None:
    """The names that are left; with the last tag of a repository its digests go."""
    names.discard(taken)
    if not any(name.tag and name.repository == taken.repository for name in names):
        names -= {name for name in names if name.repository == taken.repository}
