"""Every key of daemon.json: its type, since and until which engine, and what a change costs.

Versions are the engine's. Sources: the reload code and the configuration tables of the engine at
its release tags, and trials on 20.10, 26.1 and 28.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...named_tuple import NamedTuple
from ...values import BOOLEAN, INTEGER, SIZE, TEXT, TEXT_MAP, Type, integer, one_of
from . import forms

# Who feels a changed value.
DAEMON = "the daemon"
CREATE = "containers created afterwards"
START = "containers at their next start"
NETWORK = "networks created afterwards"

ALWAYS = ("", "")  # reloadable in every engine


class Key(NamedTuple):
    """One key of daemon.json."""

    name: str
    type: Type
    doc: str
    default: Any = None  # the engine's; written for the length of a reload when the key is removed
    since: str = ""  # first engine that knows it
    until: str = ""  # first engine that does not (any more)
    reload: tuple[str, str] | None = None  # engines (first, first not) that take it by reload
    absent_resets: bool = False  # a reload without the key goes back to the default by itself
    flag: str = ""  # the flag's name where it is not the key's
    felt: str = DAEMON
    content: bool = False  # hides or re-creates images and containers: kind storage
    secret: tuple[str, ...] = ()  # inner keys whose values are never shown
    instead: str = ""  # what to use where the engine does not know it


def version(text: str) -> tuple[int, ...]:
    """The numbers of an engine version: ``26.1.5+dfsg1`` is (26, 1, 5)."""
    head = text.partition("+")[0].partition("-")[0]
    return tuple(int(part) for part in head.split(".") if part.isdigit())


def is_known(key: Key, engine: str) -> bool:
    """Whether this engine knows the key."""
    return _within((key.since, key.until), engine)


def is_reloadable(path: str, engine: str) -> bool:
    """Whether this engine takes a new value at a reload (``path`` is a key, or key.inner)."""
    key = BY_NAME.get(path.partition(".")[0])
    if key is None or key.reload is None or path in CONTENT_PATHS:
        return False
    return _within(key.reload, engine)


def default_of(key: Key, cgroup_version: str) -> Any:
    """The engine's default, in normal form; one of them differs by the version of the cgroups."""
    if key.name == "default-cgroupns-mode":
        return "private" if cgroup_version == "2" else "host"
    return key.default


def _within(versions: tuple[str, str], engine: str) -> bool:
    since, until = versions
    have = version(engine)
    return (not since or have >= version(since)) and (not until or have < version(until))


_POSITIVE = INTEGER._replace(parse=integer(1))
_COUNT = INTEGER._replace(parse=integer(0))
_SIGNED = INTEGER
_LIST = forms.TEXT_LIST


def _key(name: str, type: Type, doc: str, default: Any = None, **more: Any) -> Key:
    return Key(name, type, doc, default, **more)


NETWORKING = (
    _key("bip", forms.BRIDGE_ADDRESS, "Address and mask of the default bridge docker0."),
    _key("bip6", forms.BRIDGE_ADDRESS, "IPv6 address of docker0.", since="28.0"),
    _key("bridge", TEXT, "Bridge to use instead of docker0, or `none`."),
    _key("fixed-cidr", forms.SUBNET, "Part of the default bridge's subnet that containers get."),
    _key("fixed-cidr-v6", forms.SUBNET, "IPv6 subnet of the default bridge."),
    _key("default-gateway", forms.IP, "Gateway of containers on the default bridge."),
    _key("default-gateway-v6", forms.IP, "IPv6 gateway of containers on the default bridge."),
    _key(
        "default-address-pools",
        forms.POOLS,
        "Pools that new networks get their subnets from.",
        since="18.06",
        flag="default-address-pool",
        felt=NETWORK,
    ),
    _key(
        "default-network-opts",
        forms.NETWORK_OPTIONS,
        "Driver options of new networks, by driver.",
        since="24.0",
        flag="default-network-opt",
        felt=NETWORK,
    ),
    _key("ip", forms.IP, "Host address of ports published from the default bridge.", "0.0.0.0"),
    _key("ip-forward", BOOLEAN, "Switch on forwarding in the kernel.", True),
    _key("ip-forward-no-drop", BOOLEAN, "Leave the FORWARD policy as it is.", False, since="28.0"),
    _key("ip-masq", BOOLEAN, "Masquerade what leaves the default bridge.", True),
    _key("iptables", BOOLEAN, "Add iptables rules.", True),
    _key("ip6tables", BOOLEAN, "Add ip6tables rules (default: true since 27.0).", since="20.10"),
    _key("ipv6", BOOLEAN, "IPv6 on the default bridge.", False),
    _key("icc", BOOLEAN, "Let containers on the default bridge talk to each other.", True),
    _key("userland-proxy", BOOLEAN, "Start a docker-proxy for each published port.", True),
    _key("userland-proxy-path", forms.OPTIONAL_PATH, "Path of docker-proxy."),
    _key(
        "allow-direct-routing",
        BOOLEAN,
        "Let neighbours reach containers by their own addresses.",
        False,
        since="28.2",
    ),
    _key(
        "firewall-backend",
        one_of("", "iptables", "nftables"),
        "What the daemon writes its firewall rules with.",
        since="29.0",
    ),
    _key("bridge-accept-fwmark", TEXT, "Packet mark that may reach containers.", since="29.0"),
    _key("mtu", _COUNT, "MTU of the default bridge.", 1500),
    _key("network-control-plane-mtu", _COUNT, "MTU of the control plane.", 1500, since="17.09"),
    _key(
        "network-diagnostic-port",
        _COUNT,
        "Port of the network diagnostic server; never leave it on.",
        0,
        since="17.12",
        reload=ALWAYS,
        absent_resets=True,
    ),
    _key(
        "host-gateway-ip",
        forms.IP,
        "Address that `host-gateway` means in extra hosts.",
        since="20.10",
    ),
    _key(
        "host-gateway-ips",
        forms.IPS,
        "Addresses that `host-gateway` means, at most one of each family.",
        since="28.0",
        flag="host-gateway-ip",
    ),
)

