"""What there is: rules, interfaces, what the daemon does with ports, our files. Read only."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from ...errors import HostError, PlanRefused, Problem
from ..daemon.flags import flagged_keys
from ..daemon.have import parsed_file, version_of
from ..daemon.options import version
from ..network.bridges import MODES, Bridge, there
from . import access, files, saved
from .rules import Ways

if TYPE_CHECKING:
    from ...host.machine import Host
    from ..site import Site

_TOOLS = {4: "iptables", 6: "ip6tables"}
_FILTERS = {4: "iptables", 6: "ip6tables"}  # the keys of the daemon by which it has rules at all
_DOCKERS = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
_MODES_SINCE = (27,)  # routed networks: before, the engine does not know them and translates


@dataclass(frozen=True)
class FirewallHave:
    """The host's netfilter rules, and all that decides about ours."""

    variant: str = ""  # of the commands: "", -nft or -legacy
    saved: Mapping[int, saved.Saved] = field(default_factory=dict)  # by family that is there
    missing: str = ""  # why there is no iptables here
    interfaces: tuple[str, ...] = ()
    ways: Ways = field(default_factory=Ways)
    unnamed: tuple[str, ...] = ()  # routed networks of the spec whose bridges nobody knows yet
    has_ipv6: bool = False  # some interface of the host speaks it
    nftables: bool = False  # the daemon writes its own nft tables
    firewalld: str = ""  # its version when it runs
    firewalld_backend: str = ""
    own: files.Own = field(default_factory=files.Own)  # what we keep on the host
    is_live: bool = True  # the kernel's rules are this host's; else only the next boot's matter
    came_by: access.Peer | None = None  # the connection that this tool was started over
    peers: tuple[access.Peer, ...] = ()  # who is connected to the host's sshd
    has_systemd: bool = True
    unit: str = "docker.service"
    remembered: Mapping[str, str] = field(default_factory=dict)  # path -> mark of what we applied
    mark: Callable[[Any], str] = repr


def read(site: Site, *, is_strict: bool = True) -> FirewallHave:
    """Look at the host, and where rules are to keep somebody out, at the networks' modes.

    Raises HostError where the rules cannot be read.
    """
    if site.host.is_image:
        return _of_image(site)
    host, memory = site.host, site.memory()
    keys = _daemon_keys(site)
    found = _interfaces(host)
    variant, rules, missing = _rules(host)
    own = files.read(host)
    earlier, foreign = _said_earlier(rules, own) if site.engine is None else ({}, set())
    networks = _networks(site, found, keys, earlier, is_strict=is_strict)
    bridges = _bridges(networks, keys)
    known = {*bridges, *(name for name in found if _DOCKERS.fullmatch(name))}
    has_ipv6 = _has_ipv6(host, found, known)
    if not any(keys.get("userland-proxy", [True])) and _has_proxies(host):
        keys["userland-proxy"] = [True]  # the file is changed, the daemon not yet started again
    ways = Ways(
        _proxied(keys, has_ipv6),
        tuple(sorted(name for name in bridges if not _is_usual(name))),
        _foreign(found, known, foreign if earlier else None),
        _routed(networks, keys),
    )
    daemon, backend = _firewalld(host)
    return FirewallHave(
        variant=variant,
        saved=rules,
        missing=missing,
        interfaces=tuple(found),
        ways=ways,
        unnamed=_unnamed(networks) if site.engine else (),
        has_ipv6=has_ipv6,
        nftables=_is_nftables(site, keys),
        firewalld=daemon,
        firewalld_backend=backend,
        own=own,
        came_by=access.came_by(host.files, os.environ, os.getpid()),
        peers=access.peers(host.files),
        has_systemd=host.service.has_systemd(),
        unit=host.service.unit,
        remembered=memory.recall("firewall", "firewall"),
        mark=memory.fingerprint,
    )


def _of_image(site: Site) -> FirewallHave:
    """A host in an image: nothing of its kernel and of its network can be known, the worst is."""
    host, memory = site.host, site.memory()
    has_iptables = any(host.files.is_executable(f"{f}/iptables") for f in ("/usr/sbin", "/sbin"))
    keys = _daemon_keys(site)
    networks = _networks(site, [], keys, {}, is_strict=True)
    usual = (name for name in _bridges(networks, keys) if not _is_usual(name))
    return FirewallHave(
        saved={4: {}, 6: {}} if has_iptables else {},
        missing="" if has_iptables else "there is no iptables in the image",
        ways=Ways(_proxied(keys, has_ipv6=True), tuple(sorted(usual)), (), _routed(networks, keys)),
        unnamed=_unnamed(networks),
        has_ipv6=True,
        nftables=_is_nftables(site, keys),
        own=files.read(host),
        is_live=False,
        has_systemd=host.service.has_systemd(),
        unit=host.service.unit,
        remembered=memory.recall("firewall", "firewall"),
        mark=memory.fingerprint,
    )


