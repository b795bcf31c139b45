"""What role engine means on each family of distributions, told by Ansible; nothing is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CE = [
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-buildx-plugin",
    "docker-compose-plugin",
]
DOCKER = "https://download.docker.com/linux"


def _facts(
    distribution: str, family: str, manager: str, version: str, release: str
) -> dict[str, Any]:
    return {
        "distribution": distribution,
        "distribution_version": version,
        "distribution_major_version": version.partition(".")[0],
        "distribution_release": release,
        "os_family": family,
        "pkg_mgr": manager,
    }


FACTS = {
    "debian13": _facts("Debian", "Debian", "apt", "13", "trixie"),
    "ubuntu": _facts("Ubuntu", "Debian", "apt", "24.04", "noble"),
    "rhel": _facts("RedHat", "RedHat", "dnf", "9.4", "Plow"),
    "fedora": _facts("Fedora", "RedHat", "dnf5", "42", ""),
    "leap": _facts("openSUSE Leap", "Suse", "zypper", "15.6", "6"),
}
# The packages by source; without any the role refuses, naming the way out.
PACKAGES = {
    "debian13": (["docker.io", "docker-cli"], CE),
    "ubuntu": (["docker.io"], CE),
    "rhel": ([], CE),
    "fedora": (["moby-engine", "docker-cli"], CE),
    "leap": (["docker"], []),
}
# Where docker's own packages come from, and the file that says so.
REPOSITORIES = {
    "debian13": (f"{DOCKER}/debian", "Suites: trixie"),
    "ubuntu": (f"{DOCKER}/ubuntu", "Suites: noble"),
    "rhel": (f"{DOCKER}/rhel/$releasever/$basearch/stable", "gpgcheck=1"),
    "fedora": (f"{DOCKER}/fedora/$releasever/$basearch/stable", "gpgcheck=1"),
}
_LOOK = {"name": "dockwright.docker.engine", "tasks_from": "look.yml"}


def _looked(source: str) -> dict[str, Any]:
    """A block that looks as the role does, and tells what it has found or why it refuses."""
    name = f"{source}_is_refused"
    told = {"is_refused": f"{{{{ {name} | default(false) }}}}"}
    for fact in ("packages", "repository"):
        told[fact] = f"{{{{ engine_wanted_{fact} }}}}"
    told["form"] = "{{ engine_package_form }}"
    told["file"] = "{{ engine_repository_file | default('') }}"
    told["pinned"] = "{{ engine_versioned_packages }}"
    told["in_the_way"] = f"{{{{ engine_conflicts['{source}'] }}}}"
    return {
        "block": [{"ansible.builtin.include_role": _LOOK, "vars": {"engine_source": source}}],
        "rescue": [{"ansible.builtin.set_fact": {name: "{{ ansible_failed_result.msg }}"}}],
        "always": [{"ansible.builtin.set_fact": {f"told_{source}": told}}],
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the role finds for each of these hosts, which are all this machine."""
    folder = tmp_path_factory.mktemp("families")
    template = {
        "src": f"{ROOT}/roles/engine/templates/"
        "{{ 'engine.sources.j2' if engine_package_form == 'apt' else 'engine.repo.j2' }}",
        "dest": f"{folder}/{{{{ inventory_hostname }}}}.txt",
        "mode": "0600",
    }
    both = "{{ {'distribution': told_distribution, 'docker': told_docker} | to_json }}"
    tasks = [
        {
            "ansible.builtin.set_fact": {
                **{k: f"{{{{ family.{k} }}}}" for k in FACTS["rhel"]},
                "cacheable": True,
            }
        },
        _looked("distribution"),
        _looked("docker"),
        {
            "ansible.builtin.template": template,
            "when": "engine_wanted_repository | length > 0",
            "vars": {"engine_key_file": "/keys/engine.asc"},
        },
        {
            "ansible.builtin.copy": {
                "content": both,
                "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
                "mode": "0600",
            }
        },
    ]
    _play(folder, tasks)
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in FACTS}
    for name, what in found.items():
        written = folder / f"{name}.txt"
        what["text"] = written.read_text() if written.exists() else ""
    return found


