"""How an image is built: the keys of Compose's ``build`` that one engine can honour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...options import Option, parse
from ...owner import LABELS
from ...values import BOOLEAN, SIZE, TEXT, TEXT_MAP, TEXTS, Type, kind_of, one_of, wrong
from .paths import PATH

CLASSIC, BUILDKIT = "classic", "buildkit"
_SOURCES = ("content", "environment", "file")


def parse_secrets(value: Any, where: str) -> dict[str, dict[str, str]]:
    """Where each secret comes from, by its ID. Raises SpecError."""
    if not isinstance(value, Mapping):
        fix = "write ID: {file: PATH}, ID: {environment: NAME} or ID: {content: TEXT}"
        raise wrong(where, f"must be a mapping, not {kind_of(value)}", fix)
    found, problems = {}, []
    for key, item in value.items():
        path = f"{where}.{key}"
        given = item if isinstance(item, Mapping) else {}
        if len(given) != 1 or next(iter(given)) not in _SOURCES:
            fix = "give exactly one of " + ", ".join(_SOURCES)
            problems.append(Problem(path, "does not say where the secret is", fix))
        elif not re.fullmatch(r"[A-Za-z0-9_.-]+", str(key)):
            problems.append(Problem(path, f"'{key}' is no ID", "use letters, digits and _ . -"))
        else:
            ((source, text),) = given.items()
            kind = PATH if source == "file" else TEXT
            found[str(key)] = {source: kind.parse(text, f"{path}.{source}")}
    if problems:
        raise SpecError(problems)
    return found


SECRETS = Type("mapping of secrets", parse_secrets, "dict", {"type": "object"})

ROWS: tuple[Option, ...] = (
    Option("context", PATH, "The folder that is built from, on the managed host."),
    Option(
        "dockerfile", TEXT, "The Dockerfile, in the context or beside it.", default="Dockerfile"
    ),
    Option("args", TEXT_MAP, "Values of the Dockerfile's C(ARG).", secret=True),
    Option("target", TEXT, "The stage that is built.", default=""),
    Option("labels", LABELS, "Labels of the image."),
    Option("cache_from", TEXTS, "Images whose layers may be used again."),
    Option("network", TEXT, "The network mode of C(RUN).", default=""),
    Option("no_cache", BOOLEAN, "Whether layers of earlier builds are not used.", default=False),
    Option("pull", BOOLEAN, "Whether base images are pulled when they moved.", default=False),
    Option("extra_hosts", TEXTS, "Further names of hosts for C(RUN), C(NAME:ADDRESS)."),
    Option("shm_size", SIZE, "The size of C(/dev/shm) for C(RUN)."),
    Option(
        "builder",
        one_of(CLASSIC, BUILDKIT),
        "Who builds: the engine's own builder, or BuildKit by the docker command.",
        default=CLASSIC,
    ),
    Option("secrets", SECRETS, "With BuildKit: what C(RUN --mount=type=secret) may see, by ID."),
)
_BUILDKIT = (
    *("ssh", "additional_contexts", "cache_to", "entitlements", "platforms"),
    *("privileged", "provenance", "sbom", "ulimits", "isolation", "dockerfile_inline", "tags"),
)
SECRET_VARIABLE = "DOCKWRIGHT_SECRET_"  # and a number: what holds a secret for the command
_OF_COMMAND = ("PATH", "HOME", "LC_ALL", "LANGUAGE")  # variables that have a use of their own
_STEERING_COMMAND = ("DOCKER_", "BUILDX_", "LD_", SECRET_VARIABLE)  # what they begin with
STEERING = ("cache_from", "no_cache", "pull", "secrets")  # they change how, not what


def parse_build(value: Any, where: str) -> dict[str, Any]:
    """The build in normal form; a text alone is the context. Raises SpecError."""
    given = {"context": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        fix = "write the folder, or a mapping with `context`"
        raise SpecError([Problem(where, f"must be text or a mapping, not {kind_of(value)}", fix)])
    refused = [key for key in _BUILDKIT if key in given]
    problems = [
        Problem(f"{where}.{key}", "is not among what this build can do", _way_out(key))
        for key in refused
    ]
    rest = {key: item for key, item in given.items() if key not in refused}
    try:
        parsed = parse(ROWS, rest, where)
    except SpecError as error:
        problems.extend(error.problems())
        parsed = {}
    if not problems and not parsed.get("context"):
        problems.append(Problem(f"{where}.context", "is missing", "name the folder to build from"))
    if parsed.get("secrets") and parsed.get("builder") != BUILDKIT:
        fix = "add `builder: buildkit`"
        problems.append(Problem(f"{where}.secrets", "are what only BuildKit knows", fix))
    problems += _strange_arguments(parsed, where)
    if problems:
        raise SpecError(problems)
    defaults = {row.name: row.default for row in ROWS if row.default is not None}
    made = {**defaults, **parsed}
    if made["builder"] == CLASSIC:
        del made["builder"]  # images that earlier releases have built are what they were
    return made


def _strange_arguments(parsed: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """BuildKit gets arguments as variables, so that they are in no list of processes."""
    for name in parsed.get("args") or () if parsed.get("builder") == BUILDKIT else ():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            text = f"'{name}' is no name of an argument"
            yield Problem(f"{where}.args.{name}", text, "use letters, digits and _")
        elif name in _OF_COMMAND or name.startswith(_STEERING_COMMAND):
            text = f"{name} steers the docker command itself"
            yield Problem(f"{where}.args.{name}", text, "call the argument otherwise")


def _way_out(key: str) -> str:
    if key == "tags":
        return "give further names in the option `tags` of the image"
    if key == "platforms":
        return "give one `platform` in the option of the image"
    return "build the image with `docker buildx` and name it here, or load it from a tar"


BUILD = Type(
    "folder on the managed host, or mapping",
    parse_build,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "object"}]},
)
