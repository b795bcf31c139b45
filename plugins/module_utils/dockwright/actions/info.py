"""The objects of one kind that there are, chosen by name, label, project and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import owner
from ..engine.client import Engine, unless_gone
from ..facts import in_order
from ..kinds.image.reference import normal, parse
from ..kinds.plugin.options import full_name
from ..masking import MASK
from ..named_tuple import NamedTuple
from .acting import Work


class _Look(NamedTuple):
    """Where the engine has the objects of a kind."""

    kind: str
    path: str
    query: Mapping[str, Any] | None
    one: str  # the path of one, by its ID or name


_LOOKS = {
    "container_info": _Look("containers", "/containers/json", {"all": 1}, "/containers/{}/json"),
    "image_info": _Look("images", "/images/json", None, "/images/{}/json"),
    "network_info": _Look("networks", "/networks", None, "/networks/{}"),
    "volume_info": _Look("volumes", "/volumes", None, "/volumes/{}"),
    "plugin_info": _Look("plugins", "/plugins", None, "/plugins/{}/json"),
}


def looking_for(kind: str) -> Work:
    """What answers ``container_info`` and the like."""

    def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
        return _run(_LOOKS[kind], engine, given)

    return run


def _run(look: _Look, engine: Engine, given: Mapping[str, Any]) -> dict[str, Any]:
    """The objects as facts, and of the names that were given those that are ``missing``."""
    engine.negotiate()
    listed = engine.get(look.path, look.query)
    raws = (listed.get("Volumes") if look.kind == "volumes" else listed) or ()
    labels = {raw.get("Id") or raw["Name"]: owner.labels_of(raw) for raw in raws}
    items = in_order(look.kind, raws)
    names = given.get("name")
    if names is not None:
        items = [item for item in items if any(_is_called(look.kind, item, n) for n in names)]
    missing = [n for n in names or () if not any(_is_called(look.kind, item, n) for item in items)]
    items = [
        item for item in items if _is_meant(item, labels[item.get("id") or item["name"]], given)
    ]
    if given["inspect"]:
        answers = engine.get_each(look.one.format(item.get("id") or item["name"]) for item in items)
        described = zip(items, map(unless_gone, answers))
        items = [{**item, "inspect": _masked(look.kind, raw)} for item, raw in described if raw]
    message = f"{len(items)} {look.kind}" + (f", no {', '.join(missing)}" if missing else "")
    return {"message": message, look.kind: items, "missing": missing}


def _is_called(kind: str, item: Mapping[str, Any], name: str) -> bool:
    """Whether this is the object of exactly that name; an image has several, a plugin a tag."""
    if kind == "plugins":
        return bool(item["name"] == full_name(name))
    if kind != "images":
        return bool(item["name"] == name)
    if name in (item["id"], item["id"].replace("sha256:", "")):
        return True
    return parse(name, "name").normal in map(normal, (*item["tags"], *item["digests"]))


def _is_meant(item: Mapping[str, Any], labels: Mapping[str, str], given: Mapping[str, Any]) -> bool:
    for key in ("project", "state"):
        if given.get(key) not in (None, item.get(key)):
            return False
    return all(owner.has_label(labels, text) for text in given.get("labels", ()))


def _masked(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The description, values of environment variables and all that a plugin was given covered."""
    is_plugin = kind == "plugins"
    for key in ("Settings",) if is_plugin else ("Config", "ContainerConfig"):
        config = raw.get(key) or {}
        if config.get("Env"):
            config["Env"] = [f"{text.partition('=')[0]}={MASK}" for text in config["Env"]]
        if is_plugin and config.get("Args"):
            config["Args"] = [MASK] * len(config["Args"])
    return raw
