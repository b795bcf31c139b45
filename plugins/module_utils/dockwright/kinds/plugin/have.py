"""Plugins that are there: one list for all; what a new one asks for, and who has one's volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...engine.parallel import each
from ...engine.wire import decoded
from ...model import Want
from ..image.credentials import Registries, headers
from ..image.reference import Reference
from ..image.reference import parse as parse_reference
from .options import ABSENT, DISABLED, ENABLED, full_name

if TYPE_CHECKING:
    from ...engine.client import Engine
    from ..image.faults import Fault
    from ..image.retry import Retry

Privileges = tuple[Mapping[str, Any], ...]  # as the engine tells them, and wants them back
_TIMES = 3
_DIGESTS = "1.42"  # the first API whose engines (23.0) do not; 20.10 panics as a whole


@dataclass(frozen=True)
class Setting:
    """One thing that can be set: the value now, and the plugin's own where that can be told."""

    value: str | None
    default: str | None = None
    is_kept: bool = False  # the engine forgets the plugin's own value
    is_device: bool = False  # can be set only while the plugin is new


@dataclass(frozen=True)
class PluginHave:
    """One plugin as the engine has it; ``id`` is empty where there is none.

    ``asked`` is what the wanted source asks for, where it is to be installed; None: nobody has
    asked, or there is a ``fault``.
    """

    name: str
    id: str = ""
    is_enabled: bool = False
    source: str = ""  # the normal form; empty for one that was made on this engine
    settings: Mapping[str, Setting] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()  # names that cannot be set
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)  # privileges
    not_carried: tuple[str, ...] = ()  # what an upgrade by the engine has not brought
    asked: Privileges | None = None
    fault: Fault | None = None
    users: tuple[tuple[str, str], ...] = ()  # kind and name of what is of this driver
    has_authority: bool = False  # the daemon asks it about every request

    @property
    def state(self) -> str:
        """The word of the option ``state``."""
        if not self.id:
            return ABSENT
        return ENABLED if self.is_enabled else DISABLED


def from_answer(raw: Mapping[str, Any]) -> PluginHave:
    """One plugin of the engine's answer."""
    config, now = raw.get("Config") or {}, raw.get("Settings") or {}
    source = raw.get("PluginReference") or ""
    settings, fixed = _settings(config, now)
    return PluginHave(
        name=raw["Name"],
        id=raw["Id"],
        is_enabled=bool(raw.get("Enabled")),
        source=parse_reference(source, "").normal if source else "",
        settings=settings,
        fixed=fixed,
        held=_held(config),
        not_carried=tuple(_not_carried(config, now)),
    )


