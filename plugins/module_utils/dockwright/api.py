"""The public surface of the core: everything that front ends may use, and nothing else.

A front end does three things: turn its native input into a document (``document_of`` for a
single object), call ``converge``, and render the Report (``report.to_dict`` for machines,
``tree.lines`` for people).
"""

from __future__ import annotations

import typing
from collections.abc import Mapping as _Mapping

from .actions.options import ACTIONS
from .bug import bug, failure
from .connection import Connection
from .errors import DockwrightError
from .kinds.project.reading import Here, read_compose
from .masking import cover
from .model import Report
from .origin import Origin
from .reconcile import converge
from .report import change_dict, change_lines, drift, exit_code, notes, to_dict
from .run_options import CONNECTION, RUN
from .saved import Saved, titles
from .session import Session
from .spec import problems_of
from .surface import (
    KINDS,
    ansible_documentation,
    argument_spec,
    document_of,
    documented,
    masked_params,
    options_of,
    schema,
)
from .version import VERSION
from .words import TOOLS, speak_to

if typing.TYPE_CHECKING:
    from .earlier import Earlier


def facts(connection: Connection) -> dict[str, object]:
    """The engine and what it has, by name; never raises DockwrightError."""
    from .facts import facts as look  # only host_info and the command of that name need it

    return look(connection)


def act(
    kind: str,
    params: _Mapping[str, typing.Any],
    connection: Connection,
    *,
    check: bool = False,
    **more: typing.Any,
) -> dict[str, typing.Any]:
    """Do an action (one of ``ACTIONS``), or with ``check`` tell whether it would be done.

    ``params`` are its options alone; unset (None) ones are left out. Never raises DockwrightError.
    ``more`` is ``output`` for ``container_exec``: called with the number of a stream (1, 2) and the
    bytes that the command has written to it, as they come and not masked; no OSError comes of it.
    """
    from .actions.acting import act as do  # few runs need it

    names = {row.name for row in CONNECTION}
    given = {key: item for key, item in params.items() if item is not None and key not in names}
    return do(kind, given, connection, check=check, **more)


def converge_image(
    spec: object,
    folder: str,
    *,
    program: str = "",
    check: bool = False,
    progress: typing.Callable[[str], None] | None = None,
) -> Report:
    """Converge the mounted root of an image; ``program`` is what its first boot is to run."""
    from .image_root import converge_image as do  # only builds of images need it

    return do(spec, folder, program=program, check=check, progress=progress)


def describe(connection: Connection, only: tuple[str, ...] = ()) -> dict[str, typing.Any]:
    """The spec of what there is on an engine; never raises DockwrightError."""
    from .existing import describe as look  # only the command init needs it

    return look(connection, only)


def earlier() -> Earlier:
    """For tools that plan resource by resource: what earlier plans would make is there."""
    from .earlier import Earlier  # only requests of other tools need it

    return Earlier()


def engine_facts(connection: Connection) -> dict[str, object]:
    """The engine alone, empty where none answers; never raises DockwrightError."""
    from .facts import engine_facts as look

    return look(connection)


def history(connection: Connection, project: str | None = None) -> dict[str, typing.Any]:
    """The specs that were applied, without their contents. Raises DockwrightError."""
    from .rollback import history as look  # only the command rollback needs it

    return look(connection, project)


def lines(report: Report, *, colour: bool = False, only_drift: bool = False) -> list[str]:
    """The report for people: a tree of what changes, and a last line that sums up."""
    from .tree import lines as drawn  # only the command line shows it

    return drawn(report, colour=colour, only_drift=only_drift)


def rollback(
    connection: Connection,
    choice: tuple[str | None, int | None],
    options: _Mapping[str, typing.Any],
    **more: typing.Any,
) -> Report:
    """`converge` to an earlier spec: of a project and a number in its history, or None.

    ``options`` are of a run; ``more`` are ``check`` and ``progress``. Raises
    DockwrightError where there is no such spec.
    """
    from .rollback import Choice
    from .rollback import rollback as go_back

    return go_back(connection, Choice(*choice), options, **more)


__all__ = [
    "ACTIONS",
    "CONNECTION",
    "KINDS",
    "RUN",
    "TOOLS",
    "VERSION",
    "Connection",
    "DockwrightError",
    "Here",
    "Origin",
    "Report",
    "Saved",
    "Session",
    "act",
    "ansible_documentation",
    "argument_spec",
    "bug",
    "change_dict",
    "change_lines",
    "converge",
    "converge_image",
    "cover",
    "describe",
    "document_of",
    "documented",
    "drift",
    "earlier",
    "engine_facts",
    "exit_code",
    "facts",
    "failure",
    "history",
    "lines",
    "masked_params",
    "notes",
    "options_of",
    "problems_of",
    "read_compose",
    "rollback",
    "schema",
    "speak_to",
    "titles",
    "to_dict",
]
