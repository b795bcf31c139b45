"""Compose's rules for laying one file over another, also used by ``extends``. Pure.

Mappings are merged, lists appended, scalars replaced; null changes nothing. Lists whose items
have an identity (a port, a mount's target, a variable's name) keep the last of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...errors import SpecError
from ...values import kind_of, pairs, wrong
from ..container.ports import parse_ports
from .tags import Override, Reset

Path = tuple[str, ...]  # the keys from the top of the file


def merge(base: Mapping[str, Any], override: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Compose file ``override`` laid over ``base``. Neither is changed; tags are resolved."""
    return _mappings(base, override, (), where)


def merge_service(base: Mapping[str, Any], over: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A service that extends another: the same rules."""
    return _mappings(base, over, ("services", "*"), where)


def _mappings(
    base: Mapping[str, Any], over: Mapping[str, Any], path: Path, where: str
) -> dict[str, Any]:
    result: dict[str, Any] = {
        key: plain(item) for key, item in base.items() if not isinstance(item, Reset)
    }
    for key, item in over.items():
        if isinstance(item, Reset):
            result.pop(key, None)
        elif isinstance(item, Override) or str(key).startswith("x-") or result.get(key) is None:
            result[key] = plain(item)
        elif item is not None:
            result[key] = _merged(result[key], item, (*path, key), f"{where}.{key}")
    return result


def plain(value: Any) -> Any:
    """A copy without tags: what ``!override`` holds, and nothing for ``!reset``."""
    if isinstance(value, Override):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if not isinstance(item, Reset)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value if not isinstance(item, Reset)]
    return value


def _merged(base: Any, over: Any, path: Path, where: str) -> Any:
    for pattern, rule in _RULES:
        if len(pattern) == len(path) and all(p in ("*", key) for p, key in zip(pattern, path)):
            return rule(base, over, path, where)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _mappings(base, over, path, where)
    if isinstance(base, list) and isinstance(over, (list, tuple)):
        return base + plain(over)
    if isinstance(base, (Mapping, list)) or isinstance(over, (Mapping, list, tuple)):
        message = f"is {kind_of(over)}, and {kind_of(base)} in what it is laid over"
        raise wrong(where, message, "write both in the same form")
    return plain(over)


# --- rules of single keys ------------------------------------------------------------------------

Rule = Callable[[Any, Any, Path, str], Any]


def _replace(base: Any, over: Any, path: Path, where: str) -> Any:
    return plain(over)


def _pairs(base: Any, over: Any, path: Path, where: str) -> Any:
    return {**pairs(base, where), **pairs(plain(over), where)}


def _named(default: Any = None) -> Rule:
    """A list of names is a mapping of names to ``default``; then mappings are merged."""

    def as_mapping(value: Any) -> Any:
        return dict.fromkeys(value, default) if isinstance(value, (list, tuple)) else value

    def rule(base: Any, over: Any, path: Path, where: str) -> Any:
        sides = as_mapping(base), as_mapping(over)
        if not all(isinstance(side, Mapping) for side in sides):
            raise wrong(where, "must be a list or a mapping")
        return _mappings(*sides, path, where)

    return rule


def _unique(identity: Callable[[Any], Any]) -> Rule:
    """Lists (a scalar is a list of one) appended; of items with one identity the last stays."""

    def rule(base: Any, over: Any, path: Path, where: str) -> Any:
        result: dict[Any, Any] = {}
        for item in [*_listed(base), *_listed(plain(over))]:
            result[identity(item)] = item
        return list(result.values())

    return rule


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _logging(base: Any, over: Any, path: Path, where: str) -> Any:
    sides = isinstance(base, Mapping) and isinstance(over, Mapping)
    if sides and base.get("driver", over.get("driver")) == over.get("driver", base.get("driver")):
        return _mappings(base, over, path, where)
    return plain(over)


def _limit(base: Any, over: Any, path: Path, where: str) -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _mappings(base, over, path, where)
    return plain(over)


def _subnets(base: Any, over: Any, path: Path, where: str) -> Any:
    result: dict[Any, Any] = {}
    for item in [*_listed(base), *_listed(plain(over))]:
        key = item.get("subnet") if isinstance(item, Mapping) else str(item)
        known = result.get(key)
        both = isinstance(known, Mapping) and isinstance(item, Mapping)
        result[key] = {**known, **item} if both and known is not None else item
    return list(result.values())


def _hosts(base: Any, over: Any, path: Path, where: str) -> Any:
    found: dict[str, None] = {}
    for side in (base, plain(over)):
        if isinstance(side, Mapping):
            entries = [f"{name}={item}" for name, items in side.items() for item in _listed(items)]
        else:
            entries = [str(item) for item in _listed(side)]
        found.update(dict.fromkeys(entries))
    return list(found)


# --- what an item of a list is -------------------------------------------------------------------


def _itself(item: Any) -> str:
    return str(item)


def _port(item: Any) -> Any:
    try:
        parsed = parse_ports([item], "")
    except SpecError:
        return str(item)
    return tuple((target, tuple(hosts)) for target, hosts in parsed.items())


def _mount(item: Any) -> str:
    if isinstance(item, Mapping):
        return str(item.get("target")).rstrip("/")
    parts = str(item).split(":")
    return (parts[1] if len(parts) > 1 else parts[0]).rstrip("/")


def _tmpfs(item: Any) -> str:
    return str(item).partition(":")[0].rstrip("/")


def _file(item: Any) -> str:
    return str(item.get("path") if isinstance(item, Mapping) else item)


def _grant(folder: str) -> Callable[[Any], str]:
    """A use of a secret or a config: where it lies in the container."""

    def identity(item: Any) -> str:
        if not isinstance(item, Mapping):
            return f"{folder}/{item}"
        return str(item.get("target") or f"{folder}/{item.get('source')}")

    return identity


def _rules() -> list[tuple[Path, Rule]]:
    started = {"condition": "service_started"}
    service: dict[str, Rule] = {
        "command": _replace,
        "entrypoint": _replace,
        "logging": _logging,
        "networks": _named(),
        "depends_on": _named(started),
        "extra_hosts": _hosts,
        "ports": _unique(_port),
        "volumes": _unique(_mount),
        "devices": _unique(_mount),
        "tmpfs": _unique(_tmpfs),
        "env_file": _unique(_file),
        "label_file": _unique(_file),
        "secrets": _unique(_grant("/run/secrets")),
        "configs": _unique(_grant("")),
    }
    service.update(dict.fromkeys(("environment", "labels", "annotations", "sysctls"), _pairs))
    listed = ("dns", "dns_opt", "dns_search", "cap_add", "cap_drop", "expose", "profiles", "links")
    service.update(dict.fromkeys(listed, _unique(_itself)))
    rules: list[tuple[Path, Rule]] = [(("services", "*", key), r) for key, r in service.items()]
    rules += [
        (("services", "*", "healthcheck", "test"), _replace),
        (("services", "*", "ulimits", "*"), _limit),
        (("services", "*", "deploy", "labels"), _pairs),
        (("services", "*", "networks", "*", "aliases"), _unique(_itself)),
        (("services", "*", "networks", "*", "link_local_ips"), _unique(_itself)),
        (("networks", "*", "labels"), _pairs),
        (("networks", "*", "ipam", "config"), _subnets),
        (("volumes", "*", "labels"), _pairs),
    ]
    return rules


_RULES = _rules()
