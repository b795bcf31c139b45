"""The man page and the completions of the wheel, made from the parser when it is built."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACES = {
    "bash": "share/bash-completion/completions/dockwright",
    "zsh": "share/zsh/site-functions/_dockwright",
    "fish": "share/fish/vendor_completions.d/dockwright.fish",
    "man": "share/man/man1/dockwright.1",
}


class WheelData(BuildHookInterface):
    """Writes them into a folder for the build, and has them put into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An editable install has the command alone."""
        if version == "editable":
            return
        for folder in ("plugins/module_utils", "adapters/cli"):
            sys.path.insert(0, str(Path(self.root) / folder))
        from dockwright_cli.arguments import parser
        from dockwright_cli.completion import completion
        from dockwright_cli.manual import manual

        self._folder = tempfile.TemporaryDirectory(prefix="dockwright-wheel-")
        for name, place in PLACES.items():
            file = Path(self._folder.name) / name
            text = manual(parser()) if name == "man" else completion(parser(), name)
            file.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(file)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The folder goes."""
        if version != "editable":
            self._folder.cleanup()
