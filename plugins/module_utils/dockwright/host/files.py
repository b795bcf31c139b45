"""Files of the host below an injected root: read, write atomically, remove."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from .. import words
from ..errors import HostError

_PIECE = 1 << 20  # bytes
_LINKS = 40  # how many symbolic links the kernel follows before it gives up


class Files:
    """The file system below ``root``: absolute links inside it never lead out of it."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/")

    def path(self, path: str) -> str:
        """The real path of ``path`` as the host itself would resolve it, links followed."""
        done, todo, links = "", [part for part in path.split("/") if part], 0
        while todo:
            part = todo.pop(0)
            if part in (".", ".."):
                done = posixpath.dirname(done).rstrip("/") if part == ".." else done
                continue
            target = _link(f"{self.root}{done}/{part}")
            if target is None:
                done = f"{done}/{part}"
                continue
            links += 1
            if links > _LINKS:
                raise HostError(f"{path}: too many levels of symbolic links", where=path)
            done = "" if target.startswith("/") else done
            todo = [piece for piece in target.split("/") if piece] + todo
        return f"{self.root}{done}" or "/"

    def strange_link(self, path: str) -> str:
        """The first link on the way to ``path`` that somebody else may have laid; empty if none.

        A link is believed where it stands in a folder of ours or of root's.
        """
        trusted, done = (0, os.geteuid()), ""
        for part in filter(None, path.split("/")):
            folder, done = f"{self.root}{done}", f"{done}/{part}"
            if _link(f"{self.root}{done}") is not None:
                found = _stat(folder or "/")
                if found is None or found.st_uid not in trusted:
                    return done
        return ""

    def read_text(self, path: str) -> str | None:
        """The text of a file, None when there is none; bytes that are no UTF-8 are kept."""
        try:
            with open(self.path(path), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _failed("read", path, error) from error

    def read_bytes(self, path: str) -> bytes | None:
        """The bytes of a file, or None when there is none."""
        try:
            with open(self.path(path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            return None
        except OSError as error:
            raise _failed("read", path, error) from error

    def open(self, path: str) -> IO[bytes]:
        """A file to read from. Raises OSError."""
        return open(self.path(path), "rb")

    def exists(self, path: str) -> bool:
        """Whether there is a file, folder or socket at ``path``."""
        return os.path.exists(self.path(path))

    def is_executable(self, path: str) -> bool:
        """Whether there is a file at ``path`` that may be run."""
        real = self.path(path)
        return os.path.isfile(real) and os.access(real, os.X_OK)

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted; none when there is no such folder."""
        try:
            return tuple(sorted(os.listdir(self.path(path))))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise _failed("list", path, error) from error

    def mode(self, path: str) -> int | None:
        """Who may do what with a file; None when there is none."""
        found = _stat(self.path(path))
        return None if found is None else stat.S_IMODE(found.st_mode)

    def owner(self, path: str) -> tuple[int, int] | None:
        """User and group of a file; None when there is none."""
        found = _stat(self.path(path))
        return None if found is None else (found.st_uid, found.st_gid)

    def make_directory(
        self, path: str, mode: int = 0o755, owner: tuple[int, int] | None = None
    ) -> None:
        """Make a folder and its parents; an existing one is left as it is."""
        real = self.path(path)
        if os.path.isdir(real):
            return
        try:
            os.makedirs(os.path.dirname(real), exist_ok=True)
            os.mkdir(real, mode)
            os.chmod(real, mode)  # mkdir obeys the umask, chmod does not
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                os.chown(real, *owner)
        except FileExistsError:
            pass
        except OSError as error:
            raise _failed("make the folder", path, error) from error

    def write_atomic(
        self, path: str, text: str, mode: int | None = None, owner: tuple[int, int] | None = None
    ) -> None:
        """Replace the whole file or leave the old one: there is no moment with half of it.

        Mode and owner of an existing file are kept unless given; a new file is 0644. A symbolic
        link stays, its target is replaced.
        """
        real = self.path(path)
        data = text.encode("utf-8", "surrogateescape")
        try:
            before = _stat(real)
            if before is not None:
                mode = stat.S_IMODE(before.st_mode) if mode is None else mode
                owner = owner or (before.st_uid, before.st_gid)
            _replace(real, [data], 0o644 if mode is None else mode, owner)
        except OSError as error:
            raise _failed("write", path, error) from error

    def is_copy(self, path: str, source: str) -> bool:
        """Whether the file at ``path`` has the bytes of ``source``, a file of this machine."""
        import filecmp  # for images alone

        try:
            return filecmp.cmp(source, self.path(path), shallow=False)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed("compare", path, error) from error

    def copy(self, source: str, path: str, mode: int) -> None:
        """Put a copy of ``source``, a file of this machine, at ``path``: all of it or none."""
        try:
            with open(source, "rb") as file:
                _replace(self.path(path), pieces(file), mode, None)
        except OSError as error:
            raise _failed("copy", f"{source} to {path}", error) from error

    def remove(self, path: str) -> None:
        """Remove a file (a link: the link itself); one that is not there is no error."""
        folder, name = posixpath.split(path.rstrip("/"))
        try:
            os.unlink(posixpath.join(self.path(folder or "/"), name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failed("remove", path, error) from error


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The content of an open file, piece by piece."""
    return iter(lambda: file.read(_PIECE), b"")


def digest_of(real: str) -> str:
    """The SHA-256 of a file's content, in hex. Raises OSError."""
    import hashlib  # few runs need it, and it loads OpenSSL

    digest = hashlib.sha256()
    with open(real, "rb") as file:
        for block in pieces(file):
            digest.update(block)
    return digest.hexdigest()


def receive(
    real: str,
    blocks: Iterable[bytes],
    check: Callable[[str], None] | None = None,
    mode: int | None = None,
) -> None:
    """Have a large file made of what comes in pieces, all of it or none.

    ``check`` gets the path of what has come, and raises where it may not take the place. Owner and
    (unless given) mode of a file that is there are kept; a new one is for its owner alone. Raises
    OSError, too.
    """
    before = _stat(real)
    if mode is None:
        mode = 0o600 if before is None else stat.S_IMODE(before.st_mode)
    owner = None if before is None else (before.st_uid, before.st_gid)
    _replace(real, blocks, mode, owner, check)


def _replace(
    real: str,
    blocks: Iterable[bytes],
    mode: int,
    owner: tuple[int, int] | None,
    check: Callable[[str], None] | None = None,
) -> None:
    import tempfile  # what only looks does without it

    folder = os.path.dirname(real)
    # Not with its name: that may be as long as names can be.
    descriptor, temporary = tempfile.mkstemp(prefix=".dockwright-", suffix=".new", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file, blocks, mode, owner)
        if check is not None:
            check(temporary)
        os.replace(temporary, real)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def fill(
    file: IO[bytes], blocks: Iterable[bytes], mode: int, owner: tuple[int, int] | None
) -> None:
    """Give a new file its owner, content and mode, on the disk. Raises OSError."""
    if owner is not None and owner != (os.geteuid(), os.getegid()):
        os.fchown(file.fileno(), *owner)
    file.writelines(blocks)
    file.flush()
    os.fchmod(file.fileno(), mode)  # last: writing takes away who it runs as
    os.fsync(file.fileno())


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stat(real: str) -> os.stat_result | None:
    try:
        return os.stat(real)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _link(real: str) -> str | None:
    try:
        return os.readlink(real)
    except OSError:  # not there, or no link
        return None


def _failed(verb: str, path: str, error: OSError) -> HostError:
    fix = words.as_root() if isinstance(error, PermissionError) else ""
    return HostError(f"cannot {verb} {path}: {error.strerror or error}", fix=fix)
