"""Role engine on a host with packages from a repository: pin, hold, upgrade, removal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.apt_repository import FOLDER, AptRepository
from tests.engine.firewall_site import wait
from tests.engine.storage_world import btrfs_at
from tests.hosts import TINY, TestHost, tiny_tar

FIRST, SECOND, THIRD = "26.1.6+dfsg1-1", "26.1.7+dfsg1-1", "26.1.8+dfsg1-1"


class Managed:
    """A host that role engine manages."""

    def __init__(self, host: TestHost, folder: Path, package: str = "") -> None:
        self.host = host
        self._folder = folder
        # The module for apt needs it; the host has no other source of packages afterwards.
        script = (
            "apt-get update -q && apt-get install -y -q --no-install-recommends"
            f" python3-apt {package}"
            " && rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*"
        )
        host.exec(["sh", "-c", script], timeout=300)
        self.repository = AptRepository(host)
        self.repository.publish(FIRST)

    def play(self, check: bool = True, **variables: Any) -> dict[str, Any]:
        """The role with these variables; how many tasks were ok, changed, failed, and its words."""
        repository = {"uri": self.repository.uri, "suite": "./", "key": self.repository.key}
        given = {"engine_repository": repository, **variables}
        if given.get("engine_state") == "absent":
            del given["engine_repository"]
        play = {
            "hosts": "all",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "/usr/bin/python3"},
            "roles": [{"role": "dockwright.docker.engine", **given}],
        }
        (self._folder / "play.yml").write_text(yaml.safe_dump([play]))
        done = subprocess.run(
            ["ansible-playbook", "-i", f"{self.host.address},", "-u", "root", "play.yml"],
            env={
                **os.environ,
                "PATH": f"{self.host.ssh_path}:{os.environ['PATH']}",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
            },
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        recap = dict(re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2]))
        return {**{name: int(count) for name, count in recap.items()}, "words": done.stdout}

    def stays(self, **variables: Any) -> None:
        """The role with these variables has nothing to do."""
        answer = self.play(**variables)
        assert answer["changed"] == 0, answer["words"]

    def installed(self) -> str:
        """The version of the package, as dpkg knows it."""
        form = "${db:Status-Status} ${Version}"
        words = ["dpkg-query", "-W", "-f", form, "docker.io"]
        status, _, version = self.host.exec(words, check=False).stdout.partition(" ")
        return version if status == "installed" else ""

    def says(self) -> str:
        """The version of the daemon that runs."""
        argv = ["docker", "version", "--format", "{{.Server.Version}}"]
        return self.host.exec(argv).stdout.strip()

    def held(self) -> list[str]:
        return self.host.exec(["apt-mark", "showhold"]).stdout.split()

    def run(self, name: str, *options: str) -> str:
        """A container that runs: its process."""
        argv = ["docker", "run", "-d", "--name", name, *options, TINY, "sleep", "infinity"]
        self.host.exec(argv)
        return self.process(name)

    def process(self, name: str) -> str:
        """The process of a container, and since when it runs; nothing when it does not."""
        form = "{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}"
        shown = self.host.exec(["docker", "inspect", "-f", form, name]).stdout
        running, _, what = shown.partition(" ")
        return what.strip() if running == "true" else ""

    def live_restore(self, on: bool) -> None:
        self.host.write("/etc/docker/daemon.json", json.dumps({"live-restore": on}))
        self.host.exec(["systemctl", "reload", "docker"])
        shown = ["docker", "info", "--format", "{{.LiveRestoreEnabled}}"]
        wait(lambda: self.host.exec(shown).stdout.strip() == str(on).lower())


@pytest.fixture
def managed(new_host: Callable[..., TestHost], tmp_path: Path) -> Iterator[Managed]:
    yield Managed(new_host("debian-13"), tmp_path)


# Full, as all of them: it installs from the distribution's mirror.
@pytest.mark.full
def test_a_version_is_pinned_and_held_and_the_engine_goes_while_its_data_stays(
    managed: Managed,
) -> None:
    managed.live_restore(on=True)
    process = managed.run("web")
    managed.play(engine_version=FIRST, engine_hold=True)
    assert (managed.installed(), managed.says()) == (FIRST, FIRST.rpartition("-")[0])
    assert managed.process("web") == process  # it has lived through the upgrade
    assert managed.held() == ["docker-cli", "docker.io"]
    policy = managed.host.exec(["apt-cache", "policy", "docker.io"]).stdout
    assert f"Candidate: {FIRST}" in policy and "1001" in policy

    managed.play(engine_state="absent")  # held packages, too
    assert managed.installed() == "" and managed.held() == []
    assert managed.host.exec(["sh", "-c", "command -v dockerd"], check=False).returncode
    assert "web" in _names_on_disk(managed.host)
    left = managed.host.exec(["sh", "-c", "ls /etc/apt/sources.list.d /etc/apt/preferences.d"])
    assert "dockwright" not in left.stdout


def _names_on_disk(host: TestHost) -> list[str]:
    """The containers in the data-root, by the files that the engine left."""
    script = "cat /var/lib/docker/containers/*/config.v2.json"
    texts = host.exec(["sh", "-c", script], check=False).stdout
    return re.findall(r'"Name":"/([^"]+)"', texts)


@pytest.mark.full
def test_an_upgrade_respects_what_runs(managed: Managed) -> None:
    managed.play(engine_version=FIRST, engine_hold=True)
    managed.repository.publish(SECOND)
    managed.run("web")
    managed.run("job", "--restart", "always")
    # Pinned and held: neither the role nor anybody else takes the newer one.
    managed.stays(engine_version=FIRST, engine_hold=True)
    managed.host.exec(["sh", "-c", "apt-get update -q && apt-get upgrade -y -q"])
    assert managed.installed() == FIRST

    # Foreseen from new lists: what would stop containers is refused, and nothing is done.
    managed.repository.publish(THIRD)
    process = managed.process("web")
    refused = managed.play(check=False, engine_upgrade=True, engine_hold=True)
    assert refused["failed"] == 1
    assert "would stop" in refused["words"] and "live-restore" in refused["words"]
    assert (managed.installed(), managed.process("web")) == (FIRST, process)

    managed.live_restore(on=True)
    managed.play(engine_upgrade=True, engine_hold=True)
    assert (managed.installed(), managed.says()) == (THIRD, THIRD.rpartition("-")[0])
    assert managed.process("web") == process
    assert managed.held() == ["docker-cli", "docker.io"]
    managed.stays(engine_upgrade=True, engine_hold=True)

    # Back to an older one, without live-restore: allowed by name, and what ran runs again.
    managed.live_restore(on=False)
    managed.play(engine_version=SECOND, engine_max_disruption="outage")
    assert (managed.installed(), managed.says()) == (SECOND, SECOND.rpartition("-")[0])
    assert managed.process("web") not in ("", process) and managed.process("job")
    assert managed.held() == []


@pytest.mark.full
def test_a_removal_with_the_data(managed: Managed) -> None:
    """From a repository behind an address, with a key that is fetched; and taken away whole."""
    serve = ["systemd-run", "--unit=repository", "python3", "-m", "http.server"]
    managed.host.exec([*serve, "8000", "--directory", FOLDER])
    managed.host.write(f"{FOLDER}/key.asc", managed.repository.key)
    mark = managed.host.exec(["sha256sum", f"{FOLDER}/key.asc"]).stdout.split()[0]
    address = "http://127.0.0.1:8000/"
    source = {"uri": address, "suite": "./", "key": f"{address}key.asc"}
    wrong = {**source, "key_checksum": "sha256:" + "0" * 64}
    assert managed.play(check=False, engine_repository=wrong)["failed"] == 1
    right = {**source, "key_checksum": f"sha256:{mark}"}
    managed.play(engine_repository=right, engine_version=FIRST)
    managed.stays(engine_repository=right, engine_version=FIRST)
    assert managed.installed() == FIRST

    managed.live_restore(on=True)
    managed.run("web", "-v", "data:/data")
    _refused_where_data_are_in_use(managed)
    managed.play(engine_state="absent", engine_remove_data=True)
    assert managed.installed() == ""
    # The folder is a mount of its own in a test host, and stays, empty.
    for folder in ("/var/lib/docker", "/var/lib/containerd"):
        assert managed.host.exec(["ls", "-A", folder]).stdout == ""
    shims = managed.host.exec(["pgrep", "-f", "containerd-shim"], check=False)
    assert shims.stdout == ""
    managed.stays(engine_state="absent", engine_remove_data=True)
    # A new engine starts on nothing.
    managed.play(engine_version=FIRST)
    assert managed.says() == FIRST.rpartition("-")[0]
    assert managed.host.exec(["docker", "ps", "-aq"]).stdout == ""


@pytest.mark.full
def test_a_removal_with_the_data_on_btrfs(
    new_host: Callable[..., TestHost], tmp_path: Path
) -> None:
    """The engine's subvolumes go; anybody else's are in the way."""
    managed = Managed(new_host("debian-13"), tmp_path, "btrfs-progs")
    host, layers = managed.host, "/var/lib/docker/btrfs/subvolumes"
    host.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    btrfs_at(host, "/var/lib/docker")
    host.write("/etc/docker/daemon.json", json.dumps({"storage-driver": "btrfs"}))
    host.restart_engine()
    with contextlib.closing(host.sdk()) as sdk:
        sdk.images.load(tiny_tar().read_bytes())
    managed.run("web", "-v", "data:/data")
    created = "btrfs subvolume create"
    # One in a layer, with one in it, read-only; and one in a volume.
    inner = f"$(ls -d {layers}/* | head -n 1)/inner"
    script = f"{created} {inner} && {created} {inner}/most && echo 1 > {inner}/most/file"
    host.exec(["sh", "-c", f"{script} && btrfs property set {inner}/most ro true"])
    mine = "/var/lib/docker/volumes/data/_data/mine"
    host.exec(["sh", "-c", f"{created} {mine} && echo precious > {mine}/sentinel"])
    process = managed.process("web")

    absent = {"engine_state": "absent", "engine_remove_data": True}
    refused = managed.play(check=False, **absent)
    assert refused["failed"] == 1 and f"{mine}: not a part" in refused["words"], refused["words"]
    host.exec(["mv", "/usr/bin/btrfs", "/usr/bin/not-btrfs"])
    refused = managed.play(check=False, **absent)
    assert refused["failed"] == 1 and "install btrfs-progs" in refused["words"], refused["words"]
    host.exec(["mv", "/usr/bin/not-btrfs", "/usr/bin/btrfs"])
    assert managed.process("web") == process
    assert host.exec(["cat", f"{mine}/sentinel"]).stdout == "precious\n"

    host.exec(["btrfs", "subvolume", "delete", mine])
    managed.play(**absent)
    assert managed.installed() == ""
    assert host.exec(["ls", "-A", "/var/lib/docker"]).stdout == ""
    assert host.exec(["btrfs", "subvolume", "list", "/var/lib/docker"]).stdout == ""
    managed.stays(**absent)


def _refused_where_data_are_in_use(managed: Managed) -> None:
    """With a mount below, or with containers that outlive the engine: nothing is deleted."""
    host, volumes = managed.host, "/var/lib/docker/volumes"
    process = managed.process("web")
    # A bind mount of the same file system, and one of another.
    host.exec(["mkdir", "-p", "/var/lib/docker/elsewhere", f"{volumes}/bound", f"{volumes}/tmpfs"])
    host.write("/var/lib/docker/elsewhere/sentinel", "precious")
    host.exec(["mount", "--bind", "/var/lib/docker/elsewhere", f"{volumes}/bound"])
    host.exec(["mount", "-t", "tmpfs", "none", f"{volumes}/tmpfs"])
    refused = managed.play(check=False, engine_state="absent", engine_remove_data=True)
    assert refused["failed"] == 1 and "unmount it" in refused["words"], refused["words"]
    assert f"{volumes}/bound" in refused["words"] and f"{volumes}/tmpfs" in refused["words"]
    assert host.exec(["cat", f"{volumes}/bound/sentinel"]).stdout == "precious"
    assert managed.process("web") == process
    host.exec(["umount", f"{volumes}/bound", f"{volumes}/tmpfs"])

    host.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    refused = managed.play(check=False, engine_state="absent", engine_remove_data=True)
    assert refused["failed"] == 1 and "without their engine" in refused["words"], refused["words"]
    assert "web" in _names_on_disk(host) and managed.installed() == FIRST
    host.exec(["systemctl", "start", "docker.service"])
    assert managed.process("web") == process
