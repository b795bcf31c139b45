"""Where the modules get the core from: here its files. The built collection has them packed."""

from __future__ import annotations

from .dockwright import api


def keep() -> None:
    """Keep what has been compiled, for later runs: with files there is nothing to do."""


__all__ = ["api", "keep"]
