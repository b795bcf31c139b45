"""Documents drawn at random: every row, with the values of its case files and made-up ones."""

from __future__ import annotations

import json
import random
from typing import Any, Callable

from dockwright.kinds.container.options import OPTIONS
from tests.case_files import COMMAND, IMAGE, cases

PROJECT = "drawn"
RICH = "dockwright/rich:1"  # an image that says something of everything that can be inherited
RICH_CONFIG = {
    "Env": ["PATH=/bin", "LANG=C", "ODD= spaced = $value "],
    "Cmd": COMMAND,
    "Labels": {"vendor": "us", "odd": "ü $x 'y'"},
    "Volumes": {"/inherited": {}},
    "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 2 * 10**9, "Retries": 4},
    "User": "app",
    "StopSignal": "SIGUSR1",
    "WorkingDir": "/var",
}
FILES = {"/etc/case.env": "A=1\nB='two words'\n", "/etc/more.env": 'A=5\nC="x # y"\n'}
ODD = [
    "",
    " ",
    "it's",
    'a "b"',
    "$HOME ${X} $$",
    "a\nb",
    "ü €  𝄞",
    "\\n \\",
    "#x",
    "=",
    "a=b",
    "%",
    "{}",
]

# A container that runs cannot have these at random: its command would not find its way.
_ONLY_STOPPED = (
    *("command", "entrypoint", "privileged", "user", "runtime"),
    *("blkio_config", "gpus", "oom_kill_disable"),  # test hosts lack what they need
)
_NO_NETWORK = (
    *("networks", "ports", "hostname", "domainname", "dns", "dns_search", "dns_opt"),
    *("extra_hosts", "sysctls", "expose", "uts", "links", "external_links", "mac_address"),
)


def pools() -> dict[str, list[Any]]:
    """The good values in the case files, by option."""
    found: dict[str, dict[str, Any]] = {}
    for case in cases("container"):
        if {"problem", "raw", "engine", "in memory"} & case.data.keys():
            continue
        for side in ("have", "want"):
            value = case.data.get(side, {}).get(case.row)
            if value is not None:
                found.setdefault(case.row, {})[json.dumps(value, sort_keys=True)] = value
    return {row: list(values.values()) for row, values in found.items()}


