"""Networks of the fake engine and the endpoints of containers on them."""

from __future__ import annotations

import ipaddress
from typing import Any

from .fake_host import Answer, Ask, FakeHost, Handler, Json, RefusedError, has_labels, matches_name

_PREDEFINED = ("bridge", "host", "none")
_ENDPOINT: Json = {
    **dict.fromkeys(["IPAMConfig", "Links", "Aliases", "DriverOpts"]),
    **dict.fromkeys(["NetworkID", "EndpointID", "Gateway", "IPAddress", "IPv6Gateway"], ""),
    **dict.fromkeys(["GlobalIPv6Address", "MacAddress"], ""),
    "IPPrefixLen": 0,
    "GlobalIPv6PrefixLen": 0,
}


def add_predefined(host: FakeHost) -> None:
    """The three networks that every engine has."""
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null")):
        host.networks[host.new_id()] = _network(host, {"Name": name, "Driver": driver})
    for identity, network in host.networks.items():
        network["Id"] = identity


def _network(host: FakeHost, body: Json) -> Json:
    ipam = body.get("IPAM") or {}
    driver = body.get("Driver") or "bridge"
    config = ipam.get("Config") or []
    if not config and driver not in ("host", "null"):
        taken = len(host.networks) + 17
        config = [{"Subnet": f"172.{taken}.0.0/16", "Gateway": f"172.{taken}.0.1"}]
    for entry in config:
        if "Gateway" not in entry and "Subnet" in entry:
            entry["Gateway"] = str(ipaddress.ip_network(entry["Subnet"])[1])
    network: Json = {
        "Name": body["Name"],
        "Id": "",
        "Created": host.now(),
        "Scope": "local",
        "Driver": driver,
        "EnableIPv6": bool(body.get("EnableIPv6")),
        "IPAM": {
            "Driver": ipam.get("Driver") or "default",
            "Options": ipam.get("Options") or None,
            "Config": config,
        },
        "Internal": bool(body.get("Internal")),
        "Attachable": bool(body.get("Attachable")),
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": body.get("Options") or {},
        "Labels": body.get("Labels") or {},
    }
    if host.at_least("1.48"):
        network["EnableIPv4"] = body.get("EnableIPv4", True) is not False
    return network


def create(host: FakeHost, _: str, ask: Ask) -> Answer:
    name = ask.body["Name"]
    unique = ask.body.get("CheckDuplicate") or host.at_least("1.44") or name in _PREDEFINED
    if unique and any(network["Name"] == name for network in host.networks.values()):
        raise RefusedError(409, f"network with name {name} already exists")
    identity = host.new_id()
    host.networks[identity] = {**_network(host, ask.body), "Id": identity}
    host.emit("network", "create", identity, name=name, type=host.networks[identity]["Driver"])
    return 201, {"Id": identity, "Warning": ""}


def inspect(host: FakeHost, name: str, ask: Ask) -> Answer:
    network = host.network(name)
    return 200, {**network, "Containers": _attached(host, network)}


def _attached(host: FakeHost, network: Json) -> dict[str, Any]:
    """Only running containers are listed, as the real engine does."""
    return {
        identity: {
            "Name": container["Name"][1:],
            "EndpointID": endpoint["EndpointID"],
            "MacAddress": endpoint["MacAddress"],
            "IPv4Address": f"{endpoint['IPAddress']}/16",
            "IPv6Address": "",
        }
        for identity, container in host.containers.items()
        for endpoint in [container["NetworkSettings"]["Networks"].get(network["Name"])]
        if endpoint and container["State"]["Running"]
    }


def listing(host: FakeHost, _: str, ask: Ask) -> Answer:
    filters = ask.filters
    return 200, [
        network
        for network in host.networks.values()
        if matches_name(network["Name"], filters.get("name", []))
        and has_labels(network["Labels"], filters.get("label", []))
        and network["Driver"] in filters.get("driver", [network["Driver"]])
        and any(network["Id"].startswith(start) for start in filters.get("id", [""]))
    ]


