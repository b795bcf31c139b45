"""Digests of registries, which another image store does not take over: pulled again, or noted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Callable

from ...engine.client import Engine
from ...errors import DockwrightError, EngineRefused
from ...host.machine import Host
from ...host.memory import safe_name
from ..image import reference
from .inventory import Image


def pull_again(engine: Engine, images: Iterable[Image], tell: Callable[[str], None]) -> list[str]:
    """Pull images by the digests that they had; those that cannot be had so.

    A registry that has failed once is not asked again.
    """
    away: set[str] = set()
    missing = []
    for digest in (digest for image in images for digest in image.digests):
        parsed = reference.parse(digest, "images")
        if _is_there(engine, digest):
            continue
        if parsed.domain not in away:
            tell(f"pull {digest} again")
            try:
                query = {"fromImage": parsed.familiar_repository, "tag": parsed.digest}
                for _ in engine.stream("POST", "/images/create", query=query):
                    pass
                continue
            except DockwrightError:
                away.add(parsed.domain)
        missing.append(digest)
    return missing


def _is_there(engine: Engine, name: str) -> bool:
    try:
        engine.get(f"/images/{name}/json")
    except EngineRefused as error:
        if error.status == 404:
            return False
        raise
    return True


def note(host: Host, digests: Mapping[str, str]) -> str:
    """Keep which image a digest stands for, by ID; the path of that map."""
    path = f"{host.memory_folder}/storage-digests-{safe_name(host.config)}.json"
    host.files.make_directory(host.memory_folder, mode=0o700)
    try:
        known = json.loads(host.files.read_text(path) or "{}")
    except ValueError:
        known = {}
    host.files.write_atomic(path, json.dumps({**known, **digests}, sort_keys=True) + "\n", 0o600)
    return path
