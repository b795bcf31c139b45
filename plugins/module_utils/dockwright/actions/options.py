"""The options of actions, one row each."""

from __future__ import annotations

import re
from typing import Any

from ..kinds.image.paths import PATH
from ..options import Option
from ..values import (
    BOOLEAN,
    COMMAND,
    COUNT,
    DURATION,
    INTEGER,
    TEXT,
    TEXT_MAP,
    TEXTS,
    Type,
    one_of,
    parse_list,
    parse_text,
    wrong,
)


def parse_inside(value: Any, where: str) -> str:
    """An absolute path in a container."""
    text = parse_text(value, where)
    if not text.startswith("/"):
        raise wrong(where, f"'{text}' is not an absolute path", "write it from / on")
    return text


def parse_codes(value: Any, where: str) -> list[int]:
    """Exit codes."""
    return [INTEGER.parse(item, f"{where}[{i}]") for i, item in enumerate(parse_list(value, where))]


def parse_input(value: Any, where: str) -> str | bytes:
    """Text, or bytes as they are."""
    return value if isinstance(value, bytes) else parse_text(value, where)


INPUT = Type("text", parse_input, "str", TEXT.schema)
INSIDE = Type("path in the container", parse_inside, "str", {"type": "string"})
CODES = Type(
    "list of exit codes", parse_codes, "raw", {"anyOf": [{"type": "integer"}, {"type": "array"}]}
)

EXEC: tuple[Option, ...] = (
    Option("name", TEXT, "The container, by its exact name.", example="web"),
    Option(
        "command",
        COMMAND,
        "The command: a list, or text that is split into words as a shell does. No shell runs it.",
        example=["nginx", "-s", "reload"],
    ),
    Option("creates", INSIDE, "A path in the container; when it is there, nothing is run."),
    Option("removes", INSIDE, "A path in the container; when it is not there, nothing is run."),
    Option(
        "unless",
        COMMAND,
        "A command in the container; when it ends with 0, nothing is run. In check mode it is not"
        " run, and the answer says that it would decide.",
    ),
    Option(
        "environment", TEXT_MAP, "Variables of the command; their values are masked.", secret=True
    ),
    Option(
        "stdin",
        INPUT,
        "What the command reads from its standard input, as it is. By default it reads nothing.",
        secret=True,
    ),
    Option("user", TEXT, "The user, C(NAME) or C(UID:GID). By default that of the container."),
    Option("working_dir", INSIDE, "The folder that it runs in. By default that of the container."),
    Option(
        "success",
        CODES,
        "Exit codes that mean success.",
        default=[0],
    ),
    Option(
        "limit",
        DURATION,
        "How long the command may take. One that takes longer is left running: the engine cannot"
        " end it.",
        default=60 * 10**9,
    ),
)


def parse_mode(value: Any, where: str) -> int:
    """Permissions, octal."""
    if not isinstance(value, str) or not re.fullmatch(r"0?[0-7]{3,4}", value):
        raise wrong(where, f"'{value}' is no mode", 'write it octal, as text: "0644"')
    return int(value, 8)


PRESERVE = "preserve"


def parse_owner(value: Any, where: str) -> str:
    """User and group by their numbers: names are the container's own, and nobody resolves them."""
    text = parse_text(value, where)
    if text == PRESERVE:
        return text
    if not re.fullmatch(r"\d{1,9}(:\d{1,9})?", text):
        raise wrong(where, f"'{text}' is no owner", "write the numbers as UID:GID, or preserve")
    return text if ":" in text else f"{text}:{text}"


MODE = Type("octal mode", parse_mode, "str", {"type": "string"}, lambda value: f"{value:04o}")
OWNER = Type("UID:GID", parse_owner, "str", {"type": ["string", "integer"]})

