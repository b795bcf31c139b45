"""A tiny image (busybox) made without engine and registry, in the form `docker load` takes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import tempfile
from pathlib import Path

from . import machine

TINY = "dockwright/busybox:1"

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\napp:x:1000:\nstaff:x:50:\nnogroup:x:65534:\n",
    "www/index.html": "hello from busybox\n",
}
_FOLDERS = {"bin": 0o755, "dev": 0o755, "etc": 0o755, "proc": 0o755, "root": 0o700}
_FOLDERS.update({"sys": 0o755, "tmp": 0o1777, "var": 0o755, "var/tmp": 0o1777, "www": 0o755})
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "ppc64le": "ppc64le"}


def tiny_tar(tag: str = TINY, **config: object) -> Path:
    """A tar for `docker load` with the image `tag`; `config` goes over the image's configuration.

    For instance `tiny_tar("shop/web:2", Env=["A=1"], Labels={"v": "2"})`. The same arguments give
    the same image ID. Kept in the cache.
    """
    wanted = {"Env": ["PATH=/bin"], "Cmd": ["sh"], **config}
    key = hashlib.sha256(
        (Path(__file__).read_text() + tag + json.dumps(wanted, sort_keys=True)).encode()
    ).hexdigest()[:16]
    path = machine.cache() / f"tiny-{key}.tar"
    if not path.exists():
        _write(path, _image(tag, _layer(_busybox()), wanted))
    return path


def _busybox() -> bytes:
    """The static busybox of the distribution, taken out of its package without installing it."""
    kept = machine.cache() / "busybox"
    if not kept.exists():
        with machine.lock("busybox"), tempfile.TemporaryDirectory() as folder:
            if not kept.exists():
                _write(kept, _extract(Path(folder)))
    return kept.read_bytes()


def _extract(folder: Path) -> bytes:
    # apt downloads as a user of its own where it can.
    script = 'cd "$0" && chmod 777 . && apt-get download -q busybox-static'
    fetch = ["sh", "-c", script, str(folder)]
    if machine.run(fetch, check=False).returncode:
        machine.run(["apt-get", "update", "-q"], timeout=300)
        machine.run(fetch)
    package = next(folder.glob("*.deb"))
    machine.run(["dpkg-deb", "-x", package, folder])
    return next(
        p for p in (folder / "bin/busybox", folder / "usr/bin/busybox") if p.exists()
    ).read_bytes()


def _applets(busybox: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "busybox"
        program.write_bytes(busybox)
        program.chmod(0o755)
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    return listed.stdout.split()


def _layer(busybox: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode in _FOLDERS.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        _add(tar, "bin/busybox", busybox, 0o755)
        for applet in sorted(set(_applets(busybox)) - {"busybox"}):
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        for name, text in _FILES.items():
            _add(tar, name, text.encode(), 0o644)
    return out.getvalue()


def _image(tag: str, layer: bytes, config: dict[str, object]) -> bytes:
    diff_id = hashlib.sha256(layer).hexdigest()
    description = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "dockwright tests"}],
        },
        sort_keys=True,
    ).encode()
    name = f"{hashlib.sha256(description).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{diff_id}/layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, name, description, 0o644)
        _add(tar, f"{diff_id}/layer.tar", layer, 0o644)
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
