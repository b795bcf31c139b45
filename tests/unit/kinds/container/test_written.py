"""What is there, written as a person would: parsing it gives the same again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.container.options import ROWS
from dockwright.kinds.container.written import as_written
from dockwright.kinds.network.options import IPAM, write_config
from tests.case_files import Case, cases

ROW = {row.name: row for row in ROWS}


def values(kind: str) -> list[Any]:
    """Every good value of the case files."""
    found = {}
    for case in cases(kind):
        for side in ("have", "want"):
            value = (case.data.get(side) or {}).get(case.row)
            if value is not None and "problem" not in case.data:
                found[f"{case.row}-{json.dumps(value, sort_keys=True)}"] = (case, value)
    return [pytest.param(*item, id=key[:60]) for key, item in found.items()]


@pytest.mark.parametrize(
    ("case", "value"), [v for v in values("container") if v.values[0].row in ROW]
)
def test_what_is_written_is_parsed_to_the_same(case: Case, value: Any) -> None:
    row = ROW[case.row]
    try:
        normal = row.type.parse(value, "a")
    except SpecError:
        pytest.skip("the whole entry makes it good")
    written = as_written(row.name, normal)
    assert row.type.parse(json.loads(json.dumps(written)), "a") == normal


@pytest.mark.parametrize(
    ("case", "value"), [v for v in values("network") if v.values[0].row == "ipam"]
)
def test_address_management(case: Case, value: Any) -> None:
    normal = IPAM.parse(value, "a")
    again = IPAM.parse(write_config(normal), "a")
    assert again == {
        key: item for key, item in normal.items() if (key, item) != ("driver", "default")
    }
