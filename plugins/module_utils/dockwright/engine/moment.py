"""Moments as engines write them (RFC 3339)."""

from __future__ import annotations

import re
from datetime import datetime

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-]\d\d:\d\d))$")


def nanoseconds(text: str) -> int:
    """A time as engines write it, in nanoseconds since the epoch; 0 where it is none."""
    found = _TIME.match(text)
    if not found:
        return 0
    whole = datetime.fromisoformat(found[1] + (found[3] or "+00:00"))
    return int(whole.timestamp()) * 10**9 + int((found[2] or "0").ljust(9, "0")[:9])
