"""The options of a container: one row per Compose service key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ... import owner
from ...options import (
    Inspect,
    Option,
    field,
    get,
    live,
    live_unless_removed,
    put,
)
from ...values import (
    BOOLEAN,
    COMMAND,
    COUNT,
    CPUS,
    DURATION,
    INTEGER,
    SIZE,
    TEXT,
    TEXT_SET,
    TEXTS,
    Type,
    address_text,
    integer,
    one_of,
    parse_duration,
    parse_text,
    show_size,
    size,
)
from . import borrowed, devices, endpoints, forms, links, mounts, ports

MEMORY = Type("size", size(6 * 1024**2), "str", SIZE.schema, show_size)
MEMORY_SWAP = Type("size", size(unlimited=True), "str", SIZE.schema, show_size)
PID_MODE = Type("text", endpoints.namespace("host"), "str", {"type": "string"})
IPC_MODE = Type(
    "text",
    endpoints.namespace("private", "shareable", "host", "none"),
    "str",
    {"type": "string"},
)
CPU_PERIOD = INTEGER._replace(parse=integer(1000, 10**6))
CPU_QUOTA = INTEGER._replace(parse=integer(1000))
SWAPPINESS = INTEGER._replace(parse=integer(0, 100))
OOM_SCORE = INTEGER._replace(parse=integer(-1000, 1000))


def _parse_grace(value: Any, where: str) -> int:
    return math.ceil(parse_duration(value, where) / 10**9) * 10**9  # the engine knows whole seconds


def _parse_directory(value: Any, where: str) -> str:
    return parse_text(value, where).rstrip("/") or "/"


def _parse_microseconds(value: Any, where: str) -> int:
    if isinstance(value, str) and not value.strip().isdigit():
        return parse_duration(value, where) // 1000
    return int(integer(1)(value, where))


def _read_swappiness(seen: Inspect) -> int | None:
    value = get(seen.raw, "HostConfig.MemorySwappiness")
    return None if value is None or value < 0 else int(value)


MICROSECONDS = DURATION._replace(parse=_parse_microseconds, show=INTEGER.show)
GRACE = DURATION._replace(parse=_parse_grace)
DIRECTORY = TEXT._replace(parse=_parse_directory)


def _host_config(name: str) -> Any:
    return lambda payload, value: put(payload, f"HostConfig.{name}", value)


def _read_command(key: str) -> Any:
    def read(seen: Inspect) -> list[str] | None:
        value = get(seen.raw, f"Config.{key}")
        return None if not value or value == [""] else list(value)

    return read


def _inherit_command(key: str) -> Any:
    return lambda config: list(config.get(key) or ()) or None


def _read_hostname(seen: Inspect) -> str | None:
    name = get(seen.raw, "Config.Hostname") or ""
    mode = get(seen.raw, "HostConfig.NetworkMode") or ""
    made_up = name == (seen.raw.get("Id") or "")[:12] or mode.startswith("container:")
    shared = "host" in (mode, get(seen.raw, "HostConfig.UTSMode"))
    if made_up or not name or (shared and name == seen.facts.name):
        return None
    return str(name)


def _read_stop_timeout(seen: Inspect) -> int:
    seconds = get(seen.raw, "Config.StopTimeout")
    return (10 if seconds is None else int(seconds)) * 10**9


def _write_stop_timeout(payload: dict[str, Any], value: int) -> None:
    payload["StopTimeout"] = value // 10**9


def _read_security(seen: Inspect) -> list[str] | None:
    found = forms.clean_security(get(seen.raw, "HostConfig.SecurityOpt") or ())
    host = seen.raw.get("HostConfig") or {}
    shared = "host" in (host.get("PidMode"), host.get("IpcMode"))
    if host.get("Privileged") or shared:  # the engine adds it on its own
        found = [text for text in found if text != "label=disable"]
    if not host.get("Privileged") and not (host.get("MaskedPaths") or host.get("ReadonlyPaths")):
        found = sorted([*found, ALL_PATHS])
    return found or None


# Compose's word for what the engine knows as two empty lists.
ALL_PATHS = "systempaths=unconfined"


def _write_security(payload: dict[str, Any], value: list[str]) -> None:
    rest = [text for text in value if text != ALL_PATHS]
    if rest:
        put(payload, "HostConfig.SecurityOpt", rest)
    if rest != value:
        put(payload, "HostConfig.MaskedPaths", [])
        put(payload, "HostConfig.ReadonlyPaths", [])


def _read_mode(key: str) -> Any:
    return lambda seen: endpoints.by_name(get(seen.raw, f"HostConfig.{key}") or "", seen) or None


def _read_exposed(seen: Inspect) -> list[str] | None:
    # What is published is exposed too, whether or not the maker of the container said so.
    found = {**(get(seen.raw, "Config.ExposedPorts") or {})}
    found.update(get(seen.raw, "HostConfig.PortBindings") or {})
    return sorted(ports.expanded(found)) or None


def _read_pids(seen: Inspect) -> int | None:
    value = get(seen.raw, "HostConfig.PidsLimit")
    return value if value and value > 0 else None


def _write_tmpfs(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    put(payload, "HostConfig.Tmpfs", dict(value))


def _write_environment(payload: dict[str, Any], value: Mapping[str, Any]) -> None:
    payload["Env"] = [f"{name}={text}" for name, text in sorted(value.items())]


def _write_exposed(payload: dict[str, Any], value: list[str]) -> None:
    payload["ExposedPorts"] = {port: {} for port in value}


def _config_field(name: str, type: Type, key: str, doc: str, **more: Any) -> Option:
    """A row that is read at ``Config.KEY`` and written at the top of the create request."""
    row = field(name, type, f"Config.{key}", doc, **more)
    return row._replace(write=lambda payload, value: put(payload, key, value))


# What is on the host and is compared.
ROWS: tuple[Option, ...] = (
    Option(
        "image",
        TEXT,
        "The image: a tag, a digest or an ID. Compared by the image's ID.",
        read=lambda seen: seen.raw.get("Image"),
        example="postgres:16",
    ),
    Option(
        "command",
        COMMAND,
        "The command, as a list or as text that is split into words. Overrides the image's.",
        read=_read_command("Cmd"),
        write=lambda payload, value: put(payload, "Cmd", value),
        inherit=_inherit_command("Cmd"),
        example=["sleep", "infinity"],
    ),
    Option(
        "entrypoint",
        COMMAND,
        "The entrypoint. Setting it drops the image's command too.",
        read=_read_command("Entrypoint"),
        write=lambda payload, value: put(payload, "Entrypoint", value or [""]),
        inherit=_inherit_command("Entrypoint"),
        example=["/bin/sh", "-c"],
    ),
    Option(
        "environment",
        forms.ENVIRONMENT,
        "Environment variables, as a mapping or a list of C(NAME=value). Values are never shown.",
        read=lambda seen: forms.read_environment(get(seen.raw, "Config.Env")),
        write=_write_environment,
        inherit=lambda config: forms.read_environment(config.get("Env")),
        secret=True,
        example={"TZ": "UTC"},
    ),
    Option(
        "ports",
        ports.PORTS,
        "Published ports, in Compose's short or long form.",
        read=lambda seen: ports.read_bindings(get(seen.raw, "HostConfig.PortBindings")),
        write=lambda payload, value: put(
            payload, "HostConfig.PortBindings", ports.write_bindings(value)
        ),
        example=["127.0.0.1:8080:80"],
    ),
    Option(
        "expose",
        ports.EXPOSE,
        "Ports that are exposed to other containers without being published.",
        read=_read_exposed,
        write=_write_exposed,
        inherit=lambda config: sorted(config.get("ExposedPorts") or {}) or None,
        example=["9000"],
    ),
    Option(
        "volumes",
        mounts.VOLUMES,
        "Named and anonymous volumes, binds of paths on the managed host, tmpfs mounts, and what is"
        " in an image, from engine 28 on, read-only and as it was when the container was made. In"
        " Compose's short or long form.",
        read=mounts.read_volumes,
        write=mounts.write_volumes,
        inherit=mounts.inherit_volumes,
        example=["data:/var/lib/data"],
    ),
    Option(
        "volumes_from",
        borrowed.VOLUMES_FROM,
        "Containers whose mounts it has too, as C(NAME) or C(NAME:ro). They are made before it.",
        read=borrowed.read_volumes_from,
        write=borrowed.write_volumes_from,
        example=["data:ro"],
    ),
    Option(
        "tmpfs",
        mounts.TMPFS,
        "Memory file systems, as C(PATH) or C(PATH:options).",
        read=mounts.read_tmpfs,
        write=_write_tmpfs,
        example=["/run:size=64m"],
    ),
    Option(
        "networks",
        endpoints.NETWORKS,
        "Networks to be in, with aliases and addresses. Changed by connecting anew, one by one.",
        read=endpoints.read_networks,
        effect=endpoints.reconnect,
        example={"back": {"aliases": ["db"]}},
    ),
    Option(
        "network_mode",
        endpoints.NETWORK_MODE,
        "C(host), C(none), C(bridge), C(container:NAME) or C(service:NAME).",
        read=endpoints.read_network_mode,
        write=_host_config("NetworkMode"),
        example="host",
    ),
    Option(
        "links",
        links.LINKS,
        "Other containers by further names, as C(NAME[:ALIAS]); they are started before it. On"
        " networks it is the same as C(links) of each of them.",
        read=links.read_links,
        write=links.write_links,
        example=["db:database"],
    ),
    Option(
        "restart",
        forms.RESTART,
        "The restart policy: C(no), C(always), C(unless-stopped), C(on-failure[:TIMES]).",
        read=forms.read_restart,
        write=forms.write_restart,
        effect=live,
        default="no",
        example="unless-stopped",
    ),
    Option(
        "labels",
        owner.LABELS,
        "Labels, as a mapping or a list of C(NAME=value).",
        read=lambda seen: owner.foreign(owner.labels_of(seen.raw)),
        write=lambda payload, value: payload.setdefault("Labels", {}).update(value),
        inherit=lambda config: owner.foreign(config.get("Labels")),
        example={"team": "shop"},
    ),
    _config_field(
        "user", TEXT, "User", "The user, as C(name[:group]) or C(uid[:gid]).", image="User"
    ),
    Option(
        "hostname",
        TEXT,
        "The container's host name.",
        read=_read_hostname,
        write=lambda payload, value: put(payload, "Hostname", value),
    ),
    _config_field("domainname", TEXT, "Domainname", "The container's domain name."),
    Option(
        "healthcheck",
        forms.HEALTHCHECK,
        "The health check: test, interval, timeout, retries, start_period, start_interval,"
        " disable.",
        read=lambda seen: forms.health_from(get(seen.raw, "Config.Healthcheck")),
        write=forms.write_healthcheck,
        inherit=lambda config: forms.health_from(config.get("Healthcheck")),
        example={"test": "wget -q -O- http://localhost/", "interval": "10s"},
    ),
    Option(
        "logging",
        forms.LOGGING,
        "The log driver and its options. Left out: what the daemon had when it was created.",
        read=forms.read_logging,
        write=forms.write_logging,
        baked=True,
        example={"driver": "local", "options": {"max-size": "10m"}},
    ),
    field(
        "mem_limit",
        MEMORY,
        "HostConfig.Memory",
        "The most memory it may use.",
        effect=live_unless_removed,
        example="256m",
    ),
    field(
        "memswap_limit",
        MEMORY_SWAP,
        "HostConfig.MemorySwap",
        "The most memory and swap together; C(-1) for unlimited swap. Left out: twice the memory.",
        effect=live_unless_removed,
        example="512m",
    ),
    field(
        "mem_reservation",
        SIZE,
        "HostConfig.MemoryReservation",
        "The memory it is held to when the host runs short.",
        effect=live_unless_removed,
    ),
    field(
        "cpus",
        CPUS,
        "HostConfig.NanoCpus",
        "How many processors it may use, such as C(0.5).",
        effect=live_unless_removed,
        example=0.5,
    ),
    field(
        "cpu_shares",
        COUNT,
        "HostConfig.CpuShares",
        "The relative weight for processor time.",
        effect=live_unless_removed,
    ),
    field(
        "cpu_period",
        CPU_PERIOD,
        "HostConfig.CpuPeriod",
        "The length of a period of C(cpu_quota), in microseconds. The engine's own is 100000.",
        effect=live_unless_removed,
        example=50000,
    ),
    field(
        "cpu_quota",
        CPU_QUOTA,
        "HostConfig.CpuQuota",
        "The processor time it may use in each period, in microseconds; C(cpus) says the same.",
        effect=live_unless_removed,
        example=25000,
    ),
    field(
        "cpu_rt_period",
        MICROSECONDS,
        "HostConfig.CpuRealtimePeriod",
        "The length of a period of C(cpu_rt_runtime), in microseconds or as a duration.",
        effect=live_unless_removed,
    ),
    field(
        "cpu_rt_runtime",
        MICROSECONDS,
        "HostConfig.CpuRealtimeRuntime",
        "The real-time processor time in each period, in microseconds or as a duration. Needs a"
        " kernel and a daemon that are set up for it.",
        effect=live_unless_removed,
    ),
    field(
        "cpuset",
        forms.CPUSET,
        "HostConfig.CpusetCpus",
        "The processors it may use, such as C(0-1).",
        clean=forms.clean_cpuset,
        effect=live_unless_removed,
    ),
    field(
        "cpuset_mems",
        forms.MEMORY_NODES,
        "HostConfig.CpusetMems",
        "The memory nodes it may use, such as C(0-1). The Compose specification has no key for it.",
        clean=forms.clean_cpuset,
        effect=live_unless_removed,
    ),
    Option(
        "blkio_config",
        devices.BLKIO,
        "Block I/O: weight, weight_device, device_read_bps, device_read_iops, device_write_bps,"
        " device_write_iops. The weight alone is changed in place.",
        read=devices.read_blkio,
        write=devices.write_blkio,
        effect=devices.live_weight,
        example={"device_read_bps": [{"path": "/dev/sda", "rate": "12mb"}]},
    ),
    Option(
        "mem_swappiness",
        SWAPPINESS,
        "How readily its memory is swapped out, from 0 to 100 (cgroup v1).",
        read=_read_swappiness,
        write=_host_config("MemorySwappiness"),
    ),
    field(
        "oom_kill_disable",
        BOOLEAN,
        "HostConfig.OomKillDisable",
        "Whether its processes wait for memory instead of being killed (cgroup v1).",
        default=False,
    ),
    Option(
        "pids_limit",
        INTEGER,
        "The most processes it may have; C(-1) for unlimited.",
        read=_read_pids,
        write=_host_config("PidsLimit"),
        effect=live,
        reset=-1,
        example=100,
    ),
    field(
        "privileged", BOOLEAN, "HostConfig.Privileged", "All of the host's rights.", default=False
    ),
    field(
        "cap_add",
        forms.CAPABILITIES,
        "HostConfig.CapAdd",
        "Capabilities to add.",
        clean=forms.clean_capabilities,
        example=["NET_ADMIN"],
    )._replace(write=forms.write_capabilities("CapAdd")),
    field(
        "cap_drop",
        forms.CAPABILITIES,
        "HostConfig.CapDrop",
        "Capabilities to drop.",
        clean=forms.clean_capabilities,
        example=["ALL"],
    )._replace(write=forms.write_capabilities("CapDrop")),
    field(
        "read_only",
        BOOLEAN,
        "HostConfig.ReadonlyRootfs",
        "Whether the root file system is read-only.",
        default=False,
    ),
    Option(
        "init",
        BOOLEAN,
        "Whether a small init reaps processes. Left out: the daemon decides.",
        read=lambda seen: get(seen.raw, "HostConfig.Init"),
        write=_host_config("Init"),
    ),
    Option(
        "stop_grace_period",
        GRACE,
        "How long a stop waits before it kills; whole seconds.",
        read=_read_stop_timeout,
        write=_write_stop_timeout,
        default=10 * 10**9,
        example="30s",
    ),
    _config_field(
        "stop_signal",
        forms.SIGNAL,
        "StopSignal",
        "The signal that stops it.",
        image="StopSignal",
        clean=forms.clean_signal,
        default="SIGTERM",
    ),
    field(
        "dns",
        forms.ADDRESSES,
        "HostConfig.Dns",
        "DNS servers, in order.",
        clean=lambda texts: [address_text(text) for text in texts],
        example=["10.0.0.53"],
    ),
    field("dns_search", TEXTS, "HostConfig.DnsSearch", "DNS search domains, in order."),
    field(
        "dns_opt",
        TEXT_SET,
        "HostConfig.DnsOptions",
        "Resolver options, in any order.",
        clean=sorted,
        example=["ndots:2"],
    ),
    field(
        "extra_hosts",
        forms.EXTRA_HOSTS,
        "HostConfig.ExtraHosts",
        "Entries for C(/etc/hosts), as C(NAME=ADDRESS) or a mapping.",
        clean=sorted,
        example=["db=10.0.0.5"],
    ),
    Option(
        "ulimits",
        forms.ULIMITS,
        "Resource limits: a number, or soft and hard.",
        read=forms.read_ulimits,
        write=forms.write_ulimits,
        baked=True,
        example={"nofile": {"soft": 1024, "hard": 4096}},
    ),
    Option(
        "sysctls",
        forms.SYSCTLS,
        "Kernel parameters of the container's namespaces.",
        read=lambda seen: dict(get(seen.raw, "HostConfig.Sysctls") or {}),
        write=lambda payload, value: put(payload, "HostConfig.Sysctls", dict(value)),
        example={"net.core.somaxconn": "1024"},
    ),
    Option(
        "storage_opt",
        forms.STORAGE_OPT,
        "Options of the storage driver for its writable layer, such as C(size).",
        read=lambda seen: dict(get(seen.raw, "HostConfig.StorageOpt") or {}),
        write=lambda payload, value: put(payload, "HostConfig.StorageOpt", dict(value)),
        example={"size": "10G"},
    ),
    Option(
        "annotations",
        forms.ANNOTATIONS,
        "Annotations for the OCI runtime.",
        read=lambda seen: dict(get(seen.raw, "HostConfig.Annotations") or {}),
        write=lambda payload, value: put(payload, "HostConfig.Annotations", dict(value)),
        since="1.43",
        example={"run.oci.keep_original_groups": "1"},
    ),
    Option(
        "devices",
        forms.DEVICES,
        "Devices of the managed host, as C(SOURCE[:TARGET[:rwm]]).",
        read=forms.read_devices,
        write=forms.write_devices,
        example=["/dev/fuse"],
    ),
    field(
        "device_cgroup_rules",
        devices.RULES,
        "HostConfig.DeviceCgroupRules",
        "What it may do with devices that appear later, as C(TYPE MAJOR:MINOR ACCESS).",
        clean=sorted,
        example=["c 10:200 rwm"],
    ),
    Option(
        "gpus",
        devices.GPUS,
        "GPUs: C(all), or requests with driver, count or device_ids, capabilities, options.",
        read=devices.read_gpus,
        write=_host_config("DeviceRequests"),
        example="all",
    ),
    Option(
        "security_opt",
        forms.SECURITY,
        "Security options, such as C(no-new-privileges).",
        read=_read_security,
        write=_write_security,
        example=["no-new-privileges"],
    ),
    field(
        "shm_size",
        SIZE,
        "HostConfig.ShmSize",
        "The size of C(/dev/shm). Left out: what the daemon had when it was created.",
        baked=True,
        example="128m",
    ),
    _config_field(
        "working_dir",
        DIRECTORY,
        "WorkingDir",
        "The working directory.",
        image="WorkingDir",
        clean=lambda path: path.rstrip("/") or "/",
        default="/",
    ),
    Option(
        "pid",
        PID_MODE,
        "The PID namespace: C(host), C(container:NAME) or C(service:NAME).",
        read=_read_mode("PidMode"),
        write=_host_config("PidMode"),
    ),
    Option(
        "ipc",
        IPC_MODE,
        "The IPC namespace: C(private), C(shareable), C(host), C(none), C(container:NAME)"
        " or C(service:NAME).",
        read=_read_mode("IpcMode"),
        write=_host_config("IpcMode"),
        baked=True,
    ),
    field("uts", one_of("host"), "HostConfig.UTSMode", "C(host) to share the host's name."),
    field("userns_mode", one_of("host"), "HostConfig.UsernsMode", "C(host) to leave userns-remap."),
    field(
        "cgroup",
        one_of("host", "private"),
        "HostConfig.CgroupnsMode",
        "The cgroup namespace.",
        baked=True,
    ),
    field("cgroup_parent", TEXT, "HostConfig.CgroupParent", "The parent cgroup."),
    field("group_add", TEXT_SET, "HostConfig.GroupAdd", "Further groups.", clean=sorted),
    field("oom_score_adj", OOM_SCORE, "HostConfig.OomScoreAdj", "From -1000 to 1000.", default=0),
    _config_field("tty", BOOLEAN, "Tty", "Whether it has a terminal.", default=False),
    _config_field(
        "stdin_open", BOOLEAN, "OpenStdin", "Whether its input stays open.", default=False
    ),
    field(
        "runtime",
        TEXT,
        "HostConfig.Runtime",
        "The OCI runtime. Left out: what the daemon had when it was created.",
        baked=True,
    ),
)

# What steers us and leaves no trace of its own on the host.
INPUTS: tuple[Option, ...] = (
    Option("container_name", TEXT, "The container's name. Left out: the key in the spec."),
    Option(
        "env_file",
        forms.ENV_FILES,
        "Files of variables on the managed host; C(environment) goes before them.",
    ),
    Option(
        "label_file",
        TEXTS,
        "Files of labels on the managed host, as C(NAME=value); C(labels) goes before them.",
    ),
    Option(
        "mac_address",
        endpoints.MAC_ADDRESS,
        "The hardware address in its first network; the same as C(mac_address) there.",
        example="02:42:ac:11:00:99",
    ),
    Option(
        "external_links",
        links.LINKS,
        "C(links) to containers that are not in the spec.",
    ),
    Option(
        "deploy",
        forms.DEPLOY,
        "Replicas, limits and restart policy, as the Compose specification has them.",
        example={"replicas": 2},
    ),
    Option("service", TEXT, "The service it is one of; the replicas of a service share it."),
    Option("scale", forms.REPLICAS, "How many containers; the same as C(deploy.replicas)."),
    Option(
        "depends_on",
        forms.DEPENDS_ON,
        "What must be started, healthy or completed before. It orders the work of a run; changing"
        " it alone changes nothing on the host.",
    ),
    Option(
        "platform",
        TEXT,
        "The platform of the image, as C(os[/architecture[/variant]]).",
        example="linux/amd64",
    ),
    Option(
        "pull_policy",
        one_of("always", "missing", "if_not_present", "never"),
        "When the image is pulled. C(always) asks the registry and pulls what is newer.",
        default="missing",
    ),
    Option(
        "state",
        one_of("running", "healthy", "paused", "stopped", "restarted", "absent"),
        "What the container should be doing. C(healthy) is running, and the run waits until its"
        " health check says so. C(restarted) stops and starts a running one in every run.",
        default="running",
    ),
    Option(
        "recreate",
        one_of("auto", "always", "never"),
        "Whether it is made anew: where a change needs it, in every run, or never; then a plan that"
        " needs it is refused.",
        default="auto",
    ),
    Option(
        "ignore",
        TEXTS,
        "Paths of options that another hand owns, such as C(labels.build): shown, never changed.",
    ),
)

OPTIONS = ROWS + INPUTS
