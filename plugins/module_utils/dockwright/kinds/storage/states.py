"""How containers had ended, and what they had logged, carried over while the engine is stopped.

A container that is made anew was never started: a one-shot one would be taken for one that has
still to run. The engine's own description of it on disk is the only place that says otherwise.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from ...errors import HostError
from ...host.files import Files

_CARRIED = ("RestartCount", "HasBeenStartedBefore", "HasBeenManuallyStopped", "Created")


def carry_over(files: Files, old: str, new: str, definition: Mapping[str, Any], id: str) -> None:
    """Give the container ``id`` below ``new`` the past of the definition's one below ``old``."""
    before = f"{old}/containers/{definition['raw']['Id']}"
    after = f"{new}/containers/{id}"
    was, now = _read(files, before), _read(files, after)
    if not was or not now:
        return  # it is gone (--rm)
    state = dict(was.get("State") or {})
    if not definition["running"] and str(state.get("StartedAt", "0001"))[:4] != "0001":
        state.update(Running=False, Paused=False, Restarting=False, Dead=False, Pid=0)
        now["State"] = state
        now.update({key: was[key] for key in _CARRIED if key in was})
        policy = (definition["raw"].get("HostConfig") or {}).get("RestartPolicy") or {}
        if policy.get("Name") == "always":  # the engine would start it by itself
            now["HasBeenStartedBefore"] = False
    logs = _copy_logs(files, before, after, definition["raw"]["Id"], id)
    if logs and not now.get("LogPath"):
        now["LogPath"] = logs
    text = json.dumps(now, separators=(",", ":"))
    files.write_atomic(f"{after}/config.v2.json", text)


def _read(files: Files, folder: str) -> dict[str, Any]:
    try:
        found = json.loads(files.read_text(f"{folder}/config.v2.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _copy_logs(files: Files, before: str, after: str, old: str, new: str) -> str:
    """Copy the logs that lie with the container; the path of the current one, if it has a name."""
    path = ""
    try:
        for name in files.list(before):
            source = files.path(f"{before}/{name}")
            if name.startswith(f"{old}-json.log"):
                target = f"{after}/{new}{name[len(old) :]}"
                shutil.copy2(source, files.path(target))
                path = target if name == f"{old}-json.log" else path
            elif name == "local-logs":
                shutil.copytree(source, files.path(f"{after}/{name}"), dirs_exist_ok=True)
    except OSError as error:
        raise HostError(f"cannot copy the logs in {before}: {error.strerror or error}") from error
    return path
