"""Managed plugins of the fake engine, with what real ones keep, forget and refuse."""

from __future__ import annotations

import copy

from .fake_host import Answer, Ask, FakeHost, Handler, Json, RefusedError

_CONFIG: Json = {
    "Args": {"Name": "args", "Value": ["-q"], "Settable": ["value"]},
    "Env": [
        {"Name": "DEBUG", "Value": "0", "Settable": ["value"]},
        {"Name": "TOKEN", "Value": None, "Settable": ["value"]},
        {"Name": "VERSION", "Value": "1", "Settable": None},
    ],
    "IpcHost": False,
    "Linux": {
        "AllowAllDevices": False,
        "Capabilities": ["CAP_SYS_ADMIN"],
        "Devices": [{"Name": "fuse", "Path": "/dev/fuse", "Settable": ["path"]}],
    },
    "Mounts": [
        {"Name": "root", "Source": "/srv", "Destination": "/srv", "Settable": ["source"]},
    ],
    "Network": {"Type": "host"},
    "PidHost": False,
}


def offer_plugin(host: FakeHost, reference: str, **config: object) -> None:
    """Let a plugin be installed from a registry; ``config`` goes over its configuration."""
    host.plugin_registry[reference] = {**copy.deepcopy(_CONFIG), **config}


def _found(host: FakeHost, name: str) -> Json:
    full = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    if full not in host.plugins:
        raise RefusedError(404, f'plugin "{name}" not found')
    return host.plugins[full]


def _privileges(config: Json) -> list[Json]:
    linux = config["Linux"]
    found = [("network", [config["Network"]["Type"]])] if config["Network"]["Type"] else []
    found += [("mount", [item["Source"]]) for item in config["Mounts"]]
    found += [("device", [item["Path"]]) for item in linux["Devices"]]
    found += [("capabilities", linux["Capabilities"])] if linux["Capabilities"] else []
    return [{"Name": name, "Description": "", "Value": values} for name, values in found]


def privileges(host: FakeHost, _: str, ask: Ask) -> Answer:
    """What a plugin asks for; nothing, too, where the registry has none of that name."""
    config = host.plugin_registry.get(ask.query["remote"])
    return 200, _privileges(config) if config else []


def list_plugins(host: FakeHost, _: str, ask: Ask) -> Answer:
    """All plugins."""
    return 200, list(host.plugins.values())


def inspect(host: FakeHost, name: str, ask: Ask) -> Answer:
    """One plugin."""
    return 200, _found(host, name)


def _fetched(host: FakeHost, ask: Ask) -> Json:
    config = copy.deepcopy(host.plugin_registry.get(ask.query["remote"]))
    if config is None:
        raise RefusedError(404, f"{ask.query['remote']}: not found")
    given, asked = (sorted(items, key=_name) for items in (ask.body, _privileges(config)))
    if len(given) != len(asked) or given[1:] != asked[1:]:  # so engines compare: not the first
        raise RefusedError(400, "incorrect privileges")
    return config


def _name(privilege: Json) -> str:
    return str(privilege["Name"])


def _settings(config: Json) -> Json:
    """A new plugin's: mounts and devices are one with those of its configuration."""
    return {
        "Args": list(config["Args"]["Value"]),
        "Devices": config["Linux"]["Devices"],
        "Env": [f"{i['Name']}={i['Value']}" for i in config["Env"] if i["Value"] is not None],
        "Mounts": config["Mounts"],
    }


def pull(host: FakeHost, _: str, ask: Ask) -> Answer:
    """Install a plugin; it is disabled."""
    config = _fetched(host, ask)
    name = ask.query["name"]
    host.plugins[name] = {
        "Config": config,
        "Enabled": False,
        "Id": host.new_id(),
        "Name": name,
        "PluginReference": ask.query["remote"],
        "Settings": _settings(config),
    }
    return 200, [{"status": "Complete", "id": "layer", "progressDetail": {}}]


