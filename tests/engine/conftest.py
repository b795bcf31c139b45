"""Worlds: an engine without objects, and a memory of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.firewall_site import Site, clean
from tests.engine.world import World
from tests.hosts import TestHost, engine_clean
from tests.hosts.lan import Client, Lan


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


@pytest.fixture(scope="session")
def lan() -> Iterator[Lan]:
    made = Lan()
    yield made
    made.close()


@pytest.fixture(scope="session")
def friend(lan: Lan) -> Client:
    return lan.client("friend")


@pytest.fixture(scope="session")
def stranger(lan: Lan) -> Client:
    return lan.client("stranger")


@pytest.fixture
def site_of(lan: Lan, friend: Client, stranger: Client) -> Iterator[Callable[[TestHost], Site]]:
    """`site_of(host)`: that host with its ports open, cleaned before and afterwards."""
    with contextlib.ExitStack() as stack:

        def make(host: TestHost) -> Site:
            site = Site(host, lan, friend, stranger)
            stack.callback(clean, site)
            clean(site)
            site.serve()
            return site

        yield make


@pytest.fixture
def site(any_host: TestHost, site_of: Callable[[TestHost], Site]) -> Site:
    """Each engine in turn."""
    return site_of(any_host)


@pytest.fixture
def site26(host26: TestHost, site_of: Callable[[TestHost], Site]) -> Site:
    """The engine 26.1."""
    return site_of(host26)


@pytest.fixture(scope="module")
def guarded26(host26: TestHost, lan: Lan, friend: Client, stranger: Client) -> Iterator[Site]:
    """The engine 26.1 behind the firewall, for tests that leave it so."""
    site = Site(host26, lan, friend, stranger)
    clean(site)
    site.serve()
    site.apply(site.spec())
    yield site
    clean(site)
