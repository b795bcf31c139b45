"""What several places want of one image becomes one want, or a problem that names both."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.image.platforms import fits, parse_platform, platform_of
from dockwright.kinds.image.want import implied, key, merged, parse, policy_of


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ([None, None], "missing"),
        ([None, "never"], "never"),  # who says nothing does not overrule
        (["never", "missing"], "missing"),
        (["missing", "always"], "always"),
        (["always", "never", None], "always"),
    ],
)
def test_the_strictest_policy_wins(given: list[str | None], policy: str) -> None:
    names = ["nginx", "nginx:latest", "docker.io/library/nginx"]
    wants = [
        implied(name, f"containers.c{number}", item)
        for number, (name, item) in enumerate(zip(names, given))
    ]
    for ordered in (wants, wants[::-1]):
        found = merged(ordered)
        assert list(found) == ["docker.io/library/nginx:latest"]
        assert policy_of(found["docker.io/library/nginx:latest"]) == policy


def test_the_entry_of_images_gives_name_and_place() -> None:
    entry = parse("docker.io/nginx", {"platform": "amd64"}, "images.docker.io/nginx")
    (want,) = merged([entry, implied("nginx", "containers.web", "always")]).values()
    assert (want.name, want.where) == ("docker.io/nginx", "images.docker.io/nginx")
    assert want.inputs == {
        "reference": key(want),
        "platform": "linux/amd64",
        "pull_policy": "always",
    }


@pytest.mark.parametrize(
    ("entry", "container", "where", "part"),
    [
        ({"state": "absent"}, {}, "containers.web.image", "absent in images.nginx"),
        ({"platform": "amd64"}, {"platform": "arm64"}, "containers.web.image", "images.nginx"),
        ({"load": "/x"}, {"pull_policy": "always"}, "containers.web.image", "images.nginx loads"),
    ],
)
def test_what_does_not_go_together(
    entry: dict[str, Any], container: dict[str, Any], where: str, part: str
) -> None:
    wants = [parse("nginx", entry, "images.nginx"), implied("nginx", "containers.web", **container)]
    with pytest.raises(SpecError) as caught:
        merged(wants)
    (problem,) = caught.value.problems()
    assert problem.where == where
    assert part in problem.message
    with pytest.raises(SpecError):
        merged(wants[::-1])


def test_all_problems_of_an_entry_come_together() -> None:
    with pytest.raises(SpecError) as caught:
        parse("Nginx", {"load": "x", "platfrom": "amd64"}, "images.Nginx")
    problems = caught.value.problems()
    assert [p.where for p in problems] == [
        "images.Nginx",
        "images.Nginx.load",
        "images.Nginx.platfrom",
    ]
    assert problems[2].fix == "did you mean 'platform'?"


def test_problems_of_a_container_stand_in_the_container() -> None:
    with pytest.raises(SpecError) as caught:
        implied("Nginx", "containers.web", "sometimes", "a b")
    assert [p.where for p in caught.value.problems()] == [
        "containers.web.image",
        "containers.web.pull_policy",
        "containers.web.platform",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("Linux/AArch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/7", "linux/arm/v7"),
        ("armhf", "linux/arm/v7"),
        ("linux", "linux"),
    ],
)
def test_platforms_have_one_spelling(text: str, wanted: str) -> None:
    assert parse_platform(text, "x") == wanted


def test_which_platforms_fit() -> None:
    assert fits("", "linux/arm64")
    assert fits("linux/amd64", platform_of("linux", "amd64"))
    assert fits("linux/arm64", platform_of("linux", "arm64", "v8"))
    assert fits("linux", "linux/arm64")
    assert fits("linux/arm", "linux/arm/v7")
    assert fits("linux/amd64", "")
    assert not fits("linux/amd64", "linux/arm64")
    assert not fits("linux/arm/v6", platform_of("linux", "arm", "v7"))
    assert not fits("windows", "linux/amd64")
