"""Building with BuildKit, by the docker command on the managed host.

What may be secret (arguments of the build, secrets) reaches the command as variables, so that it is
in no list of processes; a secret in a file is read by the command itself.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...engine.client import Engine
from ...engine.endpoint import Endpoint
from ...errors import ApplyFailed, HostError, Problem
from ...host.commands import Completed
from ...masking import MASK
from ...model import Want
from .build_options import SECRET_VARIABLE
from .context import dockerfile_of
from .have import BuildSite
from .want import reference_of

Run = Callable[..., Completed]

_LIMIT = 3600.0
_LAST = 6  # lines of the output that an error quotes
_SHORTEST = 4  # of a secret that is looked for in the output
_BUILT_IN = (23,)  # the command's major version since which BuildKit is a plugin of its own


def missing(run: Run | None, endpoint: Endpoint) -> str:
    """Why BuildKit cannot be used here; empty where it can."""
    if run is None:
        return "needs commands of the managed host"
    if endpoint.tls and endpoint.tls.verify and not endpoint.tls.ca:
        return "is BuildKit, and without a ca.pem the docker command trusts no engine"
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
    lost = lost_secrets(want, site)
    if lost:
        raise ApplyFailed(lost[0].message, where=lost[0].where, fix=lost[0].fix)
    secrets, variables = _secrets(want, site)
    hidden = [*variables.values(), *_files(want, site)]
    env = {
        **_connection(engine.endpoint),
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
        text = _reason(done.stderr, hidden)
        fix = "try the step by hand, or correct the Dockerfile"
        raise ApplyFailed(f"cannot build image {want.name}: {text}", where=where, fix=fix)


def _connection(endpoint: Endpoint) -> dict[str, str]:
    """The variables that have the docker command meet our engine, as we do; empty ones are off."""
    tls = endpoint.tls
    found = {"DOCKER_HOST": endpoint.url, "DOCKER_TLS": "", "DOCKER_TLS_VERIFY": ""}
    if tls is None:
        return found
    found["DOCKER_TLS_VERIFY" if tls.verify else "DOCKER_TLS"] = "1"
    file = tls.ca or tls.cert  # all of them are in one folder
    return {**found, "DOCKER_CERT_PATH": os.path.dirname(file)} if file else found


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
        if "file" in source:
            words += ["--secret", _fields(f"id={id}", f"src={site.real_path(source['file'])}")]
            continue
        found = source.get("content")
        if "environment" in source:
            found = os.environ[source["environment"]]
        name = f"{SECRET_VARIABLE}{number}"
        words += ["--secret", f"id={id},env={name}"]
        variables[name] = str(found)
    return words, variables


def _fields(*fields: str) -> str:
    """Fields as the docker command reads them: a path may hold commas and quotes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def lost_secrets(want: Want, site: BuildSite) -> tuple[Problem, ...]:
    """What cannot be had of the secrets of a build."""
    found = []
    for id, source in (want.inputs["build"].get("secrets") or {}).items():
        text = fix = ""
        if "file" in source:
            fix = "the path is read on the managed host: bring the file there first"
            try:
                if os.path.isfile(site.real_path(source["file"])):
                    _text(source["file"], site)
                else:
                    text = f"there is no file {source['file']}"
            except OSError as error:
                text = f"cannot read {source['file']}: {error.strerror or error}"
        elif "environment" in source and source["environment"] not in os.environ:
            text = f"there is no variable {source['environment']} where dockwright runs"
            fix = "set it, or use file or content"
        if text:
            found.append(Problem(f"{want.where}.build.secrets.{id}", text, fix))
    return tuple(found)


def _files(want: Want, site: BuildSite) -> Iterator[str]:
    """The secrets that are in files."""
    for id, source in (want.inputs["build"].get("secrets") or {}).items():
        if "file" in source:
            try:
                yield _text(source["file"], site)
            except OSError as error:
                text = f"cannot read {source['file']}: {error.strerror or error}"
                where = f"{want.where}.build.secrets.{id}"
                raise ApplyFailed(text, where=where, fix="run again") from error


def _text(path: str, site: BuildSite) -> str:
    with open(site.real_path(path), encoding="utf-8", errors="replace") as file:
        return file.read()


def _reason(words: str, hidden: Iterable[str]) -> str:
    """The end of what BuildKit said, without the secrets that a step may have written."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    text = " | ".join(
        (errors or lines)[-1:] + [line for line in lines if line not in errors][-_LAST:]
    )
    pieces = {line.strip() for secret in hidden for line in [secret, *secret.splitlines()]}
    for piece in sorted(pieces, key=len, reverse=True):  # one may be in another
        if len(piece) >= _SHORTEST:
            text = text.replace(piece, MASK)
    return text or "no output"