def read_family(host: Host, variant: str, family: int) -> saved.Saved:
    """The rules of one family as they are now."""
    command = f"{_TOOLS[family]}{variant}-save"
    return saved.parse(host.run([command], timeout=60.0).checked().stdout)


def _rules(host: Host) -> tuple[str, dict[int, saved.Saved], str]:
    """The variant of iptables that the daemon uses, the rules of both families; or why not."""
    variant = ""
    try:
        rules = {4: read_family(host, variant, 4)}
    except HostError as error:
        return "", {}, error.message
    if "DOCKER" not in rules[4].get("nat", {}):
        for other in ("-legacy", "-nft"):
            seen = _others(host, other)
            if "DOCKER" in seen.get("nat", {}):
                variant, rules = other, {4: seen}
    with contextlib.suppress(HostError):  # no IPv6 in this kernel, or no ip6tables
        rules[6] = read_family(host, variant, 6)
    return variant, rules, ""


def _others(host: Host, variant: str) -> saved.Saved:
    """The rules of the other variant of iptables, where it is installed and in use."""
    is_legacy = variant == "-legacy"
    if is_legacy and not (host.files.read_text("/proc/net/ip_tables_names") or "").strip():
        return {}  # to ask would make its tables
    try:
        return read_family(host, variant, 4)
    except HostError:
        return {}


def _daemon_keys(site: Site) -> dict[str, list[Any]]:
    """The values that keys of the daemon have now or will have after this very run."""
    host = site.host
    raw, _ = parsed_file(host.files.read_text(host.config), host.config)
    flags = flagged_keys(host.service.flags())
    found: dict[str, list[Any]] = {}
    for name, flag in flags.items():
        _, _, text = flag.replace(" ", "=", 1).partition("=")
        found[name] = [{"": True, "true": True, "false": False}.get(text, text)]
    wanted = getattr(site.wants.get("daemon"), "values", {})
    for values in (raw, wanted):
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    for name in site.memory().owned_keys() if "daemon" in site.wants else ():
        if name not in wanted:  # this run takes it away, and its default comes back
            found.setdefault(name, []).append(True)
    return found


def _proxied(keys: Mapping[str, list[Any]], has_ipv6: bool) -> frozenset[int]:
    """The families in which a client may get to docker-proxy instead of being forwarded."""
    if not any(keys.get("userland-proxy", [True])):
        return frozenset()
    found = {6} if has_ipv6 else set()  # also with ip6tables, where a container has IPv4 alone
    if not all(value is not False for value in keys.get("iptables", [True])):
        found.add(4)
    return frozenset(found)


def _has_proxies(host: Host) -> bool:
    """Whether a docker-proxy runs."""
    pids = (name for name in host.files.list("/proc") if name.isdigit())
    names = (host.files.read_bytes(f"/proc/{pid}/comm") or b"" for pid in pids)
    return any(name.strip() == b"docker-proxy" for name in names)


def _is_nftables(site: Site, keys: Mapping[str, list[Any]]) -> bool:
    told = (site.info.get("FirewallBackend") or {}).get("Driver", "")
    return str(told).startswith("nftables") or "nftables" in keys.get("firewall-backend", [])


def _interfaces(host: Host) -> list[str]:
    """The host's interfaces, but for those that are members of a bridge (as of containers)."""
    found = []
    for name in host.files.list("/sys/class/net"):
        if not host.files.exists(f"/sys/class/net/{name}/brport"):
            found.append(name)
    return found


def _networks(
    site: Site,
    found: list[str],
    keys: Mapping[str, list[Any]],
    earlier: Mapping[str, set[int]],
    *,
    is_strict: bool,
) -> tuple[Bridge, ...]:
    """The bridges of networks, as they are after this run, as far as that is needed.

    While the engine is down, they are those that our rules know from ``earlier``.
    """
    knows_modes = is_strict and version(version_of(site.host, site.info)[0]) >= _MODES_SINCE
    known = list(site.bridges)
    if site.engine is not None or site.host.is_image:  # else they may be there with other ones
        defaults: dict[str, Any] = {}
        for value in keys.get("default-network-opts", []):
            defaults.update((value.get("bridge") or {}) if isinstance(value, Mapping) else {})
        known = [
            one._replace(options={**defaults, **one.options}) if one.is_new else one
            for one in known
        ]
    known += _earlier(site.bridges, earlier)
    if site.engine is not None and (knows_modes or _has_strange(site, found)):
        # The bridge of one that goes is held until it is gone, but it is routed no more.
        moved = {one.network for one in known}
        known += [
            one._replace(options={}) if one.network in moved else one
            for one in there(site.networks)
        ]
    return tuple(known if knows_modes else (one._replace(options={}) for one in known))


