"""The value types that only daemon.json has: addresses, pools, ulimits, runtimes, proxies.

Parsers take ``(value, where)`` and give the normal form; ``Type.show`` gives what the engine reads.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ...errors import Problem, SpecError, nearest
from ...values import (
    Type,
    integer,
    kind_of,
    pairs,
    parse_boolean,
    parse_list,
    parse_mapping,
    parse_text,
    parse_texts,
    wrong,
)

_OBJECT = {"type": "object"}
_STRING = {"type": "string"}
_STRINGS = {"type": "array", "items": {"type": "string"}}
ULIMITS_KNOWN = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"),
    *("rss", "rtprio", "rttime", "sigpending", "stack"),
)
_RUNTIME = {"path", "runtimeArgs", "runtimeType", "options"}
_PROXIES = ("http-proxy", "https-proxy", "no-proxy")


def parse_path(value: Any, where: str) -> str:
    """An absolute path on the machine of the engine."""
    text = parse_text(value, where)
    if not text.startswith("/"):
        raise wrong(where, f"must be an absolute path, not {text!r}", "begin it with /")
    return text


def parse_optional_path(value: Any, where: str) -> str:
    """An absolute path, or empty text for the engine's own choice."""
    return "" if value == "" else parse_path(value, where)


def parse_seccomp(value: Any, where: str) -> str:
    """``unconfined``, ``builtin``, or an absolute path."""
    text = parse_text(value, where)
    return text if text in ("", "unconfined", "builtin") else parse_path(text, where)


def parse_ip(value: Any, where: str) -> str:
    """One IP address, in its shortest spelling."""
    try:
        return str(ipaddress.ip_address(parse_text(value, where)))
    except ValueError:
        raise wrong(where, f"is not an IP address: {value!r}", "write it as 10.0.0.53") from None


def parse_ips(value: Any, where: str) -> list[str]:
    """A list of IP addresses, the order kept."""
    items = parse_list(value, where)
    return _each(items, where, parse_ip)


def parse_bridge_address(value: Any, where: str) -> str:
    """An address of the host with the length of its subnet: ``172.26.0.1/16``."""
    text = parse_text(value, where)
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    if interface is None or "/" not in text:
        raise wrong(where, f"is not an address with a mask: {text!r}", "write it as 172.26.0.1/16")
    network = interface.network
    if interface.ip == network.network_address and network.prefixlen < network.max_prefixlen:
        first = network.network_address + 1
        raise wrong(
            where,
            f"is the address of the network itself: {text!r}",
            f"write {first}/{network.prefixlen}",
        )
    return str(interface)


def parse_subnet(value: Any, where: str) -> str:
    """A network such as ``10.1.0.0/16``."""
    text = parse_text(value, where)
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        right = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise wrong(where, f"is not a network: {text!r}", "write it as 10.1.0.0/16") from None
    raise wrong(where, f"has bits set to the right of its mask: {text!r}", f"write {right}")


def parse_pools(value: Any, where: str) -> list[dict[str, Any]]:
    """Address pools: ``{base: 10.10.0.0/16, size: 24}``."""

    def pool(item: Any, path: str) -> dict[str, Any]:
        entry = _known(item, path, {"base", "size"})
        missing = sorted({"base", "size"} - set(entry))
        if missing:
            raise wrong(path, f"has no {missing[0]}", "write {base: 10.10.0.0/16, size: 24}")
        base = parse_subnet(entry["base"], f"{path}.base")
        network = ipaddress.ip_network(base)
        size = integer(network.prefixlen, network.max_prefixlen)(entry["size"], f"{path}.size")
        return {"base": base, "size": size}

    return _each(parse_list(value, where), where, pool)


def parse_labels(value: Any, where: str) -> list[str]:
    """Labels as ``key=value`` texts or a mapping; one value for each key."""
    if isinstance(value, Mapping):
        items = [f"{k}={parse_text(v, f'{where}.{k}')}" for k, v in pairs(value, where).items()]
    else:
        items = parse_texts(value, where)
    seen: dict[str, str] = {}
    for index, item in enumerate(items):
        key, found, text = item.partition("=")
        if not found or not key:
            raise wrong(f"{where}[{index}]", f"is not key=value: {item!r}")
        if seen.setdefault(key, text) != text:
            raise wrong(f"{where}[{index}]", f"the label {key} has two values", "keep one of them")
    return sorted(f"{key}={text}" for key, text in seen.items())


def parse_ulimits(value: Any, where: str) -> dict[str, Any]:
    """Limits by name: a number, ``soft:hard``, or a mapping as Compose or the engine spells it."""

    def limit(name: str, item: Any, path: str) -> dict[str, Any]:
        if name not in ULIMITS_KNOWN:
            raise wrong(
                path, "is no ulimit", nearest(name, ULIMITS_KNOWN) or ", ".join(ULIMITS_KNOWN)
            )
        if isinstance(item, Mapping):
            entry = {key.lower(): found for key, found in parse_mapping(item, path).items()}
            soft, hard = entry.get("soft"), entry.get("hard")
        else:
            soft, _, hard = parse_text(item, path).partition(":")
        number = integer(-1)
        low = number(hard if soft in (None, "") else soft, f"{path}.soft")
        high = number(low if hard in (None, "") else hard, f"{path}.hard")
        if high != -1 and (low > high or low == -1):
            raise wrong(path, f"the soft limit {low} is above the hard limit {high}")
        return {"Name": name, "Soft": low, "Hard": high}

    return _entries(value, where, limit)


