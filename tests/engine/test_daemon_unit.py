"""Flags of the unit that collide with keys, and a TCP listener with TLS, on real hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.test_daemon import file_of, host, info, process_of, start_container
from tests.hosts import TestHost, engine_clean, reset_daemon

__all__ = ["host"]
DROP_IN = "/etc/systemd/system/docker.service.d/zz-dockwright.conf"
TLS = {
    "live-restore": True,
    "hosts": ["fd://", "tcp://127.0.0.1:2376"],
    "tlsverify": True,
    "tlscacert": "/etc/docker/tls/ca.pem",
    "tlscert": "/etc/docker/tls/server.pem",
    "tlskey": "/etc/docker/tls/server.key",
}
CERTIFICATES = """
mkdir -p /etc/docker/tls && cd /etc/docker/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
    printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=%sAuth\\n' $name >$name.ext
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile $name.ext -out $name.pem
done
"""


@pytest.fixture
def host_26(host26: TestHost) -> Iterator[TestHost]:
    """The host with engine 26.1 alone, with its packaged daemon, nothing of ours."""
    engine_clean(host26)
    reset_daemon(host26)
    yield host26
    engine_clean(host26)
    reset_daemon(host26)


@pytest.fixture
def defaults(host_26: TestHost) -> Iterator[TestHost]:
    """A host whose /etc/default/docker is as before afterwards."""
    before = host_26.read("/etc/default/docker")
    yield host_26
    host_26.write("/etc/default/docker", before)


def run(host: TestHost, verb: str, daemon: dict[str, Any], **more: Any) -> dict[str, Any]:
    argv = ["-m", "dockwright_cli", verb, "--json", "-"]
    document = json.dumps({"daemon": daemon, **more})
    return dict(json.loads(host.core(argv, input=document, check=False).stdout))


def done(host: TestHost, daemon: dict[str, Any], **more: Any) -> list[str]:
    """The paths of what was changed; afterwards nothing is left."""
    report = run(host, "apply", daemon, **more)
    assert not report["failed"], report["message"]
    left = run(host, "plan", daemon, **more)
    assert (left["failed"], left["changes"]) == (False, []), left["message"]
    return [change["path"] for change in report["changes"]]


def exists(host: TestHost, path: str) -> bool:
    return host.exec(["test", "-e", path], check=False).returncode == 0


def command(host: TestHost) -> list[str]:
    return host.read(f"/proc/{host.read('/var/run/docker.pid')}/cmdline").split("\0")[1:-1]


def client(host: TestHost, *names: str) -> int:
    """How the docker command ends over TCP, with the client's certificate or without."""
    tls = ["--tlsverify", "--tlscacert", "/etc/docker/tls/ca.pem"]
    for name in names:
        tls += [f"--tls{name}", f"/etc/docker/tls/client.{'key' if name == 'key' else 'pem'}"]
    address = ["-H", "tcp://127.0.0.1:2376"]
    return host.exec(["docker", *tls, *address, "version"], check=False).returncode


def test_a_tcp_listener_with_tls_beside_the_flags_of_the_unit(host_26: TestHost) -> None:
    tcp_with_tls(host_26)


@pytest.mark.full
def test_a_tcp_listener_with_tls_on_each_engine(host: TestHost) -> None:
    tcp_with_tls(host)


def tcp_with_tls(host: TestHost) -> None:
    """Refused, set with a drop-in, three failures undone, and taken away again."""
    host.exec(["sh", "-ec", CERTIFICATES])
    flags = command(host)
    start_container(host, "web")
    process = process_of(host, "web")
    refused = run(host, "plan", TLS)["message"]
    assert "is set by the flag -H fd:// of the daemon (" in refused
    assert "/docker.service, line " in refused and "Set manage_unit: true" in refused

    assert done(host, TLS, manage_unit=True)[-2:] == ["live-restore", ""]
    assert process_of(host, "web") == process
    assert "-H" not in command(host) and "--containerd" in " ".join(command(host))
    assert client(host, "cert", "key") == 0 and client(host) != 0

    # A port that is taken, and a file that is not there: all is as before.
    taken = "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',2399)); s.listen(); "
    host.exec(["sh", "-c", f'python3 -c "{taken}time.sleep(300)" >/dev/null 2>&1 & echo $! >/pid'])
    before = (file_of(host), host.read(DROP_IN))
    for bad in ({"hosts": ["fd://", "tcp://127.0.0.1:2399"]}, {"seccomp-profile": "/no.json"}):
        report = run(host, "apply", {**TLS, **bad}, manage_unit=True)
        assert report["failed"] and "old configuration is in force again" in report["message"]
        assert (file_of(host), host.read(DROP_IN)) == before
        assert process_of(host, "web") == process
        assert client(host, "cert", "key") == 0
    host.exec(["sh", "-c", "kill $(cat /pid)"])
    assert (
        "leaves out the local socket"
        in (
            run(host, "plan", {**TLS, "hosts": ["tcp://127.0.0.1:2376"]}, manage_unit=True)[
                "message"
            ]
        )
    )

    # Without the keys the drop-in goes too.
    done(host, {"live-restore": True})
    assert not exists(host, DROP_IN) and command(host) == flags
    assert process_of(host, "web") == process


def test_flags_of_an_environment_file(defaults: TestHost) -> None:
    host = defaults
    host.write("/etc/default/docker", '# ours\nDOCKER_OPTS="--mtu 1450 --label a=b"\n')
    host.restart_engine()
    report = run(host, "plan", {"mtu": 1400})
    assert "(/etc/default/docker, line 2)" in report["message"], report["message"]
    paths = done(host, {"mtu": 1400}, manage_unit=True)
    assert "unit" in paths
    assert "--mtu" not in command(host) and info(host)["Labels"] == ["a=b"]
    report = run(host, "apply", {"mtu": 1400, "seccomp-profile": "/no.json"}, manage_unit=True)
    assert report["failed"] and exists(host, DROP_IN)
    done(host, {})
    assert not exists(host, DROP_IN) and "--mtu" in command(host)
