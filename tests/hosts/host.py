"""A test host: a container with systemd and an engine of its own that the machine can talk to."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker

from . import machine, recipes, tiny

# Two cores carry four systemd hosts with engines, not more.
MOST_AT_A_TIME = 4
START_LIMIT = 180.0

_up: dict[str, TestHost] = {}
_up_lock = threading.Lock()
_numbers = iter(range(1, 10**6))


class HostCommandError(subprocess.CalledProcessError):
    """A command in a test host failed; the text has its own words."""

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.stdout or ''}{self.stderr or ''}"


class TestHost:
    """A running test host. Make one with `start_host`, or ask for a fixture."""

    __test__ = False  # not a test class

    def __init__(self, recipe: recipes.Recipe, name: str, folder: Path) -> None:
        self.recipe = recipe
        self.name = name
        self.folder = folder  # seen as /machine in the host
        self.socket = str(folder / "docker.sock")

    def __repr__(self) -> str:
        return f"<TestHost {self.name}>"

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST would be."""
        return f"unix://{self.socket}"

    @functools.cached_property
    def address(self) -> str:
        """The host's IPv4 address, reachable from the machine and from other test hosts."""
        form = "{{.NetworkSettings.Networks.bridge.IPAddress}}"  # a test may add other networks
        return machine.docker("inspect", "--format", form, self.name).stdout.strip()

    @functools.cached_property
    def engine_version(self) -> str:
        """The engine's version, as it says itself."""
        with contextlib.closing(self.sdk()) as client:
            return str(client.version()["Version"])

    def sdk(self, timeout: float = 60) -> docker.DockerClient:
        """The docker SDK on this host's engine: a witness that shares no code with our core."""
        return docker.DockerClient(base_url=self.docker_host, version="auto", timeout=timeout)

    def exec(
        self,
        argv: Sequence[str],
        input: str | bytes | None = None,
        check: bool = True,
        timeout: float = 300,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the host, without a terminal."""
        options = [part for key, value in (env or {}).items() for part in ("-e", f"{key}={value}")]
        if input is not None:
            options.append("-i")
        done = machine.docker(
            "exec", *options, self.name, *argv, input=input, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise HostCommandError(done.returncode, list(argv), done.stdout, done.stderr)
        return subprocess.CompletedProcess(list(argv), done.returncode, done.stdout, done.stderr)

    def core(self, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the host's python3 with the checkout's core and command line importable."""
        path = ":".join(f"/opt/dockwright/{p}" for p in ("plugins/module_utils", "adapters/cli"))
        env = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **options.pop("env", {})}
        return self.exec(["python3", *argv], env=env, **options)

    def copy_in(self, path: str | Path, dest: str) -> None:
        """Copy a file or folder of the machine into the host; not to /run or /tmp (tmpfs)."""
        machine.docker("cp", path, f"{self.name}:{dest}")

    def copy_out(self, path: str, dest: str | Path) -> None:
        """Copy a file or folder of the host to the machine; not from /run or /tmp (tmpfs)."""
        machine.docker("cp", f"{self.name}:{path}", dest)

    def write(self, dest: str, text: str, mode: int = 0o644) -> None:
        """Write a file in the host, with the folders above it."""
        script = 'mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"'
        self.exec(["sh", "-c", script, dest, f"{mode:o}"], input=text)

    def console(self) -> str:
        """What was written to the console of a host that has one."""
        return machine.docker("logs", self.name).stdout

    def read(self, path: str) -> str:
        """The content of a file in the host."""
        return self.exec(["cat", path]).stdout

    def wait_engine(self, timeout: float = 60) -> None:
        """Wait until the engine answers."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                with contextlib.closing(self.sdk(timeout=5)) as client:
                    client.ping()
                return
            except Exception as error:  # noqa: BLE001 - requests' and docker's errors share no root
                if time.monotonic() > deadline:
                    words = ["journalctl", "-u", "docker", "-n", "20", "--no-pager"]
                    log = self.exec(words, check=False).stdout
                    raise machine.MachineError(
                        f"{self.name}: no engine answers after {timeout:.0f} s: {error}\n{log}"
                    ) from None
                time.sleep(0.1)

    def restart_engine(self, check: bool = True) -> bool:
        """Restart docker.service, however often it was started before; whether it came up.

        The packaged unit allows three starts a minute, and `systemctl restart` counts.
        """
        script = "systemctl reset-failed docker.socket docker.service; systemctl restart docker"
        ran = self.exec(["sh", "-c", script], check=check)
        if ran.returncode == 0:
            self.wait_engine()
        return ran.returncode == 0

    def load_tiny(self, tag: str = tiny.TINY, **config: object) -> None:
        """Load a tiny image (see `tiny_tar`) into the host's engine."""
        self.load(tiny.tiny_tar(tag, **config))

    def load_layer(self, tag: str, size: int = 1_000_000) -> str:
        """An image on top of the tiny one, with a label and a layer that no other has; its ID."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            entry = tarfile.TarInfo("large")
            entry.size = size
            tar.addfile(entry, io.BytesIO(os.urandom(size)))
        with contextlib.closing(self.sdk()) as client:
            container = client.containers.create(tiny.TINY)
            container.put_archive("/", packed.getvalue())
            image = container.commit(*tag.split(":"), changes=["LABEL layer=1"])
            container.remove()
        return str(image.id)

    def load(self, tar: str | Path) -> None:
        """Load an image tar of the machine into the host's engine."""
        with contextlib.closing(self.sdk()) as client, Path(tar).open("rb") as file:
            client.images.load(file)

    @functools.cached_property
    def ssh_path(self) -> str:
        """A folder for the front of PATH: the `ssh` in it gets into this host as root."""
        machine.install("openssh-client")
        key = ssh_key()
        public = key.with_suffix(".pub").read_text()
        self.write("/root/.ssh/authorized_keys", public, mode=0o600)
        folder = self.folder.parent / f"{self.folder.name}-ssh"
        folder.mkdir(exist_ok=True)
        config = folder / "config"
        config.write_text(
            f"Host *\n  User root\n  IdentityFile {key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
            "  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
            "  ConnectTimeout 10\n"
        )
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        program.chmod(0o755)
        return str(folder)

    def stop(self) -> None:
        """Remove the host with everything in it. Nothing happens when it is gone."""
        with _up_lock:
            _up.pop(self.name, None)
        _remove(self.name, self.folder)


