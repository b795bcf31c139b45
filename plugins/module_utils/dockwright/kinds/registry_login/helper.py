"""Credential helpers: programs ``docker-credential-NAME`` that keep logins. Secrets go by pipes."""

from __future__ import annotations

import json
import re
from typing import Callable

from ...errors import HostError
from ...host.commands import Completed
from .config import NONE, Login

Run = Callable[..., Completed]
_HAS_NONE = re.compile(
    r"credentials not found|item could not be found|no credentials", re.IGNORECASE
)
LIMIT = 30.0
_TOKEN = "<token>"  # the user name of what is no password but a token


def get(run: Run, helper: str, server: str) -> Login:
    """The login that a helper has; an empty one where it has none. Raises HostError."""
    done = _call(run, helper, "get", server)
    if done.returncode:
        if _HAS_NONE.search(f"{done.stdout} {done.stderr}"):
            return NONE
        raise _failed(helper, "get", done)
    try:
        answer = json.loads(done.stdout)
        username, secret = (str(answer.get(key) or "") for key in ("Username", "Secret"))
        return Login(token=secret) if username == _TOKEN else Login(username, secret)
    except (ValueError, AttributeError) as error:
        text = f"the credential helper {_program(helper)} gives no JSON object for {server}"
        raise HostError(text, fix=f"try `{_program(helper)} get` by hand") from error


def store(run: Run, helper: str, server: str, login: Login) -> None:
    """Give a login to a helper. Raises HostError."""
    pair = (_TOKEN, login.token) if login.token else (login.username, login.password)
    content = {"ServerURL": server, "Username": pair[0], "Secret": pair[1]}
    done = _call(run, helper, "store", json.dumps(content))
    if done.returncode:
        raise _failed(helper, "store", done)


def erase(run: Run, helper: str, server: str) -> None:
    """Let a helper forget a login; one that has none is content. Raises HostError."""
    done = _call(run, helper, "erase", server)
    if done.returncode and not _HAS_NONE.search(f"{done.stdout} {done.stderr}"):
        raise _failed(helper, "erase", done)


def _call(run: Run, helper: str, verb: str, given: str) -> Completed:
    if not re.fullmatch(r"[\w.-]+", helper):
        raise HostError(f"config.json names the credential helper '{helper}', which is no name")
    try:
        return run([_program(helper), verb], input=given, timeout=LIMIT)
    except BrokenPipeError:  # it ended without reading
        return Completed((_program(helper), verb), 1, "", "it did not read its input")
    except HostError as error:
        fix = f"install {_program(helper)}, or take it out of config.json"
        raise HostError(error.message, fix=fix) from error


def _program(helper: str) -> str:
    return f"docker-credential-{helper}"


def _failed(helper: str, verb: str, done: Completed) -> HostError:
    # What it prints for `get` may hold the secret.
    words = done.stderr.strip() or ("" if verb == "get" else done.stdout.strip()) or "no output"
    text = f"the credential helper {_program(helper)} cannot {verb}: {words}"
    return HostError(text, fix=f"try `{_program(helper)} list` by hand")
