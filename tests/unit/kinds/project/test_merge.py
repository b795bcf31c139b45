"""Compose files laid over one another: the cases were compared with Compose 2.40."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.project.merge import merge
from dockwright.kinds.project.yaml_text import load_yaml

CASES = json.loads((Path(__file__).parents[3] / "cases/compose/merge.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    base, over = copy.deepcopy(case["base"]), copy.deepcopy(case["over"])
    if "problem" in case:
        with pytest.raises(SpecError) as caught:
            merge(base, over, "compose")
        assert str(caught.value) == case["problem"]
    else:
        assert merge(base, over, "compose") == case["merged"]
    assert (base, over) == (case["base"], case["over"]), "the input was changed"


def test_tags() -> None:
    base = {
        "services": {
            "web": {"ports": ["1:1"], "environment": {"A": 1}, "user": "u", "cap_add": ["A"]}
        }
    }
    over = load_yaml(
        """
        services:
          web:
            ports: !reset []
            environment: !override {Z: 1}
            user: !reset null
            cap_add: !override [B]
            hostname: !override h
            labels: !reset {}
        """,
        "",
    )
    merged = {"environment": {"Z": 1}, "cap_add": ["B"], "hostname": "h"}
    assert merge(base, over, "compose") == {"services": {"web": merged}}
    # In the first file there is nothing below the tags.
    assert merge({}, over, "compose") == {"services": {"web": merged}}


SCALARS = st.none() | st.integers() | st.text(max_size=3)
FILES = st.dictionaries(
    st.sampled_from(["services", "networks", "a"]),
    st.dictionaries(
        st.sampled_from(["web", "b"]), st.dictionaries(st.sampled_from("xyz"), SCALARS)
    ),
)


@given(FILES)
def test_nothing_over_a_file_and_a_file_over_nothing(content: dict[str, Any]) -> None:
    assert merge(content, {}, "") == content
    assert merge({}, content, "") == content


@given(FILES)
def test_a_file_over_itself(content: dict[str, Any]) -> None:
    assert merge(content, content, "") == content
