"""Owners of files mapped into the IDs of a remapped engine, or back: IDs, ACLs, capabilities."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator, Sequence

from ...errors import HostError
from ...host.files import Files
from ...named_tuple import NamedTuple

_ACLS = ("system.posix_acl_access", "system.posix_acl_default")
_CAPABILITY = "security.capability"
_USER, _GROUP = 0x02, 0x08  # entries of an ACL that name somebody
_V2, _V3, _VERSIONS = 0x02000000, 0x03000000, 0xFF000000


class Range(NamedTuple):
    """So many IDs from ``first`` on are those from ``inside`` on in containers."""

    inside: int
    first: int
    size: int


class Mapping(NamedTuple):
    """The ranges of users and groups; empty ones map each ID to itself."""

    users: tuple[Range, ...] = ()
    groups: tuple[Range, ...] = ()


def ranges_of(text: str, names: Sequence[str]) -> tuple[Range, ...]:
    """The ranges that a subordinate ID file gives somebody, as the engine puts them together."""
    found = []
    for line in text.splitlines():
        parts = line.strip().split(":")
        if len(parts) == 3 and parts[0] in names and parts[1].isdigit() and parts[2].isdigit():
            found.append((int(parts[1]), int(parts[2])))
    ranges, inside = [], 0
    for first, count in sorted(found):
        ranges.append(Range(inside, first, count))
        inside += count
    return tuple(ranges)


def mapping_of(files: Files, remap: str) -> Mapping:
    """The IDs of a ``userns-remap`` of daemon.json."""
    if not remap:
        return Mapping()
    user, _, group = ("dockremap" if remap == "default" else remap).partition(":")
    found = []
    for name, account, ranges in (
        (user, "/etc/passwd", "/etc/subuid"),
        (group or user, "/etc/group", "/etc/subgid"),
    ):
        lines = [line.split(":") for line in (files.read_text(account) or "").splitlines()]
        known = [e for e in lines if len(e) > 2 and name in (e[0], e[2])]
        names = [name, *(part for entry in known for part in (entry[0], entry[2]))]
        got = ranges_of(files.read_text(ranges) or "", names)
        if not got:
            raise HostError(f"{ranges} gives '{name}' no range of IDs")
        found.append(got)
    return Mapping(*found)


def to_host(id: int, ranges: Sequence[Range]) -> int:
    """The ID on the host of one in a container; one beyond all ranges stays as it is."""
    for item in ranges:
        if item.inside <= id < item.inside + item.size:
            return item.first + id - item.inside
    return id


def to_container(id: int, ranges: Sequence[Range]) -> int:
    """The ID in a container of one on the host."""
    for item in ranges:
        if item.first <= id < item.first + item.size:
            return item.inside + id - item.first
    return id


def translated(id: int, before: Sequence[Range], after: Sequence[Range]) -> int:
    """The ID on the host of the same one in a container, under another mapping."""
    return to_host(to_container(id, before), after)


def acl_translated(value: bytes, before: Mapping, after: Mapping) -> bytes:
    """An access control list with the IDs that it names mapped."""
    head, entries = value[:4], []
    for tag, permission, id in struct.iter_unpack("<HHI", value[4:]):
        if tag == _USER:
            id = translated(id, before.users, after.users)
        elif tag == _GROUP:
            id = translated(id, before.groups, after.groups)
        entries.append(struct.pack("<HHI", tag, permission, id))
    return head + b"".join(entries)


def capability_translated(value: bytes, after: Mapping) -> bytes:
    """A file's capabilities, valid for the root that containers have afterwards."""
    (magic,) = struct.unpack_from("<I", value)
    bits, rest = magic & ~_VERSIONS, value[4:20]
    root = to_host(0, after.users)
    if root == 0:
        return struct.pack("<I", _V2 | bits) + rest
    return struct.pack("<I", _V3 | bits) + rest + struct.pack("<I", root)


def shift_tree(files: Files, folder: str, before: Mapping, after: Mapping) -> None:
    """Map the owners of all in a folder, itself too; each file once however many names it has."""
    seen: set[tuple[int, int]] = set()
    try:
        for path, state in _walk(files.path(folder)):
            if state.st_nlink > 1 and not stat.S_ISDIR(state.st_mode):
                if (state.st_dev, state.st_ino) in seen:
                    continue
                seen.add((state.st_dev, state.st_ino))
            _shift(path, state, before, after)
    except OSError as error:
        text = f"cannot map the owners in {folder}: {error.strerror or error}"
        raise HostError(text) from error


def _walk(real: str) -> Iterator[tuple[str, os.stat_result]]:
    yield real, os.lstat(real)
    for parent, folders, names in os.walk(real):
        for name in (*folders, *names):
            path = os.path.join(parent, name)
            yield path, os.lstat(path)


def _shift(path: str, state: os.stat_result, before: Mapping, after: Mapping) -> None:
    user = translated(state.st_uid, before.users, after.users)
    group = translated(state.st_gid, before.groups, after.groups)
    is_link = stat.S_ISLNK(state.st_mode)
    kept = {} if is_link else _attributes(path)
    if (user, group) != (state.st_uid, state.st_gid):
        os.lchown(path, user, group)
        if not is_link:  # a change of the owner takes set-user-ID away, and capabilities
            os.chmod(path, stat.S_IMODE(state.st_mode))
    for name, value in kept.items():
        if name == _CAPABILITY:
            os.setxattr(path, name, capability_translated(value, after))
        elif name in _ACLS:
            new = acl_translated(value, before, after)
            if new != value:
                os.setxattr(path, name, new)


def _attributes(path: str) -> dict[str, bytes]:
    found = {}
    for name in (*_ACLS, _CAPABILITY):
        with contextlib.suppress(OSError):  # not there, or the file system has none
            found[name] = os.getxattr(path, name)
    return found