def delete(host: FakeHost, name: str, ask: Ask) -> Answer:
    network = host.network(name)
    if network["Name"] in _PREDEFINED:
        text = f"{network['Name']} is a pre-defined network and cannot be removed"
        raise RefusedError(403, text)
    attached = _attached(host, network)
    if attached:
        which = f"{network['Name']} id {network['Id']} has active endpoints"
        if host.at_least("1.48"):
            ends = " ".join(f'name:"{c["Name"]}" id:"{i[:12]}"' for i, c in attached.items())
            which = f"{network['Name']} has active endpoints ({ends})"
        raise RefusedError(403, f"error while removing network: network {which}")
    del host.networks[network["Id"]]
    host.emit("network", "destroy", network["Id"], name=network["Name"], type=network["Driver"])
    return 204, None


def connect(host: FakeHost, name: str, ask: Ask) -> Answer:
    network, container = host.network(name), host.container(ask.body["Container"])
    networks = container["NetworkSettings"]["Networks"]
    running = container["State"]["Running"]
    if network["Name"] in networks and running:
        text = f"endpoint with name {container['Name'][1:]} already exists in network"
        raise RefusedError(403, f"{text} {network['Name']}")
    if container["HostConfig"]["NetworkMode"] == "host":
        text = "container cannot be disconnected from host network or connected to host network"
        raise RefusedError(403, text)
    _check_address(network, ask.body.get("EndpointConfig") or {})
    networks[network["Name"]] = endpoint_of(ask.body.get("EndpointConfig") or {})
    _note_address(host, container, network["Name"])
    if running:
        _bring_up(host, container, network)
        _emit(host, "connect", network, container)
    return 200, None


def disconnect(host: FakeHost, name: str, ask: Ask) -> Answer:
    network, container = host.network(name), host.container(ask.body["Container"])
    networks = container["NetworkSettings"]["Networks"]
    if networks.pop(network["Name"], None) is None:
        text = f"is not connected to the network {network['Name']}"
        raise RefusedError(500, f"container {container['Id']} {text}")
    if container["State"]["Running"]:
        _emit(host, "disconnect", network, container)
    return 200, None


def _check_address(network: Json, endpoint: Json) -> None:
    if (endpoint.get("IPAMConfig") or {}).get("IPv4Address") and network["Name"] in _PREDEFINED:
        text = "user specified IP address is supported on user defined networks only"
        raise RefusedError(400, text)


def endpoint_of(given: Json) -> Json:
    """A network's entry in inspect: what was given, the rest empty."""
    known = {key: value for key, value in given.items() if key in _ENDPOINT or key == "DNSNames"}
    return {**_ENDPOINT, **known}


def attach_created(host: FakeHost, container: Json, endpoints: Json) -> None:
    """The networks of a container that has been created: named, not yet connected."""
    mode = container["HostConfig"]["NetworkMode"]
    if mode.startswith("container:"):
        return
    first = "bridge" if mode == "default" else mode
    known = [n["Name"] for n in host.networks.values() if first in (n["Id"], n["Name"])]
    networks = container["NetworkSettings"]["Networks"]
    for name in dict.fromkeys([*(known or [first]), *endpoints]):
        networks[name] = endpoint_of(endpoints.get(name, endpoints.get(mode)) or {})
        _note_address(host, container, name)


def _note_address(host: FakeHost, container: Json, name: str) -> None:
    """A hardware address that was asked for on the first network is in Config."""
    mode = container["HostConfig"]["NetworkMode"]
    if host.at_least("1.44") and name == ("bridge" if mode == "default" else mode):
        address = container["NetworkSettings"]["Networks"][name]["MacAddress"]
        if address:  # it stays, whatever comes later
            container["Config"].setdefault("MacAddress", address)


def attach(host: FakeHost, container: Json) -> None:
    """Connect a starting container to its networks, and publish its ports."""
    _check_ports(host, container)
    for name in list(container["NetworkSettings"]["Networks"]):
        network = host.network(name)
        _check_address(network, container["NetworkSettings"]["Networks"][name])
        _bring_up(host, container, network)
        _emit(host, "connect", network, container)
    ports = container["HostConfig"]["PortBindings"] or {}
    container["NetworkSettings"]["Ports"] = {
        key if "/" in key else f"{key}/tcp": [
            {**binding, "HostIp": binding["HostIp"] or "0.0.0.0"} for binding in listed or []
        ]
        for key, listed in ports.items()
    }


