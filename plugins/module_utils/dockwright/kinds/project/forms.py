"""The options that name a Compose file and what it is read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...options import Option
from ...values import TEXT, TEXT_MAP, TEXTS, Type, kind_of, wrong


def parse_compose(value: Any, where: str) -> Mapping[str, Any]:
    """The content of a Compose file; front ends that can read paths have done so before."""
    if isinstance(value, Mapping):
        return value
    fix = "give the content as a mapping"
    raise wrong(where, f"is {kind_of(value)}, and no file is read here", fix)


COMPOSE = Type(
    "Compose file",
    parse_compose,
    "raw",
    {"anyOf": [{"type": "object"}, {"type": ["string", "array"], "items": {"type": "string"}}]},
)

OPTIONS: tuple[Option, ...] = (
    Option(
        "compose",
        COMPOSE,
        "A Compose file: its path, a list of paths (each laid over the ones before), or its"
        " content as a mapping. Names are then Compose's, and C(${NAME}) is filled in. Paths are"
        " read where the tool runs: with Ansible on the controller, with Salt and the command line"
        " on the managed host. There the files that it includes or extends, the C(env_file) of its"
        " services, and C(.env) beside the first file are read too, with the environment of the"
        " tool before C(.env). Binds, secrets and configs are files of the managed host."
        " In a mapping, C(env_file) is a file of the managed host, and the tool's environment is"
        " not looked at.",
        example="files/compose.yaml",
    ),
    Option(
        "compose_directory",
        TEXT,
        "The directory on the managed host from which relative paths in the Compose file start:"
        " those of binds, secrets and configs, and in a mapping those of C(env_file). Left out:"
        " the directory of the first file where that is read on the managed host; elsewhere"
        " relative paths are refused.",
        example="/srv/shop",
    ),
    Option(
        "compose_environment",
        TEXT_MAP,
        "Variables for C(${NAME}) in the Compose file. They go before those of C(.env),"
        " C(compose_env_files) and the tool's environment. C(COMPOSE_PROFILES) names active"
        " profiles.",
        secret=True,
        example={"TAG": "1.4", "COMPOSE_PROFILES": "web,worker"},
    ),
    Option(
        "compose_env_files",
        TEXTS,
        "Files of variables for C(${NAME}), read where the Compose file is, in place of C(.env):"
        " with Ansible on the controller, with Salt and the command line on the managed host.",
        example=["files/common.env", "files/production.env"],
    ),
)
