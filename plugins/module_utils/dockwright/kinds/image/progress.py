"""The lines of a pull or load, summed up in one: layers and bytes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Callable

Tell = Callable[[str], None]

_DONE = ("Pull complete", "Already exists")
_EVERY = 1.0  # seconds between two texts, unless a layer was completed


class Progress:
    """Takes the lines as they come and tells a summary now and then."""

    def __init__(self, name: str, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._tell = tell
        self._clock = clock
        self._bytes: dict[str, tuple[int, int]] = {}  # layer -> so far, in total
        self._done: set[str] = set()
        self._told = ("", 0, clock() - _EVERY)  # text, layers done, when
        self.results: list[str] = []  # what the engine says at the end of a load

    def take(self, line: Mapping[str, Any]) -> None:
        """One line of the engine's answer."""
        layer, status = line.get("id") or "", line.get("status") or ""
        detail = line.get("progressDetail")
        if line.get("stream"):
            self.results.append(str(line["stream"]).strip())
        if not layer or detail is None or status.startswith("Pulling from"):
            return
        so_far, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if status in ("Downloading", "Loading layer"):
            self._bytes[layer] = (so_far, max(so_far, total))
        else:
            known = self._bytes.setdefault(layer, (0, 0))
            if status in ("Download complete", "Extracting", *_DONE):
                self._bytes[layer] = (known[1], known[1])
        if status in _DONE:
            self._done.add(layer)
        self._tell_if_due()

    @property
    def text(self) -> str:
        """The state of things: ``nginx: 2 of 5 layers, 12.3 of 40.1 MB``."""
        so_far = sum(count for count, _ in self._bytes.values()) / 1e6
        total = sum(count for _, count in self._bytes.values()) / 1e6
        size = f", {so_far:.1f} of {total:.1f} MB" if total else ""
        return f"{self._name}: {len(self._done)} of {len(self._bytes)} layers{size}"

    def _tell_if_due(self) -> None:
        text, done, when = self._told
        now = self._clock()
        if self.text != text and (len(self._done) > done or now - when >= _EVERY):
            self._told = (self.text, len(self._done), now)
            self._tell(self.text)
