"""Who must let go first: host ports and addresses that pass from one container to another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...model import Have, Want
from ..project.order import with_wishes
from .have import is_running
from .ports import fixed_ports, overlap


def handovers(
    wants: Mapping[str, Want], haves: Mapping[str, Have], changing: Iterable[str]
) -> list[tuple[str, str]]:
    """(who takes, who gives) among the containers that are changed."""
    changing = frozenset(changing)
    going = [have for have in haves.values() if have.name in changing]
    return [
        (name, other)
        for name, want in wants.items()
        if name in changing
        for other in _holders(want, going)
    ]


def stuck(
    wants: Mapping[str, Want], haves: Mapping[str, Have], changing: Iterable[str]
) -> list[tuple[str, str]]:
    """Those of them that cannot be: who gives would itself have to come after who takes."""
    graph = {name: list(want.inputs.get("depends_on", ())) for name, want in wants.items()}
    pairs = handovers(wants, haves, changing)
    possible = with_wishes(graph, pairs)
    return [(name, other) for name, other in pairs if other not in possible.get(name, ())]


def _holders(want: Want, haves: Iterable[Have]) -> list[str]:
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
