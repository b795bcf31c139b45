"""The option types that only containers have: health checks, logging, limits, devices, deploy."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...options import Inspect, get
from ...values import (
    COUNT,
    Parser,
    Type,
    address_text,
    integer,
    pairs,
    parse_boolean,
    parse_cpus,
    parse_duration,
    parse_list,
    parse_mapping,
    parse_text,
    parse_text_map,
    parse_texts,
    show_duration,
    size,
    wrong,
)
from . import refused
from .devices import parse_reservations


def _only(
    entry: Mapping[str, Any],
    known: tuple[str, ...],
    where: str,
    refuse: Mapping[str, str] = MappingProxyType({}),
) -> None:
    for key in entry:
        if key in refuse:
            raise wrong(f"{where}.{key}", "a single engine cannot honour it", refuse[key])
        if key not in known:
            raise wrong(f"{where}.{key}", "unknown key", "known keys: " + ", ".join(known))


# --- healthcheck ---------------------------------------------------------------------------------

_HEALTH = {
    "interval": ("Interval", parse_duration),
    "timeout": ("Timeout", parse_duration),
    "start_period": ("StartPeriod", parse_duration),
    "start_interval": ("StartInterval", parse_duration),
    "retries": ("Retries", integer(0)),
}


def parse_healthcheck(value: Any, where: str) -> dict[str, Any]:
    """Compose ``healthcheck``: durations in nanoseconds, ``disable`` as the test NONE."""
    entry = parse_mapping(value, where)
    _only(entry, ("test", "disable", *_HEALTH), where)
    if parse_boolean(entry.get("disable") or False, f"{where}.disable"):
        return {"test": ["NONE"]}
    result: dict[str, Any] = {}
    if entry.get("test") is not None:
        result["test"] = _health_test(entry["test"], f"{where}.test")
    for key, (_, parser) in _HEALTH.items():
        if entry.get(key) is not None:
            result[key] = parser(entry[key], f"{where}.{key}")
            if key != "retries" and 0 < result[key] < 10**6:
                raise wrong(f"{where}.{key}", "is shorter than 1ms", "the engine wants 1ms or more")
    return {key: item for key, item in result.items() if item}


def _health_test(value: Any, where: str) -> list[str]:
    if isinstance(value, str):
        return ["CMD-SHELL", value]
    test = parse_texts(value, where)
    if not test or test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        fix = "write text for a shell, or [CMD, program, argument …]"
        raise wrong(where, "a list must begin with NONE, CMD or CMD-SHELL", fix)
    return test


def health_from(raw: Mapping[str, Any] | None) -> dict[str, Any]:
    """Config.Healthcheck of a container or an image in normal form."""
    raw = raw or {}
    if raw.get("Test") == ["NONE"]:
        return {"test": ["NONE"]}
    found = {key: raw.get(name) for key, (name, _) in _HEALTH.items()}
    return {key: value for key, value in {"test": raw.get("Test"), **found}.items() if value}


def write_healthcheck(payload: dict[str, Any], value: Mapping[str, Any]) -> None:
    """The normal form as Config.Healthcheck."""
    body = {name: value[key] for key, (name, _) in _HEALTH.items() if key in value}
    if "test" in value:
        body["Test"] = value["test"]
    payload["Healthcheck"] = body


def _show_health(value: Any) -> Any:
    # Only durations are whole numbers of this size.
    return show_duration(value) if isinstance(value, int) and value >= 10**6 else value


# --- logging -------------------------------------------------------------------------------------


def parse_logging(value: Any, where: str) -> dict[str, str]:
    """Compose ``logging``, flat: ``driver`` and ``options.NAME``."""
    entry = parse_mapping(value, where)
    _only(entry, ("driver", "options"), where)
    options = parse_text_map(entry.get("options") or {}, f"{where}.options")
    result = {f"options.{key}": item for key, item in options.items()}
    if entry.get("driver"):
        result["driver"] = parse_text(entry["driver"], f"{where}.driver")
    return result


def read_logging(seen: Inspect) -> dict[str, str]:
    """HostConfig.LogConfig, flat."""
    config = get(seen.raw, "HostConfig.LogConfig") or {}
    found = {f"options.{key}": item for key, item in (config.get("Config") or {}).items()}
    return {**found, "driver": config.get("Type") or ""}


def write_logging(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    """The flat form as HostConfig.LogConfig."""
    options = {
        key.partition(".")[2]: item for key, item in value.items() if key.startswith("options.")
    }
    body = {"Type": value.get("driver", ""), "Config": options}
    payload.setdefault("HostConfig", {})["LogConfig"] = body


# --- ulimits, devices, hosts ---------------------------------------------------------------------


def parse_ulimits(value: Any, where: str) -> dict[str, str]:
    """Compose ``ulimits``: name -> ``soft:hard``."""
    result = {}
    for name, item in parse_mapping(value, where).items():
        path = f"{where}.{name}"
        if isinstance(item, Mapping):
            _only(item, ("soft", "hard"), path)
            if item.get("soft") is None or item.get("hard") is None:
                raise wrong(path, "needs both soft and hard")
            soft = integer(-1)(item["soft"], f"{path}.soft")
            hard = integer(-1)(item["hard"], f"{path}.hard")
        else:
            soft = hard = integer(-1)(item, path)
        if hard != -1 and (soft > hard or soft == -1):
            raise wrong(path, f"the soft limit {soft} is above the hard limit {hard}")
        result[name] = f"{soft}:{hard}"
    return result


def read_ulimits(seen: Inspect) -> dict[str, str]:
    """HostConfig.Ulimits: name -> ``soft:hard``."""
    found = get(seen.raw, "HostConfig.Ulimits") or ()
    return {limit["Name"]: f"{limit['Soft']}:{limit['Hard']}" for limit in found}


def write_ulimits(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    """The normal form as HostConfig.Ulimits."""
    body = []
    for name, text in sorted(value.items()):
        soft, _, hard = text.partition(":")
        body.append({"Name": name, "Soft": int(soft), "Hard": int(hard)})
    payload.setdefault("HostConfig", {})["Ulimits"] = body


def parse_devices(value: Any, where: str) -> dict[str, str]:
    """Compose ``devices``: path in the container -> ``path on the host:permissions``."""
    result = {}
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        if isinstance(item, Mapping):
            _only(item, ("source", "target", "permissions"), path)
            parts = [item.get("source"), item.get("target"), item.get("permissions")]
            texts = [parse_text(part or "", path) for part in parts]
        else:
            texts = [*parse_text(item, path).split(":"), "", ""][:3]
        source, target, permissions = texts
        if not target.startswith("/") and target and not permissions:
            target, permissions = "", target  # SOURCE:PERMISSIONS
        if not source.startswith("/"):
            raise wrong(path, f"'{source}' is not a device of the host", "write /dev/NAME[:TARGET]")
        if not re.fullmatch(r"[rwm]*", permissions):
            raise wrong(path, f"unknown permissions '{permissions}'", "letters out of rwm")
        result[target or source] = f"{source}:{_rwm(permissions)}"
    return result


def _rwm(text: str) -> str:
    return "".join(letter for letter in "rwm" if letter in text) or "rwm"


def read_devices(seen: Inspect) -> dict[str, str]:
    """HostConfig.Devices in normal form."""
    found = {}
    for device in get(seen.raw, "HostConfig.Devices") or ():
        source = device.get("PathOnHost") or ""
        permissions = _rwm(device.get("CgroupPermissions") or "")
        found[device.get("PathInContainer") or source] = f"{source}:{permissions}"
    return found


def write_devices(payload: dict[str, Any], value: Mapping[str, str]) -> None:
    """The normal form as HostConfig.Devices."""
    body = []
    for target, text in value.items():
        source, _, permissions = text.rpartition(":")
        body.append(
            {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": permissions}
        )
    payload.setdefault("HostConfig", {})["Devices"] = body


def parse_extra_hosts(value: Any, where: str) -> list[str]:
    """Compose ``extra_hosts`` as a sorted list of ``name:address``."""
    found = []
    if isinstance(value, Mapping):
        for name, item in parse_mapping(value, where).items():
            path = f"{where}.{name}"
            found += [(name, _host(text, path)) for text in parse_texts(item, path)]
    else:
        for index, text in enumerate(parse_texts(value, where)):
            name, separator, address = text.partition("=" if "=" in text else ":")
            if not separator or not address:
                raise wrong(f"{where}[{index}]", f"'{text}' has no address", "write NAME=ADDRESS")
            found.append((name, _host(address, f"{where}[{index}]")))
    return sorted({f"{name}:{address}" for name, address in found})


def _host(text: str, where: str) -> str:
    address = text.strip("[]")
    if address != "host-gateway":
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise wrong(where, f"'{text}' is not an IP address", "or write host-gateway") from None
    return address


def parse_capabilities(value: Any, where: str) -> list[str]:
    """Capabilities: upper case, without CAP_, sorted."""
    result = clean_capabilities(parse_texts(value, where))
    for name in result:
        if not re.fullmatch("[A-Z_]+", name):
            raise wrong(where, f"'{name}' is not a capability", "write one such as NET_ADMIN")
    return result


def write_capabilities(key: str) -> Any:
    """A writer of capabilities as Compose and the docker command name them."""

    def write(payload: dict[str, Any], value: list[str]) -> None:
        names = [name if name == "ALL" else f"CAP_{name}" for name in value]
        payload.setdefault("HostConfig", {})[key] = names

    return write


def clean_capabilities(names: Any) -> list[str]:
    """The engine keeps capabilities as they were written; one normal form."""
    return sorted({re.sub("^CAP_", "", name.upper()) for name in names})


def parse_security_opt(value: Any, where: str) -> list[str]:
    """Compose ``security_opt`` as a sorted list of ``key=value``."""
    result = clean_security(parse_texts(value, where))
    for text in result:
        profile = text.partition("seccomp=")[2]
        if profile and profile not in ("unconfined", "builtin") and not profile.startswith("{"):
            fix = "give the profile's JSON itself, or unconfined"
            raise wrong(where, f"'{profile}' is not a seccomp profile", fix)
    return result


def clean_security(texts: Any) -> list[str]:
    """``label:disable`` and ``no-new-privileges`` in the one form ``key=value``."""
    found = set()
    for text in texts:
        key, separator, value = text.partition("=" if "=" in text.split(":")[0] else ":")
        if key == "no-new-privileges" and value in ("", "true"):
            found.add("no-new-privileges=true")
        elif not (key == "no-new-privileges" and value == "false"):
            found.add(f"{key}={value}" if separator else key)
    return sorted(found)


def clean_signal(value: Any) -> str:
    """A signal's name with SIG, or its number."""
    text = str(value).upper()
    return text if text.isdigit() or text.startswith("SIG") else f"SIG{text}"