def start_host(
    recipe: recipes.Recipe | str,
    name: str | None = None,
    *,
    image: str = "",
    seed: Mapping[str, Path] | None = None,
    has_console: bool = False,
) -> TestHost:
    """Start a host: engine up, tiny image loaded, the checkout at /opt/dockwright.

    ``image`` is one of the machine's engine in place of the recipe's, ``seed`` what is copied to
    places in the host before it boots. What is written to a console is in `docker logs`.
    """
    recipe = recipes.RECIPES[recipe] if isinstance(recipe, str) else recipe
    image = image or recipes.build(recipe)
    remove_leftovers()
    host = _reserve(recipe, name or recipe.name)
    try:
        started = time.monotonic()
        _run_container(host, image, seed or {}, has_console=has_console)
        _wait_systemd(host)
        host.wait_engine(START_LIMIT)
        host.load_tiny()
        seconds = time.monotonic() - started
        machine.tell(f"{host.name} (engine {host.engine_version}) is up in {seconds:.1f} s")
    except BaseException:
        host.stop()
        raise
    return host


def stop_all() -> None:
    """Remove every host that this process started."""
    for host in list(_up.values()):
        with contextlib.suppress(machine.MachineError):
            host.stop()


def _reserve(recipe: recipes.Recipe, name: str) -> TestHost:
    with _up_lock:
        if len(_up) >= MOST_AT_A_TIME:
            raise machine.MachineError(
                f"{len(_up)} test hosts are up ({', '.join(_up)}): stop one before starting another"
            )
        full = f"dockwright-test-{name}-{os.getpid()}-{next(_numbers)}"
        # Short: the path of a unix socket has 107 characters at most.
        host = TestHost(recipe, full, Path(tempfile.mkdtemp(prefix="dockwright-", dir="/tmp")))
        _up[full] = host
        return host


def _run_container(
    host: TestHost, image: str, seed: Mapping[str, Path], *, has_console: bool
) -> None:
    machine.docker(
        *("create", "--name", host.name, "--hostname", host.recipe.name),
        *("--label", f"{machine.LABEL}.owner={owner_label()}"),
        *("--label", f"{machine.LABEL}.folder={host.folder}"),
        *run_options(),
        *(["--tty"] if has_console else []),
        *("--volume", f"{host.folder}:/machine"),
        image,
    )
    for place, path in seed.items():
        host.copy_in(path, place)
    machine.docker("start", host.name)


def run_options() -> list[str]:
    """What every host needs, as flags of `docker run`."""
    return [
        *_privileges(),
        *("--env", "container=docker", "--tmpfs", "/run", "--tmpfs", "/tmp:exec"),
        # overlay2 does not stack on overlay.
        *("--volume", "/var/lib/docker", "--volume", "/var/lib/containerd"),
        *("--volume", f"{machine.CHECKOUT}:/opt/dockwright:ro"),
    ]


