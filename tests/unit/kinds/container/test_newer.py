"""What only newer engines have, and the way out on older ones."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.kinds.container.newer import newer, way_out
from dockwright.spec import parse_document

CREATE, BELOW = "bind.create_host_path", "bind.recursive"


@pytest.mark.parametrize(
    ("source", "bind", "path", "fix"),
    [
        ("/a", {}, "", ""),
        ("/a:b", {}, CREATE, "set it to false"),
        ("/a:b", {"create_host_path": False}, "", ""),
        ("/a:b", {"propagation": "rslave"}, CREATE, "set it to false"),
        ("/a:b", {"recursive": "disabled"}, BELOW, "leave it out"),
        ("/a:b", {"recursive": "disabled", "create_host_path": False}, "", ""),
    ],
)
def test_binds_with_a_colon(source: str, bind: dict[str, Any], path: str, fix: str) -> None:
    mount = {"type": "bind", "source": source, "target": "/x", "bind": bind}
    document = {"containers": {"web": {"image": "web:1", "volumes": [mount]}}}
    want = parse_document(document, lambda file: None).containers["web"]
    found = [(where, since, way_out(where)) for where, since in newer(want)]
    assert found == ([(f"volumes./x.{path}", "1.42", fix)] if path else [])
