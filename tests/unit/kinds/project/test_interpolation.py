"""Variables in Compose values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.project.interpolation import escape, interpolate, substitute

KNOWN = {"A": "1", "EMPTY": "", "_x9": "u"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$A", "1"),
        ("${A}", "1"),
        ("x$A-y", "x1-y"),
        ("$A$A", "11"),
        ("$_x9.", "u."),
        ("$$", "$"),
        ("$$A", "$A"),
        ("$$$A", "$1"),
        ("${A}$${A}", "1${A}"),
        ("a$", "a$"),
        ("$-", "$-"),
        ("$1", "$1"),
        ("${A:-d}", "1"),
        ("${A-d}", "1"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${GONE:-d}", "d"),
        ("${GONE-d}", "d"),
        ("${GONE-}", ""),
        ("${A:+r}", "r"),
        ("${A+r}", "r"),
        ("${EMPTY:+r}", ""),
        ("${EMPTY+r}", "r"),
        ("${GONE:+r}", ""),
        ("${GONE+r}", ""),
        ("${A:?must}", "1"),
        ("${A?must}", "1"),
        ("${EMPTY?must}", ""),
        ("${GONE:-${A}}", "1"),
        ("${GONE:-${EMPTY:-${A}-x}}y", "1-xy"),
        ("${A:+${GONE:-k}}", "k"),
        ("${GONE:-a b}", "a b"),
        ("${GONE:-$$A}", "$A"),
        ("${GONE:-{a}}", "{a}"),
        ("${GONE:-b-c:?d}", "b-c:?d"),
        ("${GONE:-http://h:80/?q=1}", "http://h:80/?q=1"),
        ("${A:-${GONE:?not asked for}}", "1"),
    ],
)
def test_substitute(text: str, wanted: str) -> None:
    def unexpected(message: str) -> None:
        raise AssertionError(message)

    assert substitute(text, KNOWN, "here", unexpected) == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${GONE:?set ${A}}", "here: the variable GONE has no value: set ${A}. Set it"),
        ("${EMPTY:?}", "here: the variable EMPTY has no value. Set it"),
        ("${GONE?no}", "here: the variable GONE has no value: no. Set it"),
        ("${A", "a '${' is never closed"),
        ("${GONE:-${A}", "a '${' is never closed"),
        ("${}", "not followed by the name"),
        ("${1A}", "not followed by the name"),
        ("${ A}", "not followed by the name"),
        ("${A!}", "unknown text after the name in '${A…}'"),
        ("${A:x}", "unknown text after the name in '${A…}'"),
    ],
)
def test_problems(text: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        substitute(text, KNOWN, "here", print)
    assert problem in str(caught.value)


def test_problems_name_their_place_and_not_the_value() -> None:
    value = {"services": {"web": {"environment": ["A=1", "PASSWORD=secret${oops"]}}}
    with pytest.raises(SpecError) as caught:
        interpolate(value, {}, "compose", print)
    assert caught.value.where == "compose.services.web.environment[1]"
    assert "secret" not in str(caught.value)


def test_warned_once_for_each_variable() -> None:
    heard: list[str] = []
    interpolate(["$X", {"a": "${X} $Y", "$Z": 3}], {}, "", heard.append)
    assert heard == [
        "the variable X is not set, it counts as empty",
        "the variable Y is not set, it counts as empty",
    ]


TEXT = st.text(alphabet=st.sampled_from("$${}AB:-+? x\\\n")) | st.text()
VALUE = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(VALUE)
def test_escaping_is_undone_by_interpolation(value: object) -> None:
    assert interpolate(escape(value), {"A": "wrong", "B": "wrong"}, "", pytest.fail) == value


@given(TEXT, st.dictionaries(st.sampled_from("AB"), TEXT))
def test_any_text_has_a_value_or_a_problem(text: str, known: dict[str, str]) -> None:
    try:
        assert isinstance(substitute(text, known, "here", lambda _: None), str)
    except SpecError as error:
        assert error.where == "here"
