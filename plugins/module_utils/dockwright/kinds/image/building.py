"""Images that are built on the host: when they have to be, and how.

Labels of the image remember of what it was made: the hash of the context and of the options, the
IDs of its base images, and a mark of the build arguments that only this host can make, since they
may be secret. What has the same three is the same image.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineRefused, Problem
from ...model import Action, Change, Want
from ...owner import PREFIX
from .build_options import STEERING
from .dockerfile import has_stage
from .have import BuildSite, ImageHave, inspect
from .want import reference_of

if TYPE_CHECKING:
    from .context import Context

Mark = Callable[[Any], str]

CONTEXT = PREFIX + "build.context"
BASES = PREFIX + "build.bases"
ARGS = PREFIX + "build.args"


def recipe(want: Want, context: Context, bases: Iterable[str], args_mark: str) -> dict[str, str]:
    """The labels of an image that is made of this."""
    build = want.inputs["build"]
    kept = {key: item for key, item in build.items() if key not in (*STEERING, "args", "context")}
    source = [context.digest, kept, want.inputs.get("platform", "")]
    text = json.dumps(source, sort_keys=True).encode()
    labels = {CONTEXT: hashlib.sha256(text).hexdigest(), BASES: ",".join(bases)}
    return {**labels, ARGS: args_mark}


def plan(
    want: Want, have: ImageHave, images: Mapping[str, ImageHave], coming: Iterable[str]
) -> Change | None:
    """The build, where one is needed. ``coming`` are the keys of images that this run brings."""
    if problems(want, have):
        return None
    reason = _reason(want, have, images, set(coming))
    if not reason:
        return None
    after = f"built from {want.inputs['build']['context']}"
    return Change("image", want.name, Action.BUILD, "", have.id or None, after, reason)


def problems(want: Want, have: ImageHave) -> list[Problem]:
    """Why it cannot be built."""
    context = have.context
    if context is None:  # there is no engine yet, nothing was read
        return []
    where = f"{want.where}.build"
    if context.error:
        return [Problem(f"{where}.{context.where}", context.error, context.fix)]
    if have.no_builder:
        fix = "install the distribution's docker-buildx, or leave builder out"
        if "ca.pem" in have.no_builder:
            fix = "bring it into the folder of the certificates, or leave builder out"
        return [Problem(f"{where}.builder", have.no_builder, fix)]
    if not has_stage(context.dockerfile):
        fix = "begin it with FROM and a base image"
        return [Problem(f"{where}.dockerfile", "holds no FROM, so there is nothing to build", fix)]
    # They are for building alone. Where only a base image moved, building itself finds them.
    return list(have.lost_secrets) if have.lost_secrets and _own_reason(want, have) else []


def _reason(want: Want, have: ImageHave, images: Mapping[str, ImageHave], coming: set[str]) -> str:
    reason = _own_reason(want, have)
    if reason or have.context is None:
        return reason
    bases = want.inputs.get("bases", ())
    moved = [key for key in bases if key in coming]
    if moved:
        return f"its base image {moved[0]} is to be another"
    known = [images[key].id if key in images else "" for key in bases]
    if (have.config.get("Labels") or {}).get(BASES) != ",".join(known):
        return "a base image is another"
    return ""


def _own_reason(want: Want, have: ImageHave) -> str:
    """Why it is to be built, whatever its base images are."""
    if not have.id or have.context is None:
        return "is not on the host"
    labels = have.config.get("Labels") or {}
    if CONTEXT not in labels:
        return "the image of this name was not built here"
    wanted = recipe(want, have.context, (), have.args_mark)
    if labels[CONTEXT] != wanted[CONTEXT]:
        return "files of the context, or options of the build, are others"
    if labels.get(ARGS) != wanted[ARGS]:
        return "arguments of the build are others"
    return ""


def build(
    engine: Engine, want: Want, have: ImageHave, site: BuildSite, tell: Callable[[str], None]
) -> None:
    """Build the image; ``tell`` hears of the steps. Raises ApplyFailed, with the engine's words."""
    from . import context as contexts

    options, reference = want.inputs["build"], reference_of(want)
    where, real_path = f"{want.where}.build", site.real_path
    context = contexts.read(options["context"], options["dockerfile"], real_path)
    if context.error:
        raise ApplyFailed(context.error, where=f"{where}.{context.where}", fix=context.fix)
    labels = recipe(want, context, _bases_now(engine, want), have.args_mark)
    if options.get("builder"):
        from . import buildkit

        tell(f"{want.name}: building with BuildKit")
        buildkit.build(engine, want, {**options.get("labels", {}), **labels}, site)
    else:
        body = contexts.tar(context, options["dockerfile"], real_path)
        _by_engine(engine, want, {**options.get("labels", {}), **labels}, body, tell)
    if (inspect(engine, want).config.get("Labels") or {}).get(CONTEXT) != labels[CONTEXT]:
        text = f"image {want.name} was built, but {reference.familiar} is another image"
        raise ApplyFailed(text, where=where, fix="run again; see who else makes this image")


def _by_engine(
    engine: Engine,
    want: Want,
    labels: Mapping[str, str],
    body: Iterable[bytes],
    tell: Callable[[str], None],
) -> None:
    """The engine's own builder gets the context as a tar."""
    where, folder = f"{want.where}.build", want.inputs["build"]["context"]
    query = _query(want, labels)
    said: list[str] = []
    try:
        for line in engine.stream("POST", "/build", query=query, body=body):
            text = str(line.get("stream") or "").strip()
            if text:
                said = [*said, text][-_LAST:]
            if text.startswith("Step "):
                tell(f"{want.name}: {text}")
    except EngineRefused as error:
        text = f"cannot build image {want.name}: {error.message}"
        last = [words for words in said if not words.startswith(("--->", "Removing"))]
        if last:
            text += f" (the last of its output: {' | '.join(last)})"
        raise ApplyFailed(text, where=where, fix=_fix(error.message)) from error
    except OSError as error:
        text = f"cannot read {error.filename or folder}: {error.strerror or error}"
        raise ApplyFailed(text, where=f"{where}.context", fix="run again") from error


_LAST = 6  # lines of the output that an error quotes


def _bases_now(engine: Engine, want: Want) -> list[str]:
    bases = want.inputs.get("bases", ())
    wants = (Want("image", key, want.where, inputs={"reference": key}) for key in bases)
    return [inspect(engine, base).id for base in wants]


def _query(want: Want, labels: Mapping[str, str]) -> dict[str, Any]:
    from .context import name_in_tar

    options = want.inputs["build"]
    hosts = ",".join(options.get("extra_hosts", ()))
    return {
        "t": reference_of(want).familiar,
        "dockerfile": name_in_tar(options["context"], options["dockerfile"]),
        "buildargs": options.get("args") or None,
        "target": options["target"] or None,
        "labels": dict(labels),
        "cachefrom": options.get("cache_from") or None,
        "networkmode": options["network"] or None,
        "nocache": options["no_cache"] or None,
        "extrahosts": hosts or None,
        "shmsize": options.get("shm_size"),
        "platform": want.inputs.get("platform"),
        "rm": True,
        "forcerm": True,
    }


def _fix(words: str) -> str:
    if "BuildKit" in words or "buildkit" in words:
        return "add `builder: buildkit`, or write it without BuildKit's parts"
    if "no space left" in words:
        return "make room where the engine keeps its images (`docker system df`)"
    return "try the step by hand, or correct the Dockerfile"
