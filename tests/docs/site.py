"""Where the examples of the pages run: a controller (this machine) and a Docker host."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import yaml

from tests.hosts import (
    TestHost,
    engine_clean,
    machine,
    offer_plugin,
    remove_plugins,
    reset_daemon,
    start_registry,
)

from .pages import Block, is_printed, steps

# What the pages call their images; all of them are busybox, and none takes its time to stop.
IDLE = {"Cmd": ["sleep", "infinity"], "StopSignal": "SIGKILL"}
SERVER = ["httpd", "-f", "-p", "80", "-h", "/www"]
WEB = {**IDLE, "Cmd": SERVER, "ExposedPorts": {"80/tcp": {}}}
IMAGES = {
    "nginx:1.27": WEB,
    "nginx:1.28": {**WEB, "Labels": {"version": "1.28"}},
    "postgres:16": IDLE,
    "shop/web:1.4": WEB,
    "shop/worker:1.4": IDLE,
}
LIMIT = 180.0
_SHIM = """#!/bin/sh
export PYTHONPATH=/opt/dockwright/plugins/module_utils:/opt/dockwright/adapters/cli
export PYTHONDONTWRITEBYTECODE=1
exec python3 -m dockwright_cli "$@"
"""


class Site:
    """A controller's folder and a host; each page begins with an empty engine."""

    def __init__(self, host: TestHost, folder: Path) -> None:
        self.host = host
        self.folder = folder
        for tag, config in IMAGES.items():
            host.load_tiny(tag, **config)
        start_registry(host)
        names = "grep -q registry.example.com $0 || echo 127.0.0.2 registry.example.com >> $0"
        host.exec(["sh", "-c", names, "/etc/hosts"])
        offer_plugin(host, "registry.example.com:5000/nfs:2")
        host.write("/usr/local/bin/dockwright", _SHIM, mode=0o755)
        states = f"file_client: local\nfile_roots: {{base: [{folder}]}}\n"
        (folder / "minion").write_text(f"id: docker1\nroot_dir: {folder}/salt\n{states}")
        (folder / "hosts").write_text(f"docker1 ansible_host={host.address} ansible_user=root\n")
        self.env = {
            **os.environ,
            "PATH": f"{host.ssh_path}:{machine.CHECKOUT}/.venv/bin:{os.environ['PATH']}",
            "ANSIBLE_INVENTORY": str(folder / "hosts"),
            "ANSIBLE_CONFIG": str(machine.CHECKOUT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(machine.CHECKOUT / ".ansible/collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "COLUMNS": "80",
        }

    def clean(self) -> None:
        """The host as it is at the beginning of a page."""
        engine_clean(self.host)
        remove_plugins(self.host)
        reset_daemon(self.host)
        self.host.exec(["rm", "-rf", "/var/lib/dockwright", "/root/example"])
        self.host.exec(["mkdir", "-p", "/root/example"])

    def run(self, block: Block) -> None:
        """Run a block. Raises AssertionError with what was printed."""
        if block.kind == "console":
            for step in steps(block):
                printed = self.shell(step.command)
                said = f"{block.where}: {step.command}\n{printed}"
                assert is_printed(step.output, printed), said
        elif block.kind == "file":
            self._write(block.about, block.text)
        elif block.kind == "spec":
            self._write("spec.yml", block.text)
            self._ends_well(block, "dockwright plan spec.yml")
        elif block.kind == "playbook":
            self._write("example.yml", _as_play(block.text))
            self._ends_well(block, "ansible-playbook example.yml --check --diff")
        elif block.kind == "state":
            self._write("example.sls", block.text)
            self._ends_well(block, "salt-call --local state.apply example test=True")

    def shell(self, command: str) -> str:
        """What a command prints, as a terminal shows it; a failure shows as ``exit status N``."""
        done = self._call(command)
        status = f"exit status {done.returncode}\n" if done.returncode else ""
        return done.stdout + status

    def _ends_well(self, block: Block, command: str) -> None:
        done = self._call(command)
        assert done.returncode == 0, f"{block.where}: {command}\n{done.stdout}"

    def _call(self, command: str) -> subprocess.CompletedProcess[str]:
        program = shlex.split(command)[0]
        if program in ("sed", "mkdir"):  # both have the files
            self._on_controller(command)
        if program.startswith("ansible"):
            return self._on_controller(command)
        if program == "salt-call":
            salt = f"{machine.CHECKOUT}/.venv-salt/bin/salt-call -c . --retcode-passthrough"
            return self._on_controller(command.replace("salt-call", salt, 1))
        script = f"cd /root/example && {{ {command}\n}} 2>&1"
        return self.host.exec(["sh", "-c", script], check=False, timeout=LIMIT)

    def _on_controller(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**self.env, "DOCKER_HOST": self.host.docker_host},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def _write(self, name: str, text: str) -> None:
        """A file that controller and host have."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.host.write(f"/root/example/{name}", text)


def _as_play(text: str) -> str:
    """A playbook; tasks alone get a play around them."""
    content = yaml.safe_load(text)
    if "hosts" in content[0]:
        return text
    return str(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": content}]))
