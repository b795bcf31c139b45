"""Roots of images in a folder, as debootstrap and a recipe made them; hosts that boot from one."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import machine, recipes
from .host import TestHost, start_host


@contextlib.contextmanager
def image_root(recipe: str) -> Iterator[Path]:
    """The whole file system of a recipe in a folder, as an image builder mounts it."""
    image = recipes.build(recipe)
    # Not in /tmp, which may be mounted without device files.
    folder = Path(tempfile.mkdtemp(prefix="image-", dir=machine.cache()))
    made = machine.docker("create", image).stdout.strip()
    try:
        root, tar = folder / "root", folder / "root.tar"
        root.mkdir()
        machine.docker("export", "--output", tar, made, timeout=300)
        machine.run(["tar", "-C", root, "-xpf", tar], timeout=300)
        tar.unlink()
        yield root
    finally:
        machine.docker("rm", "--force", made, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def booted(root: Path, recipe: str) -> Iterator[TestHost]:
    """A host that boots from a root; its engine is one that has never run."""
    tag = f"{recipes.REPOSITORY}/booted:{root.parent.name.lower()}"
    tar = root.parent / "booted.tar"
    machine.run(["tar", "-C", root, "-cf", tar, "."], timeout=300)
    lines = ('CMD ["/sbin/init"]', f"LABEL {machine.LABEL}=image")
    changes = [part for line in lines for part in ("--change", line)]
    machine.docker("import", *changes, tar, tag, timeout=300)
    tar.unlink()
    try:
        host = start_host(recipe, image=tag, has_console=True)
        try:
            yield host
        finally:
            host.stop()
    finally:
        machine.docker("image", "rm", tag, check=False)
