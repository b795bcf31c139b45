"""The core as one text. scripts/collection fills it in and puts this in place of the plain core.py.

For every task Ansible parses, on the controller, each file that the module imports. The core has
more than a hundred; this has one string. Modules from it have the names, the lines and the places
that they have in the folder ``dockwright`` beside this file, which holds the same source.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from base64 import b64decode
from collections.abc import Mapping
from importlib import import_module  # a statement is what Ansible would follow to the folder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKED = ""


class Importer:
    """Finds and loads the modules of the core, whose files are given by their paths."""

    def __init__(self, parent: str, folder: str, files: Mapping[str, str]) -> None:
        self.folder = folder
        self.files = files
        self.paths = {_name(parent, path): path for path in files}

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
        source = self.get_source(module.__name__)
        exec(compile(source, str(module.__file__), "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name: str) -> str:
        """The lines of a module, for tracebacks."""
        return self.files[self.paths[name]]


def _name(parent: str, path: str) -> str:
    """The module in a file."""
    name = f"{parent}.{path[: -len('.py')].replace('/', '.')}"
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


PARENT = __name__.rpartition(".")[0]  # a zip of Python 3.9 leaves `__package__` empty
FILES = json.loads(zlib.decompress(b64decode(PACKED)))
sys.meta_path.insert(0, Importer(PARENT, os.path.dirname(__file__), FILES))
api = import_module(f"{PARENT}.dockwright.api")

__all__ = ["api"]
