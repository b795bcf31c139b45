"""Option types of containers: bounds."""

from __future__ import annotations

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.container import forms


def test_replicas_are_bounded() -> None:
    with pytest.raises(SpecError, match="at most 1000"):
        forms.REPLICAS.parse(10**9, "containers.web.scale")
