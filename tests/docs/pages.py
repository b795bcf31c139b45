"""The fenced blocks of a Markdown page, with what the page's author says about each.

A comment right above a block says what it is:

- ``<!-- file: NAME -->``: a file; the blocks after it find it in the folder they run in.
- ``<!-- spec -->``: a spec; it is planned.
- ``<!-- playbook -->``: a playbook, or only its tasks; it is run in check mode.
- ``<!-- state -->``: Salt states; they are run in test mode.
- ``<!-- not run: REASON -->``: an example that no test can run.

A block of the language ``console`` needs none: its lines with ``$ `` are run, and the lines after
each are what is printed. ``...`` stands for anything. ``text`` is not run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from tests.hosts import machine

PAGES = [
    machine.CHECKOUT / "README.md",
    machine.CHECKOUT / "CONTRIBUTING.md",
    *sorted((machine.CHECKOUT / "docs").glob("*.md")),
]
_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>.*?) -->\n+)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_MARKS = re.compile(r"file: [\w./-]+|spec|playbook|state|not run: .+")
_HEX = re.compile(r"\b[0-9a-f]{12,64}\b")


class Block(NamedTuple):
    """One fenced block: ``kind`` and ``about`` are the two halves of its mark."""

    where: str  # page:line, for people
    language: str
    kind: str
    about: str
    text: str


class Step(NamedTuple):
    """A command of a console block, and what it prints."""

    command: str
    output: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text()
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("text"))
        where = f"{os.path.relpath(page, machine.CHECKOUT)}:{line}"
        mark = match["mark"] or ""
        kind, _, about = mark.partition(": ")
        if match["language"] == "console" and not mark:
            kind = "console"
        elif mark and not _MARKS.fullmatch(mark):
            raise ValueError(f"{where}: what is '{mark}'? See tests/docs/pages.py")
        found.append(Block(where, match["language"], kind, about, match["text"]))
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a console block."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.M)
    return [Step(*pair) for pair in zip(parts[1::2], parts[2::2])]


def is_printed(expected: str, printed: str) -> bool:
    """Whether a command printed what the page says."""
    pattern = re.escape(_plain(expected)).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, _plain(printed), re.S) is not None


def _plain(text: str) -> str:
    """Without what differs from run to run: IDs, spaces at the ends of lines."""
    lines = [line.rstrip() for line in _HEX.sub("ID", text).strip().splitlines()]
    return "\n".join(lines)