def _privileges() -> list[str]:
    """All that the machine has; plain --privileged fails where the machine lacks a capability."""
    if machine.has_unified_cgroups():
        cgroups = ["--cgroupns=private"]
        if machine.has_all_capabilities():
            return ["--privileged", *cgroups]
        cgroups += ["--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
    else:
        # With a cgroup namespace of its own the inner runc does not find its cgroup (v1).
        cgroups = ["--cgroupns=host", "--env", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
        # The hierarchies one by one, in a folder of the host's own: systemd makes that folder
        # read-only, and were it the machine's, the machine would be left with it.
        cgroups += ["--tmpfs", "/sys/fs/cgroup:mode=755"]
        for path in machine.cgroup_hierarchies():
            cgroups += ["--volume", f"{path}:{path}:rw"]
    return [
        *("--cap-add", "ALL"),
        *([] if machine.has_all_capabilities() else ["--cap-drop", "SYS_RESOURCE"]),
        *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
        *("--security-opt", "systempaths=unconfined", "--device-cgroup-rule", "a *:* rwm"),
        *cgroups,
    ]


def _wait_systemd(host: TestHost) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        done = host.exec(["systemctl", "is-system-running"], check=False)
        if done.stdout.strip() in ("running", "degraded"):
            return
        if time.monotonic() > deadline:
            jobs = host.exec(["systemctl", "list-jobs"], check=False)
            log = machine.docker("logs", "--tail", "20", host.name, check=False)
            raise machine.MachineError(
                f"systemd of {host.name} is not up after {START_LIMIT:.0f} s: {done.stdout}"
                f"{done.stderr}{jobs.stdout}{log.stdout}{log.stderr}"
            )
        time.sleep(0.2)


def owner_label() -> str:
    """What the label of a host says that this process is to remove."""
    return _owner(os.getpid())


def _owner(pid: int) -> str:
    """A process, and when it started: an ID alone may belong to another one by now."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return ""
    return f"{pid}:{after_name.split()[19]}"


_leftovers_removed = threading.Event()


def remove_leftovers() -> None:
    """Remove the hosts of runs that are dead; those of other living runs stay."""
    if _leftovers_removed.is_set():
        return
    _leftovers_removed.set()
    owned = f"{machine.LABEL}.owner"
    labels = "\t".join(f'{{{{.Label "{label}"}}}}' for label in (owned, f"{machine.LABEL}.folder"))
    form = f"{{{{.Names}}}}\t{labels}"
    ours = ("--all", "--filter", f"label={owned}")
    listed = machine.docker("ps", *ours, "--format", form).stdout
    for name, owner, folder in (line.split("\t") for line in listed.splitlines()):
        if owner != _owner(int(owner.partition(":")[0])):
            machine.tell(f"removing {name}, left over from a run that was killed")
            _remove(name, Path(folder))


def _remove(name: str, folder: Path) -> None:
    # The data-root may be another one by now, and the engine may be down.
    script = "docker ps -aq --no-trunc; ls /var/lib/docker/containers"
    listed = machine.docker("exec", name, "timeout", "20", "sh", "-c", script, check=False)
    inner = sorted({word for word in listed.stdout.split() if len(word) == 64})
    if not machine.has_unified_cgroups():
        _thaw(inner)
    machine.docker("rm", "--force", "--volumes", name, check=False)
    if not machine.has_unified_cgroups():
        _remove_cgroups(inner)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder.parent / f"{folder.name}-ssh", ignore_errors=True)


def _thaw(containers: Sequence[str]) -> None:
    """On cgroup v1 a paused container cannot be killed, and with it its host."""
    for container in containers:
        for state in Path("/sys/fs/cgroup").glob(f"*/docker/{container}/freezer.state"):
            with contextlib.suppress(OSError):
                state.write_text("THAWED")


def _remove_cgroups(containers: Sequence[str]) -> None:
    """On cgroup v1 the inner cgroups lie in the machine's tree and outlive a killed host."""
    for container in containers:
        for top in Path("/sys/fs/cgroup").glob(f"*/docker/{container}"):
            for folder in [*sorted(top.rglob("*/"), reverse=True), top]:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def ssh_key() -> Path:
    """The key that opens every test host; made once."""
    key = machine.cache() / "id_ed25519"
    with machine.lock("ssh-key"):
        if not key.exists():
            machine.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dockwright tests", "-f", key]
            )
    return key
