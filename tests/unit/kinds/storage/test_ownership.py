"""Owners under another mapping: there and back they are what they were."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockwright.errors import HostError
from dockwright.host.files import Files
from dockwright.kinds.storage.ownership import (
    Mapping,
    Range,
    acl_translated,
    capability_translated,
    mapping_of,
    ranges_of,
    translated,
)

ONE = (Range(0, 100000, 65536),)
TWO = (Range(0, 200000, 1000), Range(1000, 500000, 64536))


@given(id=st.integers(0, 65535), ranges=st.sampled_from([ONE, TWO]))
def test_there_and_back(id: int, ranges: tuple[Range, ...]) -> None:
    there = translated(id, (), ranges)
    assert there >= 100000
    assert translated(there, ranges, ()) == id
    assert translated(translated(there, ranges, ONE), ONE, ranges) == there


def test_what_no_range_has_stays() -> None:
    assert translated(70000, (), ONE) == 70000
    assert translated(5, ONE, ()) == 5


def test_ranges_are_put_together_in_order() -> None:
    text = "dockremap:500000:64536\nother:100:5\n# no\ndockremap:200000:1000\n"
    assert ranges_of(text, ["dockremap"]) == TWO
    assert ranges_of(text, ["nobody"]) == ()


def test_the_mapping_of_a_user(tmp_path: object) -> None:
    root = str(tmp_path)
    files = Files(root)
    files.make_directory("/etc")
    files.write_atomic("/etc/passwd", "web:x:1001:1001::/:/bin/sh\n")
    files.write_atomic("/etc/group", "web:x:1001:\nstaff:x:50:\n")
    files.write_atomic("/etc/subuid", "1001:100000:65536\n")
    files.write_atomic("/etc/subgid", "web:100000:65536\nstaff:300000:65536\n")
    assert mapping_of(files, "web") == Mapping(ONE, ONE)
    assert mapping_of(files, "web:staff").groups == (Range(0, 300000, 65536),)
    assert mapping_of(files, "") == Mapping()
    with pytest.raises(HostError, match="range"):
        mapping_of(files, "default")


def test_ids_in_access_control_lists() -> None:
    def entries(user: int, group: int) -> bytes:
        found = [(1, 6, 0xFFFFFFFF), (2, 7, user), (8, 5, group), (0x20, 4, 0xFFFFFFFF)]
        return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in found)

    mapped = Mapping(ONE, ONE)
    assert acl_translated(entries(33, 44), Mapping(), mapped) == entries(100033, 100044)
    assert acl_translated(entries(100033, 100044), mapped, Mapping()) == entries(33, 44)


def test_capabilities_are_valid_for_the_mapped_root() -> None:
    plain = struct.pack("<IIIII", 0x02000001, 0x2000, 0, 0, 0)
    mapped = capability_translated(plain, Mapping(ONE, ONE))
    assert mapped == struct.pack("<IIIIII", 0x03000001, 0x2000, 0, 0, 0, 100000)
    assert capability_translated(mapped, Mapping()) == plain
