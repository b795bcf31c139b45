"""Plans one after the other: what an earlier one makes is there for the later ones.

A tool that plans a run resource by resource, and applies none (a dry run), would else be told that
the network of its container is missing, or that its volume is made or its image is to be pulled,
although the same run has done it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import SpecError
from .kinds.image.options import POLICIES
from .kinds.image.reference import key_of
from .kinds.plugin.want import name_of
from .model import ARRIVALS, Action, Report
from .reconcile import converge

_MAKING = ARRIVALS | {Action.CREATE}


class Earlier:
    """What plans of this process have promised: networks, volumes, images, containers, plugins."""

    def __init__(self) -> None:
        self._networks: dict[str, Any] = {}
        self._volumes: dict[str, Any] = {}
        self._images: dict[str, Any] = {}  # by the reference in full
        self._containers: set[str] = set()
        self._plugins: dict[str, Any] = {}  # those that are to run, by the name with its tag

    def converge(self, document: Any, *, check: bool, **options: Any) -> Report:
        """`converge`; a plan that fails is tried again with what earlier ones would make."""
        known = isinstance(document, Mapping) and check
        own, document = document, self._with_images(document) if known else document
        report = converge(document, check=check, **options)
        if known:
            if report.failed:
                report = self._with_promised(document, options) or report
            self._leave_out(report, "volume", _but(self._volumes, own.get("volumes")))
            given = own.get("images")
            mine = given if isinstance(given, Mapping) else {}
            self._leave_out(report, "image", _but(self._images, set(map(_full, mine))))
            self._note(own, report)
        return report

    def _with_images(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the promised images that its containers name: what they then run on is known."""
        containers, images = document.get("containers"), document.get("images") or {}
        if not (self._images and isinstance(containers, Mapping) and isinstance(images, Mapping)):
            return document
        specs = {name: spec for name, spec in containers.items() if isinstance(spec, Mapping)}
        named = {name: _full(spec.get("image")) for name, spec in specs.items()}
        mounted = {_full(text) for spec in specs.values() for text in _mounted_images(spec)}
        more = _but(self._images, set(map(_full, images)))
        more = {image: spec for image, spec in more.items() if image in {*named.values(), *mounted}}
        # Whether they pull is no question any more.
        there = {name: _without_pulling(specs[name]) for name in named if named[name] in more}
        whole = {"images": {**images, **more}, "containers": {**containers, **there}}
        return {**document, **whole} if more else document

    def _with_promised(self, document: Mapping[str, Any], options: Any) -> Report | None:
        """The plan beside what is promised; None where nothing is, or where it fails, too."""
        given = [document.get(key) or {} for key in ("containers", "networks", "plugins")]
        if not all(isinstance(item, Mapping) for item in given):
            return None
        containers, networks, plugins = given
        more = _but(self._networks, networks) if containers else {}
        others = _but(self._joined(containers), containers)
        drivers = _but(self._plugins, set(map(name_of, plugins)))
        whole = {
            "networks": {**networks, **more},
            "containers": {**others, **containers},
            "plugins": {**plugins, **drivers},
        }
        if not (more or others or drivers):
            return None
        report = converge(
            {**document, **{key: item for key, item in whole.items() if item}},
            check=True,
            **options,
        )
        self._leave_out(report, "network", more)
        self._leave_out(report, "container", others)
        self._leave_out(report, "plugin", drivers)
        return None if report.failed else report

    def _joined(self, containers: Mapping[str, Any]) -> dict[str, Any]:
        """The promised containers that these ones name, with just what a plan needs of them."""
        return {
            name: {"image": spec["image"], "network_mode": _mode_beside(spec)}
            for spec in containers.values()
            if isinstance(spec, Mapping) and spec.get("image")
            for name in _names_in(spec)
            if name in self._containers
        }

    @staticmethod
    def _leave_out(report: Report, kind: str, promised: Mapping[str, Any]) -> None:
        """What an earlier plan has already is no change of this one."""
        kept = tuple(
            change
            for change in report.plan.changes
            if change.kind != kind
            or (change.action not in _MAKING and kind != "plugin")
            or (_full(change.name) if kind == "image" else change.name) not in promised
        )
        report.plan = report.plan._replace(changes=kept)
        report.changed = bool(kept) and not report.failed

    def _note(self, document: Mapping[str, Any], report: Report) -> None:
        for kind, found in (("network", self._networks), ("volume", self._volumes)):
            for change in report.plan.changes:
                if change.kind == kind and change.action is Action.CREATE:
                    found[change.name] = (document.get(f"{kind}s") or {}).get(change.name)
        images = document.get("images") or {}
        for change in report.plan.changes:
            if change.kind == "image" and change.action in ARRIVALS and change.name in images:
                self._images[_full(change.name)] = images[change.name]
            elif change.kind == "image" and change.action is Action.DELETE:
                self._images.pop(_full(change.name), None)
        plugins = document.get("plugins")
        given = plugins if isinstance(plugins, Mapping) else {}
        specs = {name_of(key): spec for key, spec in given.items()}
        for change in report.plan.changes:
            if change.kind != "plugin":
                continue
            if change.action is Action.DELETE or change.action is Action.STOP:
                self._plugins.pop(change.name, None)
            else:
                self._plugins[change.name] = specs.get(change.name)
        self._containers |= {
            change.name
            for change in report.plan.changes
            if change.kind == "container" and change.action is Action.CREATE
        }


def _but(promised: Mapping[str, Any], own: Any) -> dict[str, Any]:
    return {name: spec for name, spec in promised.items() if name not in (own or {})}


def _full(reference: Any) -> str:
    """A reference with all that it leaves to be understood; what is none as it is."""
    try:
        return key_of(str(reference))
    except SpecError:
        return str(reference)


def _without_pulling(spec: Mapping[str, Any]) -> dict[str, Any]:
    known = spec.get("pull_policy") in POLICIES  # what is wrong is still to be told
    return {key: value for key, value in spec.items() if key != "pull_policy" or not known}


def _mounted_images(spec: Mapping[str, Any]) -> list[Any]:
    """The references of what a container mounts of images, as they are written."""
    given = spec.get("volumes")
    mounts = given if isinstance(given, list) else []
    found = [mount for mount in mounts if isinstance(mount, Mapping)]
    return [mount.get("source") for mount in found if mount.get("type") == "image"]


def _mode_beside(spec: Mapping[str, Any]) -> str:
    """Where a promised container is taken to be: links on the default bridge need it there."""
    return "bridge" if spec.get("network_mode") == "bridge" else "none"


def _names_in(spec: Mapping[str, Any]) -> list[str]:
    """The containers whose namespaces or mounts a container is to have."""
    modes = [str(spec.get(key) or "").partition(":") for key in ("network_mode", "pid", "ipc")]
    found = [name for prefix, _, name in modes if prefix == "container"]
    texts: list[Any] = []
    for given in (spec.get(key) for key in ("volumes_from", "links", "external_links")):
        texts += [given] if isinstance(given, str) else given if isinstance(given, list) else []
    for text in map(str, texts):
        name, _, rest = text.partition(":")
        found.append(rest.partition(":")[0] if name == "container" else name)
    return found
