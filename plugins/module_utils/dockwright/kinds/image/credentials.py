"""Credentials of registries: from the spec, or from a Docker config.json. Never in messages.

They come as a mapping from registry host to an entry as the document's ``registries`` has it
(``username``, ``password``) or as ``auths`` of a config.json has it (``auth``, ``identitytoken``).
Where a config.json leaves the password to a helper program, that is asked when it is needed.
"""

from __future__ import annotations

import binascii
import json
import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ...errors import HostError
from .reference import HUB

if TYPE_CHECKING:
    from ...host.machine import Host

Registries = Mapping[str, Mapping[str, str]]

AskHelper = Callable[[str, str], Mapping[str, str]]  # program, server -> username and password

HELPER = "helper"  # in an entry: a program keeps the password
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_HUB_SERVER = "https://index.docker.io/v1/"


class Asked(dict[str, Mapping[str, str]]):
    """Credentials, some of which a helper program has: it is asked once, when they are needed."""

    def __init__(self, known: Registries, ask: AskHelper) -> None:
        super().__init__(known)
        self._ask = ask
        self._answers: dict[str, Mapping[str, str]] = {}

    def ask(self, program: str, host: str) -> Mapping[str, str]:
        """What the helper has for a registry; empty where it has, or says, nothing."""
        if host not in self._answers:
            try:
                self._answers[host] = self._ask(program, server_of(host))
            except HostError:  # a pull may do without; `advice` tells of the helper
                self._answers[host] = {}
        return self._answers[host]


def of_user(registries: Registries, host: Host) -> Registries:
    """The credentials of the spec, and those of the docker command of the user we run as."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        config = json.loads(host.files.read_text(f"{folder}/config.json") or "{}")
    except (HostError, ValueError):
        config = {}
    known = with_config(registries, config if isinstance(config, dict) else {})
    return Asked(known, partial(_from_helper, host))


def _from_helper(host: Host, program: str, server: str) -> Mapping[str, str]:
    from ..registry_login.helper import get

    login = get(host.run, program, server)
    if login.token:
        return {"identitytoken": login.token}
    return {"username": login.username, "password": login.password}


def with_config(registries: Registries, config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The registries of the spec, and those of a Docker config.json that the spec does not name."""
    found: dict[str, dict[str, str]] = {}
    if config.get("credsStore"):
        found[""] = {HELPER: str(config["credsStore"])}  # for every registry
    for key, program in (config.get("credHelpers") or {}).items():
        found[host_of(key)] = {HELPER: str(program)}
    auths = config.get("auths") or {}
    for key in sorted(auths, key=lambda key: bool(key == server_of(host_of(key)))):  # it counts
        entry = auths[key]
        if isinstance(entry, Mapping) and _secret_of(entry):
            found[host_of(key)] = {name: str(value) for name, value in entry.items()}
    found.update({host_of(key): dict(entry) for key, entry in registries.items()})
    return found


def headers(registries: Registries, host: str) -> dict[str, str]:
    """The request header for calls about images of this registry; none without credentials."""
    entry = _entry(registries, host)
    secret = _secret_of(entry)
    if not secret:
        return {}
    import base64  # only what pulls or pushes needs it

    content = {**secret, "serveraddress": server_of(host)}
    text = base64.urlsafe_b64encode(json.dumps(content).encode())
    return {"X-Registry-Auth": text.decode()}


def is_known(registries: Registries, host: str) -> bool:
    """Whether we log in to this registry."""
    return bool(_secret_of(_entry(registries, host)))


def advice(registries: Registries, host: str) -> str:
    """What to do when the registry says that we may not."""
    if is_known(registries, host):
        return f"check the name, and user name and password for {host} in `registries`"
    entry = _stored(registries, host)
    if HELPER in entry:
        return (
            f"config.json leaves the password to the helper program '{entry[HELPER]}', which has "
            f"none: log in to {host}, or give user name and password in `registries`"
        )
    return f"check the name; to log in, give user name and password for {host} in `registries`"


def host_of(key: str) -> str:
    """The registry host that a key means: ``https://index.docker.io/v1/`` is ``docker.io``."""
    host = (key.partition("://")[2] or key).partition("/")[0]
    return HUB if host in _HUB_NAMES else host


def server_of(host: str) -> str:
    """What the docker command calls a registry, in config.json and to helper programs."""
    return _HUB_SERVER if host == HUB else host


def _entry(registries: Registries, host: str) -> Mapping[str, str]:
    entry = _stored(registries, host)
    if HELPER in entry and isinstance(registries, Asked):
        return registries.ask(entry[HELPER], host)
    return entry


def _stored(registries: Registries, host: str) -> Mapping[str, str]:
    """The entry of a registry, or of the helper that is for all."""
    found = (entry for key, entry in registries.items() if key and host_of(key) == host)
    return next(found, registries.get("", {}))


def _secret_of(entry: Mapping[str, str]) -> dict[str, str]:
    """What the engine passes on to the registry; empty when the entry has nothing of use."""
    if entry.get("identitytoken"):
        return {"identitytoken": entry["identitytoken"]}
    if entry.get("username") and entry.get("password"):
        return {"username": entry["username"], "password": entry["password"]}
    import base64

    try:
        text = base64.b64decode(entry.get("auth") or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return {}
    username, colon, password = text.partition(":")
    return {"username": username, "password": password.rstrip("\0")} if colon else {}
