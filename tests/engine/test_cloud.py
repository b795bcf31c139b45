"""Machines that set themselves up: cloud-init from user-data, ansible-pull from a repository."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.hosts import TestHost, machine, start_host, tiny_tar

from .image_run import PROGRAM, SPEC, one_file, planned, wait_for

WEB = "registry.invalid/shop/web:1.4"
SEED = "/var/lib/cloud/seed/nocloud"
WANTED = {
    "daemon": {"log-driver": "local"},
    "project": "shop",
    "images": {WEB: {"load": f"{SEED}/web.tar"}},
    "containers": {
        "web": {"image": WEB, "ports": ["8080:80"], "restart": "unless-stopped"},
    },
}


def user_data(program: Path) -> str:
    """The example, with its lines filled in, and a spec whose image needs no registry."""
    text = (machine.CHECKOUT / "examples/cloud-init/user-data").read_text()
    url, digest = f"file://{SEED}/dockwright.pyz", hashlib.sha256(program.read_bytes()).hexdigest()
    assert "https://files.example.com/dockwright.pyz" in text and '"SHA256 ' in text
    text = text.replace("https://files.example.com/dockwright.pyz", url)
    filled = yaml.safe_load(text.replace("SHA256", digest))
    for item in filled["write_files"]:
        if item["path"] == SPEC:
            item["content"] = yaml.safe_dump(WANTED)
    return "#cloud-config\n" + yaml.safe_dump(filled)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHost]:
    """A machine that has booted with a seed as clouds give it, and nothing else of ours."""
    folder = tmp_path_factory.mktemp("cloud")
    seed = folder / "cloud/seed/nocloud"
    seed.mkdir(parents=True)
    program = one_file(seed)
    (seed / "meta-data").write_text("instance-id: i-1\nlocal-hostname: cloud-1\n")
    (seed / "user-data").write_text(user_data(program))
    shutil.copy(tiny_tar(WEB, Cmd=["httpd", "-f", "-p", "80", "-h", "/www"]), seed / "web.tar")
    host = start_host("debian-13-cloud", seed={"/var/lib": folder / "cloud"}, has_console=True)
    try:
        yield host
    finally:
        host.stop()


def test_user_data_boots_to_running_containers(cloud: TestHost) -> None:
    told = cloud.exec(["cloud-init", "status", "--wait", "--long"], check=False, timeout=300)
    assert "status: done" in told.stdout, told.stdout + told.stderr
    assert "DataSourceNoCloud" in told.stdout
    wait_for(cloud, "ActiveState", "active")
    page = cloud.exec(["curl", "-fsS", "--retry", "5", "http://127.0.0.1:8080/"]).stdout
    assert page == "hello from busybox\n"
    assert planned(cloud) == (0, "no changes\n")
    assert "container web: create" in cloud.console()
    assert cloud.exec(["stat", "-c", "%a", SPEC]).stdout == "600\n"
    assert cloud.exec(["test", "-e", PROGRAM]).returncode == 0


def test_ansible_pull_converges_its_own_machine(cloud: TestHost) -> None:
    wait_for(cloud, "ActiveState", "active")
    folder = "/root/.ansible/collections/ansible_collections/dockwright"
    script = f"""
        mkdir -p {folder} && ln -sfn /opt/dockwright {folder}/docker
        rm -rf /root/fleet /root/pulled
        cp -r /opt/dockwright/examples/ansible-pull /root/fleet
        cat > /root/fleet/hosts.yml
        cd /root/fleet && git init -q && git add . &&
        git -c user.name=a -c user.email=a@example.com commit -q -m fleet
    """
    wanted = {key: value for key, value in WANTED.items() if key != "daemon"}
    wanted["containers"] = {"pulled": {"image": WEB, "stop_grace_period": "0s"}}
    hosts = {"all": {"hosts": {"localhost": {"host_spec": wanted}}}}
    cloud.exec(["sh", "-ec", script], input=yaml.safe_dump(hosts))
    pull = ["ansible-pull", "--url", "file:///root/fleet", "--directory", "/root/pulled"]
    forgot = cloud.exec(pull, check=False, timeout=300)
    assert forgot.returncode and "give ansible-pull --inventory" in forgot.stdout
    pull += ["--inventory", "hosts.yml"]
    first = cloud.exec(pull, check=False, timeout=300)
    assert first.returncode == 0, first.stdout + first.stderr
    client = cloud.sdk()
    try:
        assert client.containers.get("pulled").status == "running"
    finally:
        client.close()
    second = cloud.exec(pull, timeout=300)
    assert "changed=0" in second.stdout.split("PLAY RECAP")[-1], second.stdout


def test_a_provisioned_machine_is_an_image(cloud: TestHost) -> None:
    wait_for(cloud, "ActiveState", "active")
    spec = {**WANTED, "containers": {"packed": {"image": WEB, "restart": "unless-stopped"}}}
    cloud.write("/root/spec.yml", yaml.safe_dump(spec))
    env = {"DOCKWRIGHT": f"{SEED}/dockwright.pyz", "SPEC": "/root/spec.yml"}
    provision = ["sh", "/opt/dockwright/examples/packer/provision.sh"]
    try:
        done = cloud.exec(provision, env=env, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        is_up = cloud.exec(["systemctl", "is-active", "docker"], check=False)
        assert is_up.stdout == "inactive\n"
    finally:
        cloud.exec(["systemctl", "reset-failed"])
        cloud.exec(["systemctl", "start", "docker.socket", "docker.service"])
        cloud.wait_engine()
    assert planned(cloud) == (0, "no changes\n")


def test_the_script_is_clean() -> None:
    machine.install("shellcheck")
    machine.run(["shellcheck", machine.CHECKOUT / "examples/packer/provision.sh"])
