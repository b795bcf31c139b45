"""The public surface of the core: everything that front ends may use, and nothing else.

A front end does three things: turn its native input into a document (``document_of`` for a
single object), call ``converge``, and render the Report (``report.to_dict`` for machines,
``report.lines`` for people).
"""

from __future__ import annotations

from .errors import DockwrightError
from .model import Report
from .reconcile import Connection, converge
from .report import exit_code, lines, to_dict
from .surface import KINDS, ansible_documentation, argument_spec, document_of, options_of, schema
from .version import VERSION

__all__ = [
    "KINDS",
    "VERSION",
    "Connection",
    "DockwrightError",
    "Report",
    "ansible_documentation",
    "argument_spec",
    "converge",
    "document_of",
    "exit_code",
    "lines",
    "options_of",
    "schema",
    "to_dict",
]
