"""Why an image could not be had: the engine's words sorted into what helps. Pure.

Engines before 28 answer 500 to nearly everything, and after the first line of a pull the status
is 200 whatever happens: the text decides, the status only where the text says nothing.
"""

from __future__ import annotations

import re

from ...errors import EngineError, EngineRefused, EngineTimeout, EngineUnreachable
from ...named_tuple import NamedTuple
from .credentials import Registries, advice, is_known
from .reference import Reference

LONGEST_WAIT = 60.0  # seconds; a registry that wants us to wait longer is not waited for


class Fault(NamedTuple):
    """What went wrong, in the engine's words, and what can be done."""

    message: str
    fix: str = ""
    is_final: bool = True  # trying again does not help
    wait: float = 0.0  # seconds that the registry wants us to wait before the next try


_FINAL = (
    (r"no space left on device", "space"),
    (r"no matching manifest|does not match the (specified|requested) platform", "platform"),
    (r"certificate has expired", "expired"),
    (r"x509|certificate|server gave HTTP response to HTTPS client|tls: ", "tls"),
    (
        r"unauthorized|denied|authentication required|no basic auth|docker login|forbidden",
        "login",
    ),
    (r"manifest unknown|name unknown|no such image|not found", "name"),
    (r"invalid (reference|repository|tag)|repository name must", "name"),
)
_PASSING = re.compile(
    r"time-?out|deadline exceeded|\bEOF\b|connection reset|connection refused|broken pipe"
    r"|no such host|server misbehaving|temporary failure|network is unreachable|no route to host"
    r"|unavailable|(status( code)?|HTTP)\D{0,9}5\d\d|\b50[0234] [A-Z]|context canceled",
    re.IGNORECASE,
)
_RATE = re.compile(r"toomanyrequests|too many requests|\b429\b", re.IGNORECASE)
_QUOTA = re.compile(r"pull rate limit", re.IGNORECASE)
_RETRY_AFTER = re.compile(r"retry[- ]after:?\s*(\d+(?:\.\d+)?)\s*(ms|s|m)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def fault_of(error: EngineError, reference: Reference, registries: Registries) -> Fault:
    """What an error of the engine means for getting this image."""
    text = error.message
    if isinstance(error, EngineUnreachable):
        return Fault(text, error.fix, is_final=False)  # it may be restarting
    if isinstance(error, EngineTimeout):  # the user's own limit
        return Fault(text, f"{_fix('reach', reference, registries)}; or raise `timeout`")
    if not isinstance(error, EngineRefused):
        return Fault(text, error.fix)
    return _refused(error, reference, registries)


def _refused(error: EngineRefused, reference: Reference, registries: Registries) -> Fault:
    host, text = reference.domain, error.message
    if _RATE.search(text) or error.status == 429:
        return _too_many(text, host, registries)
    found = (sort for pattern, sort in _FINAL if re.search(pattern, text, re.IGNORECASE))
    sort = next(found, "")
    if sort and "no such host" not in text:
        return Fault(text, _fix(sort, reference, registries))
    if error.status in (401, 403):
        return Fault(text, advice(registries, host))
    if error.status in (400, 404):
        return Fault(text, _fix("name", reference, registries))
    if _PASSING.search(text) or error.status > 500:
        return Fault(text, _fix("reach", reference, registries), is_final=False)
    return Fault(text, "see the engine's log (`journalctl -u docker`)")


def _too_many(text: str, host: str, registries: Registries) -> Fault:
    log_in = "" if is_known(registries, host) else f"log in to {host} (`registries`), "
    fix = f"{log_in}wait, or set up a mirror (`registry-mirrors` of the daemon)"
    match = _RETRY_AFTER.search(text)
    wait = float(match[1]) * _UNITS[(match[2] or "s").lower()] if match else 0.0
    # The quota of Docker Hub comes back after hours.
    is_final = wait > LONGEST_WAIT or (not wait and bool(_QUOTA.search(text)))
    return Fault(text, fix, is_final=is_final, wait=wait)


def _fix(sort: str, reference: Reference, registries: Registries) -> str:
    host = reference.domain
    if sort == "login":
        return advice(registries, host)
    fixes = {
        "space": "make room where the engine keeps its images (`docker system df`)",
        "platform": "choose a `platform` that the registry has, or leave it out",
        "tls": (
            f"put the CA of {host} into /etc/docker/certs.d/{host}/ca.crt on the engine's host, "
            "or name the registry in `insecure-registries` of the daemon; check the clock"
        ),
        "expired": f"renew the certificate of {host}; check the clock of the engine's host",
        "name": f"check that {host} has this name and tag",
        "reach": (
            f"check that {host} is up and can be reached from the engine's host: "
            "DNS, firewall, `proxies` of the daemon"
        ),
    }
    return fixes[sort]
