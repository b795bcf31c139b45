"""A build context on the managed host: what is in it, its hash, and the tar for the engine."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from .ignore import Ignore, parse

_BLOCK = 1024 * 1024
RealPath = Callable[[str], str]


@dataclass(frozen=True)
class Context:
    """One context as it was read; ``error`` tells why it cannot be used, ``where`` of what."""

    path: str
    digest: str = ""  # of names, modes and contents
    dockerfile: str = ""  # its text
    error: str = ""
    where: str = ""  # the option that is wrong
    fix: str = ""


def read(path: str, dockerfile: str, real_path: RealPath) -> Context:
    """Read a folder of the managed host; never raises. ``dockerfile`` is a path in or outside."""
    folder = real_path(path)
    if not os.path.isdir(folder):
        fix = "the path is read on the managed host: bring the folder there first"
        return Context(path, error=f"{path} is no folder", where="context", fix=fix)
    file = dockerfile_of(path, dockerfile)
    try:
        with open(real_path(file), encoding="utf-8", errors="replace") as opened:
            text = opened.read()
    except OSError as error:
        message = f"cannot read {file}: {error.strerror or error}"
        return Context(path, error=message, where="dockerfile", fix="check the name")
    try:
        digest = hashlib.sha256(text.encode())
        for name, full, found in _entries(folder, keep(path, dockerfile)):
            digest.update(f"\0{name}\0{stat.S_IFMT(found.st_mode):o} {_mode(found):o}\0".encode())
            for block in _content(full, found):
                digest.update(block)
    except OSError as error:
        message = f"cannot read {error.filename or path}: {error.strerror or error}"
        fix = "run as a user who may read it, or name it in .dockerignore"
        return Context(path, error=message, where="context", fix=fix)
    return Context(path, digest.hexdigest(), text)


def dockerfile_of(path: str, dockerfile: str) -> str:
    """Where the Dockerfile is on the managed host."""
    return posixpath.normpath(posixpath.join(path, dockerfile))


def keep(path: str, dockerfile: str) -> tuple[str, ...]:
    """The files that the engine needs, whatever .dockerignore says, by names in the context."""
    inside = posixpath.relpath(dockerfile_of(path, dockerfile), path)
    return (".dockerignore",) if inside.startswith("../") else (".dockerignore", inside)


def name_in_tar(path: str, dockerfile: str) -> str:
    """What the Dockerfile is called in the tar; one from outside gets a name of its own."""
    inside = posixpath.relpath(dockerfile_of(path, dockerfile), path)
    return ".dockerfile.of-dockwright" if inside.startswith("../") else inside


def tar(context: Context, dockerfile: str, real_path: RealPath) -> Iterator[bytes]:
    """The context as a tar, piece by piece: files belong to root, as with the docker command.

    Raises OSError where a file cannot be read, or has another size than it had a moment ago.
    """
    kept = keep(context.path, dockerfile)
    for name, full, found in _entries(real_path(context.path), kept):
        entry = _tarinfo(name, full, found)
        yield _header(entry)
        if entry.isfile():
            yield from _padded(_content(full, found), entry.size, full)
    name = name_in_tar(context.path, dockerfile)
    if name not in kept:
        content = context.dockerfile.encode()
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        yield _header(entry)
        yield from _padded(iter([content]), entry.size, name)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padded(blocks: Iterator[bytes], size: int, path: str) -> Iterator[bytes]:
    """A file's content, filled up to whole blocks of the tar."""
    left = size
    for block in blocks:
        left -= len(block)
        yield block
    if left:
        raise OSError(errno.EAGAIN, "it changed while it was read", path)
    yield bytes(-size % tarfile.BLOCKSIZE)


def _tarinfo(name: str, full: str, found: os.stat_result) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = _mode(found), int(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        entry.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(full)
    else:
        entry.size = found.st_size
    return entry


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode)


def _content(full: str, found: os.stat_result) -> Iterator[bytes]:
    if stat.S_ISLNK(found.st_mode):
        yield os.readlink(full).encode("utf-8", "surrogateescape")
    elif stat.S_ISREG(found.st_mode):
        with open(full, "rb") as file:
            yield from iter(lambda: file.read(_BLOCK), b"")


def _entries(folder: str, kept: tuple[str, ...]) -> Iterator[tuple[str, str, os.stat_result]]:
    """What is in the context, sorted, as (name, real path, stat); sockets and the like are not."""
    ignore = Ignore(())
    try:
        with open(f"{folder}/.dockerignore", encoding="utf-8", errors="replace") as file:
            ignore = parse(file.read())
    except FileNotFoundError:
        pass
    yield from _below(folder, "", ignore, kept)


def _below(
    folder: str, prefix: str, ignore: Ignore, kept: tuple[str, ...]
) -> Iterator[tuple[str, str, os.stat_result]]:
    for entry in sorted(os.listdir(f"{folder}/{prefix}")):
        name, full = f"{prefix}{entry}", f"{folder}/{prefix}{entry}"
        found = os.lstat(full)
        is_out = name not in kept and ignore.leaves_out(name)
        is_folder = stat.S_ISDIR(found.st_mode)
        is_known = is_folder or stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
        if is_known and not is_out:
            yield name, full, found
        if is_folder and (not is_out or ignore.has_exceptions or _leads_to(name, kept)):
            yield from _below(folder, f"{name}/", ignore, kept)


def _leads_to(name: str, kept: tuple[str, ...]) -> bool:
    return any(file.startswith(f"{name}/") for file in kept)
