"""Callers of Salt's on an engine without objects."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts import TestHost, engine_clean, machine

from .minion import Minion


@pytest.fixture(
    scope="module", params=["salt", pytest.param("salt-oldest", marks=pytest.mark.full)]
)
def caller(
    request: pytest.FixtureRequest, host26: TestHost, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Minion]:
    """The newest and the oldest Salt that are supported."""
    subprocess.run([machine.CHECKOUT / "scripts/venv", request.param], check=True)
    python = machine.CHECKOUT / f".venv-{request.param}/bin/python"
    made = Minion(python, tmp_path_factory.mktemp("salt"), host26.docker_host)
    yield made
    made.close()


@pytest.fixture
def minion(caller: Minion, host26: TestHost) -> Minion:
    engine_clean(host26)
    return caller
