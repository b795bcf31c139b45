"""Remedies in the words of a tool's users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dockwright import words
from dockwright.errors import HostError
from dockwright.host.files import Files


@pytest.fixture(autouse=True)
def as_at_a_shell() -> Iterator[None]:
    yield
    words.speak_to("")


@pytest.mark.parametrize(
    ("tool", "root", "user", "engine"),
    [
        ("Ansible", "`become: true`", "`become_user: shop`", "role dockwright.docker.engine"),
        ("Salt", "the minion, or salt-call, run as root", "salt-call run as shop", "the formula"),
        ("Chef", "have chef-client run as root", "chef-client run as shop", "dockwright::engine"),
        ("Puppet", "have puppet agent", "have puppet apply run as shop", "the class dockwright"),
        ("a request", "run as root (sudo)", "sudo -u shop", "docker.io of Debian"),
    ],
)
def test_each_tool_has_its_words(tool: str, root: str, user: str, engine: str) -> None:
    words.speak_to(tool)
    assert root in words.as_root()
    assert user in words.as_user("shop")
    assert engine in words.install_engine()
    assert words.address() == ("`docker_host`" if tool in words.TOOLS else "`--docker-host`")


def test_what_is_denied_is_told_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)  # root is never denied
    for tool, said in (("Salt", "salt-call, run as root"), ("", "sudo")):
        words.speak_to(tool)
        with pytest.raises(HostError, match="Permission denied") as caught:
            Files().read_text("/etc/docker/daemon.json")
        assert said in caught.value.fix