def _play(folder: Path, tasks: list[dict[str, Any]]) -> None:
    """Run these tasks for each of the hosts, on this machine."""
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}
    play["vars"] = {"ansible_python_interpreter": sys.executable}
    hosts = {name: {"family": facts} for name, facts in FACTS.items()}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts.yml", "play.yml", "--forks", "4"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("host", FACTS)
def test_packages_and_repositories_are_those_of_the_family(told: dict[str, Any], host: str) -> None:
    for source, packages in zip(("distribution", "docker"), PACKAGES[host]):
        found = told[host][source]
        assert found["packages"] == packages
        assert found["form"] == ("apt" if FACTS[host]["pkg_mgr"] == "apt" else "rpm")
        refused = str(found["is_refused"])
        assert (f"has no engine from the source '{source}'" in refused) is (not packages), refused
        assert bool(set(packages) & set(found["pinned"])) is bool(packages)
        assert not set(packages) & set(found["in_the_way"])
    assert told[host]["distribution"]["repository"] == {}
    uri, words = REPOSITORIES.get(host, ("", ""))
    assert told[host]["docker"]["repository"].get("uri", "") == uri
    text = told[host]["text"]
    assert (uri in text) and (words in text) and ("/keys/engine.asc" in text) is bool(uri)


def test_the_file_of_the_repository_is_the_package_managers(told: dict[str, Any]) -> None:
    files = {host: what["docker"]["file"] for host, what in told.items()}
    yum, zypper = "/etc/yum.repos.d", "/etc/zypp/repos.d"
    where = {"rhel": yum, "fedora": yum, "leap": zypper}
    for host, folder in where.items():
        assert files[host] == f"{folder}/dockwright-engine.repo"


# In namespaces of its own: nobody else's mounts or processes are seen, and none are left behind.
_ALONE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-euc"]


