"""What a person may write, in the one normal form; and the way back to what people read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright import values
from dockwright.errors import SpecError


def refusal(parse: values.Parser, value: Any) -> str:
    with pytest.raises(SpecError) as error:
        parse(value, "a.b")
    problem = error.value.problems()[0]
    assert problem.where.startswith("a.b")
    return problem.message


@pytest.mark.parametrize(
    ("parse", "value", "normal"),
    [
        (values.parse_text, 8080, "8080"),
        (values.parse_text, True, "true"),
        (values.parse_text, 0.5, "0.5"),
        (values.parse_text, 1234567.25, "1234567.25"),
        (values.parse_text, 3.0, "3"),
        (values.parse_text, 10**20, "100000000000000000000"),
        (values.parse_cpus, 0.33, 330000000),
        (values.parse_boolean, "off", False),
        (values.integer(0), " 7 ", 7),
        (values.size(), "1.5k", 1536),
        (values.size(), "2GB", 2 * 1024**3),
        (values.size(unlimited=True), "-1", -1),
        (values.parse_duration, "1h2m3s4ms5us", 3723004005000),
        (values.parse_duration, 0.5, 5 * 10**8),
        (values.parse_cpus, ".5", 5 * 10**8),
        (values.parse_texts, "one", ["one"]),
        (values.parse_text_set, ["b", "a", "b"], ["a", "b"]),
        (values.parse_text_map, ["a=1=2", "b"], {"a": "1=2", "b": ""}),
        (values.parse_text_map, {"a": None, 1: True}, {"a": "", "1": "true"}),
        (values.parse_command, "sh -c 'echo \"$HOME\"'", ["sh", "-c", 'echo "$HOME"']),
        (values.parse_command, [], []),
    ],
)
def test_normal_form(parse: values.Parser, value: Any, normal: Any) -> None:
    assert parse(value, "a") == normal


@pytest.mark.parametrize(
    ("parse", "value", "words"),
    [
        (values.parse_text, ["a"], "must be text, not a list"),
        (values.parse_text, "a\0b", "NUL"),
        (values.parse_boolean, 1, "must be true or false"),
        (values.integer(1, 9), 10, "at most 9"),
        (values.integer(), 2**70, "too large"),
        (values.integer(), "9" * 5000, "whole number"),
        (values.size(), "9" * 5000, "too large"),
        (values.size(), "9999999999g", "too large"),
        (values.parse_duration, "9" * 400, "too large"),
        (values.parse_duration, "9" * 400 + "h", "too large"),
        (values.parse_cpus, "9" * 400, "too large"),
        (values.integer(1, 9), "0", "at least 1"),
        (values.integer(), True, "whole number"),
        (values.integer(), 1.5, "whole number"),
        (values.size(), "12 parsecs", "is not a size"),
        (values.size(), "-1", "is not a size"),
        (values.size(), True, "is not a size"),
        (values.size(1024), "1b", "at least 1k"),
        (values.parse_duration, "5 minutes", "is not a duration"),
        (values.parse_duration, True, "is not a duration"),
        (values.parse_cpus, "-1", "is not a number of processors"),
        (values.choice("a", "b"), "c", "is 'c'"),
        (values.parse_texts, ["a", {}], "must be text, not a mapping"),
        (values.parse_mapping, [], "must be a mapping, not a list"),
        (values.parse_text_map, 3, "must be a mapping or a list, not a number"),
        (values.parse_text_map, "a=b", "must be a mapping or a list, not text"),
        (values.parse_text_map, True, "must be a mapping or a list, not a boolean"),
        (values.parse_command, "a 'b", "cannot be split"),
    ],
)
def test_refused(parse: values.Parser, value: Any, words: str) -> None:
    assert words in refusal(parse, value)


@given(st.integers(1, 2**50))
def test_sizes_as_people_read_them(count: int) -> None:
    assert values.size()(values.show_size(count), "a") == count


@given(st.integers(0, 10**11))
def test_durations_as_people_read_them(microseconds: int) -> None:
    nanoseconds = microseconds * 1000
    assert values.parse_duration(values.show_duration(nanoseconds), "a") == nanoseconds


@given(st.integers(1, 10**5))
def test_processors_as_people_read_them(milli: int) -> None:
    nano = milli * 10**6
    assert values.parse_cpus(values.show_cpus(nano), "a") == nano


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_text_is_kept(text: str) -> None:
    assert values.parse_text(text, "a") == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    )
)
def test_whatever_is_written_is_parsed_or_refused(value: Any) -> None:
    for name in ("TEXT", "BOOLEAN", "COUNT", "SIZE", "DURATION", "CPUS", "TEXTS", "TEXT_SET"):
        _parse(getattr(values, name), value)
    for name in ("COMMAND", "MAPPING", "TEXT_MAP"):
        _parse(getattr(values, name), value)


def _parse(type: values.Type, value: Any) -> None:
    try:
        normal = type.parse(value, "a")
    except SpecError:
        return
    if type.name not in ("duration", "processors"):  # their units differ from what is written
        assert type.parse(normal, "a") == normal
