"""How test hosts are made: images of the machine's engine, tagged by their recipe's content."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from . import machine

REPOSITORY = "dockwright-test"
IMAGES = Path(__file__).with_name("images")


class Recipe(NamedTuple):
    """One sort of test host."""

    name: str
    suite: str
    engine: str  # the version its engine must begin with
    parent: str | None = None  # the recipe it is built on, instead of the bare suite


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("debian-12", "bookworm", "20.10."),
        Recipe("debian-13", "trixie", "26.1."),
        Recipe("debian-13-unstable", "trixie", "28.", parent="debian-13"),
        Recipe("debian-12-ruby", "bookworm", "20.10.", parent="debian-12"),
        Recipe("debian-13-ruby", "trixie", "26.1.", parent="debian-13"),
        Recipe("debian-12-firewalld", "bookworm", "20.10.", parent="debian-12"),
        Recipe("debian-13-firewalld", "trixie", "26.1.", parent="debian-13"),
        Recipe("debian-13-buildx", "trixie", "26.1.", parent="debian-13"),
        Recipe("debian-13-cloud", "trixie", "26.1.", parent="debian-13"),
    )
}


def build(recipe: Recipe | str) -> str:
    """The image of this recipe, built if the machine's engine does not have it: its name."""
    recipe = RECIPES[recipe] if isinstance(recipe, str) else recipe
    machine.ensure_engine()
    tag = image_name(recipe)
    with machine.lock(f"image-{recipe.name}", timeout=1800):
        if not _exists(tag):
            _build(recipe, tag)
    return tag


def image_name(recipe: Recipe) -> str:
    """Where the machine's engine keeps this recipe's image."""
    content = hashlib.sha256(repr(_content(recipe)).encode()).hexdigest()
    return f"{REPOSITORY}/{recipe.name}:{content[:16]}"


def _content(recipe: Recipe) -> list[object]:
    """All that a recipe's image depends on."""
    below = _content(RECIPES[recipe.parent]) if recipe.parent else [_DEBOOTSTRAP, recipe.suite]
    shared = [
        (path.name, path.read_text())
        for path in sorted(IMAGES.glob("[!.]*"))
        if path.suffix != ".Dockerfile"
    ]
    return [below, shared, _dockerfile(recipe).read_text()]


def _dockerfile(recipe: Recipe) -> Path:
    return IMAGES / f"{recipe.name}.Dockerfile"


def _build(recipe: Recipe, tag: str) -> None:
    base = build(RECIPES[recipe.parent]) if recipe.parent else _bootstrap(recipe.suite)
    machine.tell(f"building {recipe.name} (once; about a minute)")
    started = time.monotonic()
    machine.docker(
        # The machine's own network: its resolver may listen on a loopback address.
        *("build", "--network", "host", "--build-arg", f"BASE={base}", "--tag", tag),
        *(part for name in _PROXIES for part in ("--build-arg", name)),
        *("--force-rm", "--label", f"{machine.LABEL}=image"),
        *("--file", _dockerfile(recipe), IMAGES),
        timeout=1200,
    )
    machine.tell(f"built {recipe.name} in {time.monotonic() - started:.0f} s")
    _forget_old(f"{REPOSITORY}/{recipe.name}")


def _forget_old(repository: str) -> None:
    """Keep the newest image and the one before it (another checkout's, perhaps)."""
    listed = machine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository)
    for old in listed.stdout.split()[2:]:
        machine.docker("image", "rm", old, check=False)  # refused while it is in use


_PROXIES = ("http_proxy", "https_proxy", "no_proxy")

# Part of the hash: a change of these words makes new images.
_DEBOOTSTRAP = ("debootstrap", "--variant=minbase")


def _bootstrap(suite: str) -> str:
    """The bare distribution as an image."""
    content = hashlib.sha256(repr(_DEBOOTSTRAP).encode()).hexdigest()
    tag = f"{REPOSITORY}/{suite}:{content[:16]}"
    with machine.lock(f"suite-{suite}", timeout=1200):
        if _exists(tag):
            return tag
        machine.tell(f"installing Debian {suite} into an image (once; about a minute)")
        started = time.monotonic()
        machine.install("debootstrap", "tar")
        mirror = os.environ.get("DOCKWRIGHT_DEBIAN_MIRROR")
        with tempfile.TemporaryDirectory(dir=machine.cache()) as folder:
            # Not in /tmp, which may be mounted without device files.
            root = Path(folder) / "root"
            machine.run([*_DEBOOTSTRAP, suite, root, *([mirror] if mirror else [])], timeout=900)
            tar = Path(folder) / "root.tar"
            machine.run(
                ["tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "-cf", tar, "."]
            )
            machine.docker(
                "import", "--change", f"LABEL {machine.LABEL}=image", tar, tag, timeout=300
            )
        machine.tell(f"installed Debian {suite} in {time.monotonic() - started:.0f} s")
    return tag


def _exists(tag: str) -> bool:
    return machine.docker("image", "inspect", tag, check=False).returncode == 0
