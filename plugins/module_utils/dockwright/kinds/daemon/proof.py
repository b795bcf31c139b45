"""Proof that the daemon took a file: its validator, its reload event, its answers, its words."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...engine.client import Engine
from ...errors import ApplyFailed, EngineError, HostError
from ...host.machine import Host
from .flags import without_config_file
from .options import version

_MESSAGE = re.compile(r'^time="[^"]*" level=(?:fatal|error) msg="(.*?)"(?: [a-z]\S*=.*)?$')
_FATAL = ("unable to configure", "failed to start daemon", "level=fatal", "level=error")
_NOT_RUN = (126, 127)  # what chroot ends with: of another architecture, or a library is missing
_SLICE = 0.5  # seconds between looks at the daemon's log while its event is awaited
_PAUSES = (0.05, 0.1, 0.2, 0.5)


def validate(
    host: Host, engine_version: str, path: str, text: str, words: Sequence[str] | None = None
) -> None:
    """Let the installed daemon check a candidate, with the flags that it is really started with.

    ``words`` are the flags that it will have, where they are to be others.

    Engines before 23.0 cannot do it, nor can an image's that does not run here (the plan says so).
    Raises ApplyFailed with the daemon's own words.
    """
    binary = host.service.binary()
    is_elsewhere = bool(host.files.root) and not host.is_image
    if binary is None or version(engine_version) < (23,) or is_elsewhere:
        return
    candidate = f"{posixpath.dirname(path)}/.{posixpath.basename(path)}.candidate"
    host.files.write_atomic(candidate, text, mode=0o600)
    try:
        flags = without_config_file(host.service.flags() if words is None else words)
        # In an image it runs in a chroot, and sees the path as the image does.
        seen = candidate if host.is_image else host.files.path(candidate)
        argv = [binary, *flags, "--validate", "--config-file", seen]
        done = host.run(argv, timeout=60.0)
    finally:
        host.files.remove(candidate)
    if done.returncode != 0 and not (host.is_image and done.returncode in _NOT_RUN):
        lines = (done.stderr or done.stdout).strip().splitlines()
        said = " ".join(error_lines(lines)) or " ".join(lines[-1:]) or "it gave no reason"
        raise ApplyFailed(
            "dockerd refuses the new configuration: " + said.replace(candidate, path),
            fix="nothing was changed; correct the value it names",
        )


def reload(host: Host, engine: Engine, limit: float) -> Mapping[str, Any]:
    """Make the daemon read its file, and wait for its reload event: the only proof that it did.

    The event's attributes are the values in force. Raises ApplyFailed when none comes.
    """
    started, known = time.time(), set(host.service.journal_tail(100))
    deadline = time.monotonic() + limit
    with engine.events({"type": ["daemon"], "event": ["reload"]}) as events:
        host.service.reload()
        while time.monotonic() < deadline:
            for event in events.until(min(_SLICE, deadline - time.monotonic())):
                attributes = (event.get("Actor") or {}).get("Attributes")
                return attributes if isinstance(attributes, Mapping) else {}
            if _is_refused(set(host.service.journal_tail(100)) - known):
                break
    said = daemon_words(host, started)
    raise ApplyFailed(f"the daemon did not take the new file at a reload: {said}")


def _is_refused(lines: set[str]) -> bool:
    """Whether the daemon said so; each line of its log has a time of its own."""
    return any("unable to configure the Docker daemon" in line for line in lines)


def wait_answer(engine: Engine, limit: float, host: Host) -> Mapping[str, Any]:
    """Wait until the engine answers again; its GET /info. Raises what the last attempt raised.

    Without systemd, which would tell, a daemon that has ended is not waited for.
    """
    deadline = time.monotonic() + limit
    attempt = 0
    while True:
        left = deadline - time.monotonic()
        try:
            found = engine.get("/info", timeout=max(1.0, min(left, 30.0)))
            return found if isinstance(found, Mapping) else {}
        except EngineError:
            tried_enough = attempt > 10 and not host.service.is_managed()
            if left <= 0 or (tried_enough and host.service.main_pid() is None):
                raise
            time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1


def daemon_words(host: Host, since: float) -> str:
    """What the daemon itself said went wrong since a moment, in short."""
    try:
        lines = host.service.journal_tail(100, since)
    except HostError:  # no journal is no reason to fail differently
        lines = []
    said = list(dict.fromkeys(error_lines(lines)))
    return " / ".join(said[-3:]) if said else "it gave no reason in its log"


def error_lines(lines: list[str]) -> list[str]:
    """The messages of the daemon's log that tell of an error, without time and level."""
    found = []
    for line in lines:
        if any(word in line for word in _FATAL):
            match = _MESSAGE.match(line.strip())
            text = match.group(1).replace('\\"', '"') if match else line.strip()
            found.append(text)
    return found
