"""The daemon of a user (rootless): its own socket, file and unit, managed by that user."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.firewall_site import wait
from tests.hosts import TINY, TestHost, tiny_tar

CONFIG = "/home/shop/.config/docker/daemon.json"
UNIT = """[Service]
Environment=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
ExecStart=/usr/share/docker.io/contrib/dockerd-rootless.sh
ExecReload=/bin/kill -s HUP $MAINPID
Type=notify
NotifyAccess=all
KillMode=mixed
Delegate=yes
"""
# What the distribution's packages bring, and the devices that a container has not.
SETUP = """
apt-get update -q
apt-get install -y -q --no-install-recommends uidmap rootlesskit slirp4netns libpam-systemd \\
    dbus-user-session fuse-overlayfs
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
useradd --create-home --shell /bin/bash shop
loginctl enable-linger shop
mkdir -p /home/shop/.config/systemd/user
cat > /home/shop/.config/systemd/user/docker.service
chown -R shop: /home/shop
"""


class Rootless:
    """A host where the user shop has a daemon."""

    def __init__(self, host: TestHost) -> None:
        self.host = host
        host.exec(["sh", "-ec", SETUP], input=UNIT, timeout=300)
        self.uid = host.exec(["id", "-u", "shop"]).stdout.strip()
        self.socket = f"unix:///run/user/{self.uid}/docker.sock"
        manager = f"/run/user/{self.uid}/systemd/private"
        wait(lambda: host.exec(["test", "-S", manager], check=False).returncode == 0)
        host.exec(["systemctl", "--user", "-M", "shop@", "start", "docker"])

    def as_user(self, argv: list[str], **options: Any) -> str:
        words = ["runuser", "-u", "shop", "--", "env", f"DOCKER_HOST={self.socket}", *argv]
        return self.host.exec(words, **options).stdout

    def asked(self, verb: str, document: dict[str, Any], user: str = "shop") -> dict[str, Any]:
        path = "/opt/dockwright/plugins/module_utils:/opt/dockwright/adapters/cli"
        env = [f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1", f"DOCKER_HOST={self.socket}"]
        words = ["env", "HOME=/home/shop", *env, "python3", "-m", "dockwright_cli", verb]
        argv = ["runuser", "-u", user, "--", *words, "--json", "-"]
        inputs = {"unit": "shop@/docker.service", "config_file": CONFIG}
        text = json.dumps({**inputs, **document})
        done = self.host.exec(argv, input=text, check=False)
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout))

    def done(self, document: dict[str, Any]) -> dict[str, Any]:
        """The report of an apply that succeeds, and after which nothing is left to do."""
        report = self.asked("apply", document)
        assert not report["failed"], report["message"]
        assert self.asked("plan", document)["changes"] == []
        return report

    def pid(self) -> str:
        return self.host.read(f"/run/user/{self.uid}/docker.pid").strip()

    def config(self) -> Any:
        return json.loads(self.host.read(CONFIG))


@pytest.fixture
def rootless(new_host: Callable[..., TestHost]) -> Iterator[Rootless]:
    yield Rootless(new_host("debian-13"))


@pytest.mark.full  # it installs from the distribution's mirror
def test_the_daemon_of_a_user(rootless: Rootless) -> None:
    host, system = rootless.host, rootless.host.read("/run/docker.pid").strip()
    # Only its own user manages it, by its own unit and file.
    refused = rootless.asked("plan", {"daemon": {"debug": True}}, user="root")
    assert "Run as shop" in refused["message"]
    refused = rootless.asked("plan", {"unit": "docker.service", "daemon": {"debug": True}})
    assert "a user's own (rootless)" in refused["message"]
    for more in ({"manage_unit": True}, {"config_file": None}):
        refused = rootless.asked("plan", {"daemon": {"debug": True}, **more})
        assert [problem["where"] for problem in refused["problems"]] == list(more)

    first = rootless.pid()
    report = rootless.done({"daemon": {"debug": True, "labels": ["of=shop"]}})
    assert (report["disruption"], rootless.pid()) == ("reload", first)
    owner = host.exec(["stat", "-c", "%U", CONFIG]).stdout.strip()
    assert (rootless.config(), owner) == ({"debug": True, "labels": ["of=shop"]}, "shop")

    # A container, beside the daemon and in one document with it.
    host.copy_in(tiny_tar(), "/opt/tiny.tar")
    rootless.as_user(["docker", "load", "-i", "/opt/tiny.tar"])
    web: dict[str, Any] = {
        "image": TINY,
        "command": ["httpd", "-f", "-h", "/www"],
        "ports": ["8090:80"],
    }
    # The engine gives containers no less than its own, which is what systemd gives to users.
    web["oom_score_adj"] = 200
    keys = {"debug": True, "log-driver": "local"}
    document = {"daemon": keys, "containers": {"web": {**web, "stop_grace_period": 0}}}
    report = rootless.done(document)
    assert rootless.pid() != first and report["disruption"] == "restart"
    get = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8090').read())"
    assert "busybox" in host.exec(["python3", "-c", get]).stdout

    # A daemon that does not start gets its old file, and the container runs.
    bad = {**document, "daemon": {**keys, "seccomp-profile": "/no/such.json"}}
    report = rootless.asked("apply", bad)
    assert report["failed"] and "old configuration is in force again" in report["message"]
    assert rootless.config() == keys
    assert "busybox" in host.exec(["python3", "-c", get]).stdout
    assert rootless.asked("plan", document)["changes"] == []
    # Nothing of the machine's own daemon was touched.
    assert host.read("/run/docker.pid").strip() == system
    assert host.exec(["test", "-e", "/etc/docker/daemon.json"], check=False).returncode