class Data:
    """A folder of an engine's data, with something in it and something mounted below."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "the data"
        (self.path / "volumes/web/_data").mkdir(parents=True)
        (self.path / "overlay2/1/merged").mkdir(parents=True)
        self.ours = self.path / "volumes/web/_data/ours"
        self.theirs = folder / "elsewhere/theirs"
        self.theirs.parent.mkdir()
        for file in (self.ours, self.theirs):
            file.write_text("precious")

    def play(self, files: list[str], first: str = ":", check: bool = False, **given: Any) -> str:
        """These files of the role for the folder, after a script: what Ansible says."""
        role = {"name": "dockwright.docker.engine"}
        tasks = [{"ansible.builtin.include_role": {**role, "tasks_from": name}} for name in files]
        variables = {
            "ansible_python_interpreter": sys.executable,
            "ansible_become": False,
            "engine_data_path": str(self.path),
            "engine_is_down": True,
            "engine_was_stopped": False,
            **given,
        }
        play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
        (self._folder / "play.yml").write_text(yaml.safe_dump([play]))
        command = "exec ansible-playbook play.yml" + (" --check" if check else "")
        done = subprocess.run(
            [*_ALONE, f"{first}\n{command}"],
            cwd=self._folder,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        failed = "failed=0 " not in done.stdout
        assert failed is bool(done.returncode), done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Data:
    if subprocess.run([*_ALONE, ":"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return Data(tmp_path)


_REMOVED = ["data_in_use.yml", "remove_data.yml"]
_BIND = 'mount --bind elsewhere "the data/volumes/web"'
_TMPFS = 'mount -t tmpfs none "the data/volumes"'
_MERGED = 'mount -t tmpfs none "the data/overlay2/1/merged"'


@pytest.mark.parametrize("first", [_BIND, _TMPFS, _MERGED])
def test_data_with_a_mount_below_are_not_removed(data: Data, first: str) -> None:
    said = data.play(_REMOVED, first)
    where = first.partition('"')[2].rstrip('"')
    assert "failed=1 " in said and "unmount it" in said, said
    assert where.replace(" ", "\\\\040") in said, said
    assert data.ours.exists() and data.theirs.exists()


def test_what_the_engine_mounts_while_it_runs_is_not_in_the_way(data: Data) -> None:
    volume = 'mount -t tmpfs none "the data/volumes/web/_data"'
    data.play(["data_in_use.yml"], f"{_MERGED}\n{volume}", engine_is_down=False)
    said = data.play(["data_in_use.yml"], f"{_MERGED}\n{_BIND}", engine_is_down=False)
    assert "failed=1 " in said and "volumes/web: not a part" in said, said
    assert "merged" not in said.partition("not a part")[0].rpartition("msg")[2], said


def test_data_of_containers_that_outlive_the_engine_are_not_removed(data: Data) -> None:
    shim = 'cp "$(command -v sleep)" containerd-shim-runc-v2; ./containerd-shim-runc-v2 600 &'
    said = data.play(_REMOVED, shim)
    assert "failed=1 " in said and "run without their engine" in said, said
    assert data.ours.exists()


def test_data_that_nobody_uses_are_removed(data: Data) -> None:
    said = data.play(_REMOVED)
    assert not data.path.exists(), said
    assert data.theirs.exists()


def test_check_mode_foresees_a_removal_on_a_mount(data: Data) -> None:
    mount = 'mount --bind elsewhere "the data"'
    said = data.play(_REMOVED, mount, check=True)
    assert "changed=1 " in said, said
    assert data.theirs.exists()
    data.play(_REMOVED, mount)
    assert not data.theirs.exists() and data.ours.exists()
    assert "changed=0 " in data.play(_REMOVED, mount, check=True)


# A container has made a subvolume whose name holds a line end and the path of another one.
_LURE = """
mount -o loop two.img elsewhere
mount -o loop one.img "the data"
"""
_LAID = """
layer="the data/btrfs/subvolumes/1"
mkdir -p "the data/btrfs/subvolumes"
btrfs -q subvolume create "$layer"
btrfs -q subvolume create elsewhere/home
echo precious > elsewhere/home/file
ln -s "$PWD/elsewhere" "$layer/link"
below="$layer/$(printf 'x\n%s' "$PWD")/$layer/link"
mkdir -p "$below"
btrfs -q subvolume create "$below/home"
"""
_LEFT = """
cat elsewhere/home/file
find "the data" -mindepth 1
"""


def test_a_name_with_a_line_end_is_no_way_to_another_subvolume(data: Data, tmp_path: Path) -> None:
    ways = [shutil.which(program) for program in ("btrfs", "mkfs.btrfs")]
    images = [tmp_path / name for name in ("one.img", "two.img")]
    for image in images if all(ways) else ():
        with image.open("wb") as file:
            file.truncate(128 * 1024**2)
        subprocess.run(["mkfs.btrfs", "-q", image], check=True)
    alone = {"cwd": tmp_path, "capture_output": True, "text": True}
    if not all(ways) or subprocess.run([*_ALONE, _LURE], check=False, **alone).returncode:
        pytest.skip("no file system of btrfs can be mounted here")
    said = data.play(_REMOVED, _LURE + _LAID)
    left = subprocess.run([*_ALONE, _LURE + _LEFT], check=False, **alone)
    assert left.stdout == "precious\n", said
    assert "failed=0 " in said, said


def test_containers_are_given_their_grace_period() -> None:
    tasks = yaml.safe_load((ROOT / "roles/engine/tasks/stop_containers.yml").read_text())
    (uri,) = [task["ansible.builtin.uri"] for task in tasks if "ansible.builtin.uri" in task]
    assert uri["timeout"] >= 3600 and {204, 304, 404} == set(uri["status_code"])