def parse_signal(value: Any, where: str) -> str:
    """A signal by name or number."""
    text = clean_signal(parse_text(value, where))
    if not re.fullmatch(r"\d{1,2}|SIG[A-Z0-9+-]+", text):
        raise wrong(where, f"'{value}' is not a signal", "write SIGTERM or 15")
    return text


def parse_restart(value: Any, where: str) -> str:
    """Compose ``restart``; YAML reads a bare ``no`` as false."""
    text = "no" if value is False else parse_text(value, where)
    if not re.fullmatch(r"no|always|unless-stopped|on-failure(:\d+)?", text):
        fix = "must be no, always, unless-stopped, on-failure or on-failure:TIMES"
        raise wrong(where, f"is '{text}'", fix)
    return text[:-2] if text.endswith(":0") else text


def read_restart(seen: Inspect) -> str:
    """HostConfig.RestartPolicy in Compose's spelling."""
    policy = get(seen.raw, "HostConfig.RestartPolicy") or {}
    name = policy.get("Name") or "no"
    count = policy.get("MaximumRetryCount") or 0
    return f"{name}:{count}" if name == "on-failure" and count else name


def write_restart(payload: dict[str, Any], value: str) -> None:
    """Compose's spelling as HostConfig.RestartPolicy."""
    name, _, count = value.partition(":")
    body = {"Name": name, "MaximumRetryCount": int(count or 0)}
    payload.setdefault("HostConfig", {})["RestartPolicy"] = body


