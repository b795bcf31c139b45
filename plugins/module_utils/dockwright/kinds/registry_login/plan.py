"""From the stored login to the wanted one. Pure.

What is stored is compared, not what the registry thinks of it: a login that is stored as wanted
costs no question to anybody. The password is compared and never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import Problem
from ...model import Action, Change, Want
from .config import NONE, Login
from .have import LoginHave
from .want import is_verified

if TYPE_CHECKING:
    from ...differ import CauseOf

MODE = 0o600


def plan(want: Want, have: LoginHave, cause_of: CauseOf) -> tuple[Change, ...]:
    """The changes from what is stored to what is wanted. What `problems` finds is not in them."""
    if have.error:
        return ()
    return tuple(_changes(want, have, cause_of))


def _changes(want: Want, have: LoginHave, cause_of: CauseOf) -> Iterator[Change]:
    kind, name = want.kind, want.name
    kept = f"credential helper {have.helper}" if have.helper else have.path
    if want.state == "absent":
        if have.is_there:
            before = {"username": have.login.username, "kept in": kept}
            yield Change(kind, name, Action.DELETE, "", before, None, "is to be absent")
        return
    username, password = want.fields["username"], want.fields["password"]
    if have.login == NONE:
        after = {"username": username, "kept in": kept}
        cause = cause_of(kind, name, "", None, True)
        yield Change(kind, name, Action.CREATE, "", None, after, "is not stored", cause)
        return
    reason = "a token is stored, of another login" if have.login.token else "another one is stored"
    for path, old, new in _pairs(have, username, password):
        if old != new:
            cause = cause_of(kind, name, path, new, True)
            values = (path, old or None, new, reason, cause)
            yield Change(kind, name, Action.UPDATE, *values, secret=path == "password")
    if not have.helper and have.mode is not None and have.mode & 0o077:
        shown = (f"{have.mode:04o}", f"{MODE:04o}", "others can read the passwords in the file")
        yield Change(kind, name, Action.UPDATE, "mode", *shown)
    if have.helper and not have.is_named:
        reason = "config.json does not name the registry, so the docker command would not ask"
        yield Change(kind, name, Action.UPDATE, "auths", None, kept, reason)


def _pairs(have: LoginHave, username: str, password: str) -> tuple[tuple[str, str, str], ...]:
    """What is stored beside what is wanted; a token that was given for the login counts as it."""
    login = have.login
    if have.is_exchanged:
        login = Login(login.username or username, password)  # a helper keeps no name with a token
    elif login.token:
        login = Login(login.username or username)
    return (("username", login.username, username), ("password", login.password, password))


def is_stored(want: Want, have: LoginHave) -> bool:
    """Whether the login is stored as it is wanted."""
    wanted = (str(want.fields.get(key) or "") for key in ("username", "password"))
    return have.login != NONE and all(old == new for _, old, new in _pairs(have, *wanted))


def asks(want: Want, have: LoginHave) -> bool:
    """Whether the registry is to be asked before anything is stored."""
    return is_verified(want) and not have.error and not is_stored(want, have)


def problems(want: Want, have: LoginHave) -> Iterator[Problem]:
    """Why the login cannot be had."""
    if have.error:
        yield Problem(f"{want.where}.config_path", have.error, have.fix)
    elif have.refused is not None:
        yield refusal(want, have)


def refusal(want: Want, have: LoginHave) -> Problem:
    """The problem of a registry that does not take the login."""
    assert have.refused is not None
    text = f"cannot log in to {want.name}: {have.refused.message}"
    fix = have.refused.fix
    if not have.refused.is_final:
        fix += "; or store it unseen with `verify: false`"
    return Problem(want.where, text, fix)
