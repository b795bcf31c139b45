"""The login of one registry as it is, in config.json or in a helper; and what the registry says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import EngineError
from ...model import Want
from ..image.credentials import server_of
from ..image.faults import Fault, fault_of
from ..image.reference import Reference
from ..image.retry import Retry, persist
from . import config as configs
from . import helper as helpers
from .config import NONE, BadConfig, Login

if TYPE_CHECKING:
    from ...engine.client import Engine
    from ...host.machine import Host

_TIMES = 3


@dataclass(frozen=True)
class LoginHave:
    """What is stored for one registry.

    ``refused`` is why the registry does not take the wanted login, ``token`` what it gave for it
    to be stored instead; ``unasked`` tells that nobody has asked it yet. ``is_exchanged`` tells
    that the token which is stored was given for the wanted login. ``error`` is why what is stored
    cannot be told.
    """

    path: str
    login: Login = NONE
    is_named: bool = False  # config.json has an entry
    helper: str = ""
    mode: int | None = None  # of the file; None: there is none
    error: str = ""
    fix: str = ""
    refused: Fault | None = None
    unasked: bool = True
    token: str = ""
    is_exchanged: bool = False

    @property
    def is_there(self) -> bool:
        """Whether anything is stored."""
        return self.is_named or self.login != NONE


def path_of(want: Want, environ: Any) -> str:
    """The config.json that a login belongs into."""
    return str(want.inputs.get("config_path") or configs.default_path(environ))


def read(want: Want, host: Host, environ: Any) -> LoginHave:
    """What is stored for a registry. Raises HostError where file or helper cannot be asked."""
    path = path_of(want, environ)
    link = host.files.strange_link(path)
    if link:  # with root's rights it would lead anywhere
        fix = "name the file that is meant, or have the link's folder belong to root"
        return LoginHave(path, error=f"{link} is a link in another user's folder", fix=fix)
    try:
        config = configs.parsed(host.files.read_text(path))
    except BadConfig as error:
        return LoginHave(path, error=f"{path} {error}", fix="repair the file, or move it away")
    helper = configs.helper_of(config, want.name)
    login = configs.login_of(config, want.name)
    if helper:
        login = helpers.get(host.run, helper, server_of(want.name))
    named = configs.is_named(config, want.name)
    return LoginHave(path, login, named, helper, host.files.mode(path))


def asked(have: LoginHave, want: Want, engine: Engine, retry: Retry | None = None) -> LoginHave:
    """The same with what the registry says to the wanted login, as the engine finds.

    What may pass is asked again; the registry's own pauses (429) are kept.
    """
    content = {**want.fields, "serveraddress": server_of(want.name)}
    known = {want.name: dict(want.fields)}

    def judge(error: EngineError) -> Fault:
        return fault_of(error, Reference(want.name), known)

    answer = persist(lambda: engine.post("/auth", content), judge, retry or Retry(attempts=_TIMES))
    if isinstance(answer, Fault):
        return replace(have, refused=answer, unasked=False)
    return replace(have, token=str((answer or {}).get("IdentityToken") or ""), unasked=False)
