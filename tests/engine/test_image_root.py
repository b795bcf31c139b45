"""An image's root is converged while nothing runs; a host that boots from it goes on by itself."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts import TestHost, machine, tiny_tar
from tests.hosts.image_root import booted, image_root

from .image_run import PROGRAM, SPEC, UNIT, one_file, planned, run, state, tree, wait_for

RECIPES = ["debian-13", pytest.param("debian-12", marks=pytest.mark.full)]
# A registry of this name can be nowhere.
WEB = "registry.invalid/shop/web:1.4"
# A volume of its own in a test host.
ROOT = "/var/lib/containerd/moved"
WRITTEN = """
storage: {{driver: overlay2, data_root: {data_root}}}
daemon: {{log-driver: local, live-restore: true, labels: [made=image]}}
firewall:
  default: drop
  allow: [{{port: 8080}}]
  host_ports: [22]
registries:
  registry.invalid: {{username: ci, password: sesame-42, verify: false}}
project: shop
images: {{"{web}": {{load: "{tar}"}}}}
networks: {{back: {{}}}}
volumes: {{data: {{}}}}
containers:
  web:
    image: {web}
    ports: ["8080:80"]
    networks: [back]
    volumes: ["data:/data"]
    environment: {{TOKEN: hidden-value-9}}
    restart: unless-stopped
    stop_grace_period: 0s
"""


class Image(NamedTuple):
    """The root of an image, and what is to be made of it."""

    root: Path
    spec: Path
    program: Path
    recipe: str


@pytest.fixture(scope="module", params=RECIPES)
def image(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Image]:
    """A root of Debian with an engine that has never run."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copy(tiny_tar(WEB, Cmd=["httpd", "-f", "-p", "80", "-h", "/www"]), folder / "web.tar")
    written = WRITTEN.format(web=WEB, data_root=ROOT, tar=folder / "web.tar")
    (folder / "spec.yml").write_text(written)
    with image_root(request.param) as root:
        yield Image(root, folder / "spec.yml", one_file(folder), request.param)


@pytest.fixture(scope="module")
def host(image: Image) -> Iterator[TestHost]:
    """A host that has booted from the image after it was converged."""
    provision = machine.CHECKOUT / "examples/packer/provision.sh"
    names = {"DOCKWRIGHT": image.program, "SPEC": image.spec, "ROOT": image.root}
    env = {**os.environ, **{name: str(path) for name, path in names.items()}}
    machine.run(["sh", provision], env=env)
    (image.spec.parent / "web.tar").unlink()  # what the first boot needs is in the image
    with booted(image.root, image.recipe) as host:
        yield host


def test_plan_tells_what_waits_and_touches_nothing(image: Image) -> None:
    before = tree(image.root)
    done = run(image.program, "plan", "--detailed-exitcodes", "--root", image.root, image.spec)
    assert done.returncode == 2, done.stderr
    for line in (
        "  log-driver:   (none) -> local",
        f"data_root: (none) -> {ROOT}",
        "firewall\n  + create",
        "registry_login\n  + registry.invalid: create",
        f"+ {SPEC}: create",
        f"+ {PROGRAM}: create  (copied from {image.program})",
        f"pending: image {WEB}: load: ",
        "pending: container web: create: ",
        "pending: storage driver: ",
    ):
        assert line in done.stdout, done.stdout
    assert "sesame-42" not in done.stdout and "hidden-value-9" not in done.stdout
    assert tree(image.root) == before


def test_the_images_own_validator_is_asked(image: Image, tmp_path: Path) -> None:
    # A key of another hand is kept, and it is the daemon of the image that does not know it.
    theirs = image.root / "etc/docker/daemon.json"
    theirs.write_text('{"nonsense": true}\n')
    spec = tmp_path / "daemon.json"
    spec.write_text('{"daemon": {"debug": true}}')
    before = tree(image.root / "etc")
    done = run(image.program, "apply", "--root", image.root, spec)
    if image.recipe == "debian-12":  # the daemon of 20.10 cannot validate a file
        assert "daemon.json: unknown key" in done.stdout
        theirs.unlink()
        return
    assert done.returncode == 1
    assert "dockerd refuses the new configuration" in done.stdout
    assert "nonsense" in done.stdout
    assert theirs.read_text() == '{"nonsense": true}\n'
    after = tree(image.root / "etc")
    assert {path for path in after if after[path] != before.get(path)} == {str(theirs.parent)}
    theirs.unlink()


