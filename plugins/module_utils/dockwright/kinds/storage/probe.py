"""Trying what a driver does before anything is stopped: an overlay is mounted."""

from __future__ import annotations

import os
import shutil
import tempfile

from ...errors import ApplyFailed
from ...host.machine import Host
from .target import Target


def probe_driver(host: Host, target: Target) -> None:
    """Raise ApplyFailed where overlay2 could not work in the target data-root."""
    if target.store != "graphdriver" or target.driver != "overlay2":
        return
    real = host.files.path(target.base)
    while not os.path.isdir(real):
        real = os.path.dirname(real)
    try:
        folder = tempfile.mkdtemp(prefix="dockwright-probe-", dir=real)
    except OSError as error:
        raise ApplyFailed(f"cannot write to {target.base}: {error.strerror or error}") from error
    try:
        for name in ("lower1", "lower2", "upper", "work", "merged"):
            os.mkdir(f"{folder}/{name}")
        options = f"lowerdir={folder}/lower2:{folder}/lower1,upperdir={folder}/upper"
        argv = ["mount", "-t", "overlay", "overlay", "-o", f"{options},workdir={folder}/work"]
        done = host.run([*argv, f"{folder}/merged"])
        if done.returncode == 0:
            host.run(["umount", f"{folder}/merged"]).checked()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        raise ApplyFailed(
            f"overlay2 does not work in {target.base}: {done.stderr.strip()}",
            fix="nothing was changed; choose another driver or data_root",
        )
