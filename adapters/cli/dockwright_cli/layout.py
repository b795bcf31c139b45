"""The form of a spec file: indentation, spaces and empty lines are made even, nothing else.

Keys keep their order, texts their quotes, comments stay where they are. Blocks are indented by
two, lists stand below their key without indentation (as `init` writes them), comments behind a
value have two spaces before them, there is never more than one empty line in a row. Only white
space changes, which `formatted` proves before it answers.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from .documents import InputError, looks_like_json, parse_document, yaml_node

_STEP = 2
_ROUNDS = 3
_OTHER_ENDS = "\r\x85\u2028\u2029"  # to YAML they end a line


def formatted(text: str, name: str) -> str:
    """The text of a spec file in its form. Raises InputError where there is none."""
    before = parse_document(text, name)
    if looks_like_json(name, text):
        laid = json.dumps(before, indent=_STEP, ensure_ascii=False) + "\n"
        if "".join(laid.split()) != "".join(text.split()):  # numbers and escapes of another form
            raise InputError(f"{name} cannot be formatted without changing it", "format it by hand")
        return laid
    if any(end in text for end in _OTHER_ENDS):
        fix = "write them as \\N, \\L and \\P in double quotes"
        raise InputError(f"{name} has line ends that editors do not show", fix)
    for _ in range(_ROUNDS):
        laid = _laid_out(text, name)
        # Law of this file: the meaning, and every character that is not white space, are the same.
        if "".join(laid.split()) != "".join(text.split()) or not _same(laid, before, name):
            raise InputError(f"{name} cannot be formatted without changing it", "format it by hand")
        if laid == text:
            return laid
        text = laid
    raise InputError(f"{name} has no form that stays as it is", "format it by hand")


def _same(text: str, before: Any, name: str) -> bool:
    try:
        return repr(parse_document(text, name)) == repr(before)
    except InputError:
        return False


def _laid_out(text: str, name: str) -> str:
    lines = text.split("\n")
    layout = _Layout(lines)
    node = yaml_node(text, name)
    if node is not None:
        layout.node(node, 0, 0)
    return layout.text()


class _Place(NamedTuple):
    """A column of a line and the one where its text is to be."""

    old: int
    new: int


class _Layout:
    """Where the text of each line is to stand, learnt from the nodes of the YAML."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.places: dict[int, list[_Place]] = {}  # of line: what begins a block, a key, a dash
        self.chains: dict[int, tuple[_Place, ...]] = {}  # of line: the blocks that it is in
        self.inner: dict[int, tuple[int, int]] = {}  # of line in a scalar: (taken off, put on)
        self.ends: dict[int, int] = {}  # of line: where its value ends
        self._blocks: list[_Place] = []

    # --- learning --------------------------------------------------------------------------------

    def node(self, node: Any, new: int, parent: int) -> None:
        """Place a node whose block begins at column ``new``, in a block at ``parent``."""
        if getattr(node, "flow_style", True):
            self._leaf(node, parent)
        elif isinstance(node.value[0], tuple):
            self._mapping(node, new)
        else:
            self._sequence(node, new)

    def _mapping(self, node: Any, new: int) -> None:
        self._blocks.append(_Place(node.start_mark.column, new))
        for key, value in node.value:
            self._place(key, new)
            is_block = not getattr(value, "flow_style", True)
            is_list = is_block and not isinstance(value.value[0], tuple)
            if value.start_mark.index <= key.end_mark.index:  # an alias: it is elsewhere
                continue
            first = value.start_mark
            if first.line > key.end_mark.line:
                self._end_of_key(key)
            if not is_block:
                is_beside = first.line == key.end_mark.line
                self._put(first.line, _Place(first.column, -1 if is_beside else new + _STEP))
            self.node(value, new if is_list else new + _STEP, new)
        self._blocks.pop()

    def _end_of_key(self, key: Any) -> None:
        """What comes behind a key whose value is below it."""
        line, column = key.end_mark.line, key.end_mark.column
        if self.lines[line][column : column + 1] == ":":
            self.ends[line] = column + 1

    def _sequence(self, node: Any, new: int) -> None:
        dash = node.start_mark.column
        self._blocks.append(_Place(dash, new))
        for item in node.value:
            line = item.start_mark.line
            while line >= 0 and self.lines[line][dash : dash + 1] != "-":
                line -= 1  # the item begins below its dash
            if line < node.start_mark.line:
                continue
            self._put(line, _Place(dash, new))
            if line == item.start_mark.line:
                self._put(line, _Place(item.start_mark.column, new + _STEP))
            self.node(item, new + _STEP, new)
        for line in range(node.start_mark.line, min(node.end_mark.line + 1, len(self.lines))):
            # The node of an alias is where its anchor is.
            found = re.match(r"-\s+(?=\*)", self.lines[line][dash:])
            if found and not self.lines[line][:dash].strip():
                self._put(line, _Place(dash, new))
                self._put(line, _Place(dash + found.end(), new + _STEP))
        self._blocks.pop()

    def _place(self, node: Any, new: int) -> None:
        self._put(node.start_mark.line, _Place(node.start_mark.column, new))

    def _put(self, line: int, place: _Place) -> None:
        self.places.setdefault(line, []).append(place)
        self.chains[line] = tuple(self._blocks)

    def _leaf(self, node: Any, parent: int) -> None:
        first, last = node.start_mark.line, node.end_mark.line
        style = getattr(node, "style", None)
        if style in ("|", ">"):
            self._literal(node, parent)
        elif first == last:
            self.ends[first] = node.end_mark.column
        else:
            self.ends[last] = node.end_mark.column
            shown = [line for line in range(first + 1, last + 1) if self.lines[line].strip()]
            least = min((_margin(self.lines[line]) for line in shown), default=0)
            for line in range(first + 1, last + 1):
                self.inner[line] = (least, parent + _STEP if self._blocks else least)

    def _literal(self, node: Any, parent: int) -> None:
        first = node.start_mark.line
        last = node.end_mark.line - (1 if node.end_mark.column == 0 else 0)
        header = self.lines[first][node.start_mark.column :]
        fixed = re.match(r"[|>][+-]?(\d)", header)
        shown = [line for line in range(first + 1, last + 1) if self.lines[line].strip()]
        if fixed:  # says how deep it is below its parent
            digits = int(fixed[1])
            old = self._blocks[-1].old if self._blocks else 0
            change = (old + digits, parent + digits)
        else:
            change = (_margin(self.lines[shown[0]]) if shown else 0, parent + _STEP)
        for line in range(first + 1, last + 1):
            self.inner[line] = change

    # --- writing ---------------------------------------------------------------------------------

    def text(self) -> str:
        """The lines as they are to be."""
        out: list[str] = []
        for number, line in enumerate(self.lines):
            if number in self.inner and number not in self.places:
                out.append(self._inner_line(number))
            elif not line.strip():
                if out and out[-1] != "":
                    out.append("")
            elif line.lstrip().startswith("#"):
                out.append(" " * self._of_comment(number) + line.strip())
            else:
                out.append(self._line(number))
        return "\n".join(out).rstrip("\n") + "\n" if any(out) else ""

    def _inner_line(self, number: int) -> str:
        line, (off, on) = self.lines[number], self.inner[number]
        if len(line) <= off and not line.strip():
            return ""
        margin = max(_margin(line) - off, 0) + on
        rest = line.lstrip(" ")
        if number in self.ends:
            end = self.ends[number] - _margin(line)
            return " " * margin + _with_comment(rest[:end], rest[end:])
        return " " * margin + rest

    def _line(self, number: int) -> str:
        line = self.lines[number]
        places = sorted(set(self.places.get(number, ())))
        end = self.ends.get(number, len(line))
        if not places:
            return _with_comment(line[:end], line[end:])
        out = " " * places[0].new
        for place, following in zip(places, [*(item.old for item in places[1:]), end]):
            if place.new < 0:
                out = out.rstrip() + " "
            else:
                out = out.rstrip().ljust(place.new) if out.strip() else " " * place.new
            out += line[place.old : following]
        return _with_comment(out, line[end:])

    def _of_comment(self, number: int) -> int:
        """The column of a line that is a comment: that of the block it is in, by its looks."""
        column = _margin(self.lines[number])
        after = next((line for line in sorted(self.chains) if line > number), None)
        if after is not None and _margin(self.lines[after]) == column:
            return min(self.places[after]).new
        before = [line for line in self.chains if line < number]
        chain = self.chains[max(before)] if before else ()
        fitting = [place for place in chain if place.old <= column]
        return fitting[-1].new if fitting else 0


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _with_comment(line: str, rest: str) -> str:
    """A line, and what comes after its value: maybe a comment."""
    if rest.lstrip().startswith("#") and rest[:1] in (" ", "\t"):
        return f"{line.rstrip()}  {rest.strip()}"
    return (line + rest).rstrip()
