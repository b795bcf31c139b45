"""The options of an image, one row each.

None of the rows is compared: what is on the host is the image itself, by its identity.
"""

from __future__ import annotations

from typing import Any

from ...options import Option
from ...values import BOOLEAN, Type, one_of, parse_text, wrong
from .platforms import PLATFORM

MISSING, ALWAYS, NEVER = "missing", "always", "never"
POLICIES = (MISSING, ALWAYS, NEVER)


def parse_policy(value: Any, where: str) -> str:
    """A pull policy; Compose's second word for ``missing`` is taken too."""
    text = parse_text(value, where)
    if text == "if_not_present":
        return MISSING
    if text not in POLICIES:
        raise wrong(where, f"is '{text}'", "must be one of " + ", ".join(POLICIES))
    return text


def parse_path(value: Any, where: str) -> str:
    """An absolute path on the managed host."""
    text = parse_text(value, where)
    if not text.startswith("/"):
        raise wrong(where, f"'{text}' is not an absolute path", "write it from / on")
    return text


PULL_POLICY = Type("text", parse_policy, "str", {"enum": [*POLICIES, "if_not_present"]})
PATH = Type("path on the managed host", parse_path, "str", {"type": "string"})

ROWS: tuple[Option, ...] = (
    Option(
        "state",
        one_of("present", "absent"),
        "Whether the image is on the host. C(absent) takes this one name away (by ID: the image);"
        " the layers go with the last name.",
        default="present",
        choices=("present", "absent"),
    ),
    Option(
        "pull_policy",
        PULL_POLICY,
        "When the image is pulled. C(missing) (also C(if_not_present)): when no image of this name"
        " is on the host. C(always): when the registry has another one than the host; the registry"
        " must answer, also in check mode. C(never): not at all, so it must be there."
        " A digest or an ID cannot move, so C(always) does not ask for it again.",
        default=MISSING,
        choices=(*POLICIES, "if_not_present"),
    ),
    Option(
        "load",
        PATH,
        "Path, on the managed host, of a tar that C(docker save) wrote (it may be compressed). The"
        " image of this name (or ID) in the tar is what is wanted: it is loaded when the host has"
        " none or another one, and never pulled.",
        example="/srv/images/web.tar",
    ),
    Option(
        "platform",
        PLATFORM,
        "The platform of the image, as C(os[/architecture[/variant]]). An image for another one is"
        " pulled anew. By default the engine chooses, and what is there is taken.",
        example="linux/amd64",
    ),
    Option(
        "force",
        BOOLEAN,
        "With C(state=absent): take the name away also when stopped containers use the image, and"
        " an ID with all its names.",
        default=False,
    ),
)

OPTIONS = ROWS
