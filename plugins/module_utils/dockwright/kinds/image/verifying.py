"""Images that a command of the user has to accept before they are had: signatures and the like.

The command is asked about a digest, ``REPOSITORY@sha256:…``, and that very digest is pulled: what a
tag leads to may change between the two. It only looks, so it is asked when a run is planned, too.
"""

from __future__ import annotations

from typing import Callable

from ...errors import ApplyFailed, HostError, Problem
from ...host.commands import Completed
from ...model import Want
from . import apply
from .faults import Fault
from .have import Edges, ImageHave, digest_at
from .progress import Tell
from .reference import Reference
from .want import reference_of

VARIABLE = "DOCKWRIGHT_IMAGE"
_LIMIT = 300.0
_LAST = 3  # lines of the command's words
_FIX = "use an image that the command accepts, or correct `verify`"


def read(edges: Edges, want: Want, have: ImageHave) -> str:
    """What the command has against the image that is there, or would come; empty if nothing."""
    reference = reference_of(want)
    run, words = edges.site.run if edges.site else None, ""
    if have.id:
        words = "it has no digest of a registry, so nobody can tell where it is from"
    for digest in _digests(reference, have):
        words = _refused(run, want, reference, digest)
        if not words:
            break
    return words


def _digests(reference: Reference, have: ImageHave) -> tuple[str, ...]:
    """Those of which one has to be accepted: of what would come, else of what is there.

    One image has several digests when it was pushed or pulled in several forms; what it holds is
    the same in all of them.
    """
    if have.remote_digest:
        return (have.remote_digest,)
    if reference.digest and have.id:
        return (reference.digest,)
    return reference.digests(have.repo_digests)


def problems(want: Want, have: ImageHave) -> list[Problem]:
    """Why the image may not be used."""
    if not want.inputs.get("verify") or not have.unverified:
        return []
    text = f"image {want.name} is not accepted: {have.unverified}"
    return [Problem(f"{want.where}.verify", text, _FIX)]


def pull(edges: Edges, want: Want, tell: Tell) -> None:
    """Ask about what the name leads to now, and pull just that. Raises ApplyFailed."""
    reference, where = reference_of(want), f"{want.where}.verify"
    digest = reference.digest or digest_at(edges, reference)
    if isinstance(digest, Fault):
        text = f"cannot pull image {want.name} from {reference.domain}: {digest.message}"
        raise ApplyFailed(text, where=want.where, fix=digest.fix)
    words = "the registry has no such image"
    if digest:
        words = _refused(edges.site.run if edges.site else None, want, reference, digest)
    if words:
        raise ApplyFailed(f"image {want.name} is not accepted: {words}", where=where, fix=_FIX)
    wanted = want._replace(inputs={**want.inputs, "digest": digest})
    apply.pull(edges.engine, wanted, edges.registries, tell, edges.retry)


def _refused(
    run: Callable[..., Completed] | None, want: Want, reference: Reference, digest: str
) -> str:
    """Why the command does not accept a digest; empty where it does."""
    if run is None:
        return "there is no managed host to run the command on"
    name = f"{reference.familiar_repository}@{digest}"
    try:
        done = run([*want.inputs["verify"], name], timeout=_LIMIT, env={VARIABLE: name})
    except HostError as error:
        return error.message
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return f"{' | '.join(lines[-_LAST:]) or 'no words'} (exit {done.returncode})"
