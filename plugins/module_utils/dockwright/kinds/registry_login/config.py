"""The docker command's config.json: where a registry's login stands, and with it changed. Pure.

Keys and values that are not ours stay as they are, also those that we do not know.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import Any

from ...named_tuple import NamedTuple
from ..image.credentials import host_of, server_of


class Login(NamedTuple):
    """A user name and a password, or the token that the registry gave for them; empty without."""

    username: str = ""
    password: str = ""
    token: str = ""


NONE = Login()


class BadConfig(ValueError):
    """A config.json that the docker command could not read either."""


def default_path(environ: Mapping[str, str]) -> str:
    """The config.json of the user we run as."""
    folder = environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    return f"{folder.rstrip('/')}/config.json"


def parsed(text: str | None) -> dict[str, Any]:
    """The content of the file; none is an empty one. Raises BadConfig."""
    if not (text or "").strip():
        return {}
    try:
        config = json.loads(text or "")
    except ValueError as error:
        raise BadConfig(f"is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise BadConfig("is not a JSON object")
    for key in ("auths", "credHelpers"):
        if not isinstance(config.get(key) or {}, dict):
            raise BadConfig(f"has something else than an object under {key}")
    return config


def rendered(config: Mapping[str, Any]) -> str:
    """The text of a config.json, in the docker command's own form."""
    return json.dumps(config, indent="\t", ensure_ascii=False)


def helper_of(config: Mapping[str, Any], host: str) -> str:
    """The credential helper that keeps this registry's login; empty where the file itself does."""
    for key, program in (config.get("credHelpers") or {}).items():
        if host_of(key) == host:
            return str(program or "")
    return str(config.get("credsStore") or "")


def login_of(config: Mapping[str, Any], host: str) -> Login:
    """The login that the file itself has for a registry."""
    entry = (config.get("auths") or {}).get(server_of(host))
    if not isinstance(entry, Mapping):
        return NONE
    try:
        text = base64.b64decode(str(entry.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return NONE
    username, _, password = text.partition(":")
    username, password = (username or str(entry.get("username") or "")), password.rstrip("\0")
    if entry.get("identitytoken"):  # what counts for the docker command; it is no password
        return Login(username, token=str(entry["identitytoken"]))
    return Login(username, password or str(entry.get("password") or ""))


def is_named(config: Mapping[str, Any], host: str) -> bool:
    """Whether the file has an entry for a registry, be it an empty one."""
    return any(host_of(key) == host for key in config.get("auths") or {})


def with_login(config: Mapping[str, Any], host: str, login: Login | None) -> dict[str, Any]:
    """The content with this login; None: with the mark that a credential helper has it."""
    entry = {}
    if login is not None:
        text = f"{login.username}:{login.password}".encode()
        entry = {"auth": base64.b64encode(text).decode()}
        if login.token:
            entry["identitytoken"] = login.token
    return {**config, "auths": {**(config.get("auths") or {}), server_of(host): entry}}


def without_login(config: Mapping[str, Any], host: str) -> dict[str, Any]:
    """The content without any entry for this registry, however it is spelled."""
    auths = config.get("auths") or {}
    return {**config, "auths": {key: auths[key] for key in auths if host_of(key) != host}}
