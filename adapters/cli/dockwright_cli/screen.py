"""What people see: the plan in colour, facts as tables; and JSON for who asked for it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from dockwright import api

_COLUMNS = {
    "containers": ("name", "image", "state", "ports"),
    "images": ("name", "size"),
    "networks": ("name", "driver", "subnets"),
    "volumes": ("name", "driver"),
}

_OF_DIFF = {"-": "\033[31m", "+": "\033[32m", "@": "\033[36m"}
_SHOWN = 3  # changes of a spec in the table


def show_report(report: api.Report, color: str = "auto", *, only_drift: bool = False) -> None:
    """A report, line by line."""
    for line in api.lines(report, colour=has_colour(color), only_drift=only_drift):
        print(line)


def show_diff(lines: Iterable[str], color: str = "auto") -> None:
    """A unified diff."""
    colours = _OF_DIFF if has_colour(color) else {}
    for line in lines:
        colour = colours.get(line[:1])
        print(f"{colour}{line}\033[0m" if colour else line)


def show_json(answer: Mapping[str, Any]) -> None:
    """One JSON document."""
    json.dump(answer, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    print()


def has_colour(color: str = "auto") -> bool:
    """Whether standard output has colours: by itself on a terminal only (see no-color.org)."""
    if color != "auto":
        return color == "always"
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not is_plain


def show_facts(found: Mapping[str, Any]) -> None:
    """The engine in one line, then its objects."""
    engine = found["engine"]
    words = ("version", "api", "address", "operating_system", "storage_driver", "log_driver")
    print("engine: " + ", ".join(f"{word.replace('_', ' ')} {engine[word]}" for word in words))
    for section, columns in _COLUMNS.items():
        print(f"\n{section}: {len(found[section])}")
        rows = [[cell(item[column]) for column in columns] for item in found[section]]
        show_table(columns, rows)


def show_history(found: Mapping[str, Any]) -> None:
    """What was applied, a table for each project, the newest last."""
    for warning in found["warnings"]:
        print(f"warning: {warning}")
    if not found["histories"]:
        print("nothing has been applied yet")
    for history in found["histories"]:
        print(f"project {history['project']}:" if history["project"] else "without a project:")
        last = history["entries"][-1]["number"]
        rows = [_entry_row(entry, last) for entry in history["entries"]]
        show_table(("number", "when", "by", "what it changed"), rows)


def _entry_row(entry: Mapping[str, Any], last: int) -> list[str]:
    changes = entry["changes"]
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    notes = ["failed"] if entry["failed"] else []
    notes += [f"back to {entry['returned']}"] if entry["returned"] else []
    notes += ["in force"] if entry["number"] == last else []
    what = (", ".join(changes[:_SHOWN]) + more) or "no changes"
    note = f"  ({', '.join(notes)})" if notes else ""
    return [str(entry["number"]), entry["at"], entry["by"], what + note]


def show_table(heads: Iterable[str], rows: list[list[str]]) -> None:
    """Columns under their heads; nothing where there are no rows."""
    if not rows:
        return
    rows = [[head.upper() for head in heads], *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        print(("  " + "  ".join(cells)).rstrip())


def cell(value: Any) -> str:
    """A value in a table."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
