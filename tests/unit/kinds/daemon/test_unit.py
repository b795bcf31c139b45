"""Flags of the unit's files that collide with keys, and the drop-in that leaves them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.host.commands import Completed
from dockwright.host.machine import Host
from dockwright.kinds.daemon import unit
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse

UNIT = """[Unit]
Description=Docker
[Service]
EnvironmentFile=-/etc/default/docker
# the command
ExecStart=/usr/bin/dockerd -H fd:// \\
  --containerd=/run/c.sock $DOCKER_OPTS
Environment="HTTP_PROXY=http://p:1"
"""
HOSTS = {"hosts": ["fd://", "tcp://127.0.0.1:2376"], "tls": False}


@pytest.fixture
def seen(tmp_path: Path) -> unit.UnitHave:
    for path, text in (
        ("lib/docker.service", UNIT),
        ("etc/default/docker", '# ours\nDOCKER_OPTS="--mtu 1450 --debug"\n'),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def runner(argv: Sequence[str], **more: Any) -> Completed:
        text = "FragmentPath=/lib/docker.service\nDropInPaths=\nNeedDaemonReload=yes\n"
        return Completed(tuple(argv), 0, text, "")

    return unit.read(Host(str(tmp_path), runner), may_manage=True)


def have(found: unit.UnitHave, **more: Any) -> DaemonHave:
    flags = {"hosts": "-H fd://", "mtu": "--mtu 1450", "debug": "--debug"}
    return DaemonHave(engine="26.1.5", is_running=True, flags=flags, unit=found, **more)


def test_where_flags_are(seen: unit.UnitHave) -> None:
    assert set(seen.flags) == {"hosts", "containerd", "mtu", "debug"}
    assert seen.place("hosts") == "/lib/docker.service, line 6"
    assert seen.place("mtu") == "/etc/default/docker, line 2"
    assert seen.proxy_places() == ["/lib/docker.service, line 8"]


def test_the_drop_in_leaves_out_what_collides(seen: unit.UnitHave) -> None:
    text = seen.text_without({"hosts"}) or ""
    assert "ExecStart=\nExecStart=/usr/bin/dockerd --containerd=/run/c.sock $DOCKER_OPTS\n" in text
    text = seen.text_without({"mtu", "hosts"}) or ""
    assert "ExecStart=/usr/bin/dockerd --containerd=/run/c.sock --debug\n" in text
    assert seen._replace(drop_in=text).resolved == {"mtu", "hosts"}
    assert seen.text_without(set()) is None


def test_flags_of_proxies_are_left_out_too(seen: unit.UnitHave) -> None:
    command = ("/usr/bin/dockerd", "--http-proxy=http://p:1", "--no-proxy", "a")
    flagged = seen._replace(files=seen.files._replace(command=command))
    assert unit.left_out(flagged, {"proxies"}) == {"proxies"}
    text = flagged.text_without({"proxies"}) or ""
    assert text.endswith("[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n")


def test_refused_or_resolved_and_taken_away_again(seen: unit.UnitHave) -> None:
    with pytest.raises(SpecError) as error:
        plan(parse(HOSTS), have(seen._replace(may_manage=False)))
    (problem,) = error.value.problems()
    assert "-H fd:// of the daemon (/lib/docker.service, line 6)" in problem.message
    made = plan(parse(HOSTS), have(seen))
    assert [(c.action.value, c.path) for c in made.changes] == [
        ("update", "hosts"),
        ("update", "tls"),
        ("update", "unit"),
        ("restart", ""),
    ]
    assert any("systemctl daemon-reload" in text for text in made.warnings)
    with pytest.raises(SpecError, match="needs a restart at once"):
        plan(parse(HOSTS), have(seen), restart="defer")
    with pytest.raises(SpecError, match="leaves out the local socket"):
        plan(parse({**HOSTS, "hosts": ["tcp://127.0.0.1:2376"]}), have(seen))

    # Another run needs no manage_unit for what is resolved; without the keys it goes.
    there = seen._replace(drop_in=seen.text_without({"hosts"}), may_manage=False)
    raw = {"hosts": HOSTS["hosts"], "tls": False}
    assert plan(parse(HOSTS), have(there, raw=raw)).changes == ()
    gone = plan(parse({}), have(there, raw=raw, owned={"hosts": "", "tls": ""}))
    assert [c.path for c in gone.changes] == ["hosts", "tls", "unit", ""]
    assert gone.changes[2].after is None


def test_proxies_of_an_engine_that_has_no_key_for_them(seen: unit.UnitHave) -> None:
    proxies = {"https-proxy": 'http://me:a%b"c@p:1', "no-proxy": "localhost,::1"}
    wanted = seen._replace(proxies=proxies)
    text = wanted.text_without({"proxies"})
    assert text
    assert "ExecStart" not in text
    assert 'Environment="HTTPS_PROXY=http://me:a%%b\\"c@p:1"\n' in text
    assert 'Environment="NO_PROXY=localhost,::1"\n' in text
    there = wanted._replace(drop_in=text)
    assert there.resolved == {"proxies"}
    assert there.proxies_there == proxies
    made = plan(parse({}), have(wanted))
    assert [(c.action.value, c.path, c.after) for c in made.changes] == [
        ("update", "unit", ["proxies"]),
        ("restart", "", None),
    ]
    assert plan(parse({}), have(there)).changes == ()
    other = there._replace(proxies={"no-proxy": "localhost"})
    assert [c.path for c in plan(parse({}), have(other)).changes] == ["unit", ""]
    gone = plan(parse({}), have(there._replace(proxies={})))
    assert next((c.path, c.before, c.after) for c in gone.changes) == ("unit", ["proxies"], None)
    both = wanted.text_without({"proxies", "hosts"}) or ""
    assert "ExecStart=\n" in both
    assert "HTTPS_PROXY" in both
