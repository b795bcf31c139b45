"""Where the modules get the core from: here its files. The built collection has them packed."""

from __future__ import annotations

from .dockwright import api

__all__ = ["api"]
