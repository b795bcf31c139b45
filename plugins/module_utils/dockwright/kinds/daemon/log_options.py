"""The options of the engine's own log drivers, which it checks only when containers start."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import Problem, nearest

_COMMON = ("mode", "max-buffer-size")  # every driver
_CACHE = ("cache-disabled", "cache-max-size", "cache-max-file", "cache-compress")
_NAMING = ("tag", "labels", "labels-regex", "env", "env-regex")

DRIVERS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "local": ("max-size", "max-file", "compress"),
    "json-file": ("max-size", "max-file", "compress", *_NAMING),
    "journald": _NAMING,
    "syslog": (
        *("syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert"),
        *("syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify", *_NAMING),
    ),
    "gelf": (
        *("gelf-address", "gelf-compression-level", "gelf-compression-type"),
        *("gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay", *_NAMING),
    ),
    "fluentd": (
        *("fluentd-address", "fluentd-async", "fluentd-async-connect"),
        *("fluentd-async-reconnect-interval", "fluentd-buffer-limit", "fluentd-max-retries"),
        *("fluentd-force-stop-async-send", "fluentd-read-timeout", "fluentd-request-ack"),
        *("fluentd-retry-wait", "fluentd-sub-second-precision", "fluentd-write-timeout"),
        *_NAMING,
    ),
    "awslogs": (
        *("awslogs-create-group", "awslogs-create-stream", "awslogs-credentials-endpoint"),
        *("awslogs-datetime-format", "awslogs-endpoint", "awslogs-format", "awslogs-group"),
        *("awslogs-force-flush-interval-seconds", "awslogs-max-buffered-events"),
        *("awslogs-multiline-pattern", "awslogs-region", "awslogs-stream", "tag"),
    ),
    "splunk": (
        *("splunk-caname", "splunk-capath", "splunk-format", "splunk-gzip", "splunk-gzip-level"),
        *("splunk-index", "splunk-index-acknowledgment", "splunk-insecureskipverify"),
        *("splunk-source", "splunk-sourcetype", "splunk-token", "splunk-url"),
        *("splunk-verify-connection", *_NAMING),
    ),
    "gcplogs": (
        *("gcp-log-cmd", "gcp-project", "gcp-meta-zone", "gcp-meta-name", "gcp-meta-id"),
        *("labels", "labels-regex", "env", "env-regex"),
    ),
    "logentries": ("line-only", "logentries-token", *_NAMING),
}

_SIZE = (r"^\d+(\.\d+)? ?([kKmMgGtTpP]?[iI]?[bB]?)$", "write it as 10m")
_NUMBER = (r"^[1-9]\d*$", "write a whole number from 1")
_BOOLEAN = (r"^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$", "write true or false")
_VALUES: Mapping[str, tuple[str, str]] = {
    "max-size": (_SIZE[0].replace("$", "$|^-1$"), _SIZE[1]),
    "max-buffer-size": _SIZE,
    "max-file": _NUMBER,
    "compress": _BOOLEAN,
    "mode": (r"^(blocking|non-blocking)$", "write blocking or non-blocking"),
    "cache-disabled": _BOOLEAN,
    "cache-max-size": _SIZE,
    "cache-max-file": _NUMBER,
    "cache-compress": _BOOLEAN,
}


def log_problems(driver: str, options: Mapping[str, str], where: str) -> list[Problem]:
    """Options that this driver does not know, and values that it would refuse."""
    known = DRIVERS.get(driver)
    problems = []
    for name, value in options.items():
        path = f"{where}.log-opts.{name}"
        if known is not None and name not in (*known, *_COMMON, *_CACHE):
            fix = nearest(name, known) or _owners(name) or "known: " + ", ".join(known + _COMMON)
            problems.append(Problem(path, f"is no option of the log driver {driver}", fix))
        elif known is not None and name in _VALUES and not re.match(_VALUES[name][0], value):
            problems.append(Problem(path, f"is {value!r}", _VALUES[name][1]))
    if options.get("max-buffer-size") and options.get("mode") != "non-blocking":
        text = "means something only with mode: non-blocking"
        problems.append(
            Problem(f"{where}.log-opts.max-buffer-size", text, "add mode: non-blocking")
        )
    return problems


def _owners(name: str) -> str:
    owners = [driver for driver, options in DRIVERS.items() if name in options]
    return f"it belongs to {', '.join(owners)}: remove it, or set log-driver" if owners else ""
