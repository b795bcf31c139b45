"""The storage of real hosts, changed with everything on it: nothing is lost that was not named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.storage_world import (
    ACKS,
    Picture,
    acknowledged,
    apply,
    check_records,
    fill,
    picture,
    run,
)
from tests.hosts import TestHost

NewHost = Callable[..., TestHost]
MOVED = "/var/lib/containerd/moved"  # a volume of its own in a test host


def filled(new_host: NewHost, recipe: str) -> TestHost:
    host = new_host(recipe)
    host.exec(["sh", "-c", f"mkdir -p {ACKS} && chmod 1777 {ACKS}"])
    fill(host)
    return host


def info(host: TestHost) -> dict[str, Any]:
    with contextlib.closing(host.sdk()) as client:
        return dict(client.info())


def same(before: Picture, after: Picture) -> None:
    """Compared part by part, for the differences to be readable."""
    for name in Picture._fields:
        was, now = getattr(before, name), getattr(after, name)
        if isinstance(was, dict):
            assert set(now) == set(was), name
            for key, value in was.items():
                assert now[key] == value, (name, key)
        else:
            assert now == was, name


def test_driver_there_and_back_and_a_move(new_host: NewHost) -> None:
    host = filled(new_host, "debian-13")
    before = picture(host)
    assert len(before.images) >= 10 and len(before.containers) >= 10
    refused = run(host, "apply", {"storage": {"driver": "vfs"}})
    assert refused["failed"] and "migrate: true" in refused["message"], refused
    for driver in ("vfs", "overlay2"):
        last = acknowledged(host)
        apply(host, driver=driver, migrate=True)
        assert info(host)["Driver"] == driver
        check_records(host, last)
        same(before, picture(host))
    last = acknowledged(host)
    report = apply(host, driver="overlay2", data_root=MOVED, migrate=True)
    assert [change["disruption"] for change in report["changes"]] == ["outage"]
    assert info(host)["DockerRootDir"] == MOVED
    check_records(host, last)
    same(before, picture(host))
