"""Plans one after the other: a network that an earlier one makes is there for the later ones.

A tool that plans a run resource by resource, and applies none (a dry run), would else be told that
the network of its container is missing, although the same run makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .model import Action, Report
from .reconcile import converge


class Earlier:
    """The networks that plans of this process have promised."""

    def __init__(self) -> None:
        self._networks: dict[str, Any] = {}

    def converge(self, document: Any, *, check: bool, **options: Any) -> Report:
        """`converge`; a plan that fails is tried again with what earlier ones would make."""
        report = converge(document, check=check, **options)
        if check and isinstance(document, Mapping):
            if report.failed and self._networks and document.get("containers"):
                report = self._with_promised(document, options) or report
            self._note(document, report)
        return report

    def _with_promised(self, document: Mapping[str, Any], options: Any) -> Report | None:
        own = document.get("networks") or {}
        more = {name: spec for name, spec in self._networks.items() if name not in own}
        report = converge({**document, "networks": {**own, **more}}, check=True, **options)
        kept = tuple(
            change
            for change in report.plan.changes
            if not (change.kind == "network" and change.name in more)
        )
        report.plan = replace(report.plan, changes=kept)
        report.changed = bool(kept)
        return None if report.failed else report

    def _note(self, document: Mapping[str, Any], report: Report) -> None:
        for change in report.plan.changes:
            if change.kind == "network" and change.action is Action.CREATE:
                self._networks[change.name] = (document.get("networks") or {}).get(change.name)
