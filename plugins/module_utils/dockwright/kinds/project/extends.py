"""``extends``: services that begin as a copy of another one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ...errors import nearest
from ...values import wrong
from .merge import merge_service

# Gives the services of another file: (its path as written, where) -> services, where they are.
Other = Callable[[str, str], "tuple[Mapping[str, Any], str]"]


def refuse_file(path: str, where: str) -> tuple[Mapping[str, Any], str]:
    """An `Other` where no file can be read."""
    fix = "give the Compose file by its path, or put the service into the same file"
    raise wrong(where, f"the file '{path}' is not read from inside a mapping", fix)


def resolve(services: Mapping[str, Any], where: str, other: Other = refuse_file) -> dict[str, Any]:
    """The services with every ``extends`` carried out; ``where`` is the path of ``services``."""
    return {name: _resolved(name, services, where, other, ()) for name in services}


def _resolved(
    name: str,
    services: Mapping[str, Any],
    where: str,
    other: Other,
    trail: tuple[tuple[str, str], ...],
) -> Any:
    service = services[name]
    path = f"{where}.{name}"
    if not isinstance(service, Mapping) or service.get("extends") is None:
        return service
    if (where, name) in trail:
        chain = " → ".join([step for _, step in trail] + [name])
        raise wrong(f"{path}.extends", f"extends itself: {chain}", "break the circle")
    base_name, base_services, base_where = _base(service["extends"], services, where, path, other)
    if base_name not in base_services:
        fix = nearest(base_name, base_services)
        raise wrong(f"{path}.extends", f"'{base_name}' is not a service of {base_where}", fix)
    trail = (*trail, (where, name))
    base = _resolved(base_name, base_services, base_where, other, trail)
    own = {key: item for key, item in service.items() if key != "extends"}
    return merge_service(base if isinstance(base, Mapping) else {}, own, path)


def _base(
    extends: Any, services: Mapping[str, Any], where: str, path: str, other: Other
) -> tuple[str, Mapping[str, Any], str]:
    if isinstance(extends, str):
        return extends, services, where
    if not isinstance(extends, Mapping) or not isinstance(extends.get("service"), str):
        raise wrong(f"{path}.extends", "names no service", "write extends: {service: NAME}")
    for key in extends:
        if key not in ("service", "file"):
            raise wrong(f"{path}.extends.{key}", "unknown key", "known keys: service, file")
    if extends.get("file") is None:
        return extends["service"], services, where
    base_services, base_where = other(str(extends["file"]), f"{path}.extends.file")
    return extends["service"], base_services, base_where