NAMES = (
    _key("dns", forms.IPS, "Name servers of containers.", [], felt=START),
    _key("dns-opts", _LIST, "Resolver options of containers.", [], flag="dns-opt", felt=START),
    _key("dns-search", forms.DOMAINS, "Search domains of containers.", [], felt=START),
)

STORAGE = (
    _key(
        "data-root",
        forms.PATH,
        "Folder of images, containers and volumes.",
        "/var/lib/docker",
        since="17.05",
        content=True,
    ),
    _key(
        "graph",
        forms.PATH,
        "Old name of data-root.",
        until="24.0",
        content=True,
        instead="use data-root",
    ),
    _key("exec-root", forms.PATH, "Folder of the running state.", "/var/run/docker"),
    _key("pidfile", forms.PATH, "File with the daemon's process id.", "/var/run/docker.pid"),
    _key("storage-driver", TEXT, "Storage driver.", content=True),
    _key("storage-opts", forms.RESOURCES, "Options of the storage driver.", [], flag="storage-opt"),
    _key("containerd", forms.PATH, "Socket of containerd; the daemon's own one by default."),
    _key(
        "containerd-namespace",
        TEXT,
        "Namespace in containerd.",
        "moby",
        since="19.03",
        content=True,
    ),
    _key(
        "cri-containerd",
        BOOLEAN,
        "Start the daemon's own containerd with CRI.",
        False,
        since="18.09",
    ),
)

LOGGING = (
    _key("log-driver", TEXT, "Log driver of containers.", "json-file", felt=CREATE),
    _key(
        "log-opts",
        TEXT_MAP,
        "Options of the log driver.",
        {},
        flag="log-opt",
        felt=CREATE,
        secret=("splunk-token", "logentries-token"),
    ),
    _key("debug", BOOLEAN, "Debug messages and debug API.", False, reload=ALWAYS),
    _key(
        "log-level",
        one_of("debug", "info", "warn", "error", "fatal"),
        "What the daemon itself logs.",
        "info",
    ),
    _key(
        "log-format", one_of("text", "json"), "Form of the daemon's own log.", "text", since="25.0"
    ),
    _key("raw-logs", BOOLEAN, "The daemon's own log with full timestamps, without colours.", False),
)

SECURITY = (
    _key("userns-remap", TEXT, "Map root in containers to another user.", "", content=True),
    _key(
        "no-new-privileges",
        BOOLEAN,
        "Containers gain no privileges by set-user-ID programs.",
        False,
        felt=START,
    ),
    _key("selinux-enabled", BOOLEAN, "SELinux labels for containers.", False, felt=START),
    _key(
        "seccomp-profile",
        forms.SECCOMP,
        "Path of the default seccomp profile, `unconfined`, or `builtin` (23.0).",
        felt=START,
    ),
    _key(
        "authorization-plugins",
        _LIST,
        "Plugins that allow or deny each API call, in order.",
        [],
        reload=ALWAYS,
        absent_resets=True,
        flag="authorization-plugin",
    ),
    _key("rootless", BOOLEAN, "The daemon runs without root.", since="19.03"),
    _key("tls", BOOLEAN, "TLS on TCP listeners.", False),
    _key(
        "tlsverify",
        BOOLEAN,
        "TLS, and clients must show a certificate. Its mere presence turns TLS on.",
        False,
    ),
    _key("tlscacert", forms.PATH, "CA that client certificates are checked with."),
    _key("tlscert", forms.PATH, "Certificate of the daemon."),
    _key("tlskey", forms.PATH, "Key of the daemon's certificate."),
)

