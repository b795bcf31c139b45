"""Images are pulled, loaded and removed here; afterwards each is read again and checked.

An image pulled by digest has no tag, and `docker image prune` removes what has none and is in no
container. So it gets a tag of its own, ``<tag>-pinned`` (``pinned`` when the reference has no
tag): never a tag that somebody else may want, and when the pin moves the tag moves with it, so
that the old image can be pruned. It is not compared, and it goes with ``state: absent``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused
from ...model import Want
from .credentials import Registries, headers
from .faults import Fault, fault_of
from .have import ImageHave, inspect
from .plan import is_met
from .progress import Progress, Tell
from .reference import Reference
from .retry import Retry, persist
from .want import reference_of

if TYPE_CHECKING:  # tarfile is slow to load, and few runs need it
    from .archive import OpenFile

_LONGEST_TAG = 128


def silent(text: str) -> None:
    """A listener that does not care."""


def pull(
    engine: Engine,
    want: Want,
    registries: Registries,
    tell: Tell = silent,
    retry: Retry | None = None,
) -> ImageHave:
    """Pull the image; ``tell`` hears of the progress. Raises EngineRefused or ApplyFailed.

    What may pass (a registry or an engine that is away, 5xx, a broken connection) is tried again,
    with pauses and at most ``retry.attempts`` times; what cannot is not.
    """
    reference = reference_of(want)
    answer = persist(
        lambda: _pull_once(engine, want, headers(registries, reference.domain), tell),
        lambda error: fault_of(error, reference, registries),
        retry or Retry(),
        lambda text: tell(f"{want.name}: {text}"),
    )
    if isinstance(answer, Fault):
        text = f"cannot pull image {want.name} from {reference.domain}: {answer.message}"
        raise ApplyFailed(text, where=want.where, fix=answer.fix)
    if reference.digest:
        _pin(engine, reference)
    elif want.inputs.get("digest"):
        name = f"{reference.familiar_repository}@{want.inputs['digest']}"
        query = {"repo": reference.familiar_repository, "tag": reference.tag}
        engine.post(f"/images/{name}/tag", None, query)
    return _checked(want, inspect(engine, want), "pulled")


def _pull_once(engine: Engine, want: Want, head: Mapping[str, str], tell: Tell) -> None:
    reference, progress = reference_of(want), Progress(want.name, tell)
    query = {
        "fromImage": reference.familiar_repository,
        "tag": want.inputs.get("digest") or reference.digest or reference.tag,
        "platform": want.inputs.get("platform"),
    }
    for line in engine.stream("POST", "/images/create", query=query, headers=head):
        progress.take(line)


def pin_of(reference: Reference) -> str:
    """The tag that keeps an image pulled by digest from being pruned."""
    return f"{reference.tag[: _LONGEST_TAG - 7]}-pinned" if reference.tag else "pinned"


def _pin(engine: Engine, reference: Reference) -> None:
    query = {"repo": reference.familiar_repository, "tag": pin_of(reference)}
    engine.post(f"/images/{reference.familiar}/tag", None, query)


def load(engine: Engine, want: Want, open_file: OpenFile, tell: Tell = silent) -> ImageHave:
    """Load the image from the tar of the option ``load``. Raises ApplyFailed."""
    path = want.inputs["load"]
    where, progress = f"{want.where}.load", Progress(want.name, tell)
    try:
        with open_file(path) as file:
            for line in engine.stream("POST", "/images/load", body=file):
                progress.take(line)
    except OSError as error:
        text = f"cannot read {path}: {error.strerror or error}"
        raise ApplyFailed(text, where=where, fix="check the file and its path") from error
    except EngineRefused as error:
        text = f"cannot load image {want.name} from {path}: {error.message}"
        raise ApplyFailed(text, where=where, fix=_load_fix(error)) from error
    return _checked(want, inspect(engine, want), f"loaded from {path}")


def _load_fix(error: EngineRefused) -> str:
    if "no space left" in error.message:
        return "make room where the engine keeps its images (`docker system df`)"
    return "check that the file is whole and that `docker save` wrote it"


def remove(engine: Engine, want: Want) -> ImageHave:
    """Take the image's name away (by ID: the image). One that is gone is no error."""
    reference = reference_of(want)
    query = {"force": bool(want.inputs.get("force"))}
    before = inspect(engine, want) if reference.digest else None
    try:
        _delete(engine, reference, query)
        if before is not None:
            _unpin(engine, reference, before.id, query)
    except EngineRefused as error:
        text = f"cannot remove image {want.name}: {error.message}"
        raise ApplyFailed(text, where=want.where, fix=_remove_fix(reference, error)) from error
    return _checked(want, inspect(engine, want), "removed")


def _unpin(engine: Engine, reference: Reference, identity: str, query: Mapping[str, Any]) -> None:
    """Take our tag away, if it is still on that image."""
    pinned = reference._replace(tag=pin_of(reference), digest="")
    with contextlib.suppress(EngineRefused):
        if identity == engine.get(f"/images/{pinned.familiar}/json")["Id"]:
            _delete(engine, pinned, query)


def _delete(engine: Engine, reference: Reference, query: Mapping[str, Any]) -> None:
    try:
        engine.delete(f"/images/{reference.familiar}", query)
    except EngineRefused as error:
        if error.status != 404:  # somebody else was faster
            raise


def _remove_fix(reference: Reference, error: EngineRefused) -> str:
    if "multiple repositories" in error.message:
        return "name the image by its tag, or add `force: true` to take all its names away"
    if "container" in error.message:
        forced = "" if reference.id else ", or add `force: true` to take only the name away"
        return f"remove the container first{forced}"
    return "see the engine's log (`journalctl -u docker`)"


def _checked(want: Want, have: ImageHave, deed: str) -> ImageHave:
    """The image as it is now, if it is as it should be."""
    if is_met(want, have):
        return have
    state = f"it is there (ID {have.id})" if have.id else "the engine does not have it"
    if have.id and want.state != "absent":
        state = f"it is for {have.platform}, not for {want.inputs['platform']}"
    text = f"image {want.name} was {deed}, but {state}"
    fix = "run again; see whether somebody else pulls or removes it at the same time"
    raise ApplyFailed(text, where=want.where, fix=fix)
