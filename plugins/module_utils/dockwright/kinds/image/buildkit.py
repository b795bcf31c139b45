"""Building with BuildKit, by the docker command on the managed host.

What may be secret (arguments of the build, secrets) reaches the command as variables, so that it is
in no list of processes; a secret in a file is read by the command itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, HostError
from ...host.commands import Completed
from ...masking import MASK
from ...model import Want
from .context import dockerfile_of
from .have import BuildSite
from .want import reference_of

Run = Callable[..., Completed]

_LIMIT = 3600.0
_LAST = 6  # lines of the output that an error quotes
_SHORTEST = 4  # of a secret that is looked for in the output
_BUILT_IN = (23,)  # the command's major version since which BuildKit is a plugin of its own
_PREFIX = "DOCKWRIGHT_SECRET_"


def missing(run: Run | None) -> str:
    """Why BuildKit cannot be used here; empty where it can."""
    if run is None:
        return "needs commands of the managed host"
    try:
        told = run(["docker", "--version"])
        version = re.search(r"version (\d+)", told.stdout)
        if version and (int(version.group(1)),) < _BUILT_IN:
            return ""
        if run(["docker", "buildx", "version"]).returncode == 0:
            return ""
    except HostError:
        return "is BuildKit, and there is no docker command on the managed host"
    return "is BuildKit, and the docker command has no buildx here"


def build(engine: Engine, want: Want, labels: Mapping[str, str], site: BuildSite) -> None:
    """Build the image into the engine. Raises ApplyFailed, with BuildKit's words."""
    options, where = want.inputs["build"], f"{want.where}.build"
    assert site.run is not None
    secrets, variables = _secrets(want, site)
    env = {
        "DOCKER_HOST": engine.endpoint.url,
        "DOCKER_BUILDKIT": "1",
        "BUILDX_BUILDER": "default",  # the engine itself
        **{name: str(text) for name, text in (options.get("args") or {}).items()},
        **variables,
    }
    argv = ["docker", "build", "--progress", "plain", *_words(want, labels, site), *secrets]
    limit = max(engine.timeout, _LIMIT)
    try:
        done = site.run([*argv, site.real_path(options["context"])], timeout=limit, env=env)
    except HostError as error:
        raise ApplyFailed(
            f"cannot build image {want.name}: {error.message}", where=where
        ) from error
    if done.returncode:
        text = _reason(done.stderr, [*variables.values(), *_files(want, site)])
        fix = "try the step by hand, or correct the Dockerfile"
        raise ApplyFailed(f"cannot build image {want.name}: {text}", where=where, fix=fix)


def _words(want: Want, labels: Mapping[str, str], site: BuildSite) -> Iterator[str]:
    options = want.inputs["build"]
    file = dockerfile_of(options["context"], options["dockerfile"])
    pairs: list[tuple[str, Any]] = [
        ("--tag", reference_of(want).familiar),
        ("--file", site.real_path(file)),
        ("--target", options["target"]),
        ("--network", options["network"]),
        ("--shm-size", options.get("shm_size")),
        ("--platform", want.inputs.get("platform")),
        *(("--label", f"{name}={text}") for name, text in labels.items()),
        *(("--build-arg", name) for name in options.get("args") or ()),
        *(("--cache-from", name) for name in options.get("cache_from") or ()),
        *(("--add-host", host) for host in options.get("extra_hosts") or ()),
    ]
    for word, value in pairs:
        if value:
            yield from (word, str(value))
    if options["no_cache"]:
        yield "--no-cache"


def _secrets(want: Want, site: BuildSite) -> tuple[list[str], dict[str, str]]:
    """The words that name the secrets, and the variables that hold them."""
    words, variables = [], {}
    for number, (id, source) in enumerate((want.inputs["build"].get("secrets") or {}).items()):
        where = f"{want.where}.build.secrets.{id}"
        if "file" in source:
            path = site.real_path(source["file"])
            if not os.path.isfile(path):
                text = f"there is no file {source['file']}"
                fix = "the path is read on the managed host: bring the file there first"
                raise ApplyFailed(text, where=where, fix=fix)
            words += ["--secret", f"id={id},src={path}"]
            continue
        found = source.get("content")
        if "environment" in source:
            found = os.environ.get(source["environment"])
            if found is None:
                message = f"there is no variable {source['environment']} where dockwright runs"
                raise ApplyFailed(message, where=where, fix="set it, or use file or content")
        name = f"{_PREFIX}{number}"
        words += ["--secret", f"id={id},env={name}"]
        variables[name] = str(found)
    return words, variables


def _files(want: Want, site: BuildSite) -> Iterator[str]:
    """The secrets that are in files."""
    for source in (want.inputs["build"].get("secrets") or {}).values():
        if "file" in source:
            with open(site.real_path(source["file"]), encoding="utf-8", errors="replace") as file:
                yield file.read().strip()


def _reason(words: str, hidden: list[str]) -> str:
    """The end of what BuildKit said, without the secrets that a step may have written."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    text = " | ".join(
        (errors or lines)[-1:] + [line for line in lines if line not in errors][-_LAST:]
    )
    for secret in hidden:
        for piece in [secret, *secret.splitlines()]:
            if len(piece) >= _SHORTEST:
                text = text.replace(piece, MASK)
    return text or "no output"
