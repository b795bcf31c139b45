"""Where the front ends of the contract run: beside the engine's host, or on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engine.ruby_host import COMMAND
from tests.hosts import (
    TestHost,
    engine_clean,
    machine,
    recipes,
    remove_plugins,
    reset_daemon,
)

HERE = "/opt/dockwright"
LIMIT = 600  # seconds for one front end
SALT = machine.CHECKOUT / ".venv-salt"
# What specs name as a folder: the same path wherever they are applied.
FILES = Path("/tmp/dockwright-contract")
SAVED = "/tmp/contract-saved.tar"  # of the spec image-save
OUTPUT: list[str] = []  # all that front ends have said, to look for secrets


def noted(done: subprocess.CompletedProcess[str]) -> str:
    """What a front end said; both streams are kept."""
    OUTPUT.append(done.stdout + done.stderr)
    if "Traceback" in done.stderr or not done.stdout.strip():
        raise AssertionError(f"{done.args} failed ({done.returncode}): {done.stderr[-3000:]}")
    return done.stdout


class Place:
    """A host with an engine, and how front ends are run for it."""

    interpreter = sys.executable
    connection: Mapping[str, str] = {"ansible_connection": "local"}

    def __init__(self, host: TestHost, collections: Path) -> None:
        self.host = host
        self.collections = collections  # ours as it is built for Galaxy: its tasks start faster
        self.docker_host = host.docker_host

    def clean(self) -> None:
        """As if nothing had been here: causes shall be the same for each front end."""
        engine_clean(self.host)
        remove_plugins(self.host)
        with contextlib.closing(self.host.sdk()) as client:
            for image in client.api.images():
                for tag in image["RepoTags"] or ():
                    if "contract" in tag:
                        client.api.remove_image(tag, force=True)

    def state(self) -> dict[str, Any]:
        """What there is on the host beside the engine's objects."""
        return {}

    def has_python_of_salt(self) -> bool:
        """Whether what .venv-salt has runs there."""
        return True

    def dockwright(self, *words: str, folder: Path, input: str) -> str:
        """Run the command line."""
        raise NotImplementedError

    def ruby(self, script: str, input: str) -> str:
        """Run a script of this folder."""
        raise NotImplementedError

    def salt(self, states: Path, tests: Mapping[str, bool]) -> str:
        """Run SLS files of a folder one after the other."""
        raise NotImplementedError

    def ansible(self, playbook: Path) -> str:
        """Run a playbook with the collection as it is built for Galaxy."""
        env = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_PIPELINING": "true",
            **self.env(playbook.parent),
        }
        argv = ["ansible-playbook", "-i", f"{self.host.name},", playbook]
        text = self._here([*argv, "-e", json.dumps(self._variables())], env)
        return text[text.index("{") :]

    def env(self, folder: Path) -> dict[str, str]:
        """What leads to the engine, and to a memory and lock of this run's own."""
        memory = str(folder / "memory")
        return {"DOCKER_HOST": self.docker_host, "DOCKWRIGHT_STATE_DIR": memory}

    def _variables(self) -> dict[str, str]:
        return {**self.connection, "ansible_python_interpreter": self.interpreter}

    def _here(self, argv: list[Any], env: Mapping[str, str], **options: Any) -> str:
        return noted(
            subprocess.run(
                [str(part) for part in argv],
                env={**os.environ, **env},
                cwd=machine.CHECKOUT,
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
                **options,
            )
        )


class Beside(Place):
    """Front ends on this machine, those in Ruby in a container of it."""

    def clean(self) -> None:
        super().clean()
        shutil.rmtree(FILES, ignore_errors=True)
        write_files(FILES / "build")

    def dockwright(self, *words: str, folder: Path, input: str) -> str:
        argv = [sys.executable, "-m", "dockwright_cli", *words]
        return self._here(argv, self.env(folder), input=input)

    def salt(self, states: Path, tests: Mapping[str, bool]) -> str:
        script = Path(__file__).with_name("salt_caller.py")
        argv = [SALT / "bin/python", script, states, json.dumps(tests)]
        return self._here(argv, self.env(states))

    def ruby(self, script: str, input: str) -> str:
        """In a container with the engine's socket and the checkout, where both always are."""
        program = self.host.folder / "dockwright"
        program.write_text(COMMAND)
        program.chmod(0o755)
        argv = ["docker", "run", "--rm", "--interactive", "--network", "none"]
        for path in (self.host.folder, FILES / "build"):
            argv += ["--volume", f"{path}:{path}"]
        argv += ["--volume", f"{machine.CHECKOUT}:{HERE}:ro"]
        for key, value in {
            "DOCKER_HOST": self.docker_host,
            "DOCKWRIGHT_COMMAND": str(program),
            "LC_ALL": "C.UTF-8",
        }.items():
            argv += ["--env", f"{key}={value}"]
        image = recipes.build("debian-13-ruby")
        return self._here(
            [*argv, image, "ruby", f"{HERE}/tests/contract/{script}"], {}, input=input
        )


class Inside(Place):
    """Front ends on the engine's own host, whose daemon, storage and firewall they change."""

    interpreter = "/usr/bin/python3"

    def __init__(self, host: TestHost, collections: Path) -> None:
        super().__init__(host, collections)
        self.connection = {"ansible_connection": "community.docker.docker"}

    def env(self, folder: Path) -> dict[str, str]:
        """Nothing: the engine of the place, and Ansible reaches the place by this machine's."""
        return {}

    def clean(self) -> None:
        super().clean()
        reset_daemon(self.host)
        self.host.exec(["rm", "-f", SAVED])

    def dockwright(self, *words: str, folder: Path, input: str) -> str:
        return self._there(["dockwright", *words], input=input)

    def ruby(self, script: str, input: str) -> str:
        argv = ["ruby", f"{HERE}/tests/contract/{script}"]
        return self._there(argv, input=input, env={"LC_ALL": "C.UTF-8"})

    def salt(self, states: Path, tests: Mapping[str, bool]) -> str:
        libraries = next(SALT.glob("lib/python3.*/site-packages")).relative_to(machine.CHECKOUT)
        parts = ("plugins/module_utils", "adapters/salt", libraries)
        path = ":".join(f"{HERE}/{part}" for part in parts)
        env = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
        self.host.exec(["rm", "-rf", "/srv/contract"])
        self.host.copy_in(states, "/srv/contract")
        script = f"{HERE}/tests/contract/salt_caller.py"
        return self._there(["python3", script, "/srv/contract", json.dumps(tests)], env=env)

    def has_python_of_salt(self) -> bool:
        script = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')"
        version = self.host.exec(["python3", "-c", script]).stdout.strip()
        return (SALT / f"lib/python{version}").exists()

    def state(self) -> dict[str, Any]:
        script = "cat /etc/docker/daemon.json; ls /etc/systemd/system/docker.service.d"
        found = self.host.exec(
            ["sh", "-c", f"{script}; iptables-save | grep DOCKWRIGHT"], check=False
        )
        rules = re.sub(r"\[\d+:\d+\]", "", found.stdout)  # without the counters
        return {"host": rules}

    def _there(self, argv: list[str], **options: Any) -> str:
        return noted(self.host.exec(argv, check=False, timeout=LIMIT, **options))


def write_files(folder: Path) -> None:
    """What the specs build an image from."""
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(
        'FROM dockwright/busybox:1\nARG NOTE=none\nLABEL note="${NOTE}"\nCOPY motd /etc/motd\n'
    )
    (folder / "motd").write_text("hello\n")
