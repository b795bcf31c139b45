"""Parsing keys of daemon.json: what a person means, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import Problem, SpecError
from dockwright.kinds.daemon.options import BY_NAME, TRAPS
from dockwright.kinds.daemon.want import parse


def problems(spec: Any) -> list[tuple[str, str, str]]:
    found: list[Problem] = []
    parse(spec, "daemon", found)
    return [tuple(problem) for problem in found]


def test_what_a_person_means() -> None:
    want = parse(
        {
            "log-opts": {"max-file": 3, "max-size": "10m", "compress": True},
            "dns": "10.0.0.53",
            "default-shm-size": "64M",
            "debug": "yes",
            "labels": {"b": 2, "a": "x"},
            "default-ulimits": {"nofile": "1024:2048", "nproc": {"Hard": 9, "Soft": 8}},
            "runtimes": {"crun": "/usr/bin/crun"},
            "proxies": {"no-proxy": ["localhost", "10.0.0.0/8"]},
            "mtu": None,
        }
    ).values
    assert want == {
        "log-opts": {"max-file": "3", "max-size": "10m", "compress": "true"},
        "dns": ["10.0.0.53"],
        "default-shm-size": 64 * 1024**2,
        "debug": True,
        "labels": ["a=x", "b=2"],
        "default-ulimits": {
            "nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048},
            "nproc": {"Name": "nproc", "Soft": 8, "Hard": 9},
        },
        "runtimes": {"crun": {"path": "/usr/bin/crun"}},
        "proxies": {"no-proxy": "localhost,10.0.0.0/8"},
    }


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(SpecError) as error:
        parse({"bebug": True, "dns": ["x", "10.0.0.1", "y"], "mtu": "big"})
    assert [problem.where for problem in error.value.problems()] == [
        "daemon.bebug",
        "daemon.dns[0]",
        "daemon.dns[2]",
        "daemon.mtu",
    ]
    assert "did you mean 'debug'?" in str(error.value).lower()


@pytest.mark.parametrize("name", sorted(TRAPS))
def test_what_the_engine_would_ignore_is_refused_with_a_way_out(name: str) -> None:
    ((where, message, fix),) = problems({name: "x"})
    assert where == f"daemon.{name}"
    assert message.startswith("is no key of daemon.json")
    assert fix
    assert name not in BY_NAME


def test_a_mapping_of_known_keys_is_refused() -> None:
    ((where, message, _),) = problems({"mygroup": {"debug": True}})
    assert (where, message) == ("daemon.mygroup", "unknown key of daemon.json")


def test_no_mapping() -> None:
    assert problems(["debug"]) == [("daemon", "must be a mapping, not a list", "")]
    assert parse(None).values == {}


CONFLICTS: list[tuple[dict[str, Any], str, str]] = [
    ({"bip": "172.26.0.1/16", "bridge": "br0"}, "daemon.bip", "does not go with bridge"),
    ({"icc": False, "iptables": False}, "daemon.icc", "needs iptables"),
    ({"labels": ["a=1", "a=2"]}, "daemon.labels[1]", "has two values"),
    (
        {"host-gateway-ip": "10.0.0.1", "host-gateway-ips": ["10.0.0.1"]},
        "daemon.host-gateway-ip",
        "does not go with",
    ),
    (
        {"bip": "172.26.0.1/16", "fixed-cidr": "172.27.1.0/24"},
        "daemon.fixed-cidr",
        "is not inside the subnet of bip, 172.26.0.0/16",
    ),
    (
        {
            "default-address-pools": [
                {"base": "10.0.0.0/8", "size": 24},
                {"base": "10.1.0.0/16", "size": 24},
            ]
        },
        "daemon.default-address-pools[1].base",
        "10.1.0.0/16 overlaps 10.0.0.0/8",
    ),
    (
        {"cgroup-parent": "docker", "exec-opts": ["native.cgroupdriver=systemd"]},
        "daemon.cgroup-parent",
        "is no slice",
    ),
    (
        {"userns-remap": "default", "features": {"containerd-snapshotter": True}},
        "daemon.userns-remap",
        "does not go with",
    ),
]


@pytest.mark.parametrize(("spec", "where", "message"), CONFLICTS)
def test_values_that_do_not_go_together(spec: dict[str, Any], where: str, message: str) -> None:
    ((found, text, fix),) = problems(spec)
    assert found == where
    assert message in text
    assert fix


BAD: list[tuple[str, Any, str, str]] = [
    ("bip", "172.26.0.0/16", "is the address of the network itself", "write 172.26.0.1/16"),
    ("fixed-cidr", "10.0.0.1/16", "has bits set to the right of its mask", "write 10.0.0.0/16"),
    ("registry-mirrors", "https://u:p@mirror.example.com", "holds credentials", "remove them"),
    ("insecure-registries", ["https://r.example.com/"], "is a URL", "write r.example.com"),
    ("exec-opts", ["native.cgroupdriver=x"], "is no option of the engine", "write native"),
    ("default-ulimits", {"nofil": 1}, "is no ulimit", "did you mean 'nofile'?"),
    ("default-ulimits", {"nofile": "9:8"}, "the soft limit 9 is above the hard limit 8", ""),
    ("default-address-pools", [{"base": "10.0.0.0/16", "size": 8}], "must be at least 16", ""),
    ("runtimes", {"runc": {"path": "/x"}}, "the engine keeps this name", "use another name"),
    ("runtimes", {"a": {}}, "needs either path or runtimeType", ""),
    ("hosts", "0.0.0.0:2375", "has no scheme", "write unix:///path"),
    ("max-concurrent-downloads", -1, "must be at least 0", ""),
    ("default-shm-size", True, "is not a size", "write it as 512k"),
]


@pytest.mark.parametrize(("name", "value", "message", "fix"), BAD)
def test_bad_values_say_what_would_be_right(name: str, value: Any, message: str, fix: str) -> None:
    ((where, text, way_out),) = problems({name: value})
    assert where.startswith(f"daemon.{name}")
    assert message in text
    assert fix in way_out