def upgrade(host: FakeHost, name: str, ask: Ask) -> Answer:
    """Another version: its files and configuration, not its settings, which are two from now on.

    Where the new one comes from an engine saves only with what is done to it next.
    """
    plugin = _found(host, name)
    if plugin["Enabled"]:
        raise RefusedError(409, "plugin must be disabled before upgrading")
    config = _fetched(host, ask)
    host.plugin_saved[name] = plugin["PluginReference"]
    settings = copy.deepcopy(plugin["Settings"])
    plugin.update(Config=config, Settings=settings, PluginReference=ask.query["remote"])
    return 200, []


def restart(host: FakeHost) -> None:
    """What a start of the daemon does to plugins: all is as it was saved."""
    for name, plugin in host.plugins.items():
        plugin["PluginReference"] = host.plugin_saved.get(name, plugin["PluginReference"])
        plugin["Settings"] = copy.deepcopy(plugin["Settings"])


def set_plugin(host: FakeHost, name: str, ask: Ask) -> Answer:
    """Set one thing after the other; what comes before a mistake stays set."""
    plugin = _found(host, name)
    if plugin["Enabled"]:
        raise RefusedError(500, "cannot set on an active plugin, disable plugin before setting")
    host.plugin_saved.pop(name, None)
    config, settings = plugin["Config"], plugin["Settings"]
    known = {item["Name"]: item["Settable"] for item in (*config["Env"], config["Args"])}
    for word in ask.body:
        key, _, value = word.partition("=")
        owner, _, part = key.partition(".")
        items = config["Mounts"] if part == "source" else config["Linux"]["Devices"]
        if part:
            next(item for item in items if item["Name"] == owner)[part.title()] = value
        elif not known.get(key):
            raise RefusedError(500, f'"{key}" is not settable')
        elif key == config["Args"]["Name"]:
            settings["Args"] = value.split(" ")
        else:
            others = [item for item in settings["Env"] if item.partition("=")[0] != key]
            settings["Env"] = [*others, word]
    return 204, None


def _switch(host: FakeHost, name: str, ask: Ask, *, enabled: bool) -> Answer:
    plugin = _found(host, name)
    if plugin["Enabled"] is enabled:
        raise RefusedError(409, f"plugin already {'enabled' if enabled else 'disabled'}")
    if not enabled:
        _check_unused(host, plugin, ask)
    plugin["Enabled"] = enabled
    host.plugin_saved.pop(plugin["Name"], None)
    return 200, None


def enable(host: FakeHost, name: str, ask: Ask) -> Answer:
    """Start a plugin."""
    return _switch(host, name, ask, enabled=True)


def disable(host: FakeHost, name: str, ask: Ask) -> Answer:
    """Stop a plugin, if nobody has it."""
    return _switch(host, name, ask, enabled=False)


def _check_unused(host: FakeHost, plugin: Json, ask: Ask) -> None:
    short = plugin["Name"].removesuffix(":latest")
    used = {item["Driver"] for item in (*host.volumes.values(), *host.networks.values())}
    used |= {(item.get("IPAM") or {}).get("Driver") for item in host.networks.values()}
    if used & {short, plugin["Name"]} and not ask.says("force"):
        raise RefusedError(409, f"plugin {plugin['Name']} is in use")


def delete(host: FakeHost, name: str, ask: Ask) -> Answer:
    """Remove a plugin that is disabled, or by force."""
    plugin = _found(host, name)
    _check_unused(host, plugin, ask)
    if plugin["Enabled"] and not ask.says("force"):
        raise RefusedError(409, f"plugin {plugin['Name']} is enabled")
    del host.plugins[plugin["Name"]]
    return 200, plugin


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/plugins", list_plugins),
    ("GET", "/plugins/privileges", privileges),
    ("POST", "/plugins/pull", pull),
    ("GET", "/plugins/(.+)/json", inspect),
    ("POST", "/plugins/(.+)/upgrade", upgrade),
    ("POST", "/plugins/(.+)/set", set_plugin),
    ("POST", "/plugins/(.+)/enable", enable),
    ("POST", "/plugins/(.+)/disable", disable),
    ("DELETE", "/plugins/(.+)", delete),
]
