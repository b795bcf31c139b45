"""Logins are stored and erased here: the file whole and at once, helpers by their pipes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from ...errors import ApplyFailed
from ...model import Want
from ..image.credentials import server_of
from . import config as configs
from . import helper as helpers
from .config import BadConfig, Login
from .have import LoginHave
from .plan import MODE

if TYPE_CHECKING:
    from ...host.machine import Host


def apply(want: Want, have: LoginHave, host: Host) -> None:
    """Store or erase a login. Raises HostError or ApplyFailed; the file is the old one then."""
    try:
        config = configs.parsed(host.files.read_text(have.path))  # others write it, too
    except BadConfig as error:
        raise ApplyFailed(f"{have.path} {error}", where=want.where, fix="repair it") from error
    server = server_of(want.name)
    if want.state == "absent":
        if have.helper:
            helpers.erase(host.run, have.helper, server)
        if configs.is_named(config, want.name):
            _write(host, have.path, configs.rendered(configs.without_login(config, want.name)))
        return
    username = want.fields["username"]
    # As the docker command does: where the registry gives a token, no password is stored.
    login = Login(username, "" if have.token else want.fields["password"], have.token)
    if have.helper:
        helpers.store(host.run, have.helper, server, login)
    changed = configs.with_login(config, want.name, None if have.helper else login)
    if changed != config or have.mode is None or have.mode & 0o077:
        _write(host, have.path, configs.rendered(changed))


def _write(host: Host, path: str, text: str) -> None:
    """The file for its owner alone; a new one belongs to the owner of the folder it is in."""
    folder = posixpath.dirname(path)
    if not host.files.exists(folder):
        owner = host.files.owner(posixpath.dirname(folder))
        host.files.make_directory(folder, mode=0o700, owner=owner)
    owner = host.files.owner(path) or host.files.owner(folder)
    host.files.write_atomic(path, text, mode=MODE, owner=owner)