def parse_sysctls(value: Any, where: str) -> dict[str, str]:
    """Compose ``sysctls``; only those that belong to a namespace of the container."""
    result = parse_text_map(value, where)
    for name in result:
        if not name.startswith(("net.", "kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue.")):
            fix = "set it on the host with sysctl.d"
            raise wrong(f"{where}.{name}", "is not a setting of a container's namespace", fix)
    return result


def parse_cpuset(value: Any, where: str, what: str = "processors") -> str:
    """Processors by their numbers, ``0,1,2`` as ``0-2``."""
    text = parse_text(value, where).replace(" ", "")
    if text and not re.fullmatch(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", text):
        raise wrong(where, f"is not a set of {what}: '{text}'", "write it as 0-1 or 0,2")
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if dash and int(high) < int(low):
            raise wrong(where, f"the range {part} runs backwards", f"write {high}-{low}")
    return clean_cpuset(text)


def parse_memory_nodes(value: Any, where: str) -> str:
    """Memory nodes by their numbers, as processors are."""
    return parse_cpuset(value, where, "memory nodes")


def clean_cpuset(text: str) -> str:
    """The engine keeps it as it was written; one normal form."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        numbers.update(range(int(low), int(high or low) + 1))
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(f"{low}-{high}" if low < high else f"{low}" for low, high in ranges)


def parse_addresses(value: Any, where: str) -> list[str]:
    """A list of IP addresses, the order kept."""
    texts = parse_texts(value, where)
    for index, text in enumerate(texts):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise wrong(f"{where}[{index}]", f"'{text}' is not an IP address") from None
    return [address_text(text) for text in texts]


# --- environment ---------------------------------------------------------------------------------


def parse_environment(value: Any, where: str) -> dict[str, str]:
    """Compose ``environment``: every name needs a value: the result is the same anywhere.

    What is no ``NAME=value`` may be a value that lost its name: it is not quoted.
    """
    if isinstance(value, (list, tuple)):
        for index, text in enumerate(parse_texts(value, where)):
            if "=" not in text:
                fix = "write it as NAME=value, or NAME= for an empty value"
                raise wrong(f"{where}[{index}]", "has no value", fix)
    result = {}
    for name, item in pairs(value, where).items():
        if not name or "=" in name:
            raise wrong(where, "holds what is not the name of a variable", "write NAME: value")
        if item is None:
            fix = f"write {name}: '' for an empty value, or give the value"
            raise wrong(f"{where}.{name}", "has no value", fix)
        result[name] = parse_text(item, f"{where}.{name}")
    return result


def read_environment(entries: Any) -> dict[str, str]:
    """Config.Env as a dict; a name without ``=`` is no variable, it takes one of the image away."""
    parts = [text.partition("=") for text in entries or ()]
    return {name: value for name, equals, value in parts if equals}


def parse_env_files(value: Any, where: str) -> list[dict[str, Any]]:
    """Compose ``env_file``: a path or a list of paths or of ``{path, required}``."""
    result = []
    for index, item in enumerate(parse_list(value, where)):
        path = f"{where}[{index}]"
        entry = item if isinstance(item, Mapping) else {"path": item}
        _only(entry, ("path", "required", "format"), path)
        required = entry.get("required")
        result.append(
            {
                "path": parse_text(entry.get("path") or "", f"{path}.path"),
                "required": True if required is None else parse_boolean(required, path),
                "raw": parse_text(entry.get("format") or "", f"{path}.format") == "raw",
            }
        )
    return result


# --- what steers us and is not on the host -------------------------------------------------------

CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


def parse_depends_on(value: Any, where: str) -> dict[str, dict[str, Any]]:
    """Compose ``depends_on``: name -> condition, required."""
    if not isinstance(value, Mapping):
        return {
            name: {"condition": "service_started", "required": True}
            for name in parse_texts(value, where)
        }
    result = {}
    for name, item in parse_mapping(value, where).items():
        path = f"{where}.{name}"
        entry = parse_mapping(item or {}, path)
        _only(entry, ("condition", "required", "restart"), path)
        condition = parse_text(entry.get("condition") or "service_started", f"{path}.condition")
        if condition not in CONDITIONS:
            raise wrong(f"{path}.condition", f"is '{condition}'", "one of " + ", ".join(CONDITIONS))
        required = entry.get("required")
        result[name] = {
            "condition": condition,
            "required": True if required is None else parse_boolean(required, f"{path}.required"),
        }
    return result


# A bound that no host reaches, so that a slip of the finger does not eat its memory.
REPLICAS = COUNT._replace(parse=integer(0, 1000))


def parse_deploy(value: Any, where: str) -> dict[str, Any]:
    """Compose ``deploy``, as options of the container: limits, restart policy, replicas."""
    entry = parse_mapping(value, where)
    if entry.get("mode", "replicated") != "replicated":
        fix = "leave it out, it needs a swarm"
        raise wrong(f"{where}.mode", "a single engine cannot honour it", fix)
    _only(entry, ("mode", "resources", "replicas", "restart_policy"), where, refused.DEPLOY)
    result: dict[str, Any] = {}
    if entry.get("replicas") is not None:
        result["replicas"] = REPLICAS.parse(entry["replicas"], f"{where}.replicas")
    resources = parse_mapping(entry.get("resources") or {}, f"{where}.resources")
    _only(resources, ("limits", "reservations"), f"{where}.resources")
    parsers: Mapping[str, Mapping[str, tuple[str, Parser]]] = {
        "limits": {
            "cpus": ("cpus", parse_cpus),
            "memory": ("mem_limit", size(6 * 1024**2)),
            "pids": ("pids_limit", integer(-1)),
        },
        "reservations": {
            "memory": ("mem_reservation", size()),
            "devices": ("gpus", parse_reservations),
        },
    }
    for group, known in parsers.items():
        path = f"{where}.resources.{group}"
        items = parse_mapping(resources.get(group) or {}, path)
        _only(items, tuple(known), path, refused.RESERVATIONS if group == "reservations" else {})
        for key, item in items.items():
            if item is not None:
                result[known[key][0]] = known[key][1](item, f"{path}.{key}")
    policy = entry.get("restart_policy")
    if policy is not None:
        result["restart"] = _restart_policy(policy, f"{where}.restart_policy")
    return result


def _restart_policy(value: Any, where: str) -> str:
    entry = parse_mapping(value, where)
    _only(entry, ("condition", "max_attempts"), where, refused.RESTART_POLICY)
    condition = parse_text(entry.get("condition") or "any", f"{where}.condition")
    names = {"none": "no", "any": "always", "on-failure": "on-failure"}
    if condition not in names:
        raise wrong(f"{where}.condition", f"is '{condition}'", "one of " + ", ".join(names))
    attempts = integer(0)(entry.get("max_attempts") or 0, f"{where}.max_attempts")
    return (
        "on-failure" + (f":{attempts}" if attempts else "")
        if condition == "on-failure"
        else names[condition]
    )


_ANY = {"type": "object"}
_LIST = {"type": "array"}
_TEXT_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
HEALTHCHECK = Type("health check", parse_healthcheck, "dict", _ANY, _show_health, keyed=True)
LOGGING = Type("logging", parse_logging, "dict", _ANY, keyed=True)
ULIMITS = Type("ulimits", parse_ulimits, "dict", _ANY, keyed=True)
DEVICES = Type("list of devices", parse_devices, "raw", _LIST, keyed=True)
EXTRA_HOSTS = Type("hosts", parse_extra_hosts, "raw", {"anyOf": [_ANY, _LIST]})
CAPABILITIES = Type("set of capabilities", parse_capabilities, "raw", _TEXT_LIST)
SECURITY = Type("set of texts", parse_security_opt, "raw", _TEXT_LIST)
SIGNAL = Type("signal", parse_signal, "str", {"type": ["string", "integer"]})
CPUSET = Type("set of processors", parse_cpuset, "str", {"type": ["string", "integer"]})
MEMORY_NODES = CPUSET._replace(name="set of memory nodes", parse=parse_memory_nodes)
ADDRESSES = Type("list of addresses", parse_addresses, "raw", _TEXT_LIST)
RESTART = Type("restart policy", parse_restart, "str", {"type": ["string", "boolean"]})
SYSCTLS = Type("mapping of texts", parse_sysctls, "raw", {"anyOf": [_ANY, _LIST]}, keyed=True)
STORAGE_OPT = Type("mapping of texts", parse_text_map, "raw", {"anyOf": [_ANY, _LIST]}, keyed=True)
ANNOTATIONS = Type("mapping of texts", parse_text_map, "raw", {"anyOf": [_ANY, _LIST]}, keyed=True)
ENVIRONMENT = Type("environment", parse_environment, "raw", {"anyOf": [_ANY, _LIST]}, keyed=True)
ENV_FILES = Type("list of files", parse_env_files, "raw", {"anyOf": [{"type": "string"}, _LIST]})
DEPENDS_ON = Type("dependencies", parse_depends_on, "raw", {"anyOf": [_ANY, _LIST]})
DEPLOY = Type("deploy", parse_deploy, "dict", _ANY)
