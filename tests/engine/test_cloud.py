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