COPY: tuple[Option, ...] = (
    Option("name", TEXT, "The container, by its exact name; it need not run.", example="web"),
    Option(
        "path",
        INSIDE,
        "The file in the container, whose folder must be there; with a slash at its end the folder"
        " that gets the file of C(src) under its name. With a folder as C(src) the folder that it"
        " goes to, made where it is not there.",
    ),
    Option("content", TEXT, "What the file holds.", secret=True),
    Option(
        "src",
        PATH,
        "A file on the managed host whose content it is. Or a folder, which is had in the folder"
        " C(path) with all that it holds; with a slash at the end, only what it holds. What else is"
        " there stays. Symbolic links are copied as such.",
    ),
    Option(
        "dest",
        PATH,
        "The other way: a file on the managed host that gets the content of the one in the"
        " container, in place of C(content) and C(src). A new one has C(mode), or is for its owner"
        " alone; with a slash at the end of C(dest) it is in that folder, under its name. Where"
        " C(path) is a folder, the folder that gets it, or, with a slash at the end of C(path),"
        " what it holds.",
        example="/srv/backup/web.conf",
    ),
    Option(
        "mode",
        MODE,
        "Its mode, or that of each file in the folder. By default that of the file there, or"
        " C(0644); with a folder those of the files on the managed host.",
        example="0644",
    ),
    Option(
        "directory_mode",
        MODE,
        "The mode of each folder in the folder that is copied, and of itself. By default those of"
        " the folders on the managed host.",
        example="0755",
    ),
    Option(
        "owner",
        OWNER,
        "Its owner, or that of all in the folder. By default that of what is there, or C(0:0);"
        " C(preserve) is that on the managed host.",
    ),
    Option(
        "hidden",
        BOOLEAN,
        "Whether the diff leaves the content out, as it is secret.",
        default=False,
    ),
)

EXPORT: tuple[Option, ...] = (
    Option("name", TEXT, "The container, by its exact name; it need not run.", example="web"),
    Option(
        "dest",
        PATH,
        "The tar, on the managed host, that holds its files; volumes are not among them. It is"
        " written, all at once, when it is not there or holds something else. A new one is for its"
        " owner alone; else mode and owner stay.",
        example="/srv/backup/web.tar",
    ),
)

PRUNE: tuple[Option, ...] = (
    Option(
        "containers",
        BOOLEAN,
        "Containers that do not run, but those that a spec of ours has made: they go by"
        " C(state=absent) or C(purge), as the next run would make them again.",
        default=False,
    ),
    Option(
        "images",
        one_of("dangling", "unused"),
        "C(dangling) are those without a name, C(unused) all that no container has, also a stopped"
        " one.",
    ),
    Option(
        "networks",
        BOOLEAN,
        "Networks that no container has. A stopped one has its network, too.",
        default=False,
    ),
    Option(
        "volumes",
        one_of("anonymous", "unused"),
        "Volumes that no container has, B(with their data): those without a name of their own, or"
        " all.",
    ),
    Option("build_cache", BOOLEAN, "The cache of builds, where it is not in use.", default=False),
    Option(
        "older_than",
        DURATION,
        "Only what was made longer ago; of the build cache, what was used last longer ago.",
        example="240h",
    ),
    Option(
        "keep",
        COUNT,
        "With C(images=unused): of each repository so many images stay, the newest.",
        example=3,
    ),
    Option("labels", TEXTS, "Only what has all of these, each C(KEY) or C(KEY=VALUE)."),
    Option("except_labels", TEXTS, "Not what has one of these."),
)


def _info(names: str, *more: Option) -> tuple[Option, ...]:
    return (
        Option("name", TEXTS, names, aliases=("names",)),
        *more,
        Option(
            "inspect",
            BOOLEAN,
            "Whether each comes with the engine's own description of it, as C(inspect). The values"
            " of environment variables, and the arguments of a plugin, are masked in it.",
            default=False,
        ),
    )


_LABELS = Option("labels", TEXTS, "Only those that have all of these, each C(KEY) or C(KEY=VALUE).")
_PROJECT = Option("project", TEXT, "Only those of this project.", example="shop")
_STATES = one_of("created", "running", "paused", "restarting", "removing", "exited", "dead")
INFO = {
    "container_info": _info(
        "Only these containers, by their exact names.",
        _LABELS,
        _PROJECT,
        Option("state", _STATES, "Only containers in this state."),
    ),
    "image_info": _info("Only these images: tags, digests or IDs.", _LABELS),
    "network_info": _info("Only these networks, by their exact names.", _LABELS, _PROJECT),
    "volume_info": _info("Only these volumes, by their exact names.", _LABELS, _PROJECT),
    "plugin_info": _info(
        "Only these plugins, by their exact names; without a tag C(latest) is meant.",
        Option("state", one_of("enabled", "disabled"), "Only plugins in this state."),
    ),
}
ACTIONS = {
    "container_copy": COPY,
    "container_exec": EXEC,
    "container_export": EXPORT,
    "prune": PRUNE,
    **INFO,
}
