"""Real-world Compose files: what the Compose tool makes of them is what we make of them.

Each folder under ``cases/compose/stacks`` is brought up by the Compose tool and by us, one after
the other, on one engine. All that the engine tells of containers, networks and volumes must be the
same, names included, but for IDs, times, what the engine draws by lot, and the labels of either
tool. What is compared in another spelling is named in docs/compose.md. Our plan over what Compose
has made must be empty, too.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.kinds.project.reading import Here, read_compose
from tests.hosts import TestHost, engine_clean

from .world import World, differences

STACKS = Path(__file__).parents[1] / "cases/compose/stacks"
IN_HOST = "/opt/dockwright/tests/cases/compose/stacks"
# In each test run; the others where there is more time.
LEAN = ("shop", "proxy", "segments", "storage", "vpn", "variables", "defaults", "layered")

IMAGES: dict[str, dict[str, Any]] = {
    "stacks/web:1": {
        "Cmd": ["httpd", "-f", "-p", "80", "-h", "/www"],
        "ExposedPorts": {"80/tcp": {}},
        "StopSignal": "SIGQUIT",
        "Labels": {"maintainer": "the web people"},
    },
    "stacks/app:1": {"Entrypoint": ["/bin/env"], "Cmd": ["sleep", "1000"], "WorkingDir": "/tmp"},
    "stacks/db:1": {
        "Entrypoint": ["/bin/env", "--"],
        "Cmd": ["sleep", "1000"],
        "Env": ["PATH=/bin", "PGDATA=/var/lib/db/data"],
        "ExposedPorts": {"5432/tcp": {}},
        "Volumes": {"/var/lib/db": {}},
        "User": "1000",
        "WorkingDir": "/var/lib/db",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10**9},
        "Labels": {"maintainer": "the db people", "version": "1"},
    },
}

_OURS_AND_THEIRS = ("com.docker.compose.", "io.dockwright.")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
# IDs, times, and places of the engine's own files.
_OF_CONTAINERS = (
    *("Id", "Created", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "GraphDriver"),
    *("ExecIDs", "State"),
)
_OF_ENDPOINTS = ("NetworkID", "EndpointID", "Gateway", "IPv6Gateway", "MacAddress")
_OF_SETTINGS = (
    *_OF_ENDPOINTS,
    *("SandboxID", "SandboxKey", "Networks", "Ports", "IPAddress", "GlobalIPv6Address"),
)
# Lists whose order says nothing (of some Compose itself draws the order by lot).
_SETS = ("SecurityOpt", "ExtraHosts", "Ulimits", "CapAdd", "CapDrop", "GroupAdd", "Links")


@pytest.fixture(scope="module")
def compose(host28: TestHost) -> TestHost:
    """The test host that has the Compose tool, with the images of the stacks."""
    for tag, config in IMAGES.items():
        host28.load_tiny(tag, **config)
    return host28


def _stacks() -> list[Any]:
    return [
        pytest.param(path, id=path.name, marks=[] if path.name in LEAN else pytest.mark.full)
        for path in sorted(STACKS.iterdir())
    ]


@pytest.mark.parametrize("stack", _stacks())
def test_stack(stack: Path, compose: TestHost, tmp_path: Path) -> None:
    files = sorted(path.name for path in stack.glob("compose*.yml"))
    document = _document(stack, files)
    _prepare(compose)
    world = World(compose, tmp_path / "memory")
    named = [part for name in files for part in ("-f", f"{IN_HOST}/{stack.name}/{name}")]
    compose.exec(["docker", "compose", *named, "up", "-d", "--pull", "never"], env=SHELL)
    theirs = _seen(world)
    assert theirs["containers"]
    needless = [str(change) for change in world.check(document).plan.changes]
    assert not needless, "\n".join(needless)  # what Compose made needs no change
    compose.exec(["docker", "compose", *named, "down", "-v", "--timeout", "0"], env=SHELL)
    _prepare(compose)
    world = World(compose, tmp_path / "other")
    world.apply(document)
    found = differences(theirs, _seen(world))
    assert not found, "\n".join(found)


SHELL = {"FROM_SHELL": "of the shell"}


def _document(stack: Path, files: list[str]) -> dict[str, Any]:
    def read(path: str) -> str | None:
        return Path(path).read_text() if Path(path).exists() else None

    here = Here(lambda name: str(stack / name), read, SHELL, True)
    read_in = read_compose({"compose": files}, here, lambda _: None)
    document: dict[str, Any] = json.loads(json.dumps(read_in).replace(str(STACKS), IN_HOST))
    return document


def _prepare(host: TestHost) -> None:
    """An engine with nothing but what is external to the stacks."""
    engine_clean(host)
    host.exec(["rm", "-rf", "/srv/stacks"])
    host.exec(["docker", "network", "create", "stacks-edge"])
    host.exec(["docker", "volume", "create", "stacks-shared"])


# --- what is compared ----------------------------------------------------------------------------


def _seen(world: World) -> dict[str, Any]:
    api = world.client.api
    names = {c["Id"]: c["Names"][0].lstrip("/") for c in api.containers(all=True)}
    networks = {n["Name"]: api.inspect_network(n["Id"]) for n in api.networks()}
    volumes = {v["Name"]: v for v in api.volumes()["Volumes"] or ()}
    found: dict[str, Any] = _full(
        {
            "containers": {names[id]: _container(api.inspect_container(id), names) for id in names},
            "networks": {name: _network(raw) for name, raw in networks.items()},
            "volumes": {
                name: {**_without(raw, ["CreatedAt"]), "Labels": _labels(raw["Labels"])}
                for name, raw in volumes.items()
                if not _ANONYMOUS.fullmatch(name)
            },
        }
    )
    return {**found, "anonymous": sum(1 for name in volumes if _ANONYMOUS.fullmatch(name))}


def _full(value: Any) -> Any:
    """Without what is empty: null, [] and {} say the same."""
    if isinstance(value, dict):
        kept = {key: _full(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, [], {})}
    return [_full(item) for item in value] if isinstance(value, list) else value


def _container(raw: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    state, config, host = raw["State"], raw["Config"], raw["HostConfig"]
    settings = raw["NetworkSettings"]
    return {
        **_without(raw, _OF_CONTAINERS),
        "State": {
            **{key: state[key] for key in ("Status", "ExitCode", "Error", "OOMKilled")},
            "IsChecked": "Health" in state,
        },
        "Config": {
            **config,
            "Labels": _labels(config["Labels"]),
            # A name alone: Compose notes so that a variable has no value.
            "Env": sorted(text for text in config["Env"] or () if "=" in text),
            "Hostname": _named(config["Hostname"], names),
            "ExposedPorts": sorted(_ports(config.get("ExposedPorts") or {})),
        },
        "HostConfig": {
            **{key: _named(item, names) for key, item in host.items()},
            **{key: sorted(map(_spelled, host.get(key) or ())) for key in _SETS},
            **_mounts(host),
            "VolumesFrom": _borrowed(host, names),
            "Tmpfs": {
                at: sorted(text.split(",")) for at, text in (host.get("Tmpfs") or {}).items()
            },
        },
        "Mounts": {mount["Destination"]: _mount(mount) for mount in raw["Mounts"]},
        "NetworkSettings": {
            **_without(settings, _OF_SETTINGS),
            "Networks": {n: _endpoint(end, names) for n, end in settings["Networks"].items()},
            "Ports": {port: _published(hosts) for port, hosts in settings["Ports"].items()},
        },
    }


def _borrowed(host: dict[str, Any], names: dict[str, str]) -> list[str]:
    """Compose names containers by their ID, and leaves the mode open where it is ``rw``."""
    found = [text.partition(":") for text in host.get("VolumesFrom") or ()]
    return [f"{names.get(other, other)}:{mode or 'rw'}" for other, _, mode in found]


def _mounts(host: dict[str, Any]) -> dict[str, Any]:
    """Binds and Mounts, in one order.

    Where a bind has a propagation, Compose says by a mount that its source is to be made; engine
    20.10 cannot be told so, and we say it by a bind, which does the same.
    """
    binds, mounts = list(host.get("Binds") or ()), []
    for mount in host.get("Mounts") or ():
        options = mount.get("BindOptions") or {}
        if options.get("CreateMountpoint"):
            mode = "ro" if mount.get("ReadOnly") else "rw"
            binds.append(f"{mount['Source']}:{mount['Target']}:{mode},{options['Propagation']}")
        else:
            mounts.append(mount)
    return {"Binds": sorted(binds), "Mounts": sorted(mounts, key=lambda mount: mount["Target"])}


def _named(value: Any, names: dict[str, str]) -> Any:
    """A text with the names of containers in the place of their IDs."""
    for id, name in names.items() if isinstance(value, str) else ():
        value = value.replace(id, f"ID of {name}").replace(id[:12], f"ID of {name}")
    return value


def _spelled(value: Any) -> str:
    """One spelling for what the engine takes in two, such as `label:disable`."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if text.startswith("no-new-privileges"):
        return text.replace(":", "=") if ":" in text or "=" in text else f"{text}=true"
    return re.sub("^(label|seccomp|apparmor):", r"\1=", text)


