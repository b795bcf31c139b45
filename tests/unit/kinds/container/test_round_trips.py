"""What is written into a request is read back from inspect as it was; nothing makes a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import SpecError
from dockwright.kinds.container import endpoints, forms, mounts, ports
from dockwright.kinds.container.options import OPTIONS, ROWS
from dockwright.model import EngineFacts
from dockwright.options import Inspect, Option

FACTS = EngineFacts(api="1.51")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[a-z][a-z0-9._-]{0,8}", fullmatch=True)
NUMBER = st.integers(1, 65535)
ADDRESS = st.sampled_from(["", "127.0.0.1", "::1", "0.0.0.0"])
PATH = st.from_regex(r"(/[a-z0-9]{1,4}){1,3}", fullmatch=True)

ROW = {row.name: row for row in ROWS}


def back(name: str, value: Any) -> Any:
    """The normal form, written and read again."""
    row = ROW[name]
    payload: dict[str, Any] = {"HostConfig": {}}
    assert row.write and row.read
    row.write(payload, value)
    host = payload.pop("HostConfig")
    return row.read(Inspect({"Id": "f" * 64, "Config": payload, "HostConfig": host}, FACTS, {}))


@given(st.dictionaries(st.from_regex(r"[^=\0]+", fullmatch=True), TEXT))
def test_environment(variables: dict[str, str]) -> None:
    normal = forms.parse_environment(variables, "a")
    assert normal == variables
    assert back("environment", normal) == normal
    assert forms.parse_environment([f"{k}={v}" for k, v in variables.items()], "a") == normal


@given(st.lists(TEXT, min_size=1).filter(lambda words: words != [""]))
def test_command(words: list[str]) -> None:
    assert ROW["command"].type.parse(words, "a") == words
    assert back("command", words) == words


# Labels of our own are none of the user's; texts of the code are drawn, too.
@given(st.dictionaries(TEXT.filter(lambda name: not name.startswith("io.dockwright.")), TEXT))
def test_labels(labels: dict[str, str]) -> None:
    assert back("labels", labels) == labels


@given(st.lists(st.tuples(ADDRESS, NUMBER, NUMBER, st.sampled_from(["tcp", "udp", "sctp"]))))
def test_ports(entries: list[tuple[str, int, int, str]]) -> None:
    unique = dict.fromkeys(entries)
    short = [
        (f"[{a}]:" if ":" in a else f"{a}:" if a else "") + f"{h}:{t}/{p}" for a, h, t, p in unique
    ]
    long = [{"target": t, "published": h, "host_ip": a, "protocol": p} for a, h, t, p in unique]
    normal = ports.parse_ports(short, "a")
    assert ports.parse_ports(long, "a") == normal
    assert back("ports", normal) == normal


_VOLUME = st.fixed_dictionaries(
    {"type": st.just("volume")},
    optional={
        "source": NAME.filter(lambda name: len(name) > 1),
        "read_only": st.booleans(),
        "volume": st.fixed_dictionaries({}, optional={"nocopy": st.booleans()}),
    },
)
_BIND = st.fixed_dictionaries(
    {"type": st.just("bind"), "source": PATH},
    optional={
        "read_only": st.booleans(),
        "bind": st.fixed_dictionaries(
            {},
            optional={
                "recursive": st.sampled_from(["enabled", "disabled"]),
                "propagation": st.sampled_from(["rslave", "shared", "rprivate"]),
                "create_host_path": st.booleans(),
            },
        ),
    },
)
_TMPFS = st.fixed_dictionaries(
    {"type": st.just("tmpfs")},
    optional={
        "tmpfs": st.fixed_dictionaries(
            {}, optional={"size": st.integers(0, 2**40), "mode": st.integers(0, 0o7777)}
        )
    },
)


@given(st.dictionaries(PATH, _VOLUME | _BIND | _TMPFS, max_size=4))
def test_volumes(entries: dict[str, dict[str, Any]]) -> None:
    normal = mounts.parse_volumes([{**e, "target": t} for t, e in entries.items()], "a")
    assert back("volumes", normal) == normal


@given(
    st.dictionaries(
        NAME,
        st.fixed_dictionaries(
            {},
            optional={
                "aliases": st.lists(NAME, max_size=3),
                "ipv4_address": st.ip_addresses(v=4).map(str),
                "ipv6_address": st.ip_addresses(v=6).map(lambda address: address.exploded),
                "driver_opts": st.dictionaries(NAME, TEXT.filter(bool), max_size=2),
            },
        ),
    )
)
def test_networks(networks: dict[str, dict[str, Any]]) -> None:
    normal = endpoints.parse_networks(networks, "a")
    raw = {
        "Id": "f" * 64,
        "Config": {"Hostname": "f" * 12},
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {
            "Networks": {name: endpoints.endpoint_body(item) for name, item in normal.items()}
        },
    }
    assert endpoints.read_networks(Inspect(raw, FACTS, {})) == normal


@given(st.dictionaries(NAME, st.tuples(st.integers(0, 9999), st.integers(0, 9999)).map(sorted)))
def test_ulimits(limits: dict[str, list[int]]) -> None:
    spec = {name: {"soft": soft, "hard": hard} for name, (soft, hard) in limits.items()}
    normal = forms.parse_ulimits(spec, "a")
    assert back("ulimits", normal) == normal


@given(st.dictionaries(PATH, st.tuples(PATH, st.sampled_from(["r", "rw", "rwm", "m", ""]))))
def test_devices(devices: dict[str, tuple[str, str]]) -> None:
    texts = [f"{source}:{target}:{mark}" for target, (source, mark) in devices.items()]
    normal = forms.parse_devices(texts, "a")
    assert set(normal) == set(devices)
    assert back("devices", normal) == normal


@given(st.sets(st.integers(0, 300), max_size=40))
def test_processors(numbers: set[int]) -> None:
    normal = forms.parse_cpuset(",".join(map(str, sorted(numbers, reverse=True))), "a")
    assert forms.parse_cpuset(normal, "a") == normal
    expanded: set[int] = set()
    for part in filter(None, normal.split(",")):
        low, _, high = part.partition("-")
        expanded |= set(range(int(low), int(high or low) + 1))
    assert expanded == numbers


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
@given(value=ANYTHING)
def test_whatever_is_written_is_parsed_or_refused(row: Option, value: Any) -> None:
    """Never a traceback: SpecError with a path, or a normal form."""
    try:
        row.type.parse(value, "a")
    except SpecError as error:
        assert all(problem.where.startswith("a") for problem in error.problems())
