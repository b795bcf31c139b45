"""What the fake engine makes of a container's Config and HostConfig: the real engine's defaults."""

from __future__ import annotations

from .fake_host import FakeHost, Json, RefusedError


def words(text: str) -> list[str]:
    """The names in a line of names."""
    return text.split()


_MASKED = words("asound acpi kcore keys latency_stats timer_list timer_stats sched_debug scsi")

# What inspect of engine 20.10 shows for a container created with an empty HostConfig.
_HOST_CONFIG: Json = {
    **dict.fromkeys(
        words(
            "Binds PortBindings VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts "
            "GroupAdd Links SecurityOpt BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps "
            "BlkioDeviceReadIOps BlkioDeviceWriteIOps Devices DeviceCgroupRules DeviceRequests "
            "MemorySwappiness PidsLimit Ulimits"
        )
    ),
    **dict.fromkeys(
        words(
            "ContainerIDFile VolumeDriver Cgroup PidMode UTSMode UsernsMode Isolation "
            "CgroupParent CpusetCpus CpusetMems"
        ),
        "",
    ),
    **dict.fromkeys(
        words(
            "OomScoreAdj CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota "
            "CpuRealtimePeriod CpuRealtimeRuntime KernelMemory KernelMemoryTCP MemoryReservation "
            "MemorySwap CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth"
        ),
        0,
    ),
    **dict.fromkeys(
        words("AutoRemove Privileged PublishAllPorts ReadonlyRootfs OomKillDisable"), False
    ),
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "CgroupnsMode": "host",
    "IpcMode": "private",
    "ShmSize": 67108864,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "MaskedPaths": [*(f"/proc/{name}" for name in _MASKED), "/sys/firmware"],
    "ReadonlyPaths": [f"/proc/{name}" for name in words("bus fs irq sys sysrq-trigger")],
}
_NEWER = words("Init Mounts Sysctls Tmpfs Annotations StorageOpt")  # shown only when given
_CONFIG: Json = {
    **dict.fromkeys(words("Hostname Domainname User Image WorkingDir"), ""),
    **dict.fromkeys(words("AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce"), False),
    **dict.fromkeys(words("Env Cmd Volumes Entrypoint OnBuild")),
    "Labels": {},
}
_CONFIG_EXTRA = words(
    "ExposedPorts Healthcheck StopSignal StopTimeout MacAddress NetworkDisabled ArgsEscaped"
)


def host_config(host: FakeHost, given: Json) -> Json:
    """The HostConfig that inspect shows for one that was sent; refuses what the engine refuses."""
    known = {key: value for key, value in given.items() if key in _HOST_CONFIG or key in _NEWER}
    config = {**_HOST_CONFIG, **known}
    if host.at_least("1.42"):
        for key in ("KernelMemory", "KernelMemoryTCP"):
            del config[key]
    modern = host.at_least("1.44")
    if not given.get("NetworkMode") or given["NetworkMode"] == "default":
        config["NetworkMode"] = "bridge" if modern else "default"
    policy = {"Name": "", "MaximumRetryCount": 0, **(given.get("RestartPolicy") or {})}
    if policy["MaximumRetryCount"] and policy["Name"] != "on-failure":
        raise RefusedError(400, "maximum retry count cannot be used with restart policy")
    config["RestartPolicy"] = {**policy, "Name": policy["Name"] or ("no" if modern else "")}
    log = given.get("LogConfig") or {}
    config["LogConfig"] = {
        "Type": log.get("Type") or "json-file",
        "Config": log.get("Config") or {},
    }
    for key in ("ShmSize", "IpcMode", "CgroupnsMode", "Runtime"):
        config[key] = given.get(key) or _HOST_CONFIG[key]
    _limits(config)
    for bindings in (config["PortBindings"] or {}).values():
        for binding in bindings or []:
            binding.setdefault("HostIp", "")
            binding.setdefault("HostPort", "")
    return _security(config)


def _limits(config: Json) -> None:
    if 0 < config["Memory"] < 6 * 2**20:
        raise RefusedError(400, "Minimum memory limit allowed is 6MB")
    if config["Memory"] and not config["MemorySwap"]:
        config["MemorySwap"] = 2 * config["Memory"]
    if (config["PidsLimit"] or 0) <= 0:
        config["PidsLimit"] = None


def _security(config: Json) -> Json:
    if config["Privileged"]:
        config.update(MaskedPaths=None, ReadonlyPaths=None)
    if config["Privileged"] or config["IpcMode"] == "host" or config["PidMode"] == "host":
        config["SecurityOpt"] = [*(config["SecurityOpt"] or []), "label=disable"]
    return config


def config_of(body: Json, image: Json, identity: str, host_config: Json) -> Json:
    """The Config that inspect shows: what was sent, and the image's."""
    known = {key: body[key] for key in (*_CONFIG, *_CONFIG_EXTRA) if body.get(key) is not None}
    config: Json = {**_CONFIG, **known}
    set_here = {entry.partition("=")[0] for entry in config["Env"] or []}
    inherited = [e for e in image.get("Env") or [] if e.partition("=")[0] not in set_here]
    config["Env"] = [*(config["Env"] or []), *inherited] or None
    config["Labels"] = {**(image.get("Labels") or {}), **(config["Labels"] or {})}
    for key in ("ExposedPorts", "Volumes"):
        merged = {**(image.get(key) or {}), **(body.get(key) or {})}
        if key == "ExposedPorts":
            merged.update({port: {} for port in host_config["PortBindings"] or {}})
        if merged:
            config[key] = merged
    if body.get("Entrypoint") is None:
        config["Entrypoint"] = image.get("Entrypoint")
        config["Cmd"] = config["Cmd"] or image.get("Cmd")
    for key in ("WorkingDir", "User", "StopSignal"):
        value = config.get(key) or image.get(key)
        if value:
            config[key] = value.rstrip("/") or "/" if key == "WorkingDir" else value
    check = {**(image.get("Healthcheck") or {}), **(body.get("Healthcheck") or {})}
    if check:
        config["Healthcheck"] = check
    shared = host_config["NetworkMode"] == "host"
    config["Hostname"] = config["Hostname"] or ("fake-host" if shared else identity[:12])
    return config
