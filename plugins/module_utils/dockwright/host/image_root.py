"""The root of a machine's image, mounted in a folder: a host on which nothing runs.

Questions to systemd are answered from the unit files in it, units are enabled by
``systemctl --root``, and the image's own programs run in a chroot. Of the machine that does the
work, nothing is asked and nothing is touched.
"""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property

from .. import words
from ..errors import HostError
from .commands import Completed, Runner, run_command
from .files import Files
from .machine import Host
from .service import Service
from .unit_files import collected

_SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
# The first that has a unit, or a drop-in of a name, wins.
_UNITS = tuple(
    f"{above}/systemd/system" for above in ("/etc", "/usr/local/lib", "/usr/lib", "/lib")
)
_NEEDLESS = ("daemon-reload", "reset-failed", "stop")  # where nothing runs


def image_host(folder: str) -> ImageHost:
    """The host in a folder. Raises HostError where there is none, or where we may not work."""
    root = os.path.realpath(folder)
    if not os.path.isdir(root):
        raise HostError(f"there is no folder {folder}", fix="mount the image there first")
    if root == "/":
        raise HostError(f"{folder} is this machine itself, no image", fix="leave --root out")
    files = Files(root)
    if not (files.exists("/etc") and files.exists("/usr")):
        text = f"{folder} is no root of a system: it has no /etc or no /usr"
        raise HostError(text, fix="name the folder in which the image's root is mounted")
    if not any(files.is_executable(path) for path in _SYSTEMD):
        text = f"the image in {folder} has no systemd, which is to start things at its boot"
        raise HostError(text, fix="install systemd in it, or run dockwright when it is up")
    if os.geteuid() != 0:
        raise HostError("only root can work in the root of an image", fix=words.as_root())
    return ImageHost(root, ImageRunner(files))


class ImageHost(Host):
    """The host in an image, with an ImageRunner for its commands."""

    is_image = True

    @cached_property
    def service(self) -> Service:
        """The engine's service, as its unit files have it."""
        return _Stopped(self.files, self._runner, unit=self._unit, pidfile=self._pidfile)


class _Stopped(Service):
    """A service that does not run, whatever other machine's /run and /proc are mounted there."""

    def has_systemd(self) -> bool:
        """Whether systemd will run this host."""
        return any(self._files.is_executable(path) for path in _SYSTEMD)

    def _pid_of_file(self) -> int | None:
        return None


class ImageRunner:
    """Runs what can be run in an image, and answers for the systemd that does not run."""

    def __init__(self, files: Files, run: Runner | None = None) -> None:
        self._files = files
        self._run = run or run_command

    def __call__(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        if argv[0] == "systemctl":
            return self._systemctl(list(argv[1:]), timeout)
        if argv[0].startswith("/"):
            inside = ["chroot", self._files.root, *argv]
            return self._run(inside, input=input, timeout=timeout, env=env)
        return Completed(tuple(argv), 127, "", f"{argv[0]} is not run in the root of an image")

    def _systemctl(self, words: list[str], timeout: float) -> Completed:
        verb = next((word for word in words if not word.startswith("-")), "")
        if verb == "show":
            return Completed(("systemctl", *words), 0, self._shown(words), "")
        if verb in ("enable", "disable"):
            root = self._files.root
            argv = ["systemctl", f"--root={root}", *words]
            if not shutil.which("systemctl"):
                argv = ["chroot", root, "systemctl", *words]
            return self._run(argv, timeout=timeout)
        status = 0 if verb in _NEEDLESS else 1
        return Completed(("systemctl", *words), status, "", f"nothing runs in an image: {verb}")

    def _shown(self, words: list[str]) -> str:
        """What ``systemctl show`` would say of a unit."""
        names = [words[index + 1] for index, word in enumerate(words) if word == "-p"]
        fragment, drop_ins = self._paths(words[-1])
        found = collected(self._files, [*([fragment] if fragment else []), *drop_ins])
        command = shlex.join(found.command)
        told = {
            "LoadState": "loaded" if fragment else "not-found",
            "ActiveState": "inactive",
            "MainPID": "0",
            "FragmentPath": fragment,
            "DropInPaths": shlex.join(drop_ins),
            "NeedDaemonReload": "no",
            "ExecStart": f"{{ argv[]={command} ; ignore_errors=no }}" if command else "",
            "Environment": shlex.join(item.value for item in found.environment),
        }
        return "".join(f"{name}={told[name]}\n" for name in names if name in told)

    def _paths(self, unit: str) -> tuple[str, list[str]]:
        """The file of a unit (empty where there is none), and its drop-ins in their order."""
        fragments = [f"{folder}/{unit}" for folder in _UNITS]
        fragment = next((path for path in fragments if self._files.read_text(path)), "")
        drop_ins: dict[str, str] = {}
        for folder in _UNITS:
            for name in self._files.list(f"{folder}/{unit}.d"):
                if name.endswith(".conf"):
                    drop_ins.setdefault(name, posixpath.join(f"{folder}/{unit}.d", name))
        return fragment, [path for _, path in sorted(drop_ins.items())]
