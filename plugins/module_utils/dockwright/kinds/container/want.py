"""A container of a spec as Wants: one for each replica, with every name resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable

from ...errors import Problem, SpecError
from ...model import Want
from ...named_tuple import NamedTuple
from ...options import parse
from ...owner import LABELS
from ...values import parse_list
from ..project.order import cycle_in
from .endpoints import WITHOUT_NETWORKS, with_address
from .links import placed
from .options import ALL_PATHS, INPUTS, OPTIONS
from .ports import fixed_ports, parse_ports
from .recovery import NEW, OLD
from .refused import IN_COMPOSE, KEYS

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_INPUTS = tuple(row.name for row in INPUTS)
_MODES = ("network_mode", "pid", "ipc")
# Of one that is to be absent: its secrets are covered all the same, others are not looked at.
_KEPT = ("image", "environment")
_GONE = ("depends_on", "env_file", "label_file", "external_links", "mac_address")


class Context(NamedTuple):
    """What a container's spec refers to: project, networks and volumes of the document, files."""

    project: str
    networks: Mapping[str, Want]
    volumes: Mapping[str, Want]
    read_file: Callable[[str], str | None]


def parse_container(key: str, item: Any, where: str, context: Context) -> list[Want]:
    """The Wants of one entry under ``containers``.

    Raises SpecError with every problem of the entry.
    """
    _refuse_keys(item, where)
    parsed = parse(OPTIONS, item, where)
    inputs = {name: parsed.pop(name) for name in _INPUTS if name in parsed}
    inputs["ignore"] = tuple(inputs.get("ignore", ()))
    if inputs.get("state") == "absent":  # what it had may be gone before it
        parsed = {name: parsed[name] for name in _KEPT if name in parsed}
        inputs = {name: value for name, value in inputs.items() if name not in _GONE}
    problems = _fold_deploy(parsed, inputs, where)
    problems += _fold_env_files(parsed, inputs, where, context.read_file)
    problems += _fold_label_files(parsed, inputs, where, context.read_file)
    problems += _resolve_networks(parsed, inputs, where, context)
    _resolve_volumes(parsed, context.volumes)
    _drop_implied(parsed)
    state = inputs.pop("state", "running")
    if state in ("healthy", "restarted"):  # both are running, and what a run does about it
        inputs["run"], state = state, "running"
    if "image" not in parsed and state != "absent":
        problems.append(Problem(f"{where}.image", "is missing", "name the image to run"))
    problems += _check_fields(parsed, where)
    inputs["port_paths"] = _port_paths(item, where)
    inputs["derived"] = _is_derived(key, inputs, context.project)
    names = _names(key, inputs, where, problems)
    if len(names) > 1 and fixed_ports(parsed.get("ports", {})):
        fix = "leave the host port out, or run one replica"
        problems.append(
            Problem(f"{where}.ports", f"{len(names)} replicas cannot share a host port", fix)
        )
    if problems:
        raise SpecError(problems)
    service = inputs.pop("service", None) or key
    return [
        Want("container", name, where, parsed, dict(inputs), state, context.project, service)
        for name in names
    ]


def _refuse_keys(item: Any, where: str) -> None:
    given = item if isinstance(item, Mapping) else ()
    problems = [
        Problem(f"{where}.{key}", message, table[key])
        for table, message in (
            (KEYS, "a single engine cannot honour it here"),
            (IN_COMPOSE, "is for Compose files"),
        )
        for key in given
        if key in table
    ]
    if problems:
        raise SpecError(problems)


def _names(key: str, inputs: dict[str, Any], where: str, problems: list[Problem]) -> list[str]:
    """The engine's names: the key, or ``key-1 … key-n`` for several replicas."""
    base = inputs.pop("container_name", None)
    count = inputs.pop("scale", 1)
    if not _NAME.fullmatch(base or key):
        problems.append(
            Problem(
                where, f"'{base or key}' is not a container's name", "two or more of a-zA-Z0-9_.-"
            )
        )
    if (base or key).endswith((NEW, OLD)):
        fix = "choose another name"
        problems.append(Problem(where, f"'{base or key}' is a name for replacements", fix))
    if count > 1 and base:
        fix = "leave container_name out"
        problems.append(Problem(where, f"{count} replicas cannot all be called {base}", fix))
    if count > 1:
        return [f"{key}-{number}" for number in range(1, count + 1)]
    return [base or key] * count


def _is_derived(key: str, inputs: Mapping[str, Any], project: str) -> bool:
    """Whether nobody wrote the name: it is made of a service's and a number."""
    if inputs.get("scale", 1) > 1:
        return True
    service = re.escape(inputs.get("service") or "")
    return bool(service and re.fullmatch(rf"{re.escape(project)}-{service}-\d+", key))


