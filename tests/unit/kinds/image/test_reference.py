"""References: one normal form for all spellings; bad ones are refused with a way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.image.reference import Reference, normal, parse

D = "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("text", "wanted", "familiar"),
    [
        ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("nginx:latest", "docker.io/library/nginx:latest", "nginx:latest"),
        ("library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("docker.io/library/nginx:latest", "docker.io/library/nginx:latest", "nginx:latest"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        (" nginx ", "docker.io/library/nginx:latest", "nginx:latest"),
        ("shop/web:1.4", "docker.io/shop/web:1.4", "shop/web:1.4"),
        ("localhost/web", "localhost/web:latest", "localhost/web:latest"),
        ("host:5000/a/b:tag", "host:5000/a/b:tag", "host:5000/a/b:tag"),
        ("[::1]:5000/web", "[::1]:5000/web:latest", "[::1]:5000/web:latest"),
        (f"host:5000/a/b:tag@{D}", f"host:5000/a/b@{D}", f"host:5000/a/b@{D}"),
        (f"nginx@{D}", f"docker.io/library/nginx@{D}", f"nginx@{D}"),
        (D, D, D),
        ("d" * 64, D, D),
        (D[:19], D[:19], D[:19]),
        ("d" * 12, D[:19], D[:19]),
        ("d" * 11, f"docker.io/library/{'d' * 11}:latest", f"{'d' * 11}:latest"),
        ("d" * 12 + ":1", f"docker.io/library/{'d' * 12}:1", f"{'d' * 12}:1"),
        # Without its registry this would be another one.
        ("docker.io/library/a.b", "docker.io/library/a.b:latest", "a.b:latest"),
        ("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"),
    ],
)
def test_normal_form(text: str, wanted: str, familiar: str) -> None:
    found = parse(text, "images.x")
    assert (found.normal, found.familiar) == (wanted, familiar)
    assert parse(found.normal, "").normal == parse(found.familiar, "").normal == wanted
    assert normal(text.strip()) == wanted


@pytest.mark.parametrize(
    ("value", "part", "fix"),
    [
        ("", "empty", "write it as"),
        ("Nginx", "lower case", "write nginx"),
        ("shop/Web:1", "lower case", "write shop/web"),
        ("nginx:", "'' is not a tag", "letters"),
        ("nginx:-1", "is not a tag", "letters"),
        ("nginx:" + "a" * 129, "is not a tag", "128"),
        ("nginx@sha256:12", "is not a digest", "64"),
        ("nginx@latest", "is not a digest", "64"),
        ("https://host/nginx", "protocol", "https://"),
        ("a:b:c", "'a:b' is not the name", "write it as"),
        ("-nginx", "is not the name", "write it as"),
        ("a//b", "is not the name", "write it as"),
        ("ho_st.example/a", "is not a registry", "HOST:PORT"),
        ("host:port/a", "is not a registry", "HOST:PORT"),
        ("ng inx", "is not the name", "write it as"),
        ("a" * 300, "characters", "write it as"),
        (5, "not a number", "write it as"),
    ],
)
def test_bad_references(value: object, part: str, fix: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(value, "images.x")
    (problem,) = caught.value.problems()
    assert problem.where == "images.x"
    assert part in problem.message
    assert fix in problem.fix


@given(st.text(alphabet="aB0:/@.-_ [sha256]", max_size=40))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        found = parse(text, "x")
    except SpecError:
        return
    assert parse(found.normal, "x").normal == found.normal


def test_digests_count_for_their_own_repository() -> None:
    found = parse(f"nginx@{D}", "")
    assert found.is_among([f"nginx@{D}"])
    assert found.is_among([f"docker.io/library/nginx@{D}"])
    assert not found.is_among([f"host:5000/nginx@{D}", "nginx@sha256:" + "e" * 64])
    assert found.digests([f"host:5000/nginx@{D}", f"nginx@{D}"]) == (D,)
    assert not parse("nginx", "").is_among([f"nginx@{D}"])
    assert parse("nginx", "").is_among([f"nginx@{D}"], D)


def test_what_moves_and_what_does_not() -> None:
    assert parse("nginx", "").is_moving
    assert not parse(f"nginx:1@{D}", "").is_moving
    assert not parse(D, "").is_moving
    assert parse(D[:19], "").is_id_of(D)
    assert not parse(D[:19], "").is_id_of("sha256:" + "e" * 64)
    assert not parse("nginx", "").is_id_of(D)
    assert Reference(id=D).repository == ""