class Drawer:
    """Draws documents for one engine; the same seed gives the same ones."""

    def __init__(self, seed: str, *, starts_privileged: bool = True) -> None:
        self.random = random.Random(seed)
        self.pools = pools()
        self.drawn: set[str] = set()
        self.starts_privileged = starts_privileged
        self._count = 0
        self._made: dict[str, Callable[[], Any]] = {
            "environment": lambda: self._texts("NAME_"),
            "labels": lambda: self._texts("label."),
            "command": lambda: [*COMMAND, *self._some(ODD)],
            "mem_reservation": lambda: f"{self._number(6, 16)}m",
            "shm_size": lambda: self._number(1, 200) * 4096,
            "stop_grace_period": lambda: f"{self._number(0, 90)}s",
            "cpus": lambda: self._number(1, 200) / 100,
            "cpu_shares": lambda: self._number(2, 4096),
            "pids_limit": lambda: self._number(-1, 500),
            "oom_score_adj": lambda: self._number(0, 1000),
            "ports": lambda: [f"127.0.0.1:{self._next()}:{self._number(1, 9)}/tcp", "53/udp"],
            "networks": self._networks,
            "hostname": lambda: self._one(["web", "web.example.com", "x1"]),
            "extra_hosts": lambda: {
                f"h{number}": f"10.0.0.{number}" for number in range(1, self._number(2, 5))
            },
            "container_name": lambda: f"named-{self._next()}",
            "healthcheck": lambda: {
                "test": self._one(ODD[2:]),
                "timeout": f"{self._number(1, 5000)}ms",
                "start_period": self._number(0, 100),
            },
            "user": lambda: self._one(["app", 1000, "1000:50", "nobody"]),
            "platform": lambda: "linux",
            "image": lambda: self._one([IMAGE, "dockwright/case:2", RICH, RICH]),
            "deploy": lambda: {
                "resources": {"limits": {"pids": self._number(5, 50), "cpus": "0.25"}},
                "restart_policy": {"condition": self._one(["none", "any", "on-failure"])},
            },
            "service": lambda: self._one(["shop", "site"]),
            "scale": lambda: self._number(0, 2),
            "state": lambda: "stopped",
            "ignore": lambda: self._one([["labels.vendor"], ["user", "environment.LANG"]]),
            "env_file": lambda: self._some(list(FILES)),
            "label_file": lambda: self._some(list(FILES)),
            "mac_address": lambda: f"02:42:00:00:00:{self._number(16, 99)}",
            "links": lambda: self._some(["peer", "peer:db", "sharer:other"]),
            "external_links": lambda: self._some(["peer:old", "sharer"]),
        }

    def document(self, containers: int) -> dict[str, Any]:
        """A document with so many drawn containers, two that others refer to, and the rest."""
        base = {"image": IMAGE, "stop_grace_period": 0}
        drawn = {f"drawn-{number}": self.container() for number in range(containers)}
        number = self._number(0, 1)
        return {
            "project": PROJECT,
            "purge": True,
            "max_disruption": "destroy",
            "containers": {"peer": base, "sharer": {**base, "ipc": "shareable"}, **drawn},
            "networks": {
                "case-net": {
                    "ipam": {"config": [{"subnet": f"10.24{number}.0.0/24"}]},
                    "labels": self._texts("label."),
                    "internal": self._one([True, False]),
                },
                "case-other": {"driver_opts": {"com.docker.network.driver.mtu": 1400}},
            },
            "volumes": {
                "case-data": {},
                "case-more": {},
                f"volume-{self._next()}": {"labels": self._texts("label.")},
            },
        }

    @property
    def names(self) -> list[str]:
        """The options that every engine of the tests can have."""
        known = {*self.pools, *self._made} - {"recreate"}  # no state: an action, or a refusal
        return [row.name for row in OPTIONS if row.name in known]

    def container(self) -> dict[str, Any]:
        """One container: some options, without those that exclude each other."""
        names = self.names
        chosen = set(self.random.sample(names, self._number(1, 14)))
        is_stopped = self.random.random() < 0.75 or bool(chosen & {*_ONLY_STOPPED})
        for option, excluded in _EXCLUDED.items():
            if option in chosen:
                chosen -= {*excluded}
        spec = {name: self._value(name) for name in names if name in chosen}
        if "memswap_limit" in spec:
            spec["mem_limit"] = "64m"
        spec.setdefault("image", self._made["image"]())
        spec["state"] = "stopped" if is_stopped else "running"
        spec.setdefault("stop_grace_period", 0)
        if not spec.get("command", True) or "entrypoint" in spec:
            spec["command"] = self._made["command"]()  # else nothing might be left to run
        if not is_stopped and "healthcheck" in spec:  # a replacement waits for it
            spec["healthcheck"] = {"test": "true", "interval": "1s"}
        if not is_stopped and spec["image"] == RICH:
            spec["user"] = "root"
        self.drawn |= spec.keys()
        return spec

    def _value(self, name: str) -> Any:
        made = self._made.get(name)
        if name in _PORTLESS or (made and (name not in self.pools or self.random.random() < 0.6)):
            assert made
            return made()
        return self._one(self.pools[name])

    def _networks(self) -> Any:
        own = {"aliases": self._some(["web", "db", "www"]), "ipv4_address": None}
        return self._one(
            [
                ["case-net"],
                ["case-other", "case-net"],
                {"case-net": own, "case-other": None},
                ["default"],
            ]
        )

    def _texts(self, prefix: str) -> dict[str, str]:
        return {f"{prefix}{number}": text for number, text in enumerate(self._some(ODD))}

    def _one(self, values: list[Any]) -> Any:
        return self.random.choice(values)

    def _some(self, values: list[Any]) -> list[Any]:
        return self.random.sample(values, self._number(1, min(4, len(values))))

    def _number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def _next(self) -> int:
        self._count += 1
        return 20000 + self._count


# Always made up: what is drawn must be free on the host, or fit to its neighbours.
_PORTLESS = (
    *("ports", "networks", "container_name", "platform", "image", "deploy", "service"),
    *("scale", "state", "ignore", "env_file", "label_file", "mem_reservation"),
    *("links", "external_links", "mac_address"),
)
_EXCLUDED = {
    "network_mode": (*_NO_NETWORK, "scale"),
    "uts": ("hostname", "domainname"),
    "container_name": ("scale",),
    "ports": ("scale",),
    "deploy": ("restart", "cpus", "cpu_period", "cpu_quota", "pids_limit"),
    "cpus": ("cpu_period", "cpu_quota"),
    "scale": ("deploy",),
    "service": ("scale",),
}
