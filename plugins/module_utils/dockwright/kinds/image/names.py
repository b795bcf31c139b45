"""Further names of an image, and what registries have under each of them: tags and pushes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused, Problem
from ...model import UNKNOWN, Action, Change, Want
from ...named_tuple import NamedTuple
from .credentials import headers
from .faults import Fault, fault_of
from .have import Edges, ImageHave, digest_at, inspect
from .progress import Progress
from .reference import parse
from .retry import Retry, persist
from .want import key


class Named(NamedTuple):
    """What is behind one name: on the host an ID, in the registry a digest."""

    id: str = ""
    digest: str = ""
    fault: Fault | None = None  # why the registry cannot be asked


def wanted(want: Want) -> list[str]:
    """The further names, in normal form."""
    own = key(want)
    return [name for name in want.inputs.get("tags", ()) if name != own]


def pushed(want: Want) -> list[str]:
    """The names that are pushed."""
    return [key(want), *wanted(want)] if want.inputs.get("push") else []


def read(edges: Edges, want: Want, have: ImageHave) -> dict[str, Named]:
    """What is behind each name that matters; registries are asked only for what is pushed."""
    found = {}
    to_push = pushed(want)
    for name in dict.fromkeys((*wanted(want), *to_push)):
        own = name == key(want)
        named = Named(have.id if own else inspect(edges.engine, _as_want(want, name)).id)
        if name in to_push:
            answer = digest_at(edges, parse(name, want.where))
            if isinstance(answer, Fault):
                named = named._replace(fault=answer)
            else:
                named = named._replace(digest=answer)
        found[name] = named
    return found


def _as_want(want: Want, name: str) -> Want:
    return Want("image", name, want.where, inputs={"reference": name})


def problems(want: Want, have: ImageHave, registries_settled: bool) -> Iterator[Problem]:
    """Why a name cannot be pushed."""
    for name in pushed(want) if registries_settled else ():
        fault = have.named[name].fault if name in have.named else None
        if fault is not None:
            host = parse(name, want.where).domain
            text = f"cannot push {_familiar(name)} to {host}: {fault.message}"
            yield Problem(f"{want.where}.push", text, fault.fix)


def plan(want: Want, have: ImageHave, *, is_coming: bool) -> Iterator[Change]:
    """The names that are to be given and pushed; ``is_coming``: this run brings another image."""
    moving = set()
    for name in wanted(want):
        before = have.named[name].id if name in have.named else ""
        if is_coming or not have.id or before != have.id:
            moving.add(name)
            reason = (
                "this name is another image's" if before else "the image does not have this name"
            )
            after: Any = have.id
            if is_coming or not have.id:
                after = "the image that is built" if want.inputs.get("build") else UNKNOWN
            path = f"tags.{_familiar(name)}"
            yield Change("image", want.name, Action.TAG, path, before or None, after, reason)
    for name in pushed(want):
        named = have.named.get(name, Named())
        reference = parse(name, want.where)
        is_there = bool(named.digest) and reference.is_among(have.repo_digests, named.digest)
        if is_coming or not is_there:
            reason = "the registry has another image" if named.digest else "is not in the registry"
            path = f"push.{_familiar(name)}"
            yield Change("image", want.name, Action.PUSH, path, named.digest or None, None, reason)


def _familiar(name: str) -> str:
    return parse(name, "").familiar


def tag(engine: Engine, want: Want, name: str) -> None:
    """Give the image one more name. Raises ApplyFailed."""
    reference = parse(name, want.where)
    query = {"repo": reference.familiar_repository, "tag": reference.tag}
    try:
        engine.post(f"/images/{parse(want.name, want.where).familiar}/tag", None, query)
    except EngineRefused as error:
        text = f"cannot give image {want.name} the name {reference.familiar}: {error.message}"
        raise ApplyFailed(text, where=f"{want.where}.tags", fix="see the engine's words") from error


def push(edges: Edges, want: Want, name: str, tell: Callable[[str], None]) -> None:
    """Push the image under one of its names; what may pass is tried again. Raises ApplyFailed."""
    reference = parse(name, want.where)
    head = headers(edges.registries, reference.domain)
    # Engines before 25 want the header also where nobody logs in.
    head = head or {"X-Registry-Auth": base64.urlsafe_b64encode(b"{}").decode()}

    def once() -> None:
        progress = Progress(reference.familiar, tell)
        path = f"/images/{reference.familiar_repository}/push"
        for line in edges.engine.stream("POST", path, query={"tag": reference.tag}, headers=head):
            progress.take(line)

    answer = persist(
        once,
        lambda error: fault_of(error, reference, edges.registries),
        edges.retry or Retry(),
        lambda text: tell(f"{reference.familiar}: {text}"),
    )
    if isinstance(answer, Fault):
        text = f"cannot push {reference.familiar} to {reference.domain}: {answer.message}"
        raise ApplyFailed(text, where=f"{want.where}.push", fix=answer.fix)
