"""What is to be done for an image: pull, load, delete or nothing. Pure.

How the exact image is known:

- by tag: an image of that name is there. ``pull_policy: always`` also wants the digest that the
  registry has for the tag now among the image's digests for that repository. Digests that differ
  prove nothing for an image that never came from the registry; it is pulled once and then has one.
- by digest: the digest stands among the image's digests for that very repository.
- by ID: an image with that ID is there; it can be loaded, never pulled.
- with ``load``: the image of that name in the tar is the one that is there.

A registry that does not answer fails the plan where the user wants its answer (``always``), as
Compose does: an old image that runs in silence is what that policy is to prevent. The exception
is a run that first gives the daemon other settings for registries (``settled`` is false): then
only the pull itself can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import Problem
from ...model import UNKNOWN, Action, Change, EngineFacts, Want
from ...named_tuple import NamedTuple
from .have import ImageHave, may_pull
from .options import ALWAYS, NEVER
from .platforms import fits
from .want import policy_of, reference_of

if TYPE_CHECKING:
    from .archive import Archive, Packed

_REGISTRY_KEYS = ("registry-mirrors", "insecure-registries", "proxies")  # of daemon.json


class _Deed(NamedTuple):
    """What is to be done, and why."""

    action: Action
    reason: str
    after: object = None


def plan(
    want: Want, have: ImageHave, facts: EngineFacts | None = None, *, settled: bool = True
) -> tuple[Change, ...]:
    """The change from ``have`` to ``want``, or none. What ``problems`` finds is not in it."""
    deed = _decide(want, have, settled)
    if not isinstance(deed, _Deed):
        return ()
    before = _digest(want, have) or have.id or None
    return (Change("image", want.name, deed.action, "", before, deed.after, deed.reason),)


def changes_registries(change: Change) -> bool:
    """Whether a change of the daemon decides which registries it reaches, and how."""
    return change.kind == "daemon" and change.path.startswith(_REGISTRY_KEYS)


def is_built(want: Want) -> bool:
    """Whether the image is built or imported here."""
    return want.state != "absent" and bool(want.inputs.get("build") or want.inputs.get("import"))


def problems(want: Want, have: ImageHave, *, settled: bool = True) -> list[Problem]:
    """Why the image cannot be had."""
    deed = _decide(want, have, settled)
    return [deed] if isinstance(deed, Problem) else []


def warnings(want: Want, have: ImageHave) -> list[str]:
    """What a planned pull may fail of."""
    if have.remote_error and not is_built(want) and plan(want, have, settled=False):
        return [f"image {want.name} may not be had: {have.remote_error}. {have.remote_fix}"]
    return []


def is_met(want: Want, have: ImageHave) -> bool:
    """Whether nothing is left to do, as far as the engine alone can tell."""
    if want.state == "absent":
        return not have.id
    return bool(have.id) and fits(want.inputs.get("platform", ""), have.platform)


def _decide(want: Want, have: ImageHave, settled: bool) -> _Deed | Problem | None:
    if want.state == "absent":
        return _Deed(Action.DELETE, "is to be absent") if have.id else None
    if is_built(want):  # see building and importing
        return None
    if want.inputs.get("load") and not (have.id and reference_of(want).id):
        return _decide_load(want, have, have.archive)
    if not have.id and (policy_of(want) == NEVER or reference_of(want).id):
        return _missing(want)
    wrong = _wrong_platform(want, have)
    if wrong and reference_of(want).id:
        return Problem(want.where, f"image {want.name} {wrong}", "name another ID or platform")
    if wrong and policy_of(want) == NEVER:
        fix = "bring the right image there, or allow pulling (pull_policy: missing)"
        return Problem(want.where, f"image {want.name} {wrong}, and pull_policy is never", fix)
    if not may_pull(want, have):
        return None
    return (_refused(want, have) if settled else None) or _decide_pull(want, have, wrong)


def _decide_pull(want: Want, have: ImageHave, wrong: str) -> _Deed | None:
    after = have.remote_digest or UNKNOWN
    if not have.id:
        return _Deed(Action.PULL, "is not on the host", after)
    if wrong:
        return _Deed(Action.PULL, wrong, after)
    if reference_of(want).is_among(have.repo_digests, have.remote_digest or ""):
        return None
    if have.remote_error:
        return _Deed(Action.PULL, "the registry could not be asked", after)
    if not _digest(want, have):
        return _Deed(Action.PULL, "the image on the host is not from the registry", after)
    return _Deed(Action.PULL, "the tag has moved: the registry has another image", after)


def _refused(want: Want, have: ImageHave) -> Problem | None:
    """Why the registry does not help, where that is certain or its answer is what is wanted."""
    host = reference_of(want).domain
    if have.remote_error and (have.remote_is_final or policy_of(want) == ALWAYS):
        text = f"cannot have image {want.name} from {host}: {have.remote_error}"
        return Problem(want.where, text, have.remote_fix)
    wanted = want.inputs.get("platform", "")
    if have.remote_platforms and not any(fits(wanted, found) for found in have.remote_platforms):
        text = f"{host} has no image {want.name} for {wanted}"
        fix = "it has " + ", ".join(have.remote_platforms)
        return Problem(want.where, text, fix)
    return None


def _missing(want: Want) -> Problem:
    if reference_of(want).id:
        fix = "load it from a tar (images: load), or name the image by tag or digest"
        text = f"no image with the ID {want.name} is on the host, and no registry knows IDs"
        return Problem(want.where, text, fix)
    fix = "load it from a tar (images: load), or allow pulling (pull_policy: missing)"
    return Problem(
        want.where, f"image {want.name} is not on the host, and pull_policy is never", fix
    )


def _decide_load(want: Want, have: ImageHave, archive: Archive | None) -> _Deed | Problem | None:
    where = f"{want.where}.load"
    if archive is None:  # there is no engine yet, nothing was read
        return _Deed(Action.LOAD, "is not on the host", UNKNOWN)
    if archive.error:
        return Problem(where, f"{archive.path} {archive.error}", "check the file and its path")
    packed = archive.find(reference_of(want))
    if packed is None:
        text = f"{archive.path} holds no image {want.name}"
        return Problem(where, text, f"it holds {archive.contents}")
    wanted = want.inputs.get("platform", "")
    if not fits(wanted, packed.platform):
        text = f"the image in {archive.path} is for {packed.platform}, not for {wanted}"
        return Problem(where, text, "load another tar, or leave platform out")
    if not have.id:
        return _Deed(Action.LOAD, "is not on the host", packed.ids[0])
    if is_same(packed, have):
        return None
    return _Deed(Action.LOAD, f"{archive.path} holds another image of this name", packed.ids[0])


def is_same(packed: Packed, have: ImageHave) -> bool:
    """Whether the image in the tar is the one on the host."""
    if have.id in packed.ids:
        return True
    # With the containerd image store an ID is the digest of a manifest, which the engine makes
    # itself for a tar without one.
    if have.id in (entry.rpartition("@")[2] for entry in have.repo_digests):
        return (packed.layers, packed.created) == (have.layers, have.created)
    return False


def _wrong_platform(want: Want, have: ImageHave) -> str:
    wanted = want.inputs.get("platform", "")
    if have.id and not fits(wanted, have.platform):
        return f"is for {have.platform}, not for {wanted}"
    return ""


def _digest(want: Want, have: ImageHave) -> str:
    """The digest that the image on the host has in its repository."""
    return next(iter(reference_of(want).digests(have.repo_digests)), "")
