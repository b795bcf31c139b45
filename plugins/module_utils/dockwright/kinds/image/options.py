"""The options of an image, one row each.

None of the rows is compared: what is on the host is the image itself, by its identity.
"""

from __future__ import annotations

from typing import Any

from ...options import Option
from ...values import BOOLEAN, COMMAND, Type, one_of, parse_list, parse_text, wrong
from . import reference as references
from .build_options import BUILD
from .import_options import IMPORT
from .paths import PATH
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


def parse_references(value: Any, where: str) -> list[str]:
    """Tags of images in normal form, each once."""
    found = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        reference = references.parse(item, path)
        if not reference.is_moving:
            raise wrong(path, "is a digest or an ID, not a name", "write it as NAME:TAG")
        found.append(reference.normal)
    return sorted(set(found))


REFERENCES = Type(
    "list of images",
    parse_references,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
)
PULL_POLICY = Type("text", parse_policy, "str", {"enum": [*POLICIES, "if_not_present"]})

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
        "build",
        BUILD,
        "The folder, on the managed host, that the image is built from; or a mapping as in Compose:"
        " C(context), C(dockerfile), C(args), C(target), C(labels), C(cache_from), C(network),"
        " C(no_cache), C(pull), C(extra_hosts), C(shm_size), C(builder), C(secrets). It is built"
        " when the host has none, and when files of the context, an option or a base image are"
        " others than at the last build. The engine's own builder is used, or with"
        " C(builder: buildkit) the docker command's.",
        example={"context": "/srv/web", "args": {"VERSION": "1.4"}},
    ),
    Option(
        "import",
        IMPORT,
        "Path, on the managed host, of a tar of a root file system (it may be compressed); or a"
        " mapping: C(path), and C(changes), a list of Dockerfile instructions such as C(CMD). The"
        " image is made of it when the host has none, or one that was made of another content or"
        " with other C(changes).",
        example={"path": "/srv/rootfs.tar", "changes": ['CMD ["/bin/sh"]']},
    ),
    Option(
        "tags",
        REFERENCES,
        "Further names of the image. A name that is taken out of this list stays on the host.",
        example=["registry.example.com/shop/web:1.4"],
    ),
    Option(
        "push",
        BOOLEAN,
        "Whether the image is pushed, under its name and its C(tags), when the registry has another"
        " one or none. The registry must answer, also in check mode. Names without a registry,"
        " which are on Docker Hub, are pushed there.",
        default=False,
    ),
    Option(
        "verify",
        COMMAND,
        "A command of the managed host that has to accept the image before it is pulled, and that"
        " is asked about the one that is there in each run, also in check mode: so it may only"
        " look. It is called with C(REPOSITORY@DIGEST) as its last argument, which is also in"
        " C(DOCKWRIGHT_IMAGE), and what it has accepted is pulled by that digest. When it ends with"
        " another code than 0 the run fails before anything is changed.",
        example=["cosign", "verify", "--key", "/etc/cosign.pub"],
    ),
    Option(
        "save",
        PATH,
        "Path, on the managed host, of a tar that the image is saved to, under its name and its"
        " C(tags), as C(docker save) does. It is written, all at once, when it is not there or"
        " holds something else than this image alone under these names. A new one is for its owner"
        " alone; else mode and owner stay. What is no tar of images is never written over.",
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
