"""The options of a run, the same in every front end: how far it may go, how long it may wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .model import Disruption
from .named_tuple import NamedTuple
from .options import Option
from .values import BOOLEAN, DURATION, TEXT, TEXTS, one_of, parse_text, wrong

_WORDS = tuple(level.word for level in Disruption)
_TAKEN = ("storage", "firewall")  # kinds that write keys of their own


def _parse_scope(value: Any, where: str) -> str:
    name = parse_text(value, where)
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*", name):
        raise wrong(where, f"'{name}' is not a name", "small letters, digits and _.-")
    if name in _TAKEN:
        raise wrong(where, f"'{name}' is what kind {name} calls itself", "choose another name")
    return name


def _parse_unit(value: Any, where: str) -> str:
    name = parse_text(value, where)
    fix = "NAME.service, or USER@/NAME.service for one of a user's own systemd"
    if not re.fullmatch(r"([^@/\s]+@/)?[^@/\s][^/\s]*[.]service", name):
        raise wrong(where, f"'{name}' is not a service of systemd", fix)
    if name.endswith("@docker.service"):  # a template may have instances, but hardly of that name
        raise wrong(where, f"'{name}' is a unit of the system's, no user's", fix)
    return name


SCOPE = TEXT._replace(parse=_parse_scope)
UNIT = TEXT._replace(parse=_parse_unit)

# Where the engine is.
CONNECTION: tuple[Option, ...] = (
    Option(
        "docker_host",
        TEXT,
        "The engine's address: C(unix://), C(tcp://) or C(ssh://). Left out: C(DOCKER_HOST), the"
        " current context, or the local socket, as with the docker command.",
        example="ssh://root@docker1.example.com",
    ),
    Option("context", TEXT, "The name of a context of the docker command."),
    Option("tls_verify", BOOLEAN, "Whether the engine's certificate is verified (TCP)."),
    Option("cert_path", TEXT, "The directory of C(ca.pem), C(cert.pem) and C(key.pem)."),
    Option(
        "timeout",
        DURATION,
        "The longest that one answer of the engine may take.",
        default=60 * 10**9,
        example="60s",
    ),
)

# How the plan is applied.
RUN: tuple[Option, ...] = (
    Option(
        "max_disruption",
        one_of(*_WORDS),
        "The strongest disruption the plan may have. A plan above it fails before anything is"
        " touched. Left out: everything but the removal of volumes by C(purge). With C(destroy)"
        " also the anonymous volumes of containers that C(purge) or a smaller C(scale) remove go;"
        " else they are kept.",
        example="reconnect",
    ),
    Option(
        "restart",
        one_of("now", "defer"),
        "Whether the daemon is restarted where that is needed, or the restart is left pending.",
        default="now",
    ),
    Option(
        "foreign",
        one_of("keep", "remove"),
        "What becomes of keys of C(daemon.json) that are not ours.",
        default="keep",
    ),
    Option(
        "config_file",
        TEXT,
        "The daemon's configuration file on its host, where it is not the usual one: for a second"
        " daemon, with a unit and an address of its own.",
        default="/etc/docker/daemon.json",
        example="/etc/docker2/daemon.json",
    ),
    Option(
        "unit",
        UNIT,
        "The daemon's systemd unit; C(USER@/NAME) for one of a user's own systemd (rootless).",
        default="docker.service",
        example="docker2.service",
    ),
    Option(
        "pidfile",
        TEXT,
        "The daemon's pidfile, which matters where systemd does not start it. Left out:"
        " C(/var/run/docker.pid), or that of the unit's name.",
    ),
    Option(
        "scope",
        SCOPE,
        "Whose keys of C(daemon.json) these are. Each scope owns the keys that it sets: what leaves"
        " its own list goes, those of other scopes stay.",
        default="daemon",
        example="dns",
    ),
    Option(
        "manage_unit",
        BOOLEAN,
        "Whether flags of the daemon's systemd unit that collide with keys are taken out by a"
        " drop-in, which goes again when it is not needed any more. Else they are refused, with"
        " file and line.",
        default=False,
    ),
    Option(
        "recreate_stale",
        BOOLEAN,
        "Whether containers that keep old defaults of the daemon are replaced, or restarted where"
        " that is enough. Containers of others are restarted only, never replaced.",
        default=False,
    ),
    Option("reveal", TEXTS, "Names of secret values that may be shown, such as variables."),
    Option(
        "wait_timeout",
        DURATION,
        "The longest wait for a container to become healthy or to complete.",
        default=300 * 10**9,
        example="5m",
    ),
    Option(
        "lock_timeout",
        DURATION,
        "The longest wait for another run on the same host.",
        default=60 * 10**9,
        example="1m",
    ),
)


class RunOptions(NamedTuple):
    """The parsed options of a run; times in seconds."""

    max_disruption: Disruption | None = None
    restart: str = "now"
    foreign: str = "keep"
    daemon: Mapping[str, str] = {}  # unit, config, pidfile: where others
    scope: str = "daemon"
    manage_unit: bool = False
    recreate_stale: bool = False
    ignore: tuple[str, ...] = ()
    reveal: tuple[str, ...] = ()
    wait_timeout: float = 300.0
    lock_timeout: float = 60.0


def run_options(parsed: Mapping[str, Any], ignore: tuple[str, ...] = ()) -> RunOptions:
    """The options of a run out of a parsed document."""
    word = parsed.get("max_disruption")
    return RunOptions(
        max_disruption=Disruption[word.upper()] if word else None,
        restart=parsed.get("restart", "now"),
        foreign=parsed.get("foreign", "keep"),
        daemon={
            name: parsed[option]
            for name, option in (("unit",) * 2, ("config", "config_file"), ("pidfile",) * 2)
            if option in parsed
        },
        scope=parsed.get("scope", "daemon"),
        manage_unit=parsed.get("manage_unit", False),
        recreate_stale=parsed.get("recreate_stale", False),
        ignore=ignore,
        reveal=tuple(parsed.get("reveal", ())),
        wait_timeout=parsed.get("wait_timeout", 300 * 10**9) / 10**9,
        lock_timeout=parsed.get("lock_timeout", 60 * 10**9) / 10**9,
    )
