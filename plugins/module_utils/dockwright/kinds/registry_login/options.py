"""The options of a login at a registry, one row each."""

from __future__ import annotations

from ...options import Option
from ...values import BOOLEAN, TEXT, one_of
from ..image.paths import PATH

ROWS: tuple[Option, ...] = (
    Option(
        "state",
        one_of("present", "absent"),
        "Whether the login is there. C(absent) takes it out of config.json and of the credential"
        " helper; nothing else of the file changes.",
        default="present",
        choices=("present", "absent"),
    ),
    Option("username", TEXT, "The user name at this registry.", example="ci"),
    Option("password", TEXT, "The password or access token.", secret=True),
    Option(
        "verify",
        BOOLEAN,
        "Whether the registry is asked, by the engine, if it takes user name and password before"
        " they are stored. Where they are stored already it is not asked. With C(false) neither"
        " registry nor engine need to be there.",
        default=True,
    ),
    Option(
        "store",
        BOOLEAN,
        "Whether the login is kept, as C(docker login) does. With C(false) it is for the pulls of"
        " this run alone. The default is true for module C(registry_login) and in the spec of a"
        " host, and false in the option C(registries) of other modules.",
    ),
    Option(
        "config_path",
        PATH,
        "The config.json, on the machine where the run takes place (with Ansible the managed"
        " host). By default that of the user who runs it: C($DOCKER_CONFIG/config.json) or"
        " C(~/.docker/config.json).",
        example="/home/ci/.docker/config.json",
    ),
)
