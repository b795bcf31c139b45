"""The options of a plugin of the engine, one row each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...errors import Problem, SpecError
from ...options import Option
from ...values import (
    BOOLEAN,
    TEXT,
    TEXT_MAP,
    Type,
    integer,
    one_of,
    parse_mapping,
    parse_text,
    parse_text_set,
)

_LATEST = ":latest"
ENABLED, DISABLED, ABSENT = "enabled", "disabled", "absent"


def _parse_grant(value: Any, where: str) -> dict[str, list[str]]:
    """Privileges by name, the values of each as a sorted list."""
    given = parse_mapping(value, where)
    problems: list[Problem] = []
    found = {}
    for name, values in given.items():
        try:
            found[name] = parse_text_set(values, f"{where}.{name}")
        except SpecError as error:
            problems += error.problems()
    if problems:
        raise SpecError(problems)
    return found


def driver_name(text: str) -> str:
    """The one name of a driver: engines say ``nfs:latest`` where people write ``nfs``."""
    return text[: -len(_LATEST)] if text.endswith(_LATEST) else text


def full_name(driver: str) -> str:
    """The plugin that a driver's name means, as the engine lists it: with its tag."""
    return driver if ":" in driver.rpartition("/")[2] else f"{driver}{_LATEST}"


WRITE_TAG = "; a plugin that is there already is written with its tag, as loki:latest"


def is_plugin(driver: str, plugins: Collection[str]) -> bool:
    """Whether a driver is no built-in one: by its form, or as one of these plugins."""
    return ":" in driver or "/" in driver or full_name(driver) in plugins


def _parse_driver(value: Any, where: str) -> str:
    return driver_name(parse_text(value, where))


DRIVER = Type("text", _parse_driver, "str", TEXT.schema)  # of a volume or network
GRANT = Type("mapping of lists", _parse_grant, "dict", {"type": "object"})

ROWS: tuple[Option, ...] = (
    Option(
        "source",
        TEXT,
        "Where the plugin comes from: its reference at a registry, with a tag or a digest. Left"
        " out: its name. Another one than the plugin was installed from upgrades it.",
        example="registry.example.com/nfs:2",
    ),
    Option(
        "state",
        one_of(ENABLED, DISABLED, ABSENT),
        "Whether the plugin runs, is only installed, or is not there.",
        default=ENABLED,
    ),
    Option(
        "settings",
        TEXT_MAP,
        "What C(docker plugin set) sets: C(NAME) of a variable or of the arguments, C(NAME.source)"
        " of a mount, C(NAME.path) of a device. What is left out is as the plugin has it by"
        " itself; of a mount or a device it stays as it is, since the engine forgets that. To set"
        " anything, the engine wants the plugin disabled for a moment.",
        secret=True,
        example={"DEBUG": "1"},
    ),
    Option(
        "grant",
        GRANT,
        "The privileges that the plugin may have on the host, by the engine's names of them. One"
        " that asks for more is refused, and the message says for what.",
        example={"network": ["host"], "mount": ["/var/lib/nfs"]},
    ),
    Option(
        "grant_all",
        BOOLEAN,
        "Whether it may have whatever it asks for, unseen, now and in later versions: a plugin"
        " with all privileges is root on the host.",
        default=False,
    ),
    Option(
        "enable_timeout",
        Type("integer", integer(0), "int", {"type": ["integer", "string"], "minimum": 0}),
        "How many seconds the engine waits for each answer of the plugin, when it is enabled and"
        " from then on until the daemon restarts. With 0 it waits as long as it takes, as after"
        " C(docker plugin install).",
        default=0,
        example=30,
    ),
    Option(
        "force",
        BOOLEAN,
        "Whether a plugin is stopped, changed or removed also while volumes or networks are of it."
        " Containers that have them may lose them.",
        default=False,
    ),
)
