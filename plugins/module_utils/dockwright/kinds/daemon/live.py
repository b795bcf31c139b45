"""What the running engine tells of its configuration in ``GET /info``, in normal form.

Only keys whose value there is exact: a wrong guess would restart the daemon at every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .options import version

Info = Mapping[str, Any]


def live_values(info: Info) -> dict[str, Any]:
    """The values in force, by key; a key that cannot be seen is not there."""
    found = {name: read(info) for name, (field, read) in _READERS.items() if field in info}
    if version(str(info.get("ServerVersion") or "")) < (23,):
        found.pop("no-new-privileges", None)  # not told before
    return found


def _labels(info: Info) -> list[str]:
    return sorted(info.get("Labels") or [])


def _mirrors(info: Info) -> list[str]:
    found = (info.get("RegistryConfig") or {}).get("Mirrors") or []
    return [mirror.rstrip("/") + "/" for mirror in found]


def _insecure(info: Info) -> list[str]:
    """Without the loopback networks, which are always there."""
    config = info.get("RegistryConfig") or {}
    hosts = config.get("IndexConfigs") or {}
    found = [name for name, entry in hosts.items() if entry.get("Secure") is False]
    networks = config.get("InsecureRegistryCIDRs") or []
    return sorted({*found, *(net for net in networks if net not in ("127.0.0.0/8", "::1/128"))})


def _pools(info: Info) -> list[dict[str, Any]]:
    found = info.get("DefaultAddressPools") or []
    return [{"base": pool.get("Base"), "size": pool.get("Size")} for pool in found]


def _plugins(info: Info) -> list[str]:
    return list((info.get("Plugins") or {}).get("Authorization") or [])


def _no_new_privileges(info: Info) -> bool:
    return "name=no-new-privileges" in (info.get("SecurityOptions") or [])


def _is_set(field: str) -> Callable[[Info], bool]:
    return lambda info: bool(info.get(field))


def _text(field: str) -> Callable[[Info], str]:
    return lambda info: str(info.get(field) or "")


_READERS: Mapping[str, tuple[str, Callable[[Info], Any]]] = {
    "debug": ("Debug", _is_set("Debug")),
    "experimental": ("ExperimentalBuild", _is_set("ExperimentalBuild")),
    "live-restore": ("LiveRestoreEnabled", _is_set("LiveRestoreEnabled")),
    "labels": ("Labels", _labels),
    "log-driver": ("LoggingDriver", _text("LoggingDriver")),
    "storage-driver": ("Driver", _text("Driver")),
    "default-runtime": ("DefaultRuntime", _text("DefaultRuntime")),
    "registry-mirrors": ("RegistryConfig", _mirrors),
    "insecure-registries": ("RegistryConfig", _insecure),
    "default-address-pools": ("DefaultAddressPools", _pools),
    "authorization-plugins": ("Plugins", _plugins),
    "no-new-privileges": ("SecurityOptions", _no_new_privileges),
}