def _check_ports(host: FakeHost, container: Json) -> None:
    wanted = set(_published(container))
    for other in host.containers.values():
        if other is container or not other["State"]["Running"]:
            continue
        for protocol, port in wanted.intersection(_published(other)):
            raise RefusedError(
                500,
                "driver failed programming external connectivity on endpoint "
                f"{container['Name'][1:]}: Bind for 0.0.0.0:{port}/{protocol} failed: port is "
                "already allocated",
            )


def _published(container: Json) -> list[tuple[str, str]]:
    bindings = container["HostConfig"]["PortBindings"] or {}
    return [
        (key.partition("/")[2] or "tcp", binding["HostPort"])
        for key, listed in bindings.items()
        for binding in listed or []
        if binding["HostPort"]
    ]


def _bring_up(host: FakeHost, container: Json, network: Json) -> None:
    endpoint = container["NetworkSettings"]["Networks"][network["Name"]]
    wanted = (endpoint["IPAMConfig"] or {}).get("IPv4Address")
    config = network["IPAM"]["Config"]
    endpoint.update(NetworkID=network["Id"], EndpointID=host.new_id())
    if config:
        subnet = ipaddress.ip_network(config[0]["Subnet"])
        address = wanted or str(subnet[2 + len(_attached(host, network))])
        endpoint.update(
            IPAddress=address, Gateway=config[0].get("Gateway", ""), IPPrefixLen=subnet.prefixlen
        )
        endpoint["MacAddress"] = endpoint["MacAddress"] or "02:42:ac:11:00:02"
    if network["Name"] not in _PREDEFINED:
        _name(host, container, endpoint)


def rename_endpoints(host: FakeHost, container: Json) -> None:
    """Let the networks know a running container by its new name."""
    for name, endpoint in container["NetworkSettings"]["Networks"].items():
        if endpoint["EndpointID"] and name not in _PREDEFINED:
            _name(host, container, endpoint)


def _name(host: FakeHost, container: Json, endpoint: Json) -> None:
    short, aliases = container["Id"][:12], endpoint["Aliases"] or []
    if host.at_least("1.45"):
        names = [container["Name"][1:], *aliases, short]
        endpoint["DNSNames"] = list(dict.fromkeys(names))
    elif short not in aliases:
        endpoint["Aliases"] = [*aliases, short]


def link_created(container: Json) -> None:
    """Links as the engine shows them: those of its own bridge alone, by paths."""
    config, name = container["HostConfig"], container["Name"]
    given = [text.partition(":") for text in config["Links"] or ()]
    is_bridge = config["NetworkMode"] in ("default", "bridge")
    shown = [f"/{other}:{name}/{alias}" for other, _, alias in given]
    config["Links"] = shown if shown and is_bridge else None


def rename_links(host: FakeHost, old: str, new: str) -> None:
    """Links to and of a renamed container."""
    for config in (container["HostConfig"] for container in host.containers.values()):
        given = [text.partition(":") for text in config["Links"] or ()]
        config["Links"] = [
            f"{new if other == old else other}:{alias.replace(f'{old}/', f'{new}/')}"
            for other, _, alias in given
        ] or None


def detach_runtime(container: Json) -> None:
    """What a stopped container loses: addresses and endpoint, not its configuration."""
    container["NetworkSettings"]["Ports"] = {}
    for endpoint in container["NetworkSettings"]["Networks"].values():
        endpoint.update(EndpointID="", Gateway="", IPAddress="", MacAddress="", IPPrefixLen=0)


def _emit(host: FakeHost, action: str, network: Json, container: Json) -> None:
    attributes = {"name": network["Name"], "type": network["Driver"], "container": container["Id"]}
    host.emit("network", action, network["Id"], **attributes)


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/networks/create", create),
    ("GET", "/networks", listing),
    ("GET", "/networks/([^/]+)", inspect),
    ("DELETE", "/networks/([^/]+)", delete),
    ("POST", "/networks/([^/]+)/connect", connect),
    ("POST", "/networks/([^/]+)/disconnect", disconnect),
]