def _earlier(coming: Iterable[Bridge], earlier: Mapping[str, set[int]]) -> Iterable[Bridge]:
    """The bridges that our rules know, but for modes of which the document says something."""
    said = {(one.name, mode) for one in coming for mode in one.options}
    for name, families in earlier.items():
        modes = [MODES[family] for family in sorted(families)]
        yield Bridge(name, {mode: "routed" for mode in modes if (name, mode) not in said})


def _said_earlier(
    rules: Mapping[int, saved.Saved], own: files.Own
) -> tuple[dict[str, set[int]], set[str]]:
    """What our rules of now and of the next boot say of bridges (see saved.bridges)."""
    booted = ((n, own.texts.get(f"{files.CURRENT}/rules.{n}", "")) for n in (4, 6))
    return saved.bridges([*rules.items(), *((n, saved.parse(text)) for n, text in booted)])


def _foreign(found: Iterable[str], known: set[str], foreign: set[str] | None) -> tuple[str, ...]:
    """The host's own bridges; only ``foreign`` ones where nobody can tell them but our rules."""
    names = (name for name in found if name.startswith("br-") and name not in known)
    return tuple(sorted(name for name in names if foreign is None or name in foreign))


def _unnamed(networks: Iterable[Bridge]) -> tuple[str, ...]:
    return tuple(one.where for one in networks if one.routed and not one.name)


def _has_strange(site: Site, found: list[str]) -> bool:
    """Whether there is a bridge that may be a network's, by a name of its own."""
    files = site.host.files
    return any(
        files.exists(f"/sys/class/net/{name}/bridge")
        for name in found
        if not _DOCKERS.fullmatch(name)
    )


def _routed(
    networks: Iterable[Bridge], keys: Mapping[str, list[Any]]
) -> tuple[tuple[int, str], ...]:
    """The families and bridges where the engine itself closes the ports that are not published."""
    filtered = {
        family
        for family, name in _FILTERS.items()
        if all(value is not False for value in keys.get(name, [True]))
    }
    pairs = {(family, one.name) for one in networks for family in one.routed & filtered}
    return tuple(sorted(pair for pair in pairs if pair[1]))


def _bridges(networks: Iterable[Bridge], keys: Mapping[str, list[Any]]) -> set[str]:
    """The bridges of Docker's networks, as far as they are known by name."""
    named = {str(name) for name in keys.get("bridge", []) if name and name != "none"}
    return named | {one.name for one in networks if one.name}


def _is_usual(name: str) -> bool:
    return bool(re.match(r"docker0$|docker_gwbridge$|br-", name))


def _has_ipv6(host: Host, found: list[str], containers: set[str]) -> bool:
    """Whether an interface of the host, or one that comes later, speaks IPv6."""
    for name in ("default", *found):
        if name == "lo" or name in containers:
            continue
        text = host.files.read_text(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
        if text is not None and text.strip() == "0":
            return True
    return False


def _firewalld(host: Host) -> tuple[str, str]:
    """The version of a firewalld that runs, and its backend."""
    if not host.files.exists("/usr/bin/firewall-cmd"):
        return "", ""
    if host.run(["firewall-cmd", "--state"], timeout=30.0).returncode != 0:
        return "", ""
    shown = host.run(["firewall-cmd", "--version"], timeout=30.0).stdout.strip()
    text = host.files.read_text("/etc/firewalld/firewalld.conf") or ""
    backend = re.findall(r"(?m)^\s*FirewallBackend\s*=\s*(\w+)", text)
    return shown or "1", backend[-1] if backend else "nftables"


def refuse_elsewhere(site: Site) -> None:
    """Raise PlanRefused where the engine is another machine's or a user's own."""
    info = site.info
    who = ""
    is_rootless = any("name=rootless" in text for text in info.get("SecurityOptions") or ())
    if is_rootless or site.host.service.user:
        who = "is a user's own (rootless): its ports are opened by a program of that user"
    elif site.is_local and info.get("Name") not in (None, os.uname().nodename):
        who = f"runs on another machine, {info.get('Name')}"
    if who:
        fix = "leave `firewall` out, or run on the engine's own machine"
        raise PlanRefused([Problem("firewall", f"cannot be managed: the engine {who}", fix)])
