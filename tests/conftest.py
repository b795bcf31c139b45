"""Test hosts as fixtures, started together before they are needed; unit tests go first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import settings

from tests.hosts import TestHost, engine_clean, machine, start_host
from tests.hosts.host import stop_all

HOSTS = {"host20": "debian-12", "host26": "debian-13", "host28": "debian-13-unstable"}
FULL = os.environ.get("DOCKWRIGHT_FULL", "") not in ("", "0")

# Engines and image builds share the cores with the properties: time says nothing about a property.
settings.register_profile("dockwright", deadline=None, derandomize=not FULL)
settings.load_profile("dockwright")


class HostPool:
    """The session's hosts; each is started once, in a thread, if a test of the run needs it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(len(HOSTS), thread_name_prefix="host")
        self._hosts: dict[str, Future[TestHost]] = {}

    def prepare(self, fixture: str) -> Future[TestHost]:
        """Start the host of this fixture in the background, if that has not been done."""
        if fixture not in self._hosts:
            self._hosts[fixture] = self._threads.submit(start_host, HOSTS[fixture], fixture)
        return self._hosts[fixture]

    def get(self, fixture: str) -> TestHost:
        """The host of this fixture, up; a test that cannot have it fails with the reason alone."""
        starting = self.prepare(fixture)
        error = starting.exception()
        if isinstance(error, (machine.MachineError, OSError)):
            pytest.fail(f"{fixture} cannot be had: {error}", pytrace=False)
        return starting.result()

    def close(self) -> None:
        """Stop everything, also what is just being started."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        stop_all()


POOL = HostPool()


def pytest_configure() -> None:
    # pytest is not capturing at this moment: this is the person's own stream.
    machine.tell_to(os.fdopen(os.dup(2), "w"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _hosts_of(item) or "new_host" in item.fixturenames:
            item.add_marker("engine")
    if not FULL:
        left_out = [item for item in items if item.get_closest_marker("full")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not item.get_closest_marker("full")]
    items.sort(key=lambda item: item.get_closest_marker("engine") is not None)


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        for fixture in sorted({name for item in session.items for name in _hosts_of(item)}):
            POOL.prepare(fixture)


def pytest_unconfigure() -> None:
    POOL.close()


def _hosts_of(item: pytest.Item) -> set[str]:
    """The host fixtures that this very test needs."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return {name for name in [*item.fixturenames, params.get("any_host")] if name in HOSTS}


@pytest.fixture(scope="session")
def host20() -> TestHost:
    """Debian 12, engine 20.10."""
    return POOL.get("host20")


@pytest.fixture(scope="session")
def host26() -> TestHost:
    """Debian 13, engine 26.1."""
    return POOL.get("host26")


@pytest.fixture(scope="session")
def host28() -> TestHost:
    """Debian 13 with the engine of unstable, 28.5."""
    return POOL.get("host28")


@pytest.fixture(scope="session", params=HOSTS)
def any_host(request: pytest.FixtureRequest) -> TestHost:
    """Each of the three hosts in turn."""
    return POOL.get(request.param)


@pytest.fixture
def clean_host(any_host: TestHost) -> TestHost:
    """Each of the three hosts in turn, its engine without containers, networks and volumes."""
    engine_clean(any_host)
    return any_host


@pytest.fixture
def new_host() -> Iterator[Callable[..., TestHost]]:
    """`new_host("debian-12")` starts a host for this test alone, one more than the shared ones."""
    started: list[TestHost] = []

    def start(recipe: str) -> TestHost:
        started.append(start_host(recipe))
        return started[-1]

    yield start
    for host in started:
        host.stop()
