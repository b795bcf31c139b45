"""Converge the root of an image that is mounted in a folder: files now, the rest at first boot."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Callable

from .connection import Connection
from .errors import DockwrightError, SpecError
from .first_boot import FirstBoot, NoFirstBoot, with_own_tars
from .host.image_root import ImageHost, image_host
from .image_now import OWN
from .kinds.project.reading import read_compose, this_machine
from .masking import mask, without_secrets
from .model import Change, Report
from .reconcile import converge
from .spec import parse_document

NOWHERE = Connection(docker_host="unix:///nonexistent/docker.sock")  # an engine that is not there


def converge_image(
    spec: Any,
    folder: str,
    *,
    program: str = "",
    check: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Bring the image in ``folder`` to what a spec says, as far as that goes before its first boot.

    ``program`` is the path of the dockwright.pyz that the first boot is to run. With ``check`` only
    plan. Never raises DockwrightError: the Report carries the problems.
    """
    report = Report(check=check)
    warnings: list[str] = []
    try:
        host = image_host(folder)
        if isinstance(spec, Mapping) and spec.get("compose") is not None:
            spec = read_compose(spec, this_machine(is_managed_host=False), warnings.append)
        found = _converge(spec, host, program, report, progress)
        found.warnings = [*without_secrets(warnings, spec), *found.warnings]
        return found
    except DockwrightError as error:
        report.failed = True
        report.problems = [*error.problems()]
        mask(report, spec, None)
    return report


def _converge(
    spec: Any,
    host: ImageHost,
    program: str,
    report: Report,
    progress: Callable[[str], None] | None,
) -> Report:
    run = parse_document(spec, host.files.read_text).run  # whatever is wrong with it is told here
    host = host.with_daemon(**run.daemon)
    tars = with_own_tars(spec, host.files)

    def planned(*, check: bool) -> Report:
        return converge(
            copy.deepcopy(tars.spec), connection=NOWHERE, check=check, host=host, progress=progress
        )

    first = planned(check=True)
    if first.failed:
        first.check = report.check
        return first
    is_left = any(item.kind not in OWN for item in first.plan.pending)
    boot = FirstBoot(host, tars, program, host.service.unit) if is_left else NoFirstBoot(host)
    problems = boot.problems()
    if problems:
        raise SpecError(problems)
    found = first if report.check else planned(check=False)
    if found.failed:
        return found
    changes = boot.plan()
    found.plan = found.plan._replace(changes=(*found.plan.changes, *changes))
    if report.check:
        found.changed = bool(found.plan.changes)
        return found
    return _finished(found, boot, changes, host, run.lock_timeout)


def _finished(
    report: Report,
    boot: FirstBoot,
    changes: tuple[Change, ...],
    host: ImageHost,
    limit: float,
) -> Report:
    """The report, after the files of the first boot have been written too."""
    try:
        with host.lock(limit):
            boot.apply(changes, report.done.append)
    except DockwrightError as error:
        report.failed = True
        report.problems = [*error.problems()]
        report.not_done += [change for change in changes if change not in report.done]
    report.changed = bool(report.done)
    return report
