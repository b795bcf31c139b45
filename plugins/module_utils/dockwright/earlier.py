"""Plans one after the other: what an earlier one makes is there for the later ones.

A tool that plans a run resource by resource, and applies none (a dry run), would else be told that
the network of its container is missing, or that its volume is made, although the same run has made
it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .model import Action, Report
from .reconcile import converge


class Earlier:
    """The networks and volumes that plans of this process have promised."""

    def __init__(self) -> None:
        self._networks: dict[str, Any] = {}
        self._volumes: dict[str, Any] = {}

    def converge(self, document: Any, *, check: bool, **options: Any) -> Report:
        """`converge`; a plan that fails is tried again with what earlier ones would make."""
        report = converge(document, check=check, **options)
        if check and isinstance(document, Mapping):
            if report.failed and self._networks and document.get("containers"):
                report = self._with_promised(document, options) or report
            self._leave_out(report, "volume", _but(self._volumes, document.get("volumes")))
            self._note(document, report)
        return report

    def _with_promised(self, document: Mapping[str, Any], options: Any) -> Report | None:
        own = document.get("networks") or {}
        more = _but(self._networks, own)
        report = converge({**document, "networks": {**own, **more}}, check=True, **options)
        self._leave_out(report, "network", more)
        return None if report.failed else report

    @staticmethod
    def _leave_out(report: Report, kind: str, promised: Mapping[str, Any]) -> None:
        """What an earlier plan has already is no change of this one."""
        kept = tuple(
            change
            for change in report.plan.changes
            if (change.kind, change.action) != (kind, Action.CREATE) or change.name not in promised
        )
        report.plan = replace(report.plan, changes=kept)
        report.changed = bool(kept) and not report.failed

    def _note(self, document: Mapping[str, Any], report: Report) -> None:
        for kind, found in (("network", self._networks), ("volume", self._volumes)):
            for change in report.plan.changes:
                if change.kind == kind and change.action is Action.CREATE:
                    found[change.name] = (document.get(f"{kind}s") or {}).get(change.name)


def _but(promised: Mapping[str, Any], own: Any) -> dict[str, Any]:
    return {name: spec for name, spec in promised.items() if name not in (own or {})}