REGISTRIES = (
    _key(
        "registry-mirrors",
        forms.MIRRORS,
        "Mirrors of Docker Hub, tried in order.",
        [],
        reload=ALWAYS,
        flag="registry-mirror",
    ),
    _key(
        "insecure-registries",
        forms.REGISTRIES,
        "Registries reached without trusted TLS.",
        [],
        reload=ALWAYS,
        flag="insecure-registry",
    ),
    _key(
        "allow-nondistributable-artifacts",
        forms.REGISTRIES,
        "Registries that get non-distributable layers.",
        [],
        since="17.06",
        until="28.1",
        reload=("", "28.1"),
        instead="remove it: all layers are pushed",
    ),
    _key("max-concurrent-downloads", _COUNT, "Layers pulled at a time.", 3, reload=ALWAYS),
    _key("max-concurrent-uploads", _COUNT, "Layers pushed at a time.", 5, reload=ALWAYS),
    _key(
        "max-download-attempts",
        _POSITIVE,
        "Attempts for each layer.",
        5,
        since="20.10",
        reload=ALWAYS,
    ),
    _key(
        "proxies",
        forms.PROXIES,
        "Proxies of the daemon itself: http-proxy, https-proxy, no-proxy.",
        {},
        since="23.0",
        instead="set manage_unit: true, which puts them into the environment of the systemd unit",
    ),
)

RUNTIME = (
    _key(
        "runtimes", forms.RUNTIMES, "Further OCI runtimes.", {}, reload=ALWAYS, flag="add-runtime"
    ),
    _key(
        "default-runtime",
        TEXT,
        "Runtime of containers that name none.",
        "runc",
        reload=ALWAYS,
        felt=CREATE,
    ),
    _key(
        "exec-opts",
        forms.RUNTIME_OPTIONS,
        "The cgroup driver: native.cgroupdriver=systemd or cgroupfs.",
        [],
        flag="exec-opt",
    ),
    _key("cgroup-parent", TEXT, "Parent cgroup of containers.", "", felt=START),
    _key(
        "default-cgroupns-mode",
        one_of("host", "private"),
        "Cgroup namespace of containers (default: private with cgroup v2, else host).",
        since="20.10",
        reload=ALWAYS,
        felt=CREATE,
    ),
    _key(
        "default-ipc-mode",
        one_of("private", "shareable"),
        "IPC mode of containers.",
        "private",
        since="17.09",
        reload=ALWAYS,
        felt=CREATE,
    ),
    _key(
        "default-shm-size",
        SIZE,
        "Size of /dev/shm in containers.",
        64 * 1024**2,
        reload=ALWAYS,
        felt=CREATE,
    ),
    _key(
        "default-ulimits",
        forms.ULIMITS,
        "Limits of containers.",
        {},
        flag="default-ulimit",
        felt=CREATE,
    ),
    _key("init", BOOLEAN, "Run an init in containers.", False, felt=START),
    _key("init-path", forms.OPTIONAL_PATH, "Path of docker-init.", felt=START),
    _key("cpu-rt-period", _COUNT, "Period of real-time processes in microseconds (cgroup v1).", 0),
    _key(
        "cpu-rt-runtime", _COUNT, "Run time of real-time processes in microseconds (cgroup v1).", 0
    ),
    _key(
        "cdi-spec-dirs",
        _LIST,
        "Folders with descriptions of devices (CDI).",
        ["/etc/cdi", "/var/run/cdi"],
        since="25.0",
        flag="cdi-spec-dir",
    ),
    _key("nri-opts", forms.NRI, "Node resource interface.", since="29.2", reload=("29.2", "")),
    _key(
        "oom-score-adjust",
        _SIGNED,
        "OOM score of the daemon.",
        0,
        until="26.0",
        instead="set OOMScoreAdjust= in the systemd unit",
    ),
    _key(
        "node-generic-resources",
        forms.RESOURCES,
        "Resources that swarm hands out.",
        [],
        since="17.09",
        flag="node-generic-resource",
    ),
)

