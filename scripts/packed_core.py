"""The core out of one text. scripts/collection puts this in place of the plain core.py.

For every task Ansible parses, on the controller, each file that the module imports. The core has
more than a hundred; ``packed.py`` has them in one string. Modules from it have the names and the
lines that they have in the folder ``dockwright`` beside this file, which holds the same source.

On the managed host compiling them would take longer than a no-op of a hundred containers, so a run
that may write keeps what it has compiled, beside the memory.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import stat
import sys
import zlib
from base64 import b64decode
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module  # a statement is what Ansible would follow to the folder
from importlib.machinery import ModuleSpec
from importlib.util import MAGIC_NUMBER
from types import CodeType, ModuleType
from typing import Any

PATHS = ""
DIGEST = ""


class Store:
    """Compiled code in a file of the host, by the paths of its sources.

    It runs with our rights when it is loaded. So it is believed only where nobody else can have
    written it: in a folder and a file, no links, that are ours and that others cannot write to.
    """

    def __init__(self, folder: str, digest: str) -> None:
        self.folder = folder
        self.name = f"code-{sys.implementation.cache_tag}"
        self.stamp = b"%b %d %b\n" % (MAGIC_NUMBER, sys.flags.optimize, digest.encode())

    def read(self) -> dict[str, bytes]:
        """What is kept of these very sources for this very Python; nothing where there is doubt."""
        try:
            folder = self._open_folder()
            try:
                file = os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            finally:
                os.close(folder)
            with open(file, "rb") as kept:
                _refuse_others(file, stat.S_ISREG)
                return self._content(kept.read())
        except OSError:
            return {}

    def _content(self, text: bytes) -> dict[str, bytes]:
        stamp, body = text[: len(self.stamp)], text[len(self.stamp) :]
        if stamp != self.stamp or zlib.crc32(body[4:]) != int.from_bytes(body[:4], "big"):
            return {}  # of another version, or cut short by a crash of the machine
        found: dict[str, bytes] = marshal.loads(body[4:])
        return found

    def write(self, code: Mapping[str, bytes]) -> None:
        """Replace what is kept; where that cannot be, everything works as well, only slower."""
        body = marshal.dumps(dict(code))
        new = f".{self.name}.{os.getpid()}.new"
        try:
            folder = self._open_folder()
        except OSError:  # also where there is no memory, and so no folder
            return
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(new, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(self.stamp + zlib.crc32(body).to_bytes(4, "big") + body)
            os.rename(new, self.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(new, dir_fd=folder)
        finally:
            os.close(folder)

    def _open_folder(self) -> int:
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _refuse_others(folder, stat.S_ISDIR)
        except BaseException:
            os.close(folder)
            raise
        return folder


def _refuse_others(descriptor: int, is_kind: Any) -> None:
    """Raise PermissionError unless it is of a kind, is ours, and only we may write to it."""
    found = os.fstat(descriptor)
    is_ours = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not (is_kind(found.st_mode) and is_ours):
        raise PermissionError("somebody else may have written it")


class Importer:
    """Finds and loads the modules of the core, whose files are given by their paths."""

    def __init__(self, parent: str, folder: str, paths: Iterable[str], store: Store) -> None:
        self.folder = folder
        self.paths = {_name(parent, path): path for path in paths}
        self.store = store
        self.kept = store.read()
        self.compiled: dict[str, CodeType] = {}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The sources by their paths."""
        from .packed import TEXT  # where all code is kept, nobody needs to read it

        found: dict[str, str] = json.loads(zlib.decompress(b64decode(TEXT)))
        return found

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Where a module comes from, if it is one of ours."""
        if name not in self.paths:
            return None
        file = self.paths[name]
        spec = ModuleSpec(
            name,
            self,
            origin=os.path.join(self.folder, file),
            is_package=file.endswith("/__init__.py"),
        )
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """No other than the usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> CodeType:
        """The code of a module: as it is kept, else compiled."""
        path = self.paths[name]
        if path in self.kept:
            code: CodeType = marshal.loads(self.kept[path])
            return code
        # The folder is another one in each run, so it is no part of what is kept.
        self.compiled[path] = compile(self.files[path], path, "exec", dont_inherit=True)
        return self.compiled[path]

    def get_source(self, name: str) -> str:
        """The lines of a module, for tracebacks."""
        return self.files[self.paths[name]]

    def keep(self) -> None:
        """Keep what this run has compiled for those after it; not to be called in check mode."""
        if self.compiled:
            new = {path: marshal.dumps(code) for path, code in self.compiled.items()}
            self.store.write({**self.kept, **new})


def _name(parent: str, path: str) -> str:
    """The module in a file."""
    name = f"{parent}.{path[: -len('.py')].replace('/', '.')}"
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


def _folder() -> str:
    """The folder of the memory, as `host/machine.py` has it."""
    if os.environ.get("DOCKWRIGHT_STATE_DIR"):
        return os.environ["DOCKWRIGHT_STATE_DIR"]
    if os.geteuid() == 0:
        return "/var/lib/dockwright"
    home = os.environ.get("HOME", "")
    return f"{os.environ.get('XDG_STATE_HOME') or f'{home}/.local/state'}/dockwright"


PARENT = __name__.rpartition(".")[0]  # a zip of Python 3.9 leaves `__package__` empty
IMPORTER = Importer(PARENT, os.path.dirname(__file__), PATHS.split(), Store(_folder(), DIGEST))
sys.meta_path.insert(0, IMPORTER)
api = import_module(f"{PARENT}.dockwright.api")
keep = IMPORTER.keep

__all__ = ["api", "keep"]