def _port_paths(item: Any, where: str) -> dict[str, str]:
    """Host port -> the path in the spec of the entry that asks for it."""
    found = {}
    for index, entry in enumerate(parse_list((item or {}).get("ports") or [], where)):
        path = f"{where}.ports[{index}]"
        for protocol, address, port in fixed_ports(parse_ports([entry], path)):
            found[f"{address}:{port}/{protocol}"] = path
    return found


def _fold_deploy(parsed: dict[str, Any], inputs: dict[str, Any], where: str) -> list[Problem]:
    """``deploy`` says what other keys say too; saying different things is a problem."""
    problems = []
    deploy = dict(inputs.pop("deploy", {}))
    if "replicas" in deploy:
        replicas = deploy.pop("replicas")
        if inputs.setdefault("scale", replicas) != replicas:
            problems.append(Problem(f"{where}.deploy.replicas", "differs from scale", "keep one"))
    for name, value in deploy.items():
        if parsed.setdefault(name, value) != value:
            problems.append(Problem(f"{where}.deploy", f"differs from {name}", "keep one of them"))
    return problems


def _fold_env_files(
    parsed: dict[str, Any],
    inputs: dict[str, Any],
    where: str,
    read_file: Callable[[str], str | None],
) -> list[Problem]:
    """The variables of ``env_file`` under those of ``environment``."""
    problems: list[Problem] = []
    entries = inputs.pop("env_file", ())
    if not entries:
        return problems
    from ..project.env_file import parse_env_file, parse_raw

    variables: dict[str, str] = {}
    for index, entry in enumerate(entries):
        path = f"{where}.env_file[{index}]"
        text = read_file(entry["path"])
        if text is None:
            if entry["required"]:
                fix = "make it before, or set required: false"
                message = f"{entry['path']} is not on the managed host"
                problems.append(Problem(path, message, fix))
            continue
        try:
            if entry["raw"]:
                variables.update(parse_raw(text, path, variables))
            else:
                variables.update(parse_env_file(text, path, {}, earlier=variables))
        except SpecError as error:
            problems.extend(error.problems())
    if variables:
        parsed["environment"] = {**variables, **parsed.get("environment", {})}
    return problems


def _fold_label_files(
    parsed: dict[str, Any],
    inputs: dict[str, Any],
    where: str,
    read_file: Callable[[str], str | None],
) -> list[Problem]:
    """The labels of ``label_file`` under those of ``labels``."""
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for index, file in enumerate(inputs.pop("label_file", ())):
        path = f"{where}.label_file[{index}]"
        text = read_file(file)
        if text is None:
            problems.append(Problem(path, f"{file} is not on the managed host", "make it before"))
            continue
        from ..project.env_file import parse_env_file

        try:
            found.update(LABELS.parse(parse_env_file(text, path, {}, earlier=found), path))
        except SpecError as error:
            problems.extend(error.problems())
    if found:
        parsed["labels"] = {**found, **parsed.get("labels", {})}
    return problems


def _resolve_networks(
    parsed: dict[str, Any], inputs: dict[str, Any], where: str, context: Context
) -> list[Problem]:
    """``networks`` by the engine's names; ``network_mode`` only where there are none."""
    mode = parsed.pop("network_mode", None)
    named = parsed.get("networks")
    if mode is not None and named:
        fix = "keep networks, or network_mode"
        return [Problem(f"{where}.network_mode", "cannot be combined with networks", fix)]
    if mode in WITHOUT_NETWORKS or (mode or "").startswith(("container:", "service:")):
        parsed["network_mode"] = mode
        parsed["networks"] = {}
        return with_address({}, inputs.pop("mac_address", None), where)
    if mode is not None:
        named = {mode: {}}
    elif named is None:
        named = {"default": {}} if context.project else {"bridge": {}}
    parsed["networks"] = {_network_name(key, context): options for key, options in named.items()}
    problems = [
        Problem(f"{where}.networks.bridge", "the default bridge takes no addresses or aliases")
        for name, options in parsed["networks"].items()
        if name == "bridge" and options.keys() - {"mac_address"}
    ]
    return problems + with_address(parsed["networks"], inputs.pop("mac_address", None), where)


def _network_name(key: str, context: Context) -> str:
    if key in context.networks:
        return context.networks[key].name
    return f"{context.project}_default" if key == "default" and context.project else key


def _resolve_volumes(parsed: dict[str, Any], volumes: Mapping[str, Want]) -> None:
    mounts = parsed.get("volumes", {})
    for target, mount in mounts.items():
        if mount["type"] == "volume" and mount.get("source") in volumes:
            mounts[target] = {**mount, "source": volumes[mount["source"]].name}


def _drop_implied(parsed: dict[str, Any]) -> None:
    """With all rights every path is open: the engine does not keep that somebody said so."""
    if parsed.get("privileged") and ALL_PATHS in parsed.get("security_opt", ()):
        parsed["security_opt"] = [text for text in parsed["security_opt"] if text != ALL_PATHS]
        if not parsed["security_opt"]:
            del parsed["security_opt"]