def _ports(keys: Iterable[str]) -> Iterator[str]:
    """Exposed ports: Compose leaves `80` and `80-82` as they are written."""
    for key in keys:
        span, _, protocol = key.partition("/")
        first, _, last = span.partition("-")
        for port in range(int(first), int(last or first) + 1):
            yield f"{port}/{protocol or 'tcp'}"


def _endpoint(raw: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    found = _without(raw, _OF_ENDPOINTS)
    asked = raw.get("IPAMConfig") or {}
    for key, wish in (("IPAddress", "IPv4Address"), ("GlobalIPv6Address", "IPv6Address")):
        found[key] = raw[key] if wish in asked else bool(raw[key])
    for key in ("Aliases", "DNSNames", "Links"):
        found[key] = sorted({_named(name, names) for name in raw[key] or ()})
    return found


def _published(hosts: list[dict[str, str]] | None) -> Any:
    # The engine takes free ports from its own range.
    return hosts and [
        {**host, "HostPort": "free" if int(host["HostPort"]) >= 32768 else host["HostPort"]}
        for host in hosts
    ]


def _mount(raw: dict[str, Any]) -> dict[str, Any]:
    named = {
        key: _ANONYMOUS.sub("ANONYMOUS", item) if isinstance(item, str) else item
        for key, item in raw.items()
    }
    has_mode = raw["Type"] != "bind" or raw["Propagation"] == "rprivate"  # see `_mounts`
    return named if has_mode else _without(named, ["Mode"])


_POOLS = [ipaddress.ip_network("172.16.0.0/12"), ipaddress.ip_network("192.168.0.0/16")]


def _network(raw: dict[str, Any]) -> dict[str, Any]:
    """A network; subnets that the engine has chosen from its pools are left out."""
    subnets = [part for part in raw["IPAM"]["Config"] or () if not _is_drawn(part["Subnet"])]
    return {
        **_without(raw, ["Id", "Created", "Containers"]),
        "Labels": _labels(raw["Labels"]),
        "IPAM": {**raw["IPAM"], "Config": subnets},
    }


def _is_drawn(subnet: str) -> bool:
    network = ipaddress.ip_network(subnet)
    return any(network.version == 4 and network.overlaps(pool) for pool in _POOLS)


def _labels(labels: dict[str, str] | None) -> dict[str, str]:
    return {k: v for k, v in (labels or {}).items() if not k.startswith(_OURS_AND_THEIRS)}


def _without(raw: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: item for key, item in raw.items() if key not in keys}
