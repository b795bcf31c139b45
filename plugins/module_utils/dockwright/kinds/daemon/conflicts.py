"""What `dockerd --validate` misses: values that are fine alone and do not go together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Callable

from ...errors import Problem
from .log_options import log_problems

Values = Mapping[str, Any]
_UNSET: tuple[Any, ...] = (None, "", [], {})


def conflicts(values: Values, where: str, known: Values | None = None) -> list[Problem]:
    """The problems of values (in normal form) with each other.

    ``known`` are the values of keys that are not given but set otherwise (the file, the defaults).
    """
    merged = {**(known or {}), **values}
    return [problem for check in _CHECKS for problem in check(merged, where)]


def _bridge(values: Values, where: str) -> list[Problem]:
    if values.get("bridge") in _UNSET or values.get("bip") in _UNSET:
        return []
    text = "does not go with bridge: the engine sets addresses of its own bridge only"
    return [Problem(f"{where}.bip", text, "remove bip or bridge")]


def _icc(values: Values, where: str) -> list[Problem]:
    if values.get("icc") is not False or values.get("iptables") is not False:
        return []
    text = "false needs iptables, which is switched off"
    return [Problem(f"{where}.icc", text, "set iptables: true or icc: true")]


def _gateways(values: Values, where: str) -> list[Problem]:
    if values.get("host-gateway-ip") in _UNSET or values.get("host-gateway-ips") in _UNSET:
        return []
    return [Problem(f"{where}.host-gateway-ip", "does not go with host-gateway-ips", "keep one")]


def _fixed_range(values: Values, where: str) -> list[Problem]:
    bip, fixed = values.get("bip"), values.get("fixed-cidr")
    if not bip or not fixed:
        return []
    outer: Any = ipaddress.ip_interface(bip).network
    inner: Any = ipaddress.ip_network(fixed)
    if outer.version == inner.version and inner.subnet_of(outer):
        return []
    text = f"{fixed} is not inside the subnet of bip, {outer}"
    return [Problem(f"{where}.fixed-cidr", text, f"choose a part of {outer}")]


def _pools(values: Values, where: str) -> list[Problem]:
    bases = [
        ipaddress.ip_network(pool["base"]) for pool in values.get("default-address-pools") or []
    ]
    problems = []
    for index, base in enumerate(bases):
        for earlier in bases[:index]:
            if base.version == earlier.version and base.overlaps(earlier):
                path = f"{where}.default-address-pools[{index}].base"
                problems.append(
                    Problem(path, f"{base} overlaps {earlier}", "give each pool its own")
                )
    return problems


def _runtime(values: Values, where: str) -> list[Problem]:
    name, runtimes = values.get("default-runtime"), values.get("runtimes") or {}
    if not name or name in ("runc", *runtimes) or name.startswith("io.containerd."):
        return []
    text = f"there is no runtime {name!r}"
    return [Problem(f"{where}.default-runtime", text, f"define it: runtimes: {{{name}: …}}")]


def _cgroup_parent(values: Values, where: str) -> list[Problem]:
    parent = values.get("cgroup-parent") or ""
    systemd = "native.cgroupdriver=systemd" in (values.get("exec-opts") or [])
    if not parent or not systemd or re.match(r"^[^/]+\.slice$", parent):
        return []
    text = f"{parent!r} is no slice, which the systemd cgroup driver needs"
    return [Problem(f"{where}.cgroup-parent", text, "write it as docker.slice")]


def _logs(values: Values, where: str) -> list[Problem]:
    return log_problems(
        values.get("log-driver") or "json-file", values.get("log-opts") or {}, where
    )


def _tls(values: Values, where: str) -> list[Problem]:
    has_tls = bool(values.get("tls")) or bool(values.get("tlsverify"))
    given = [name for name in ("tlscert", "tlskey") if values.get(name)]
    if has_tls and len(given) == 1:
        lacking = ({"tlscert", "tlskey"} - set(given)).pop()
        return [Problem(f"{where}.{given[0]}", f"needs {lacking} too", f"add {lacking}")]
    if values.get("tlsverify") and not values.get("tlscacert"):
        text = "needs the CA that clients are checked with"
        return [Problem(f"{where}.tlsverify", text, "add tlscacert")]
    return []


def _cgroup_drivers(values: Values, where: str) -> list[Problem]:
    if len(values.get("exec-opts") or []) < 2:
        return []
    return [Problem(f"{where}.exec-opts", "names two cgroup drivers", "keep one of them")]


def _userns(values: Values, where: str) -> list[Problem]:
    features = values.get("features") or {}
    if values.get("userns-remap") in _UNSET or not features.get("containerd-snapshotter"):
        return []
    text = "does not go with features.containerd-snapshotter"
    return [Problem(f"{where}.userns-remap", text, "keep one of them")]


_CHECKS: tuple[Callable[[Values, str], list[Problem]], ...] = (
    *(_bridge, _icc, _gateways, _fixed_range, _pools, _runtime, _cgroup_parent, _cgroup_drivers),
    *(_logs, _tls, _userns),
)