def test_apply_stays_in_the_root_and_is_done_at_once(image: Image) -> None:
    # A link that the image itself follows below its own root, and a careless tool does not.
    outside = image.root.parent / "outside"  # not in /tmp, which a boot empties
    outside.mkdir()
    inside = image.root / str(outside).lstrip("/")
    inside.mkdir(parents=True)
    shutil.move(image.root / "etc/docker", image.root / "etc/docker.before")
    (image.root / "etc/docker").symlink_to(outside)

    done = run(image.program, "apply", "--root", image.root, image.spec)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(outside.iterdir()) == []
    written = json.loads((inside / "daemon.json").read_text())
    assert (written["labels"], written["data-root"]) == (["made=image"], ROOT)
    login = image.root / "root/.docker/config.json"
    assert "registry.invalid" in login.read_text() and login.stat().st_mode & 0o777 == 0o600
    spec = image.root / SPEC.lstrip("/")
    assert spec.stat().st_mode & 0o777 == 0o600
    wants = image.root / "etc/systemd/system/multi-user.target.wants"
    assert {UNIT, "dockwright-firewall.service"} <= {path.name for path in wants.iterdir()}

    before = tree(image.root)
    again = run(image.program, "apply", "--detailed-exitcodes", "--root", image.root, image.spec)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "no changes")
    assert tree(image.root) == before


def test_it_comes_up_converged(host: TestHost) -> None:
    wait_for(host, "ActiveState", "active")
    assert planned(host) == (0, "no changes\n")
    client = host.sdk()
    try:
        web = client.containers.get("web")
        assert web.status == "running"
        assert {"back"} == set(web.attrs["NetworkSettings"]["Networks"])
        info = client.info()
        assert (info["LoggingDriver"], info["DockerRootDir"]) == ("local", ROOT)
    finally:
        client.close()
    told = host.exec(["journalctl", "-u", "docker", "-o", "cat"]).stdout
    assert told.count("Daemon has completed initialization") == 1, "its first start has it all"
    assert json.loads(host.read("/etc/docker/daemon.json"))["storage-driver"] == "overlay2"
    assert host.exec(["ls", "/var/lib/docker"]).stdout == ""
    assert "DOCKWRIGHT" in host.exec(["iptables-save"]).stdout
    assert "container web: create" in host.console()
    assert "sesame-42" not in host.console() and "hidden-value-9" not in host.console()


def test_what_has_succeeded_is_not_run_again(host: TestHost) -> None:
    wait_for(host, "ActiveState", "active")
    started = state(host, "ExecMainStartTimestampMonotonic")
    host.exec(["systemctl", "restart", UNIT])
    assert state(host, "ConditionResult") == "no"
    assert state(host, "ExecMainStartTimestampMonotonic") in (started, "0")


def test_what_fails_is_tried_again(host: TestHost) -> None:
    wait_for(host, "ConditionResult", "no")
    host.write(f"/run/systemd/system/{UNIT}.d/soon.conf", "[Service]\nRestartSec=1\n")
    good = host.read(SPEC)
    host.write(SPEC, "containers: {web: {imagee: x}}\n", mode=0o600)
    host.exec(["rm", "/var/lib/dockwright/first-boot-done"])
    host.exec(["systemctl", "daemon-reload"])
    host.exec(["systemctl", "start", "--no-block", UNIT])
    wait_for(host, "SubState", "auto-restart")
    host.write(SPEC, good, mode=0o600)
    wait_for(host, "ActiveState", "active")
    assert planned(host) == (0, "no changes\n")
