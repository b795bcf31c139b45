"""Tars of images as `docker save` writes them, small enough for unit tests."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any


def document_of(image: Mapping[str, Any]) -> bytes:
    """The configuration of an image: ``tags``, ``config``, ``architecture``."""
    content = {
        "architecture": image.get("architecture", "amd64"),
        "os": "linux",
        "created": "2024-01-01T00:00:00Z",
        "config": image.get("config", {}),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'1' * 64}"]},
    }
    return json.dumps(content).encode()


def identity_of(image: Mapping[str, Any]) -> str:
    """The ID that an engine gives this image."""
    return digest_of(document_of(image))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar_of(images: Iterable[Mapping[str, Any]]) -> bytes:
    """What `docker save` writes (before version 25)."""
    files, manifest = {}, []
    for image in images:
        name = f"{identity_of(image)[7:]}.json"
        files[name] = document_of(image)
        layers = {"Layers": ["layer/layer.tar"]}
        manifest.append({"Config": name, "RepoTags": list(image["tags"]) or None, **layers})
    return packed({"layer/layer.tar": b"\0" * 1024, **files, "manifest.json": manifest})


def packed(files: Mapping[str, Any]) -> bytes:
    """A tar of these files; what is not bytes becomes JSON."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