BEHAVIOUR = (
    _key(
        "features",
        forms.FEATURES,
        "Features by name.",
        {},
        since="18.09",
        reload=ALWAYS,
        absent_resets=True,
    ),
    _key(
        "builder",
        forms.BUILDER,
        "Build cache policy and entitlements of the builder.",
        {},
        since="18.09",
    ),
    _key(
        "shutdown-timeout",
        _SIGNED,
        "Seconds for containers to stop; negative: for ever.",
        15,
        reload=ALWAYS,
    ),
    _key(
        "default-stop-timeout",
        _SIGNED,
        "Seconds before a stopped container is killed.",
        10,
        since="29.7",
        reload=("29.7", ""),
    ),
    _key(
        "live-restore",
        BOOLEAN,
        "Containers live on while the daemon restarts.",
        False,
        reload=ALWAYS,
    ),
    _key("swarm-default-advertise-addr", TEXT, "Address that swarm advertises.", ""),
    _key("hosts", forms.HOSTS, "Addresses that the daemon listens on.", flag="host"),
    _key("group", TEXT, "Group of the socket.", "docker"),
    _key("labels", forms.LABELS, "Labels of the daemon.", [], reload=ALWAYS, flag="label"),
    _key("metrics-addr", forms.ENDPOINT, "Address of the Prometheus metrics.", ""),
    _key("experimental", BOOLEAN, "Experimental features.", False),
    _key(
        "min-api-version",
        TEXT,
        "Oldest API that clients may use.",
        since="29.0",
        instead="set DOCKER_MIN_API_VERSION in the unit's environment (25.0 and later)",
    ),
)

OLD = (
    _key(
        "api-cors-header",
        TEXT,
        "CORS header of the API.",
        until="28.0",
        instead="let a reverse proxy add the header",
    ),
    _key(
        "deprecated-key-path",
        forms.PATH,
        "Path of the old identity key.",
        since="17.06",
        until="24.0",
        instead="remove it",
    ),
    _key(
        "cluster-store",
        TEXT,
        "Key-value store of classic swarm.",
        until="23.0",
        reload=("", "23.0"),
        instead="use swarm mode",
    ),
    _key(
        "cluster-store-opts",
        TEXT_MAP,
        "Options of cluster-store.",
        {},
        until="23.0",
        reload=("", "23.0"),
        flag="cluster-store-opt",
        instead="use swarm mode",
    ),
    _key(
        "cluster-advertise",
        TEXT,
        "Address for classic swarm.",
        until="23.0",
        reload=("", "23.0"),
        instead="use swarm mode",
    ),
)

KEYS: tuple[Key, ...] = (
    NETWORKING + NAMES + STORAGE + LOGGING + SECURITY + REGISTRIES + RUNTIME + BEHAVIOUR + OLD
)
BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}
BY_FLAG: Mapping[str, Key] = {key.flag or key.name: key for key in reversed(KEYS)}

# What hides or re-creates images and containers when it changes.
CONTENT_PATHS = frozenset(
    {"features.containerd-snapshotter", *(key.name for key in KEYS if key.content)}
)

# What the engine takes from the file and ignores, or does not take although it looks like a key:
# what is wrong with it, and what to write.
_IGNORED = "the engine accepts and ignores it"
_UNKNOWN = "the engine does not read it from its file"
TRAPS: Mapping[str, tuple[str, str]] = {
    **{
        key.flag: (_IGNORED, f"write {key.name}")
        for key in KEYS
        if key.flag and key.flag not in BY_NAME
    },
    "http-proxy": (_IGNORED, "write proxies: {http-proxy: …}"),
    "https-proxy": (_IGNORED, "write proxies: {https-proxy: …}"),
    "no-proxy": (_IGNORED, "write proxies: {no-proxy: …}"),
    "restart": (_IGNORED, "set the restart policy of each container"),
    "help": (_IGNORED, "remove it"),
    "version": (_IGNORED, "remove it"),
    "validate": (_IGNORED, "remove it"),
    "containerd-plugins-namespace": (_IGNORED, "give --containerd-plugins-namespace in the unit"),
    "containerd-plugin-namespace": (
        _UNKNOWN,
        "give --containerd-plugins-namespace in the unit",
    ),
    "config-file": (_UNKNOWN, "give --config-file in the unit"),
    "default-init": (_UNKNOWN, "write init"),
    "resolv-conf": (_UNKNOWN, "write dns, dns-search and dns-opts"),
    "swarm-raft-heartbeat-tick": (_UNKNOWN, "give the flag in the unit"),
    "swarm-raft-election-tick": (_UNKNOWN, "give the flag in the unit"),
}
