"""Moments as engines write them (RFC 3339)."""

from __future__ import annotations

import calendar
import re
import time

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$")


def nanoseconds(text: str) -> int:
    """A time as engines write it, in nanoseconds since the epoch; 0 where it is none."""
    found = _TIME.match(text)
    if not found:
        return 0
    seconds = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
    if found[3]:
        offset = int(found[4]) * 3600 + int(found[5]) * 60
        seconds += offset if found[3] == "-" else -offset
    return seconds * 10**9 + int((found[2] or "0").ljust(9, "0")[:9])