def _settings(
    config: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[dict[str, Setting], frozenset[str]]:
    """What can be set, as `docker plugin set` names it; and the names of what cannot."""
    found: dict[str, tuple[Setting, Any]] = {}
    variables = dict(entry.partition("=")[::2] for entry in now.get("Env") or ())
    for item in config.get("Env") or ():
        value = Setting(variables.get(item["Name"]), item.get("Value"))
        found[item["Name"]] = (value, item.get("Settable"))
    # An engine mounts what the configuration has, and gives the devices that the settings have;
    # to set writes the configuration. Both are one until an upgrade or the daemon's next start.
    for item in config.get("Mounts") or ():
        if item.get("Name"):
            value = Setting(item.get("Source"), is_kept=True)
            found[f"{item['Name']}.source"] = (value, item.get("Settable"))
    paths = {item.get("Name"): item.get("Path") for item in now.get("Devices") or ()}
    for item in (config.get("Linux") or {}).get("Devices") or ():
        if item.get("Name"):
            value = Setting(paths.get(item["Name"]), is_kept=True, is_device=True)
            found[f"{item['Name']}.path"] = (value, item.get("Settable"))
    arguments = config.get("Args") or {}
    if arguments.get("Name"):
        value = Setting(" ".join(now.get("Args") or ()), " ".join(arguments.get("Value") or ()))
        found[arguments["Name"]] = (value, arguments.get("Settable"))
    settable = {name: value for name, (value, can) in found.items() if can}
    return settable, frozenset(found) - settable.keys()


def _held(config: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The privileges of a plugin that is installed, by the engine's names."""
    network = (config.get("Network") or {}).get("Type") or ""
    linux = config.get("Linux") or {}
    found = {
        "network": {network} - {"", "null", "bridge"},
        "host ipc namespace": {"true"} if config.get("IpcHost") else set(),
        "host pid namespace": {"true"} if config.get("PidHost") else set(),
        "mount": {item["Source"] for item in config.get("Mounts") or () if item.get("Source")},
        "device": {item["Path"] for item in linux.get("Devices") or () if item.get("Path")},
        "allow-all-devices": {"true"} if linux.get("AllowAllDevices") else set(),
        "capabilities": set(linux.get("Capabilities") or ()),
    }
    return {name: frozenset(values) for name, values in found.items() if values}


def _not_carried(config: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    """What a plugin is made with and does not have: engines upgrade files, not settings."""
    devices = (config.get("Linux") or {}).get("Devices")
    before = {item.get("Name") for item in now.get("Devices") or ()}
    after = {item.get("Name") for item in devices or ()}
    yield from (f"device {name}" for name in sorted(map(str, before ^ after)))
    variables = dict(entry.partition("=")[::2] for entry in now.get("Env") or ())
    for item in config.get("Env") or ():
        value = item.get("Value")
        if not item.get("Settable") and value is not None and variables.get(item["Name"]) != value:
            yield f"variable {item['Name']}"


def granted_by(privileges: Privileges) -> dict[str, frozenset[str]]:
    """Privileges as the engine lists them, by their name; an empty value gives nothing."""
    found: dict[str, frozenset[str]] = {}
    for item in privileges:
        values = frozenset(map(str, item.get("Value") or ())) - {""}
        found[item["Name"]] = found.get(item["Name"], frozenset()) | values
    return found


def written(privileges: Privileges) -> dict[str, list[str]]:
    """Privileges as a spec grants them."""
    found = granted_by(privileges).items()
    return {name: sorted(values) for name, values in sorted(found) if values}


def brings(want: Want, have: PluginHave) -> bool:
    """Whether the plugin has to be got from its registry."""
    if want.state == ABSENT:
        return False
    if not have.id:
        return True
    # One that was made here, from a folder, has no source: only a wanted one is another.
    wanted = want.fields.get("source") or (want.inputs["source"] if have.source else "")
    return bool(wanted) and wanted != have.source


def disturbs(want: Want, have: PluginHave) -> bool:
    """Whether a plugin that runs is to be stopped, be it for a moment."""
    if not have.is_enabled:
        return False
    return want.state != ENABLED or brings(want, have) or bool(resets(want, have))


def resets(want: Want, have: PluginHave) -> dict[str, tuple[str | None, str | None]]:
    """Settings that are to be others: name -> (before, after)."""
    ignored = want.inputs.get("ignore", ())
    found = differing(want, have)
    return {name: pair for name, pair in found.items() if name not in ignored}


def differing(want: Want, have: PluginHave) -> dict[str, tuple[str | None, str | None]]:
    """Settings that are others than the spec says, with those that it ignores."""
    given = want.fields["settings"]
    found = {}
    for name, setting in have.settings.items():
        after = given.get(name, setting.value if setting.is_kept else setting.default)
        # The engine cannot take a variable away: an empty one is as good as none.
        if (after or "") != (setting.value or "") or (name in given and setting.value is None):
            found[name] = (setting.value, after)
    return found


@dataclass(frozen=True)
class Source:
    """Whom to ask about plugins: the engine, with what it needs to log in to registries."""

    engine: Engine
    registries: Registries
    retry: Retry | None = None


def read(
    ask: Source,
    wants: Mapping[str, Want],
    listed: Iterable[Mapping[str, Any]],
    used: Any,
    authorizing: Iterable[str],
) -> dict[str, PluginHave]:
    """What there is of each wanted plugin. ``used()`` gives what is of which driver; few ask it.

    ``authorizing``: the plugins that the daemon names for authorization.
    """
    named = set(map(full_name, authorizing))
    there = {
        have.name: replace(have, has_authority=have.name in named)
        for have in map(from_answer, listed)
    }
    haves = {name: there.get(name) or PluginHave(name) for name in wants}
    if any(disturbs(want, haves[name]) for name, want in wants.items()):
        users = used()
        haves = {name: replace(have, users=users.get(name, ())) for name, have in haves.items()}

    def answered(want: Want) -> PluginHave:
        have = haves[want.name]
        if not brings(want, have):
            return have
        return replace(have, **_told(privileges(ask, want)))

    return dict(zip(wants, each(answered, wants.values())))


def _told(found: Privileges | Fault) -> dict[str, Any]:
    from ..image.faults import Fault

    return {"fault" if isinstance(found, Fault) else "asked": found}


def privileges(ask: Source, want: Want) -> Privileges | Fault:
    """What the wanted source asks for, by the engine; or why that cannot be told."""
    from ..image.faults import Fault, fault_of
    from ..image.retry import Retry, persist

    reference = parse_reference(want.inputs["source"], want.where)
    if reference.digest and not ask.engine.api_at_least(_DIGESTS):
        return Fault("this engine dies of the digest of a plugin", "name its version by a tag")
    return persist(
        lambda: _privileges(ask, reference),
        lambda error: fault_of(error, reference, ask.registries),
        ask.retry or Retry(attempts=_TIMES),
    )


def _privileges(ask: Source, reference: Reference) -> Privileges:
    head = headers(ask.registries, reference.domain)
    path, query = "/plugins/privileges", {"remote": reference.familiar}
    found = _get(ask, path, query, head)
    if not found:  # so an engine also says that it has not reached the registry
        _get(ask, f"/distribution/{reference.familiar}/json", {}, head)
    return tuple(found or ())


def _get(ask: Source, path: str, query: Mapping[str, str], head: Mapping[str, str]) -> Any:
    return decoded("GET", path, ask.engine.request("GET", path, query=query, headers=head))


def users_of(
    volumes: Iterable[Mapping[str, Any]], networks: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """The volumes and networks of each driver, by the plugin's full name."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for kind, items in (("volume", volumes), ("network", networks)):
        for item in items:
            drivers = {item.get("Driver"), (item.get("IPAM") or {}).get("Driver")}
            for name in {full_name(str(driver)) for driver in drivers if driver}:
                found[name] = (*found.get(name, ()), (kind, item["Name"]))
    return found
