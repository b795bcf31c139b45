"""What the YAML tags of Compose override files give: marks that `merge` understands."""

from __future__ import annotations

from typing import Any

from ...named_tuple import NamedTuple


class Reset:
    """``!reset``: the key is taken away."""


class Override(NamedTuple):
    """``!override``: the value replaces what is below it, without merging."""

    value: Any


RESET = Reset()
