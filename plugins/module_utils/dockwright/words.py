"""How the users of a front end say it, for remedies. As with a language, a process speaks one."""

from __future__ import annotations

from .named_tuple import NamedTuple


class Words(NamedTuple):
    """What the users of a tool do: to run as root, as another user, to get an engine, to name one.

    ``{}`` in ``user`` is that user.
    """

    root: str
    user: str
    engine: str
    address: str = "`docker_host`"


_SHELL = Words(
    "run as root (sudo)",
    "run as {} (sudo -u {})",
    "install the engine (docker.io of Debian and Ubuntu, docker-ce of Docker)",
    "`--docker-host`",
)
_WORDS = {
    "Ansible": Words(
        "run as root (`become: true`)",
        "run as {} (`become_user: {}`)",
        "install the engine (the role dockwright.docker.engine)",
    ),
    "Salt": Words(
        "have the minion, or salt-call, run as root",
        "have salt-call run as {}",
        "install the engine (`engine` in the pillar of the formula)",
    ),
    "Chef": Words(
        "have chef-client run as root",
        "have chef-client run as {}",
        "install the engine (the recipe dockwright::engine)",
    ),
    "Puppet": Words(
        "have puppet agent, or puppet apply, run as root",
        "have puppet apply run as {}",
        "install the engine (`packages` of the class dockwright)",
    ),
}
TOOLS = tuple(_WORDS)
_spoken = [_SHELL]


def speak_to(tool: str) -> None:
    """From now on say it as the users of one of ``TOOLS`` do; as at a shell for any other name."""
    _spoken[0] = _WORDS.get(tool, _SHELL)


def as_root() -> str:
    """What to do so that a run is root's."""
    return _spoken[0].root


def as_user(user: str) -> str:
    """What to do so that a run is this user's."""
    return _spoken[0].user.replace("{}", user)


def install_engine() -> str:
    """What to do to have an engine."""
    return _spoken[0].engine


def address() -> str:
    """The option that says at which address the engine listens."""
    return _spoken[0].address