def parse_runtimes(value: Any, where: str) -> dict[str, Any]:
    """OCI runtimes by name: ``{path: /usr/bin/crun}`` or ``{runtimeType: io.containerd…}``."""

    def runtime(name: str, item: Any, path: str) -> dict[str, Any]:
        if name == "runc":
            raise wrong(path, "the engine keeps this name for its own runtime", "use another name")
        entry = _known({"path": item} if isinstance(item, str) else item, path, _RUNTIME)
        if bool(entry.get("path")) == bool(entry.get("runtimeType")):
            raise wrong(path, "needs either path or runtimeType")
        if "runtimeArgs" in entry:
            entry["runtimeArgs"] = parse_texts(entry["runtimeArgs"], f"{path}.runtimeArgs")
        return {key: found for key, found in entry.items() if found not in (None, [], {})}

    return _entries(value, where, runtime)


def parse_proxies(value: Any, where: str) -> dict[str, str]:
    """The proxies of the daemon itself: http-proxy, https-proxy, no-proxy."""
    result = {}
    for key, item in _known(value, where, set(_PROXIES)).items():
        path = f"{where}.{key}"
        listed = isinstance(item, (list, tuple)) and key == "no-proxy"
        result[key] = ",".join(parse_texts(item, path)) if listed else parse_text(item, path)
        if not result[key].isprintable():
            raise wrong(path, "is not one line of text", "write it in one line")
        if key != "no-proxy" and result[key] and not urlsplit(f"//{result[key]}").hostname:
            raise wrong(
                path, "is not the address of a proxy", "write http://proxy.example.com:3128"
            )
    return result


def parse_features(value: Any, where: str) -> dict[str, bool]:
    """Features by name, each true or false."""
    return _entries(value, where, lambda name, item, path: parse_boolean(item, path))


def parse_network_options(value: Any, where: str) -> dict[str, dict[str, str]]:
    """Options of new networks by driver: ``{bridge: {com.docker.network.driver.mtu: 1450}}``."""

    def options(name: str, item: Any, path: str) -> dict[str, str]:
        return {k: parse_text(v, f"{path}.{k}") for k, v in parse_mapping(item, path).items()}

    return _entries(value, where, options)


def known_mapping(*names: str) -> Callable[[Any, str], dict[str, Any]]:
    """A parser of a mapping whose outer keys are known; the inner values are the engine's."""
    return lambda value, where: _known(value, where, set(names))


def parse_hosts(value: Any, where: str) -> list[str]:
    """The addresses that the daemon listens on."""

    def address(item: Any, path: str) -> str:
        text = parse_text(item, path)
        if not re.match(r"^(unix|tcp|fd|npipe)://", text):
            raise wrong(
                path, f"has no scheme: {text!r}", "write unix:///path, tcp://IP:PORT or fd://"
            )
        return text

    return sorted(set(_each(parse_list(value, where), where, address)))


def parse_mirrors(value: Any, where: str) -> list[str]:
    """Mirrors of Docker Hub: http or https, without credentials; the engine adds the last slash."""

    def mirror(item: Any, path: str) -> str:
        text = parse_text(item, path)
        url = urlsplit(text)
        if "@" in text:  # not shown: there may be a password in it
            raise wrong(path, "holds credentials, which the engine refuses", "remove them")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise wrong(path, f"is not a URL: {text!r}", "write https://mirror.example.com")
        if url.query or url.fragment:
            raise wrong(path, f"has a query or fragment: {text!r}", "remove it")
        return text.rstrip("/") + "/"

    return _each(parse_list(value, where), where, mirror)


def parse_registries(value: Any, where: str) -> list[str]:
    """Registries as host[:port] or CIDR."""

    def registry(item: Any, path: str) -> str:
        text = parse_text(item, path)
        bare = re.sub(r"^https?://", "", text).rstrip("/")
        if bare != text:
            raise wrong(path, f"is a URL: {text!r}", f"write {bare}")
        if not bare or bare.startswith("-") or " " in bare:
            fix = "write registry.example.com:5000 or a CIDR"
            raise wrong(path, f"is no registry: {text!r}", fix)
        try:
            return str(ipaddress.ip_network(text, strict=False)) if "/" in text else text
        except ValueError:
            raise wrong(path, f"has a path: {text!r}", f"write {text.partition('/')[0]}") from None

    return sorted(set(_each(parse_list(value, where), where, registry)))


def parse_resources(value: Any, where: str) -> list[str]:
    """``name=value`` texts, the order of no importance."""
    items = parse_texts(value, where)
    for index, item in enumerate(items):
        if not re.match(r"^[^=]+=.+$", item):
            raise wrong(f"{where}[{index}]", f"is not name=value: {item!r}")
    return sorted(set(items))


