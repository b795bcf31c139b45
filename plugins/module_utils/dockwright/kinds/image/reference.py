"""Image references: what people write, the one normal form, and what the engine is asked for. Pure.

Four spellings are one image: ``nginx``, ``nginx:latest``, ``docker.io/nginx`` and
``docker.io/library/nginx:latest``. A reference names an image by tag (a pointer that may move), by
the registry's digest (``repository[:tag]@sha256:…``; the tag then says nothing, as for the engine)
or by the engine's image ID (``sha256:…``, or its first 12 to 63 digits with or without
``sha256:``). A repository whose name looks like an ID is written with its tag.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from ...named_tuple import NamedTuple
from ...values import kind_of, wrong

HUB = "docker.io"

_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(?:{_HOST}|\[[0-9a-fA-F:]+\])(?::\d{{1,5}})?")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_ID = re.compile(r"sha256:(?P<long>[0-9a-f]{12,64})|(?P<short>[0-9a-f]{12,64})")
_EXAMPLE = "write it as NAME, NAME:TAG, REGISTRY/NAME:TAG or NAME@sha256:DIGEST"
_LONGEST = 255  # characters of registry and repository; the engine's limit


class Reference(NamedTuple):
    """One reference in its parts: an ID alone, or a repository with a tag, a digest or both."""

    domain: str = ""  # docker.io, registry.example.com:5000
    path: str = ""  # library/nginx
    tag: str = ""
    digest: str = ""
    id: str = ""  # sha256: and 12 to 64 digits

    @property
    def repository(self) -> str:
        """Registry and path in full: ``docker.io/library/nginx``."""
        return f"{self.domain}/{self.path}" if self.domain else ""

    @property
    def normal(self) -> str:
        """The normal form; equal for all spellings of one image."""
        return self._with(self.repository)

    @property
    def familiar(self) -> str:
        """The form that the engine shows and is asked for: short, never to be taken for an ID."""
        return self._with(self.familiar_repository)

    @property
    def familiar_repository(self) -> str:
        """The repository as the engine shows it: ``nginx`` for ``docker.io/library/nginx``."""
        if self.domain != HUB:
            return self.repository
        first, _, rest = self.path.partition("/")
        short = rest if first == "library" and "/" not in rest else self.path
        # In front of a slash it would be taken for a registry.
        is_safe = "/" not in short or not _is_domain(short.partition("/")[0])
        return short if is_safe else self.repository

    @property
    def is_moving(self) -> bool:
        """Whether the reference is a tag, so that another image may be behind it tomorrow."""
        return not (self.id or self.digest)

    def is_id_of(self, identity: str) -> bool:
        """Whether this reference is an ID and the image ``identity`` has it."""
        return bool(self.id) and identity.startswith(self.id)

    def is_among(self, repo_digests: Iterable[str], digest: str = "") -> bool:
        """Whether the digest (by default the reference's own) stands there for its repository."""
        wanted = digest or self.digest
        found = (entry.rpartition("@") for entry in repo_digests)
        return any(value == wanted and self._is_in(name) for name, _, value in found)

    def digests(self, repo_digests: Iterable[str]) -> tuple[str, ...]:
        """The digests that an image has in the repository of this reference."""
        found = (entry.rpartition("@") for entry in repo_digests)
        return tuple(digest for name, _, digest in found if self._is_in(name))

    def _is_in(self, repository: str) -> bool:
        return _repository(repository) == (self.domain, self.path)

    def _with(self, repository: str) -> str:
        if self.id:
            return self.id
        return f"{repository}@{self.digest}" if self.digest else f"{repository}:{self.tag}"


def parse(value: Any, where: str) -> Reference:
    """The reference in its parts; raises SpecError at ``where``."""
    if not isinstance(value, str):
        raise wrong(where, f"must be the reference of an image, not {kind_of(value)}", _EXAMPLE)
    found = _parsed(value.strip())
    if isinstance(found, Reference):
        return found
    raise wrong(where, f"'{value}' is not an image: {found[0]}", found[1] or _EXAMPLE)


def normal(value: str) -> str:
    """The normal form of a reference from the engine; text that is none is left as it is."""
    found = _parsed(value)
    return found.normal if isinstance(found, Reference) else value


def familiar(value: str) -> str:
    """The short form of a reference from the engine; text that is none is left as it is."""
    found = _parsed(value)
    return found.familiar if isinstance(found, Reference) else value


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> Reference | tuple[str, str]:
    """A reference, or what is wrong with the text and the way out."""
    if not text:
        return "it is empty", ""
    match = _ID.fullmatch(text)
    if match:
        return Reference(id=f"sha256:{match['long'] or match['short']}")
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return f"'{digest}' is not a digest", "a digest is sha256: and 64 hexadecimal digits"
    colon = name.rfind(":") if ":" in name.rpartition("/")[2] else -1
    name, tag = (name, "") if colon < 0 else (name[:colon], name[colon + 1 :])
    if colon >= 0 and not _TAG.fullmatch(tag):
        return f"'{tag}' is not a tag", "a tag has letters, digits and ._- (at most 128)"
    domain, path = _repository(name)
    fault = _fault(domain, path)
    return fault or Reference(domain, path, tag or ("" if digest else "latest"), digest)


def key_of(reference: str) -> str:
    """The key under which observations hold the image of a reference."""
    return parse(reference, "").normal


def _repository(name: str) -> tuple[str, str]:
    """Registry and path, as the engine tells them apart."""
    first, slash, rest = name.partition("/")
    if not slash or not _is_domain(first):
        first, rest = HUB, name
    if first in ("index.docker.io", HUB):
        return HUB, rest if "/" in rest else f"library/{rest}"
    return first, rest


def is_registry(text: str) -> bool:
    """Whether a text is the address of a registry: HOST or HOST:PORT."""
    return bool(_DOMAIN.fullmatch(text))


def _is_domain(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost"


def _fault(domain: str, path: str) -> tuple[str, str] | None:
    if "://" in f"{domain}/{path}":
        return "it begins with a protocol", "leave out https://"
    if not _DOMAIN.fullmatch(domain):
        return f"'{domain}' is not a registry", "a registry is HOST or HOST:PORT"
    if _PATH.fullmatch(path):
        size = len(domain) + 1 + len(path)
        return (
            (f"its name has {size} characters, {_LONGEST} are allowed", "")
            if size > _LONGEST
            else None
        )
    shown = path[8:] if path.startswith("library/") else path
    if _PATH.fullmatch(path.lower()):
        return "names of repositories are in lower case", f"write {shown.lower()}"
    return f"'{shown}' is not the name of a repository", ""
