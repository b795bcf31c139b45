"""Worlds: an engine without objects, and a memory of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.world import World
from tests.hosts import TestHost, engine_clean


@pytest.fixture
def world_of(tmp_path: Path) -> Iterator[Callable[[TestHost], World]]:
    """`world_of(host26)`: that engine, cleaned."""
    with contextlib.ExitStack() as stack:

        def make(host: TestHost) -> World:
            engine_clean(host)
            world = World(host, tmp_path / "memory")
            stack.callback(world.client.close)
            return world

        yield make


@pytest.fixture
def world(any_host: TestHost, world_of: Callable[[TestHost], World]) -> World:
    """Each of the three engines in turn, cleaned."""
    return world_of(any_host)


@pytest.fixture
def world26(host26: TestHost, world_of: Callable[[TestHost], World]) -> World:
    """The engine 26.1, cleaned."""
    return world_of(host26)


@pytest.fixture(
    params=[
        "host26",
        pytest.param("host20", marks=pytest.mark.full),
        pytest.param("host28", marks=pytest.mark.full),
    ]
)
def lean_world(request: pytest.FixtureRequest, world_of: Callable[[TestHost], World]) -> World:
    """An engine, cleaned: for what does not differ between engines; all of them in a full run."""
    return world_of(request.getfixturevalue(request.param))
