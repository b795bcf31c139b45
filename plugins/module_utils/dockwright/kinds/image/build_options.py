"""How an image is built: the keys of Compose's ``build`` that one engine can honour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Problem, SpecError
from ...options import Option, parse
from ...owner import LABELS
from ...values import BOOLEAN, SIZE, TEXT, TEXT_MAP, TEXTS, Type, kind_of
from .paths import PATH

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
)
_BUILDKIT = (
    *("secrets", "ssh", "additional_contexts", "cache_to", "entitlements", "platforms"),
    *("privileged", "provenance", "sbom", "ulimits", "isolation", "dockerfile_inline", "tags"),
)
STEERING = ("cache_from", "no_cache", "pull")  # they change how, not what


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
    if problems:
        raise SpecError(problems)
    defaults = {row.name: row.default for row in ROWS if row.default is not None}
    return {**defaults, **parsed}


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
