"""The daemon's flags as keys of its file."""

from __future__ import annotations

import shlex

import pytest

from dockwright.kinds.daemon.flags import config_file, flagged_keys, without_config_file

CASES = [
    ("-H fd:// --containerd=/run/containerd/containerd.sock", {"hosts": "-H fd://"}),
    ("--host unix:///a --host tcp://1.2.3.4:2376", {"hosts": "--host unix:///a"}),
    ("-D -l warn", {"debug": "-D", "log-level": "-l warn"}),
    ("--debug=false --icc --mtu 1400", {"debug": "--debug=false", "icc": "--icc"}),
    ("--log-opt max-size=1m --dns-opt ndots:1", {"log-opts": "--log-opt max-size=1m"}),
    ("--label a=b", {"labels": "--label a=b"}),
    ("--add-runtime crun=/usr/bin/crun", {}),
    ("--http-proxy http://p:1", {"proxies": "--http-proxy http://p:1"}),
    ("-Hunix:///a", {"hosts": "-Hunix:///a"}),
    ("--config-file /srv/d.json --unheard-of", {}),
]


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_which_keys_flags_set(words: str, expected: dict[str, str]) -> None:
    found = flagged_keys(shlex.split(words))
    assert expected.items() <= found.items()
    assert "runtimes" not in found
    if not expected:
        assert found == {}


def test_a_value_is_not_taken_for_a_flag() -> None:
    found = flagged_keys(["--data-root", "--debug", "--icc", "--mtu", "1400"])
    assert found == {"data-root": "--data-root --debug", "icc": "--icc", "mtu": "--mtu 1400"}


def test_the_file_that_is_named() -> None:
    assert config_file(["-D", "--config-file=/a"]) == "/a"
    assert config_file(["--config-file", "/a", "-D"]) == "/a"
    assert config_file(["-D"]) is None
    assert without_config_file(["--config-file", "/a", "-D", "--config-file=/b"]) == ["-D"]
