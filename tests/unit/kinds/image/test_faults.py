"""The words of engines and registries, as they were seen, and what follows from them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dockwright.engine.fake import FakeEngine
from dockwright.errors import (
    ApplyFailed,
    EngineError,
    EngineRefused,
    EngineTimeout,
    EngineUnreachable,
)
from dockwright.kinds.image import apply
from dockwright.kinds.image.credentials import advice, headers, host_of, with_config
from dockwright.kinds.image.faults import fault_of
from dockwright.kinds.image.progress import Progress
from dockwright.kinds.image.reference import parse
from dockwright.kinds.image.retry import Retry
from dockwright.kinds.image.want import parse as parse_want

SEEN = [
    (404, "manifest for nginx:9 not found: manifest unknown: manifest unknown", True, "this name"),
    (500, "unauthorized: authentication required", True, "to log in"),
    (500, "Get http://host:5000/v2/web/manifests/1: no basic auth credentials", True, "to log in"),
    (
        404,
        "pull access denied for x, repository does not exist or may require 'docker login'",
        True,
        "to log in",
    ),
    (401, "something new", True, "to log in"),
    (500, "toomanyrequests: You have reached your pull rate limit.", True, "registry-mirrors"),
    (
        429,
        "toomanyrequests: retry-after: 496.4ms, allowed: 44000/minute",
        False,
        "registry-mirrors",
    ),
    (429, "Retry-After: 3600", True, "registry-mirrors"),
    (429, "slow down", False, "registry-mirrors"),
    (500, "received unexpected HTTP status: 503 Service Unavailable", False, "is up"),
    (
        500,
        'Get "http://host:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
        False,
        "is up",
    ),
    (500, "dial tcp: lookup host on 10.0.0.53:53: no such host", False, "DNS"),
    (500, "Get https://host/v2/: net/http: TLS handshake timeout", False, "is up"),
    (
        500,
        "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        False,
        "is up",
    ),
    (200, "unexpected EOF", False, "is up"),
    (200, "read tcp 10.0.0.1:443: read: connection reset by peer", False, "is up"),
    (500, "Get https://host/v2/: x509: certificate signed by unknown authority", True, "certs.d"),
    (
        500,
        "Get https://host/v2/: http: server gave HTTP response to HTTPS client",
        True,
        "insecure-registries",
    ),
    (200, "failed to register layer: write /x: no space left on device", True, "make room"),
    (404, "no matching manifest for linux/arm64/v8 in the manifest list entries", True, "platform"),
    (400, "invalid reference format", True, "this name"),
    (502, "bad gateway", False, "is up"),
    (500, "something nobody has seen", True, "journalctl"),
]


@pytest.mark.parametrize(("status", "text", "is_final", "fix"), SEEN)
def test_faults(status: int, text: str, is_final: bool, fix: str) -> None:
    fault = fault_of(EngineRefused(text, status=status), parse("host:5000/web:1", ""), {})
    assert fault.message == text
    assert fault.is_final is is_final
    assert fix in fault.fix


def test_a_short_wait_that_the_registry_wants_is_kept() -> None:
    error = EngineRefused("toomanyrequests: retry-after: 1.5s", status=429)
    fault = fault_of(error, parse("host:5000/web:1", ""), {})
    assert fault.wait == 1.5
    assert Retry(chance=lambda: 0.0).pause(1, fault.wait) == 1.5


def test_the_engine_itself() -> None:
    reference = parse("host:5000/web:1", "")
    assert not fault_of(EngineUnreachable("gone"), reference, {}).is_final
    assert fault_of(EngineTimeout("late"), reference, {}).is_final
    assert fault_of(EngineError("odd"), reference, {}).is_final


def pull(engine: FakeEngine, **how: Any) -> list[float]:
    """Pull web:1 with a retry that notes its pauses."""
    pauses: list[float] = []
    want = parse_want("web:1", None, "images.web:1")
    retry = Retry(sleep=pauses.append, chance=lambda: 0.5, **how)
    apply.pull(engine, want, {}, retry=retry)
    return pauses


def test_what_passes_is_tried_again_with_growing_pauses() -> None:
    engine = FakeEngine()
    engine.offer_image("web:1")
    engine.fail_on("POST", "/images/create", 500, "unexpected EOF", times=3)
    assert pull(engine) == [1.0, 2.0, 4.0]


def test_trying_has_an_end() -> None:
    engine = FakeEngine()
    engine.fail_on("POST", "/images/create", 503, "unavailable", times=99)
    with pytest.raises(ApplyFailed, match=r"unavailable \(tried 4 times\)"):
        pull(engine, attempts=4)
    assert engine.log.count("POST /images/create") == 4
    assert Retry(chance=lambda: 1.0).pause(50) == 45.0


def test_what_does_not_pass_is_not_tried_again() -> None:
    engine = FakeEngine()
    with pytest.raises(ApplyFailed) as caught:
        pull(engine)
    assert engine.log.count("POST /images/create") == 1
    assert caught.value.where == "images.web:1"
    assert caught.value.fix == "check that docker.io has this name and tag"


# --- credentials ---------------------------------------------------------------------------------


def decoded(found: dict[str, str]) -> Any:
    return json.loads(base64.urlsafe_b64decode(found["X-Registry-Auth"]))


def test_the_spec_goes_before_config_json() -> None:
    login = base64.b64encode(b"old:one:two").decode()
    config = {
        "auths": {
            "https://index.docker.io/v1/": {"auth": login},
            "host:5000": {"auth": login},
            "token.example": {"identitytoken": "t"},
            "empty.example": {},
            "bad.example": {"auth": "%%%"},
        },
        "credHelpers": {"cloud.example": "gcloud"},
    }
    found = with_config({"host:5000": {"username": "ci", "password": "s"}}, config)
    assert decoded(headers(found, "host:5000")) == {
        "username": "ci",
        "password": "s",
        "serveraddress": "host:5000",
    }
    hub = decoded(headers(found, "docker.io"))
    assert (hub["username"], hub["password"]) == ("old", "one:two")
    assert hub["serveraddress"] == "https://index.docker.io/v1/"
    assert decoded(headers(found, "token.example"))["identitytoken"] == "t"
    for host in ("empty.example", "bad.example", "cloud.example", "other.example"):
        assert headers(found, host) == {}
    assert "helper program 'gcloud'" in advice(found, "cloud.example")
    assert "helper program 'pass'" in advice(with_config({}, {"credsStore": "pass"}), "any")
    assert "to log in" in advice(found, "other.example")


@pytest.mark.parametrize("key", ["docker.io", "https://index.docker.io/v1/", "index.docker.io"])
def test_names_of_the_hub(key: str) -> None:
    assert host_of(key) == "docker.io"


# --- progress ------------------------------------------------------------------------------------


def test_progress_is_summed_up_and_not_told_too_often() -> None:
    told: list[str] = []
    times = iter(range(1000))
    progress = Progress("web", told.append, clock=lambda: next(times) / 10)
    progress.take({"status": "Pulling from web", "id": "1"})
    for layer in ("a", "b"):
        progress.take({"status": "Pulling fs layer", "id": layer, "progressDetail": {}})
    for part in range(20):
        detail = {"current": part * 10**5, "total": 2 * 10**6}
        progress.take({"status": "Downloading", "id": "a", "progressDetail": detail})
    progress.take({"status": "Pull complete", "id": "a", "progressDetail": {}})
    progress.take({"status": "Already exists", "id": "b", "progressDetail": {}})
    progress.take({"status": "Digest: sha256:1"})
    progress.take({"status": "Status: Downloaded newer image for web"})
    assert told[0] == "web: 0 of 1 layers"
    assert told[-1] == "web: 2 of 2 layers, 2.0 of 2.0 MB"
    assert len(told) < 8