def _check_fields(fields: Mapping[str, Any], where: str) -> list[Problem]:
    """Combinations that the engine refuses."""
    problems = []
    memory, swap = fields.get("mem_limit"), fields.get("memswap_limit")
    if swap and not memory:
        problems.append(Problem(f"{where}.memswap_limit", "needs mem_limit", "set mem_limit too"))
    if memory and swap and 0 < swap < memory:
        problems.append(Problem(f"{where}.memswap_limit", "is smaller than mem_limit"))
    if memory and (fields.get("mem_reservation") or 0) > memory:
        problems.append(Problem(f"{where}.mem_reservation", "is larger than mem_limit"))
    problems += _check_processors(fields, where)
    twice = set(fields.get("tmpfs", {})) & set(fields.get("volumes", {}))
    problems += [
        Problem(f"{where}.tmpfs", f"{target} is also in volumes", "keep one") for target in twice
    ]
    mode = fields.get("network_mode") or ""
    if fields.get("ports") and (mode == "none" or ":" in mode):
        fix = "publish them where the network is"
        problems.append(Problem(f"{where}.ports", f"cannot be published with {mode}", fix))
    elsewhere = ("hostname", "dns", "extra_hosts", "expose") if ":" in mode else ()
    problems += [
        Problem(f"{where}.{key}", f"cannot be set with {mode}", "set it where the network is")
        for key in elsewhere
        if fields.get(key)
    ]
    if fields.get("uts") and fields.get("hostname"):
        fix = "keep one of them"
        problems.append(Problem(f"{where}.hostname", "cannot be set with uts: host", fix))
    return problems


def _check_processors(fields: Mapping[str, Any], where: str) -> list[Problem]:
    fix = "keep cpus, or cpu_quota with cpu_period"
    problems = [
        Problem(f"{where}.{name}", "cannot be combined with cpus", fix)
        for name in ("cpu_period", "cpu_quota")
        if fields.get("cpus") and fields.get(name)
    ]
    runtime, period = fields.get("cpu_rt_runtime"), fields.get("cpu_rt_period")
    if runtime and period and runtime > period:
        problems.append(Problem(f"{where}.cpu_rt_runtime", "is longer than cpu_rt_period"))
    return problems


def link(
    wants: Mapping[str, Want], services: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> dict[str, Want]:
    """Resolve what containers say of each other: ``depends_on``, ``service:``, ``container:``."""

    def containers_of(other: str) -> tuple[str, ...]:
        return services.get(other) or ((other,) if other in wants else ())

    linked = {}
    for name, want in wants.items():
        depends: dict[str, str] = {}
        for other, entry in want.inputs.get("depends_on", {}).items():
            found = containers_of(other)
            if not found and entry["required"]:
                message, fix = _absent(other, services)
                where = f"{want.where}.depends_on.{other}"
                problems.append(Problem(where, message, f"{fix}, or set required: false"))
            depends.update(dict.fromkeys(found, entry["condition"]))
        fields = dict(want.fields)
        shared = _shared(want, fields, containers_of, problems, services)
        names = placed(want, fields, containers_of, problems)
        for target in (name for name in (*shared, *names) if name in wants):
            depends.setdefault(target, "service_started")
        inputs = {**want.inputs, "depends_on": depends, "linked": tuple(names)}
        linked[name] = want._replace(fields=fields, inputs=inputs)
    _refuse_cycle(linked, problems)
    return linked


def _absent(other: str, services: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """Why nothing stands behind a name, and the way out."""
    if other in services:
        return "has no container, as its scale is 0", "give it a scale of 1 or more"
    return "is not in the spec", "declare it"


def _shared(
    want: Want,
    fields: dict[str, Any],
    containers_of: Callable[[str], tuple[str, ...]],
    problems: list[Problem],
    services: Mapping[str, tuple[str, ...]],
) -> list[str]:
    """Name the containers whose namespaces or mounts a container has; gives their names."""
    found = []
    for key in _MODES:
        prefix, _, other = (fields.get(key) or "").partition(":")
        if prefix not in ("service", "container"):
            continue
        known = containers_of(other)
        if prefix == "service" and not known:
            message, fix = _absent(other, services)
            problems.append(Problem(f"{want.where}.{key}", f"{other} {message}", fix))
        found.append(known[0] if known else other)
        fields[key] = f"container:{found[-1]}"
    if fields.get("volumes_from"):
        sources = fields["volumes_from"].items()
        borrowed = {(containers_of(other) or (other,))[0]: mode for other, mode in sources}
        fields["volumes_from"] = borrowed
        found += sorted(borrowed)
    return found


def _refuse_cycle(wants: Mapping[str, Want], problems: list[Problem]) -> None:
    graph = {name: tuple(want.inputs["depends_on"]) for name, want in wants.items()}
    cycle = cycle_in(graph)
    if cycle:
        where = f"{wants[cycle[0]].where}.depends_on"
        path = " -> ".join([*cycle, cycle[0]])
        problems.append(Problem(where, f"is a cycle: {path}", "remove one of these dependencies"))
