"""YAML as Compose reads it."""

from __future__ import annotations

import builtins
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.project.tags import Override, Reset
from dockwright.kinds.project.yaml_text import load_yaml


@pytest.fixture(autouse=True, params=["libyaml", "PyYAML alone"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads must not depend on how PyYAML was built."""
    if request.param == "libyaml":
        assert yaml.__with_libyaml__
    else:
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:22", "22:22"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("2026-01-01", "2026-01-01"),
        ("12", 12),
        ("-1_000", -1000),
        ("0", 0),
        ("010", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("'010'", "010"),
        ("=", "="),
        ("1,5", "1,5"),
    ],
)
def test_plain_words(text: str, value: Any) -> None:
    found = load_yaml(f"a: {text}", "")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "value",
    ["!!int s3cret", "!!bool s3cret", "!!float s3cret", "!!timestamp s3cret", '!!int ""'],
)
def test_a_value_that_does_not_fit_its_tag(value: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_yaml(f"a: {value}", "compose")
    assert "compose: is not valid YAML: a value does not fit its tag" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_anchors_and_merge_keys() -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [*x, {c: 4}]}"
    assert load_yaml(text, "") == {
        "x": {"a": 1, "b": 2},
        "y": {"a": 1, "b": 3},
        "z": {"a": 1, "b": 2, "c": 4},
    }


def test_keys_are_text() -> None:
    assert load_yaml("{80: a, true: b, on: c}", "") == {"80": "a", "true": "b", "on": "c"}


def test_tags() -> None:
    text = "{a: !reset null, b: !override [{c: !reset x}], d: !override 1, e: !override {f: on}}"
    found = load_yaml(text, "")
    assert isinstance(found["a"], Reset)
    assert isinstance(found["b"].value[0]["c"], Reset)
    assert found["d"] == Override(1)
    assert found["e"] == Override({"f": "on"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", r"the key c is there twice \(line 4\)"),
        ("a: [1\nb: 2", "is not valid YAML: "),
        ("a: 1\n---\nb: 1", "is not valid YAML: "),
        ("a: &x [*x]", "an anchor holds itself"),
        ("a: !secret 1", "is not valid YAML: could not determine a constructor"),
        ("a: '\ud800'", "is not valid YAML"),
        ("a: " + "[" * 900 + "]" * 900, "nested too deeply"),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        load_yaml(text, "compose")


# A key of YAML has at most 1,024 characters, written as JSON's escapes.
_TEXT = st.text(st.characters(max_codepoint=0xFFFF, blacklist_categories=("Cs",)), max_size=150)
_VALUE = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
_JSON = st.recursive(
    _VALUE | _TEXT,
    lambda item: st.lists(item) | st.dictionaries(_TEXT | st.just("<<"), item),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(_TEXT, _JSON))
def test_json_says_what_it_says_as_yaml(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    assert load_yaml(text, "") == load_yaml(f"# YAML\n{text}", "") == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        r'{"a": "\ud83d\ude00"}',
        '{"a": "\ud800"}',
        '{"a": 1,}',
        '{"a": 1} {}',
        '{"a": ' + "[" * 101 + "]" * 101 + "}",
    ],
)
def test_what_json_may_say_is_read_or_refused_as_yaml(text: str) -> None:
    def said(text: str) -> Any:
        try:
            return load_yaml(text, "compose")
        except SpecError as error:
            return re.sub(r" \(line \d+\)", "", str(error))

    assert said(text) == said(f"# YAML\n{text}")


def test_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SpecError, match="PyYAML is missing here"):
        load_yaml("a: 1", "compose")
    assert load_yaml('{"a": 1}', "compose") == {"a": 1}
