"""Env files as Compose reads them: every row was compared with Compose 2.40."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.project.env_file import parse_env_file, parse_raw


def parsed(
    text: str, environment: dict[str, str] | None = None, raw: bool = False
) -> dict[str, str]:
    if raw:
        return parse_raw(text, "a.env", environment or {})
    return parse_env_file(text, "a.env", environment or {}, lambda _: None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("  A=1", "1"),
        ("A = b", "b"),
        ("A: b", "b"),
        ("export A=1", "1"),
        ("export\tA=1", "1"),
        ("A=", ""),
        ("A=a b ", "a b"),
        ("A=1 # note", "1"),
        ("A=1\t# note", "1"),
        ("A=un#quoted", "un#quoted"),
        ("A=#x", "#x"),
        ("A= #x", "#x"),
        ("A=x\r\n", "x"),
        (r"A=a\nb", r"a\nb"),
        ("A=a\\", "a\\"),
        ('A=x"y"', 'x"y"'),
        ("A=a$$b", "a$b"),
        ('A={"k": "v"}', '{"k": "v"}'),
        ('A=""', ""),
        ('A="" # note', ""),
        ('A="b" c', "b"),
        (r'A="a\nb\tc\rd"', "a\nb\tc\rd"),
        (r'A="\\n"', r"\n"),
        (r'A="\a"', r"\a"),
        (r'A="a\$b"', "a$b"),
        ('A="a$$b"', "a$b"),
        (r'A="{\"k\": 1}"', '{"k": 1}'),
        ('A="several\nlines"', "several\nlines"),
        ("A='a $b \\n # c'", "a $b \\n # c"),
        (r"A='it\'s'", "it's"),
        (r"A='a\\'", r"a\\"),
        ("A='x'y", "x"),
        ("A=${GONE:-q}", "q"),
        ('A=${GONE:-"q"}', '"q"'),
        ("A=$GONE", ""),
    ],
)
def test_values(text: str, value: str) -> None:
    assert parsed(text) == {"A": value}
    assert parsed(f"# first\n\n{text}\nB=2\n") == {"A": value, "B": "2"}


def test_a_byte_order_mark_is_no_name() -> None:
    assert parsed("\ufeffA=1") == {"A": "1"}


@pytest.mark.parametrize("name", ["_A", "a.b", "A-B", "A[0]", "1a", "ä", "exportX"])
def test_names(name: str) -> None:
    assert parsed(f"{name}=1") == {name: "1"}


def test_earlier_variables_and_the_environment_before_them() -> None:
    text = "A=1\nB=$A-$X\nA=$A$A\nC=$A\n"
    assert parsed(text, {"X": "x"}) == {"A": "11", "B": "1-x", "C": "11"}
    assert parsed(text, {"A": "env"}) == {"A": "envenv", "B": "env-", "C": "env"}


def test_earlier_files_come_last() -> None:
    text = "A=$X\nX=own\nB=$X\nY\nZ\n"
    earlier = {"X": "earlier", "Y": "earlier", "Z": "earlier"}
    found = parse_env_file(text, "a.env", {"Z": "env"}, earlier=earlier)
    assert found == {"A": "earlier", "X": "own", "B": "own", "Y": "earlier", "Z": "env"}


def test_a_bare_name_is_inherited() -> None:
    assert parsed("A\nexport B\nC\n", {"A": "a", "B": ""}) == {"A": "a", "B": ""}


def test_unset_variables_are_told() -> None:
    heard: list[str] = []
    parse_env_file("A=$GONE", "a.env", {}, heard.append)
    assert heard == ["the variable GONE is not set, it counts as empty"]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("A B=1", "a.env:1", "is not NAME=value"),
        ("X=1\n\nA!=1", "a.env:3", "is not NAME=value"),
        ("=1", "a.env:1", "is not NAME=value"),
        ('#\nA="x\n', "a.env:2", 'the quote " is never closed'),
        ("A='x", "a.env:1", "the quote ' is never closed"),
        ("A=secret${", "a.env:1", "is never closed"),
        ("A=${GONE:?why}", "a.env:1", "the variable GONE has no value: why"),
    ],
)
def test_problems(text: str, where: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parsed(text)
    assert caught.value.where == where
    assert message in caught.value.message
    assert "secret" not in str(caught.value)


def test_raw() -> None:
    text = "# c\nA=$X 'q' # no comment\n\n  B=\"1\"\nC\nD\n"
    assert parsed(text, {"C": "c"}, raw=True) == {
        "A": "$X 'q' # no comment",
        "B": '"1"',
        "C": "c",
    }
    with pytest.raises(SpecError, match=r"a\.env:1: the variable's name has a space"):
        parsed("export A=1", raw=True)


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), st.text()))
def test_double_quoted_values_come_back(values: dict[str, str]) -> None:
    special = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"}
    lines = [
        f'{name}="{"".join(special.get(char, char) for char in value)}"'
        for name, value in values.items()
    ]
    assert parsed("\n".join(lines)) == values


@given(st.text(alphabet=st.sampled_from("AB=: \n\"'\\#${}export\t\r"), max_size=40) | st.text())
def test_any_text_has_values_or_a_problem(text: str) -> None:
    try:
        assert all(isinstance(value, str) for value in parsed(text).values())
    except SpecError as error:
        assert error.where.startswith("a.env:")
