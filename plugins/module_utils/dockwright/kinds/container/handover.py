"""Who must let go first: host ports and addresses that pass from one container to another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...model import Have, Want
from .have import is_running
from .ports import fixed_ports, overlap


def holders(want: Want, haves: Iterable[Have]) -> list[str]:
    """The names of other running containers that hold what this one is to have."""
    ports = fixed_ports(want.fields.get("ports") or {})
    addresses = set(_addresses(want.fields))
    return [
        have.name
        for have in haves
        if have.name != want.name
        and is_running(have)
        and (
            addresses.intersection(_addresses(have.fields))
            or any(
                overlap(mine, theirs)
                for mine in ports
                for theirs in fixed_ports(have.fields.get("ports") or {})
            )
        )
    ]


def _addresses(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for network, options in (fields.get("networks") or {}).items():
        for key in ("ipv4_address", "ipv6_address"):
            if options.get(key):
                yield network, options[key]
