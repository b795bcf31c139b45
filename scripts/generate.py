#!/usr/bin/env python3
"""Write the reference pages and the JSON schema from the option rows, into docs/reference.

``--check`` writes nothing and fails when what is there is not what would be written.
``--output DIR`` is another folder. Nothing of it is in the repository: rows are the one truth.
``--puppet`` writes the parameters of the Puppet types into the module, where they must be in the
repository, as Puppet loads them; a test compares them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dockwright import api
from dockwright.kinds.container.options import ROWS as CONTAINER
from dockwright.kinds.daemon.options import KEYS, Key
from dockwright.model import EngineFacts
from dockwright.options import Option

ROOT = Path(__file__).resolve().parents[1]
PUPPET = ROOT / "adapters/puppet/dockwright/lib/puppet_x/dockwright/options.rb"
NOTE = "Made by `make docs` from the option rows. Do not edit."
TITLES = {
    "host": ("The document", "The top level of a spec, and the options of module `host`."),
    "project": ("Project", "The options of module `project`."),
    "container": (
        "Container",
        "An entry under `containers`, and the options of module `container`.",
    ),
    "image": ("Image", "An entry under `images`, and the options of module `image`."),
    "firewall": ("Firewall", "The keys of `firewall`, and the options of module `firewall`."),
    "network": (
        "Network",
        "An entry under `networks`. Any change makes it anew, and connects its containers again.",
    ),
    "plugin": ("Plugin", "An entry under `plugins`, and the options of module `plugin`."),
    "registry_login": (
        "Registry login",
        "An entry under `registries`, and the options of module `registry_login`.",
    ),
    "storage": (
        "Storage",
        "What stands under `storage`, and the options of module `storage`.",
    ),
    "volume": (
        "Volume",
        "An entry under `volumes`. It cannot be changed: a difference fails the run as `blocked`.",
    ),
}


def main(argv: list[str] | None = None) -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/reference")
    parser.add_argument("--puppet", action="store_true", help="only the Puppet module's options")
    given = parser.parse_args(argv)
    if given.puppet:
        PUPPET.write_text(puppet_options())
        return 0
    if given.check:
        return _check(given.output)
    given.output.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (given.output / name).write_text(text)
    print(f"{len(files())} files in {given.output}")
    return 0


def _check(folder: Path) -> int:
    found = {path.name: path.read_text() for path in folder.glob("*")} if folder.exists() else {}
    wanted = files()
    stale = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if stale:
        print(f"stale: {', '.join(stale)}. Run make docs", file=sys.stderr)
    return 1 if stale else 0


def files() -> dict[str, str]:
    """Every file by its name."""
    pages = {f"{kind}.md": _page(*TITLES[kind], _rows(_own(kind))) for kind in TITLES}
    run = [*api.RUN, *api.CONNECTION]
    about = "How far a run may go, and where the engine is: the same in every front end."
    pages["run.md"] = _page("Runs and connections", about, _rows(run))
    pages["daemon.md"] = _page("daemon.json", "The keys under `daemon`.", _keys(KEYS))
    schema = json.dumps(api.schema(), indent=2, ensure_ascii=False) + "\n"
    return {**pages, "dockwright.schema.json": schema}


def puppet_options() -> str:
    """The parameters of the Puppet types: a table in Ruby."""
    kinds = {
        kind: {row.name: row for row in api.options_of(kind) if row.name != "name"}
        for kind in api.KINDS
    }
    states = {kind: rows.pop("state") for kind, rows in kinds.items() if "state" in rows}
    named = [kind for kind, rows in api.KINDS.items() if any(row.name == "name" for row in rows)]
    text = [
        "# frozen_string_literal: true",
        "",
        "# The options of every kind, from the core's rows.",
    ]
    text += ["# Made by `scripts/generate.py --puppet`; do not edit.", ""]
    text += ["module PuppetX", "  module Dockwright", f"    NAMED = %w[{' '.join(named)}].freeze"]
    text += ["    STATES = {"]
    text += [f"      {_ruby(kind)} => %w[{' '.join(_first(row))}]," for kind, row in states.items()]
    text += ["    }.freeze", "    OPTIONS = {"]
    for kind, rows in kinds.items():
        text += [f"      {_ruby(kind)} => {{"]
        text += [f"        {_ruby(name)} => {_ruby(_said(row))}," for name, row in rows.items()]
        text += ["      },"]
    return "\n".join([*text, "    }.freeze", "  end", "end", ""])


def _first(row: Option) -> list[str]:
    """The words of a choice, the default one first."""
    words = row.type.schema["enum"]
    return sorted(words, key=lambda word: word != row.default)


def _said(row: Option) -> str:
    return _plain(" ".join(api.documented(row)))


def _ruby(text: str) -> str:
    """A text in Ruby."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def _own(kind: str) -> list[Option]:
    """The options of a kind without those that run.md has."""
    return [row for row in api.KINDS[kind] if row not in api.RUN]


def _page(title: str, about: str, table: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", about, "", *table, "", NOTE, ""])


def _rows(rows: Iterable[Option]) -> list[str]:
    """One line for each option; what a change costs where it is the row that says it."""
    rows = list(rows)
    head = ["option", "type", "what it says"]
    with_cost = any(row in CONTAINER for row in rows)
    lines = [_line([*head, "a change costs"] if with_cost else head)]
    lines.append(_line(["---"] * (3 + with_cost)))
    for row in rows:
        names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
        said = [text for text in api.documented(row) if not text.startswith("Type ")]
        cells = [names, _cell(row.type.name), _markdown(" ".join(said))]
        lines.append(_line([*cells, _cost(row)] if with_cost else cells))
    return lines


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


_FACTS = EngineFacts()


def _cost(row: Option) -> str:
    """What changing an option of a running container costs."""
    if row not in CONTAINER:
        return ""
    if row.effect is None:
        return "replace"
    changed = row.effect("a", "b", _FACTS).word
    removed = row.effect("a", None, _FACTS).word
    return changed if changed == removed else f"{changed}; {removed} when taken away"


def _keys(keys: Iterable[Key]) -> list[str]:
    head = ["key", "type", "what it says", "default", "engines", "taken by", "felt by"]
    lines = [_line(head), _line(["---"] * len(head))]
    for key in sorted(keys, key=lambda key: key.name):
        default = _value(key.type.show(key.default))
        cells = [key.type.name, key.doc, default, _engines(key), _taken_by(key), key.felt]
        lines.append(_line([f"`{key.name}`", *map(_cell, cells)]))
    return lines


def _engines(key: Key) -> str:
    since = f"since {key.since}" if key.since else ""
    until = f"before {key.until}" if key.until else ""
    return ", ".join(filter(None, (since, until)))


def _taken_by(key: Key) -> str:
    if key.content:
        return "restart, while the host is empty"
    if key.reload is None:
        return "restart"
    since, until = key.reload
    limits = ", ".join(filter(None, (since and f"since {since}", until and f"before {until}")))
    return f"reload ({limits})" if limits else "reload"


def _value(value: Any) -> str:
    return (
        ""
        if value is None
        else f"`{value if isinstance(value, str) and value else json.dumps(value)}`"
    )


def _markdown(text: str) -> str:
    """Ansible's markup as Markdown's, in a cell."""
    return _cell(_plain(text))


def _plain(text: str) -> str:
    code = re.sub(r"[CO]\(((?:\\\)|[^)])*)\)", lambda found: f"`{found[1]}`", text)
    return code.replace("\\)", ")")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
