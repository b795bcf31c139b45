"""Credentials of registries: from the spec, or from a Docker config.json. Never in messages.

They come as a mapping from registry host to an entry as the document's ``registries`` has it
(``username``, ``password``) or as ``auths`` of a config.json has it (``auth``, ``identitytoken``).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import Any

from ...errors import HostError
from ...host.files import Files
from .reference import HUB

Registries = Mapping[str, Mapping[str, str]]

HELPER = "helper"  # in an entry: a program keeps the password, and we do not ask it
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_HUB_SERVER = "https://index.docker.io/v1/"


def of_user(registries: Registries, files: Files) -> Registries:
    """The credentials of the spec, and those of the docker command of the user we run as."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    try:
        config = json.loads(files.read_text(f"{folder}/config.json") or "{}")
    except (HostError, ValueError):
        config = {}
    return with_config(registries, config if isinstance(config, dict) else {})


def with_config(registries: Registries, config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The registries of the spec, and those of a Docker config.json that the spec does not name."""
    found: dict[str, dict[str, str]] = {}
    if config.get("credsStore"):
        found[""] = {HELPER: str(config["credsStore"])}  # for every registry
    for key, program in (config.get("credHelpers") or {}).items():
        found[host_of(key)] = {HELPER: str(program)}
    for key, entry in (config.get("auths") or {}).items():
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
    content = {**secret, "serveraddress": _HUB_SERVER if host == HUB else host}
    text = base64.urlsafe_b64encode(json.dumps(content).encode())
    return {"X-Registry-Auth": text.decode()}


def is_known(registries: Registries, host: str) -> bool:
    """Whether we log in to this registry."""
    return bool(_secret_of(_entry(registries, host)))


def advice(registries: Registries, host: str) -> str:
    """What to do when the registry says that we may not."""
    if is_known(registries, host):
        return f"check the name, and user name and password for {host} in `registries`"
    entry = _entry(registries, host) or registries.get("", {})
    if HELPER in entry:
        return (
            f"config.json leaves the password to the helper program '{entry[HELPER]}', which is "
            f"not asked: give user name and password for {host} in `registries`"
        )
    return f"check the name; to log in, give user name and password for {host} in `registries`"


def host_of(key: str) -> str:
    """The registry host that a key means: ``https://index.docker.io/v1/`` is ``docker.io``."""
    host = (key.partition("://")[2] or key).partition("/")[0]
    return HUB if host in _HUB_NAMES else host


def _entry(registries: Registries, host: str) -> Mapping[str, str]:
    return next((entry for key, entry in registries.items() if host_of(key) == host), {})


def _secret_of(entry: Mapping[str, str]) -> dict[str, str]:
    """What the engine passes on to the registry; empty when the entry has nothing of use."""
    if entry.get("identitytoken"):
        return {"identitytoken": entry["identitytoken"]}
    if entry.get("username") and entry.get("password"):
        return {"username": entry["username"], "password": entry["password"]}
    try:
        text = base64.b64decode(entry.get("auth") or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return {}
    username, colon, password = text.partition(":")
    return {"username": username, "password": password.rstrip("\0")} if colon else {}