def parse_runtime_options(value: Any, where: str) -> list[str]:
    """exec-opts: only ``native.cgroupdriver=cgroupfs|systemd`` means something."""
    items = parse_texts(value, where)
    for index, item in enumerate(items):
        if item not in ("native.cgroupdriver=cgroupfs", "native.cgroupdriver=systemd"):
            fix = "write native.cgroupdriver=systemd or native.cgroupdriver=cgroupfs"
            raise wrong(f"{where}[{index}]", f"is no option of the engine: {item!r}", fix)
    return sorted(set(items))


def parse_domains(value: Any, where: str) -> list[str]:
    """Search domains, the order kept; ``.`` empties the list of the host."""

    def domain(item: Any, path: str) -> str:
        text = parse_text(item, path)
        if text != "." and not re.match(r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$", text):
            raise wrong(path, f"is not a domain: {text!r}", "write it as example.com")
        return text

    return _each(parse_list(value, where), where, domain)


def parse_endpoint(value: Any, where: str) -> str:
    """``host:port``, or empty text for none."""
    text = parse_text(value, where)
    port = text.rpartition(":")[2]
    if text and (":" not in text or not port.isdigit() or not 0 < int(port) < 65536):
        raise wrong(where, f"is not host:port: {text!r}", "write it as 127.0.0.1:9323")
    return text


def _known(value: Any, where: str, names: set[str]) -> dict[str, Any]:
    entry = parse_mapping(value, where)
    unknown = [
        Problem(f"{where}.{key}", "unknown key", nearest(key, names) or ", ".join(sorted(names)))
        for key in entry
        if key not in names
    ]
    if unknown:
        raise SpecError(unknown)
    return entry


def _each(items: list[Any], where: str, parse: Callable[[Any, str], Any]) -> list[Any]:
    result: list[Any] = []
    problems: list[Problem] = []
    for index, item in enumerate(items):
        try:
            result.append(parse(item, f"{where}[{index}]"))
        except SpecError as error:
            problems.extend(error.problems())
    if problems:
        raise SpecError(problems)
    return result


def _entries(value: Any, where: str, parse: Callable[[str, Any, str], Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong(where, f"must be a mapping, not {kind_of(value)}")
    result: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, item in parse_mapping(value, where).items():
        try:
            result[name] = parse(name, item, f"{where}.{name}")
        except SpecError as error:
            problems.extend(error.problems())
    if problems:
        raise SpecError(problems)
    return result


PATH = Type("path", parse_path, "str", _STRING)
OPTIONAL_PATH = Type("path", parse_optional_path, "str", _STRING)
SECCOMP = Type("path or word", parse_seccomp, "str", _STRING)
IP = Type("IP address", parse_ip, "str", _STRING)
IPS = Type("list of IP addresses", parse_ips, "list", _STRINGS, elements="str")
BRIDGE_ADDRESS = Type("address with mask", parse_bridge_address, "str", _STRING)
SUBNET = Type("network", parse_subnet, "str", _STRING)
POOLS = Type(
    "list of pools", parse_pools, "list", {"type": "array", "items": _OBJECT}, elements="dict"
)
LABELS = Type("list of key=value", parse_labels, "raw", {"type": ["array", "object"]})
ULIMITS = Type("mapping of limits", parse_ulimits, "dict", _OBJECT, keyed=True)
RUNTIMES = Type("mapping of runtimes", parse_runtimes, "dict", _OBJECT, keyed=True)
PROXIES = Type("mapping of proxies", parse_proxies, "dict", _OBJECT, keyed=True)
FEATURES = Type("mapping of booleans", parse_features, "dict", _OBJECT, keyed=True)
NETWORK_OPTIONS = Type("mapping by driver", parse_network_options, "dict", _OBJECT, keyed=True)
HOSTS = Type("set of addresses", parse_hosts, "list", _STRINGS, elements="str")
MIRRORS = Type("list of URLs", parse_mirrors, "list", _STRINGS, elements="str")
REGISTRIES = Type("set of registries", parse_registries, "list", _STRINGS, elements="str")
RESOURCES = Type("set of name=value", parse_resources, "list", _STRINGS, elements="str")
RUNTIME_OPTIONS = Type("set of options", parse_runtime_options, "list", _STRINGS, elements="str")
DOMAINS = Type("list of domains", parse_domains, "list", _STRINGS, elements="str")
ENDPOINT = Type("host:port", parse_endpoint, "str", _STRING)
BUILDER = Type(
    "mapping", known_mapping("gc", "entitlements", "history"), "dict", _OBJECT, keyed=True
)
NRI = Type(
    "mapping",
    known_mapping(
        "enable",
        "pluginPath",
        "pluginConfigPath",
        "socketPath",
        "plugin-path",
        "plugin-config-path",
        "socket-path",
    ),
    "dict",
    _OBJECT,
    keyed=True,
)
TEXT_LIST = Type("list of texts", parse_texts, "list", _STRINGS, elements="str")
