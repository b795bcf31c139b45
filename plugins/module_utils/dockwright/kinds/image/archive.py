"""What is in a tar of images (`docker save`, OCI layout), read without loading it."""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Callable

from .platforms import platform_of
from .reference import Reference, normal

OpenFile = Callable[[str], "IO[bytes]"]

_SMALL = 4 * 1024**2  # bytes; descriptions are small, what is larger is a layer
NO_FILE = "there is no such file on the managed host"
_BROKEN = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError)


@dataclass(frozen=True)
class Packed:
    """One image in a tar. ``ids`` are all that engines may call it: config, manifest, index."""

    ids: tuple[str, ...]
    tags: tuple[str, ...] = ()  # normal forms
    platform: str = ""
    created: str = ""
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Archive:
    """A tar of images; ``error`` tells why it cannot be used."""

    path: str
    images: tuple[Packed, ...] = ()
    error: str = ""

    def find(self, reference: Reference) -> Packed | None:
        """The image of this name or ID."""
        for image in self.images:
            if reference.normal in image.tags or any(map(reference.is_id_of, image.ids)):
                return image
        return None

    @property
    def contents(self) -> str:
        """The names of what is in it, for people."""
        names = [name for image in self.images for name in image.tags or image.ids[:1]]
        return ", ".join(names) or "nothing"


def read(path: str, open_file: OpenFile) -> Archive:
    """The images in the tar at ``path`` of the managed host; never raises."""
    try:
        with open_file(path) as file:
            blobs = _descriptions(file)
        images = tuple(_images(blobs))
    except FileNotFoundError:
        return Archive(path, error=NO_FILE)
    except OSError as error:
        return Archive(path, error=f"cannot be read: {error.strerror or error}")
    except _BROKEN as error:
        return Archive(path, error=f"is not a whole tar of images: {error}")
    except (AttributeError, KeyError, TypeError):
        return Archive(
            path, error="is not a tar of images: its manifest.json is not as it should be"
        )
    if not images:
        return Archive(
            path, error="is not a tar of images: no manifest.json and no index.json in it"
        )
    return Archive(path, images)


def _descriptions(file: IO[bytes]) -> dict[str, bytes]:
    """The JSON files of a tar by name, in one pass (it may be compressed)."""
    found = {}
    with tarfile.open(fileobj=file, mode="r:*") as tar:
        for member in tar:
            if member.isfile() and member.size <= _SMALL:
                content = tar.extractfile(member)
                text = content.read() if content else b""
                if text[:1] in (b"{", b"["):
                    found[member.name[2:] if member.name.startswith("./") else member.name] = text
        while tar.fileobj is not None and tar.fileobj.read(_SMALL):
            pass  # the end of a compressed file tells whether it is whole
    return found


def _images(blobs: Mapping[str, bytes]) -> Iterator[Packed]:
    """The images of manifest.json, with what index.json adds, and those of index.json alone."""
    indexed = list(_indexed(blobs))
    seen: set[str] = set()
    for entry in json.loads(blobs.get("manifest.json", b"[]")):
        config = blobs[entry["Config"]]
        identity = f"sha256:{hashlib.sha256(config).hexdigest()}"
        tags = {normal(tag) for tag in entry.get("RepoTags") or ()}
        more = [image for image in indexed if identity in image.ids]
        tags.update(tag for image in more for tag in image.tags)
        ids = [identity, *(i for image in more for i in image.ids if i != identity)]
        seen.update(ids)
        yield _packed(config, ids, tags)
    for image in indexed:
        if not seen.intersection(image.ids):
            yield image


def _indexed(blobs: Mapping[str, bytes]) -> Iterator[Packed]:
    """The images of an OCI layout: an index, or one manifest, per name."""
    for entry in json.loads(blobs.get("index.json", b"{}")).get("manifests") or ():
        notes = entry.get("annotations") or {}
        name = notes.get("io.containerd.image.name") or ""
        ids: list[str] = []
        config = b""
        for digest in _walk(entry["digest"], blobs):
            document = blobs[_blob(digest)]
            ids.append(digest)
            content = json.loads(document)
            if "config" in content:
                ids.append(content["config"]["digest"])
                config = config or blobs.get(_blob(ids[-1]), b"")
        if ids:
            yield _packed(config or b"{}", ids, {normal(name)} if name else set())


def _walk(digest: str, blobs: Mapping[str, bytes]) -> Iterator[str]:
    """A digest and, where it is an index, those of its images that are in the tar."""
    if _blob(digest) not in blobs:
        return
    yield digest
    for entry in json.loads(blobs[_blob(digest)]).get("manifests") or ():
        if (entry.get("platform") or {}).get("os") != "unknown":  # an attestation
            yield from _walk(entry["digest"], blobs)


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def _packed(config: bytes, ids: list[str], tags: set[str]) -> Packed:
    content: Mapping[str, Any] = json.loads(config)
    os, architecture = content.get("os") or "", content.get("architecture") or ""
    return Packed(
        ids=tuple(dict.fromkeys(ids)),
        tags=tuple(sorted(tags)),
        platform=platform_of(os, architecture, content.get("variant") or ""),
        created=content.get("created") or "",
        layers=tuple((content.get("rootfs") or {}).get("diff_ids") or ()),
    )
