"""The form of spec files: what is made even, that nothing else changes, and the command ``fmt``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from dockwright_cli.documents import InputError, parse_document
from dockwright_cli.layout import formatted
from dockwright_cli.main import main

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(
    path
    for folder in ("tests/cases", "tests/contract/specs", "adapters/salt", "roles", "playbooks")
    for path in (ROOT / folder).rglob("*.y*ml")
)

UNEVEN = """\


# for the shop
project:    shop
containers:   # all of them
    web:
        image:   nginx:1.27      # the server
        # ports of web
        ports:
            -   "80:80"
            # second
            -   target: 8080
                published: 80
        command: |
            echo hi
              # no comment
            x:   y

            done
        entrypoint: >2
          folded
        labels: {a: 1,
                 b: 2}
        environment:
              A: "multi
                line   # no comment"
              B:
                 plain   # below its key
              C: &x {q: 1}
              D: *x
              PASSWORD: 'a  #b'
        # commented: out
    # about db
    db:  {image: pg}



networks:
    - - a
      - b
    -   *x
# end

"""
EVEN = """\
# for the shop
project: shop
containers:  # all of them
  web:
    image: nginx:1.27  # the server
    # ports of web
    ports:
    - "80:80"
    # second
    - target: 8080
      published: 80
    command: |
      echo hi
        # no comment
      x:   y

      done
    entrypoint: >2
      folded
    labels: {a: 1,
      b: 2}
    environment:
      A: "multi
        line   # no comment"
      B:
        plain  # below its key
      C: &x {q: 1}
      D: *x
      PASSWORD: 'a  #b'
    # commented: out
  # about db
  db: {image: pg}

networks:
- - a
  - b
- *x
# end
"""


def test_the_form() -> None:
    assert formatted(UNEVEN, "site.yml") == EVEN
    assert formatted(EVEN, "site.yml") == EVEN


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_spec_has_a_form_and_keeps_its_meaning(path: Path) -> None:
    text = path.read_text()
    try:
        before = parse_document(text, path.name)
    except InputError:
        pytest.skip("it is no spec that can be read")
    once = formatted(text, path.name)
    assert formatted(once, path.name) == once
    assert repr(parse_document(once, path.name)) == repr(before)
    assert "".join(once.split()) == "".join(text.split())


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
KEYS = st.text(st.characters(codec="ascii"), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(
    document=st.dictionaries(KEYS, VALUES, max_size=4),
    indent=st.integers(2, 8),
    flow=st.sampled_from([None, False, True]),
    style=st.sampled_from([None, '"', "'", "|", ">"]),
    width=st.sampled_from([20, 80]),
)
def test_any_yaml_keeps_its_meaning(
    document: Any, indent: int, flow: bool | None, style: str | None, width: int
) -> None:
    options: dict[str, Any] = {"default_flow_style": flow, "default_style": style, "width": width}
    text = yaml.safe_dump(document, indent=indent, sort_keys=False, **options)
    # Keys of several lines, which no spec has, are refused.
    assume(not any(line.lstrip("- ").startswith("?") for line in text.split("\n")))
    once = formatted(text, "x.yml")
    assert formatted(once, "x.yml") == once
    assert repr(parse_document(once, "x.yml")) == repr(parse_document(text, "x.yml"))


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be formatted without changing it"):
        formatted("? ''\n: {}\n", "x.yml")


@pytest.mark.parametrize("end", ["\r", "\x85", "\u2028", "\u2029"])
def test_line_ends_that_nobody_sees_are_refused(end: str) -> None:
    with pytest.raises(InputError, match="line ends that editors do not show"):
        formatted(f"a: 'b{end}c'\nd:   e\n", "x.yml")


def test_json_is_written_by_twos() -> None:
    text = '{"a":{"b":[1,"ü"]}}'
    assert (
        formatted(text, "site.json")
        == '{\n  "a": {\n    "b": [\n      1,\n      "ü"\n    ]\n  }\n}\n'
    )


def test_files_are_brought_into_their_form(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    uneven, even, linked = (tmp_path / name for name in ("uneven.yml", "even.yml", "linked.yml"))
    uneven.write_text(UNEVEN)
    uneven.chmod(0o640)
    even.write_text(EVEN)
    linked.symlink_to(uneven)
    assert main(["fmt", "--check", str(linked), str(even)]) == 2
    assert capsys.readouterr().out == f"{linked}\n"
    assert uneven.read_text() == UNEVEN
    assert main(["fmt", str(linked), str(even)]) == 0
    assert capsys.readouterr().out == f"{linked}\n"
    assert uneven.read_text() == EVEN
    assert uneven.stat().st_mode & 0o777 == 0o640
    assert linked.is_symlink()
    assert main(["fmt", "--check", str(linked), str(even)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "even.yml",
        "linked.yml",
        "uneven.yml",
    ]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(UNEVEN))
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == EVEN
    monkeypatch.setattr(sys, "stdin", io.StringIO(UNEVEN))
    assert main(["fmt", "--check", "-"]) == 2


def test_nothing_is_written_when_one_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text(UNEVEN)
    bad.write_text("a: 1\n  b: 2\n")
    assert main(["fmt", str(good), str(bad)]) == 1
    assert "bad.yml is not valid YAML, line 2" in capsys.readouterr().err
    assert good.read_text() == UNEVEN
    assert main(["fmt"]) == 1
    assert "no file is named" in capsys.readouterr().err


def test_what_init_writes_is_in_its_form() -> None:
    spec = {"dockwright": 1, "containers": {"web": {"ports": ["80:80"], "labels": {"a": "b\nc"}}}}
    text = yaml.safe_dump(json.loads(json.dumps(spec)), sort_keys=False, width=100)
    assert formatted(text, "site.yml") == text


@pytest.mark.parametrize("value", ["1e400", "1E3", "0.10000000000000000001", '"caf\\u00e9"'])
def test_json_that_would_be_written_otherwise_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="cannot be formatted without changing it"):
        formatted(f'{{"a": {value}}}', "site.json")
