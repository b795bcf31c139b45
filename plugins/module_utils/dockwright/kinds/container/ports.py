"""Published and exposed ports: Compose short and long forms, and the engine's port bindings.

The normal form of ``ports`` is ``{"80/tcp": [":8080", "127.0.0.1:"]}``: for each container port
the sorted list of ``address:port`` on the host; an empty port lets the engine choose one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...values import Type, integer, parse_list, parse_mapping, parse_text, wrong

_LONG = ("target", "published", "host_ip", "protocol", "mode", "name", "app_protocol")
_EXAMPLE = "write it as 8080:80, 127.0.0.1:8080:80/udp or {target: 80, published: 8080}"


def parse_ports(value: Any, where: str) -> dict[str, list[str]]:
    """Compose ``ports`` in normal form."""
    result: dict[str, list[str]] = {}
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        entries = _long(item, path) if isinstance(item, Mapping) else _short(item, path)
        for target, binding in entries:
            if binding in result.get(target, ()):
                raise wrong(path, f"publishes {target} on '{binding}' a second time", "remove it")
            result.setdefault(target, []).append(binding)
    return {target: sorted(bindings) for target, bindings in result.items()}


def _short(value: Any, where: str) -> list[tuple[str, str]]:
    text = parse_text(value, where)
    match = re.fullmatch(
        r"(?:(?P<ip>\[[^\]]*\]|[^:]*):)??(?:(?P<host>[\d-]*):)?(?P<target>[\d-]+)(?:/(?P<proto>\w+))?",
        text,
    )
    if not match:
        raise wrong(where, f"is not a port mapping: '{text}'", _EXAMPLE)
    targets = _range(match["target"], where)
    published = _range(match["host"], where) if match["host"] else [""]
    if len(published) == len(targets):
        matched = list(zip(targets, published))
    elif published == [""]:
        matched = [(target, "") for target in targets]
    elif len(targets) == 1:  # the engine picks a free one of the range
        matched = [(targets[0], match["host"])]
    else:
        raise wrong(where, f"the two port ranges differ in length: '{text}'", _EXAMPLE)
    address = _address(match["ip"] or "", where)
    protocol = _protocol(match["proto"] or "tcp", where)
    return [(f"{target}/{protocol}", f"{address}:{port}") for target, port in matched]


def _long(value: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    entry = parse_mapping(value, where)
    for key in entry:
        if key not in _LONG:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(_LONG))
    if entry.get("target") is None:
        raise wrong(where, "has no target", "give the container's port as target")
    target = integer(1, 65535)(entry["target"], f"{where}.target")
    published = parse_text(entry.get("published") or "", f"{where}.published")
    if published:
        _range(published, f"{where}.published")
    address = _address(parse_text(entry.get("host_ip") or "", f"{where}.host_ip"), where)
    protocol = _protocol(parse_text(entry.get("protocol") or "tcp", f"{where}.protocol"), where)
    if entry.get("mode") not in (None, "host", "ingress"):
        raise wrong(f"{where}.mode", f"is '{entry['mode']}'", "must be host or ingress")
    return [(f"{target}/{protocol}", f"{address}:{published}")]


def _range(text: str, where: str) -> list[str]:
    first, dash, last = text.partition("-")
    low = integer(1, 65535)(first, where)
    high = integer(1, 65535)(last, where) if dash else low
    if high < low:
        raise wrong(where, f"the port range {text} runs backwards", f"write {high}-{low}")
    return [str(port) for port in range(low, high + 1)]


def _address(text: str, where: str) -> str:
    if not text:
        return ""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        raise wrong(where, f"'{text}' is not an IP address of the host", _EXAMPLE) from None
    return f"[{address}]" if address.version == 6 else str(address)


def _protocol(text: str, where: str) -> str:
    if text not in ("tcp", "udp", "sctp"):
        raise wrong(where, f"unknown protocol '{text}'", "must be tcp, udp or sctp")
    return text


def parse_expose(value: Any, where: str) -> list[str]:
    """Compose ``expose`` as a sorted list of ``port/protocol``."""
    result = set()
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        port, _, protocol = parse_text(item, path).partition("/")
        for single in _range(port, path):
            result.add(f"{single}/{_protocol(protocol or 'tcp', path)}")
    return sorted(result)


def with_protocol(key: str) -> str:
    """The engine keeps a port key raw: ``80`` means ``80/tcp``."""
    return key if "/" in key else f"{key}/tcp"


def expanded(keys: Iterable[str]) -> set[str]:
    """The engine keeps exposed ports as they were written: ``80``, or a range ``80-82/tcp``."""
    found: set[str] = set()
    for key in map(with_protocol, keys):
        span, _, protocol = key.partition("/")
        first, dash, last = span.partition("-")
        if dash and first.isdigit() and last.isdigit():
            found.update(f"{port}/{protocol}" for port in range(int(first), int(last) + 1))
        else:
            found.add(key)
    return found


def read_bindings(bindings: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """HostConfig.PortBindings in normal form."""
    result = {}
    for key, hosts in (bindings or {}).items():
        found = [_binding(host) for host in hosts or ()]
        if found:
            result[with_protocol(key)] = sorted(found)
    return result


def _binding(host: Mapping[str, str]) -> str:
    address = host.get("HostIp") or ""
    if ":" in address:  # the engine keeps it as it was written
        address = _address(address, "")
    return f"{address}:{host.get('HostPort') or ''}"


def write_bindings(ports: Mapping[str, list[str]]) -> dict[str, list[dict[str, str]]]:
    """The normal form as HostConfig.PortBindings."""
    return {target: [_host(binding) for binding in hosts] for target, hosts in ports.items()}


def _host(binding: str) -> dict[str, str]:
    address, _, port = binding.rpartition(":")
    return {"HostIp": address.strip("[]"), "HostPort": port}


def write_ports(ports: Mapping[str, list[str]]) -> list[str]:
    """The normal form as Compose's short form."""
    return [
        f"{binding}:{_plain(target)}" if binding != ":" else _plain(target)
        for target, bindings in ports.items()
        for binding in (
            text if text.partition(":")[0] or text == ":" else text[1:] for text in bindings
        )
    ]


def _plain(target: str) -> str:
    return target[: -len("/tcp")] if target.endswith("/tcp") else target


def fixed_ports(ports: Mapping[str, list[str]]) -> list[tuple[str, str, int]]:
    """The host ports that are claimed for sure: (protocol, address or '', port)."""
    claims = []
    for target, bindings in ports.items():
        for binding in bindings:
            address, _, port = binding.rpartition(":")
            if port.isdigit():
                claims.append((target.rpartition("/")[2], address.strip("[]"), int(port)))
    return claims


def overlap(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    """Whether two claims on host ports exclude each other; no address means every address."""
    same = one[0] == other[0] and one[2] == other[2]
    everywhere = ("", "0.0.0.0", "::")
    return same and (one[1] == other[1] or one[1] in everywhere or other[1] in everywhere)


PORTS = Type(
    "list of ports",
    parse_ports,
    "raw",
    {
        "type": "array",
        "items": {
            "anyOf": [
                {"type": ["string", "integer"]},
                {
                    "type": "object",
                    "properties": {key: {} for key in _LONG},
                    "required": ["target"],
                },
            ]
        },
    },
    keyed=True,
)
EXPOSE = Type(
    "list of ports",
    parse_expose,
    "raw",
    {"type": "array", "items": {"type": ["string", "integer"]}},
)
