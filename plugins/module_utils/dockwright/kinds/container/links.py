"""Other containers by further names: Compose `links` and `external_links`, and the engine's links.

The normal form is a sorted list of ``NAME:ALIAS``. On a network of one's own a link is one more
name for another container, seen by this one alone; it is part of the endpoint, under ``networks``.
The default bridge has no names: there the engine writes them into the container when it starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ...errors import Problem
from ...model import Want
from ...options import Inspect, get, put
from ...values import Type, parse_texts, wrong

_FORM = re.compile(r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9_.-]*)(:(?P<alias>[^\s:/]+))?")
_BRIDGE = "bridge"


def parse_links(value: Any, where: str) -> list[str]:
    """``NAME`` or ``NAME:ALIAS``; without an alias the name is one."""
    texts = enumerate(parse_texts(value, where))
    return sorted({":".join(parse_link(text, f"{where}[{index}]")) for index, text in texts})


def parse_link(text: str, where: str) -> tuple[str, str]:
    """One link: the name, and the alias or the name again."""
    match = _FORM.fullmatch(text)
    if not match:
        raise wrong(where, f"'{text}' is no link to a container", "write NAME or NAME:ALIAS")
    return match["name"], match["alias"] or match["name"]


def read_links(seen: Inspect) -> list[str] | None:
    """HostConfig.Links in normal form; the engine shows ``/NAME:/OWN NAME/ALIAS``."""
    found = set()
    for text in get(seen.raw, "HostConfig.Links") or ():
        name, _, alias = text.partition(":")
        found.add(f"{name.lstrip('/')}:{alias.rpartition('/')[2]}")
    return sorted(found) or None


def write_links(payload: dict[str, Any], value: list[str]) -> None:
    """The normal form as HostConfig.Links."""
    put(payload, "HostConfig.Links", value)


def placed(
    want: Want,
    fields: dict[str, Any],
    containers_of: Callable[[str], tuple[str, ...]],
    problems: list[Problem],
) -> list[str]:
    """Put a container's links where they belong; gives the containers that must be there.

    ``containers_of`` are the containers of a name in the spec. ``external_links`` are never looked
    for there, and on a network nobody has to be there.
    """
    own, further = fields.pop("links", []), want.inputs.get("external_links", [])
    if not (own or further):
        return []
    networks: Mapping[str, Any] = fields.get("networks") or {}
    if not networks and want.state != "absent":
        mode = fields.get("network_mode")
        key = "links" if own else "external_links"
        fix = "set it where the network is" if ":" in str(mode) else "name a network"
        problems.append(Problem(f"{want.where}.{key}", f"cannot be set with {mode}", fix))
    linked: list[str] = []
    texts = {*further}
    for text in own:
        name, _, alias = text.partition(":")
        found = containers_of(name) or (name,)
        linked += found
        texts |= {f"{other}:{alias}" for other in found}
    if set(networks) == {_BRIDGE}:
        fields["links"] = sorted(texts)
        linked = [text.partition(":")[0] for text in fields["links"]]
    else:
        fields["networks"] = {
            name: options if name == _BRIDGE else _with(options, texts)
            for name, options in networks.items()
        }
    return linked


def unlinkable(
    want: Want, wants: Mapping[str, Want], listed: Mapping[str, Mapping[str, Any]]
) -> Iterable[Problem]:
    """Links on the default bridge that the engine refuses when it makes or starts the container."""
    for text in want.fields.get("links", ()) if want.state != "absent" else ():
        name = text.partition(":")[0]
        other, now = wants.get(name), listed.get(name)
        why = _why_not(other, runs=want.state != "stopped") if other else _why_not_now(now)
        if why:
            fix = "join a network of your own: a link there needs nobody to be there"
            where = f"{want.where}.{key_of(want, name)}.{name}"
            yield Problem(where, f"container {name} {why}: there is no link to it", fix)


def key_of(want: Want, name: str) -> str:
    """The option that a linked container comes from."""
    further = {text.partition(":")[0] for text in want.inputs.get("external_links", ())}
    return "external_links" if name in further else "links"


def _why_not(other: Want, *, runs: bool) -> str:
    if other.state == "absent":
        return "is to be absent"
    if runs and other.state == "stopped":
        return "is to be stopped"
    networks = other.fields.get("networks")
    if networks is None and other.fields.get("network_mode") in (None, "default", _BRIDGE):
        return ""
    return "" if _BRIDGE in (networks or ()) else "is not on the default bridge"


def _why_not_now(now: Mapping[str, Any] | None) -> str:
    if now is None:
        return ""  # told already
    if now.get("State") not in ("running", "paused"):
        return "does not run"
    networks = (now.get("NetworkSettings") or {}).get("Networks") or {}
    return "" if _BRIDGE in networks else "is not on the default bridge"


def _with(endpoint: Mapping[str, Any], links: set[str]) -> dict[str, Any]:
    return {**endpoint, "links": sorted({*endpoint.get("links", ()), *links})}


LINKS = Type(
    "list of links",
    parse_links,
    "raw",
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
)
